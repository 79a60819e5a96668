#include "bench/mirror.h"

#include "kube/reflector.h"

struct kube_store *mirror_start(struct bench *bench, const struct mirror_plan *plan)
{
    const struct kube_reflector_options options = {.ns = bench->ns};
    const struct kube_reflector_handlers handlers = {.filled = plan->filled};
    struct kube_store *store = kube_store_new(plan->kind);
    if (plan->changed)
        kube_store_listen(store, plan->changed, plan->ctx);
    struct kube_reflector *reflector = kube_reflector_new(&bench->runtime, plan->client, NULL,
                                                          store, &options, &handlers, plan->ctx);
    kube_reflector_set_resource(reflector, plan->resource);
    return store;
}
