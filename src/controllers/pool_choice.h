/* Which IPPool a device gets its address from. */
#pragma once
#include <stdint.h>

#include "controllers/world.h"
#include "kube/model/actions.h"

/* The rule that decided; the order is the order in which they are asked. */
enum pool_rule {
    POOL_RULE_NONE,            /* nothing could decide: `wait` says why */
    POOL_RULE_DEVICE,          /* addressesFromPools[0] */
    POOL_RULE_TEMPLATE_NAME,   /* template label ip-pool-name */
    POOL_RULE_TEMPLATE_LABELS, /* template labels ip-pool-group, network-name */
    POOL_RULE_DEFAULT,         /* a pool marked as default */
};

struct pool_choice {
    enum pool_rule rule;
    const struct ippool *pool; /* borrowed from the cache; NULL: wait */
    struct kube_report wait;   /* why there is none; texts in the arena or static */
};

/* Pure; the same answer for the same world. `cluster_ns` is the namespace of the machine's Cluster.
 */
struct pool_choice pool_choose(const struct world *world, const struct elfmachine *machine,
                               uint32_t device_index, struct str cluster_ns, struct arena *arena);
const char *
pool_rule_name(enum pool_rule rule); /* for people: "the template's label ip-pool-name" */
