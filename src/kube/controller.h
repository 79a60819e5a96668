/* Runs decisions: takes keys from a queue, asks the decision what to do, carries the actions out,
 * puts every answer into its store and looks again. Nothing of a key is decided while actions of it
 * are under way.
 *
 *   Outcome of the actions   then
 *   all succeeded            the key again at once, in front (the next step, or nothing to do)
 *   NOT_FOUND                the object is taken out of its store, the key again at once (where a
 *                            namespace or the whole path is not found: as anything else)
 *   CONFLICT                 wait for the newer object (its event adds the key); at once when the
 *                            store has it already; after a second in any case
 *   anything else            after the key's back-off; logged. So too what was accepted but changed
 *                            nothing (at once it would go round for ever), an answer that is no
 *                            object, and a kind that is not served at present
 *   CANCELLED                nothing
 *
 * Of several actions the worst counts, the lower in this list.
 *
 * Reports (reasons to wait) become one log line and one Event when they are new for the key and
 * have lasted their patience; see reports.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kube/client.h"
#include "kube/discovery.h"
#include "kube/model/actions.h"
#include "kube/model/store.h"
#include "kube/queue.h"
#include "kube/recorder.h"

/* Appends what is to be done about the object with this key, which may be gone. Pure. */
typedef void kube_decide_fn(void *ctx, struct kube_key key, int64_t wall_ms,
                            struct kube_actions *out);

struct kube_controller_options {
    const char *name;                 /* "elfmachine": in logs and metrics; static */
    struct kube_store *subjects;      /* the kind whose keys are decided; borrowed */
    struct kube_store *const *stores; /* all kinds that actions touch; borrowed, NULL-terminated */
    size_t concurrency;               /* keys at work at the same time; 0: 10 */
    int64_t sync_period_ms;           /* every subject is looked at again this often; 0: never */
    kube_decide_fn *decide;
    void *ctx;
};
struct kube_controller;
struct kube_controller *kube_controller_new(struct kube_runtime *runtime,
                                            struct kube_client *client,
                                            struct kube_discovery *discovery,
                                            struct kube_recorder *recorder,
                                            const struct kube_controller_options *options);
/* Keys are only queued until it is started (elected, caches filled); start adds all subjects. */
void kube_controller_start(struct kube_controller *controller);
void kube_controller_add(struct kube_controller *controller, struct kube_key key,
                         enum kube_urgency urgency);

struct kube_controller_figures {
    struct kube_queue_figures queue;
    uint64_t reconciles_by_result[3]; /* success, error, requeue_after */
    size_t waiting;                   /* subjects with a reason to wait */
};
struct kube_controller_figures kube_controller_figures(const struct kube_controller *controller);
/* The reasons and how many subjects wait for each, from *position = 0; false: no more. */
bool kube_controller_next_reason(const struct kube_controller *controller, size_t *position,
                                 struct str *reason_out, size_t *subjects_out);

/* Takes no more keys; `drained` when all actions under way have been answered. At most once. */
void kube_controller_drain(struct kube_controller *controller, void (*drained)(void *ctx),
                           void *ctx);
/* Actions under way are cancelled. `closed` (may be NULL) when they have been answered and all
 * handles are closed, and after `drained` if that was asked for; frees it. */
void kube_controller_stop(struct kube_controller *controller, void (*closed)(void *ctx), void *ctx);
