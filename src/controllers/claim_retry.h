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
/* It was refused and its pool has eased since: its turn will come. */
bool claim_retry_is_eligible(const struct world *world, const struct ipclaim *claim);
/* The machine will ask anew: it is not on its way out, paused, failed, or content. */
bool claim_retry_is_wanted(const struct world *world, const struct elfmachine *machine);
