/* Leader election on a Lease, by the same rules as client-go's leaderelection package, so that ours
 * and a Go manager can take turns. A standby watches the Lease and takes over as soon as it is
 * released; a leader that could not renew within the renew deadline is told so and must stop.
 * The rules are pure (election_state.h); this file gives them a Lease and a clock. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kube/client.h"

struct kube_election_options {
    struct str ns; /* of the Lease; copied */
    struct str name;
    struct str identity; /* "<host>_<uuid>" */
    int64_t lease_duration_ms;
    int64_t renew_deadline_ms;
    int64_t retry_period_ms;
};
/* ERROR_INVALID unless the names are there and lease duration > renew deadline > 1.2 retry periods,
 * as client-go has it; says which option is wrong. */
must_check bool kube_election_options_check(const struct kube_election_options *options,
                                            struct error *err);

/* All may call kube_election_stop. */
struct kube_election_handlers {
    void (*elected)(void *ctx);
    void (*lost)(void *ctx);                       /* at most once, after elected */
    void (*other_leads)(void *ctx, struct str id); /* may be NULL; `id` is borrowed for the call */
};
struct kube_election;
/* `options` have been checked. */
struct kube_election *kube_election_new(struct kube_runtime *runtime, struct kube_client *client,
                                        const struct kube_election_options *options,
                                        const struct kube_election_handlers *handlers, void *ctx);
void kube_election_start(struct kube_election *election);
/* Releases the Lease if it is ours (waits for the answer, 2 s at most), then closes and frees. No
 * handler but `closed` is called any more. Whoever stops has ended all writing before: another may
 * lead as soon as the Lease is released. */
void kube_election_stop(struct kube_election *election, void (*closed)(void *ctx), void *ctx);
