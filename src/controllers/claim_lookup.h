/* Which claims are a machine's: by the owner record, or, for a claim without one (the Go
 * manager's), by its name when no other living machine has that name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controllers/world.h"

struct owned_claim {
    const struct kube_object *object; /* borrowed from the cache */
    uint32_t device_index;
};

/* All claims of the machine, wherever they are and whichever pool they name, ordered by device
 * index, living before deleting, then oldest first. In the arena. */
const struct owned_claim *claims_of(const struct world *world, const struct elfmachine *machine,
                                    struct arena *arena, size_t *count_out);

/* The name that a new claim in namespace `ns` gets: the documented one, or the one with a hash when
 * that is another's. In the arena. */
struct str claim_name_for(const struct world *world, const struct elfmachine *machine,
                          uint32_t device_index, struct str ns, struct arena *arena);
