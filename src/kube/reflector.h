/* Keeps a store equal to what the server has of one kind: a first list (streamed where the server
 * offers it, else by pages), then a watch that is resumed where it ended.
 *
 * The state machine is pure (reflector_state.h); this file gives it sockets and timers. A watch
 * that ends in order is resumed at once from the last resourceVersion; a broken one after a short,
 * growing, jittered pause; 410 Gone lists anew without emptying the store. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kube/client.h"
#include "kube/discovery.h"
#include "kube/model/store.h"

struct kube_reflector_options {
    struct str ns;             /* empty: all; copied */
    struct str label_selector; /* empty: none; copied */
    struct str field_selector;
};
struct kube_reflector_handlers {
    void (*filled)(void *ctx); /* the first list has ended; may be NULL */
};
struct kube_reflector_figures {
    uint64_t lists;
    uint64_t watches; /* started; a streamed list is one too */
    uint64_t events;
    uint64_t bad_lines; /* and objects that could not be read */
};

struct kube_reflector;
/* `discovery` may be NULL (a kind that every server has). It lists from set_resource on. */
struct kube_reflector *kube_reflector_new(struct kube_runtime *runtime, struct kube_client *client,
                                          struct kube_discovery *discovery,
                                          struct kube_store *store,
                                          const struct kube_reflector_options *options,
                                          const struct kube_reflector_handlers *handlers,
                                          void *ctx);
/* The kind is served here now (again, or under another version); NULL: no longer. `resource` is
 * copied. What the store has stays in both cases until the next list says what is there: a CRD that
 * is taken away properly has its objects deleted, and seen deleted, first; while one that is only
 * re-installed, or hidden by a trouble of the API server, must not make all objects look gone. */
void kube_reflector_set_resource(struct kube_reflector *reflector,
                                 const struct kube_resource *resource);
struct kube_reflector_figures kube_reflector_figures(const struct kube_reflector *reflector);
/* Ends the request under way, then frees it; no handler but `closed` is called any more. May be
 * called from a handler and from the store's listeners. */
void kube_reflector_stop(struct kube_reflector *reflector, void (*closed)(void *ctx), void *ctx);
