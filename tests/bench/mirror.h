/* The objects of one kind in the bench's namespace, followed by a reflector as the manager's are.
 */
#pragma once
#include "bench/bench.h"
#include "kube/model/store.h"
#include "kube/path.h"

struct mirror_plan {
    struct kube_client *client;
    const struct kube_kind *kind;
    const struct kube_resource *resource;
    kube_store_listener *changed; /* NULL: nobody asks */
    void (*filled)(void *ctx);    /* NULL: nobody asks */
    void *ctx;
};

/* For the rest of the program. An empty bench->ns: all namespaces. */
struct kube_store *mirror_start(struct bench *bench, const struct mirror_plan *plan);
