/* When a claim that the IPAM refused is asked for anew (M3IPAM from 1.10 on never looks at a
 * refused claim again): when its pool has eased since the claim was made, the oldest machines
 * first, no more at a time than there are free addresses, and never within 5 s of the last try. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "controllers/world.h"

/* True: it is this claim's turn, at *at_ms or later (wall clock). */
bool claim_retry_is_due(const struct world *world, const struct elfmachine *machine,
                        const struct kube_object *claim, int64_t wall_ms, int64_t *at_ms);

/* The claims of a pool whose turn it is, one after the other; NULL: no more. */
struct claim_turns {
    const struct refused_claims *refused; /* of the pool */
    int64_t eased_ms;
    uint64_t left; /* free addresses */
    size_t position;
};
struct claim_turns claim_retry_turns(const struct world *world, const struct ippool *pool);
const struct ipclaim *claim_retry_next(struct claim_turns *turns);
