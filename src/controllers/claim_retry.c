#include "controllers/claim_retry.h"

#include "controllers/claim_record.h"
#include "controllers/names.h"

enum {
    RETRY_PAUSE_MS = 5000 + 1000, /* 5 s; a creation time has whole seconds */
    CLOCK_SKEW_MS = 2000,         /* the server's clock tells a claim's age, ours the easing */
};

static int64_t made_ms(const struct kube_object *claim)
{
    return claim->meta.created_s * 1000;
}

bool claim_retry_is_eligible(const struct world *world, const struct ipclaim *claim)
{
    return ipclaim_is_refused(claim) &&
           world_pool_eased_ms(world, claim->pool_ns, claim->pool_name) >=
               made_ms(&claim->object) - CLOCK_SKEW_MS;
}

bool claim_retry_is_wanted(const struct world *world, const struct elfmachine *machine)
{
    const struct kube_meta *meta = &machine->object.meta;
    if (meta->is_deleting || machine->has_failed || !elfmachine_wants_address(machine) ||
        kube_meta_has_annotation(meta, ANNOTATION_PAUSED))
        return false;
    const struct cluster *cluster =
        world_find_cluster(world, meta->ns, world_cluster_name(world, machine));
    return !cluster || !cluster->is_paused;
}

/* The machine that asks again; NULL: nobody does. */
static const struct elfmachine *find_asker(const struct world *world, const struct ipclaim *claim)
{
    struct claim_record record;
    if (!claim_retry_is_eligible(world, claim) || !claim_record_read(&claim->object.meta, &record))
        return NULL;
    const struct elfmachine *owner =
        world_find_elfmachine(world, record.owner_ns, record.owner_name);
    return owner && claim_retry_is_wanted(world, owner) ? owner : NULL;
}

/* `other` is asked again before `claim`: its machine is older, or it is the same machine's earlier
 * claim. One that is not asked again holds nobody up. */
static bool goes_before(const struct world *world, const struct ipclaim *other,
                        const struct elfmachine *machine, const struct ipclaim *claim)
{
    const struct elfmachine *owner = find_asker(world, other);
    if (!owner)
        return false;
    int order = kube_meta_cmp_age(&owner->object.meta, &machine->object.meta);
    return order < 0 ||
           (order == 0 && str_cmp(other->object.meta.name, claim->object.meta.name) < 0);
}

/* At least `limit` refused claims of the same pool go first. All claims of a full pool may ask this
 * at once: most of them have met enough others before they have seen them all. */
static bool are_ahead(const struct world *world, const struct elfmachine *machine,
                      const struct ipclaim *claim, uint64_t limit)
{
    const struct kube_store *claims = world_store(world, WORLD_IPCLAIMS);
    struct kube_store_cursor at =
        kube_store_seek(claims, IPCLAIMS_OPEN, claim->pool_ns, claim->pool_name);
    const struct ipclaim *other;
    uint64_t ahead = 0;
    while (ahead < limit && (other = ipclaim_from(kube_store_next(claims, &at))) != NULL)
        ahead += other != claim && goes_before(world, other, machine, claim);
    return ahead >= limit;
}

bool claim_retry_is_due(const struct world *world, const struct elfmachine *machine,
                        const struct kube_object *object, int64_t wall_ms, int64_t *at_ms)
{
    const struct ipclaim *claim = ipclaim_from(object);
    const struct ippool *pool = world_find_ippool(world, claim->pool_ns, claim->pool_name);
    if (!pool || !claim_retry_is_eligible(world, claim))
        return false;
    if (!world_pool_keeps_address(world, pool, object->meta.name) &&
        are_ahead(world, machine, claim, world_pool_free_count(world, pool)))
        return false;
    *at_ms = made_ms(object) + RETRY_PAUSE_MS;
    if (*at_ms > wall_ms + RETRY_PAUSE_MS) /* the server's clock is ahead of ours */
        *at_ms = wall_ms + RETRY_PAUSE_MS;
    return true;
}
