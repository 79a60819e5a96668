/* Claims that a pool has refused and whose machines still want an address, in the order in which
 * they are asked for anew: the oldest machine's first, then by the claim's name. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "controllers/metal3.h"

struct refused_claim {
    const struct ipclaim *claim; /* borrowed; has a whole owner record */
    int64_t machine_created_s;
};

struct refused_claims {
    struct refused_claim *items; /* owned; sorted */
    size_t count;
    size_t capacity;
};

void refused_claims_fini(struct refused_claims *claims);
void refused_claims_add(struct refused_claims *claims, const struct kube_meta *machine,
                        const struct ipclaim *claim);
void refused_claims_remove(struct refused_claims *claims, const struct ipclaim *claim);
/* How many of them come before this claim of this machine, which need not be one of them. */
size_t refused_claims_before(const struct refused_claims *claims, const struct kube_meta *machine,
                             const struct ipclaim *claim);
