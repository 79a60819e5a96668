/* Everything that decisions look at: the caches of all kinds, their indexes, and a few figures kept
 * beside them as objects come and go. Decisions only read it.
 *
 * A pool's figures: how many IPAddresses name it, how many claims wait for an answer from it, which
 * it has refused, and when it last eased (its spec changed, or one of its addresses came free): a
 * claim that was refused before that moment may be tried again. For what happened before this
 * process started, its start counts as that moment. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "controllers/capi.h"
#include "controllers/elfmachine.h"
#include "controllers/metal3.h"
#include "controllers/refused_claims.h"
#include "kube/model/store.h"

enum world_kind {
    WORLD_ELFMACHINES,
    WORLD_MACHINES,
    WORLD_CLUSTERS,
    WORLD_TEMPLATES,
    WORLD_IPPOOLS,
    WORLD_IPCLAIMS,
    WORLD_IPADDRESSES,
    WORLD_KIND_COUNT,
};

/* Indexes, by the store that has them; in brackets the pair that is looked for. What changes seldom
 * and concerns many machines (a template, a Cluster's pause, a pool's spec) has none: a walk over
 * all machines costs less than an index that hundreds of them share a key of. */
enum {
    ELFMACHINES_BY_MACHINE = 0,    /* (namespace, owner Machine) */
    ELFMACHINES_BY_CLAIM_STEM = 1, /* ("namespace-name", "") */
    ELFMACHINES_BY_ADDRESS = 2,    /* (address, network) of any device */
    IPPOOLS_BY_NAMESPACE = 0,      /* (namespace, "") */
    IPCLAIMS_BY_OWNER = 0,         /* (owner's namespace, name), as the claim records it */
    IPCLAIMS_UNRECORDED = 1,       /* (name without "-<index>", ""): claims without owner record */
    IPADDRESSES_BY_ADDRESS = 0,    /* (address, "") */
};

struct world_options {
    struct clock clock; /* stamps what is seen to happen; decisions are given their own time */
};

/* The schema of CAPE's ElfMachine, as far as it differs between versions that users run. */
enum world_device_nameservers {
    WORLD_DEVICE_NAMESERVERS_UNKNOWN, /* as UNSUPPORTED: the machine's own list works everywhere */
    WORLD_DEVICE_NAMESERVERS_SUPPORTED,
    WORLD_DEVICE_NAMESERVERS_UNSUPPORTED,
};

struct world;
struct world *world_new(const struct world_options *options);
void world_free(struct world *world);
struct kube_store *world_store(const struct world *world, enum world_kind kind);
/* All stores, NULL-terminated, in the order of enum world_kind. */
struct kube_store *const *world_stores(const struct world *world);

void world_set_device_nameservers(struct world *world, enum world_device_nameservers fact);
bool world_has_device_nameservers(const struct world *world);

/* All finders borrow from the caches; NULL: not there. */
const struct elfmachine *world_find_elfmachine(const struct world *world, struct str ns,
                                               struct str name);
/* The Machine that owns it, by the owner reference. */
const struct kube_object *world_find_owner(const struct world *world,
                                           const struct elfmachine *machine);
/* The name of its Cluster: its Machine's label, or its own when the Machine is gone; empty: not
 * said. */
struct str world_cluster_name(const struct world *world, const struct elfmachine *machine);
const struct cluster *world_find_cluster(const struct world *world, struct str ns, struct str name);
const struct kube_object *world_find_template(const struct world *world,
                                              const struct elfmachine *machine);
const struct ippool *world_find_ippool(const struct world *world, struct str ns, struct str name);
const struct ipclaim *world_find_ipclaim(const struct world *world, struct str ns, struct str name);
const struct ipaddress *world_find_ipaddress(const struct world *world, struct str ns,
                                             struct str name);

/* A kind is known once the cache holds a full list of it. Until then absence means nothing: a
 * decision that would act on absence waits. Returns the first needed kind that is not known. */
const struct kube_kind *world_first_unknown(const struct world *world);

/* Addresses of the pool that nothing holds or has claimed yet, as far as we can see: of those that
 * its entries span, without the ones in use, pre-allocated, or claimed and not answered. */
uint64_t world_pool_free_count(const struct world *world, const struct ippool *pool);
/* preAllocations keep an address for the claim of that name, and nothing holds it. */
bool world_pool_keeps_address(const struct world *world, const struct ippool *pool,
                              struct str claim_name);
/* The claims that it has refused, of machines for which world_is_asking holds. */
const struct refused_claims *world_pool_refused(const struct world *world,
                                                const struct ippool *pool);
/* The machine wants an address and may ask for it: it is not on its way out, failed or paused. */
bool world_is_asking(const struct world *world, const struct elfmachine *machine);
int64_t world_pool_eased_ms(const struct world *world, struct str ns, struct str name);
