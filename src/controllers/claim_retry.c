#include "controllers/claim_retry.h"

#include "controllers/claim_record.h"

enum {
    RETRY_PAUSE_MS = 5000,
    CLOCK_SKEW_MS = 2000, /* a claim's age is told by the server's clock, the easing by ours */
};

static const struct elfmachine *find_owner(const struct world *world,
                                           const struct kube_object *claim)
{
    struct claim_record record;
    if (!claim_record_read(&claim->meta, &record))
        return NULL;
    return world_find_elfmachine(world, record.owner_ns, record.owner_name);
}

/* `other` is asked again before `claim`: its machine is older, or it is the same machine's earlier
 * claim. One whose owner is not there is not asked again at all. */
static bool goes_before(const struct world *world, const struct kube_object *other,
                        const struct elfmachine *machine, const struct kube_object *claim)
{
    const struct elfmachine *owner = find_owner(world, other);
    if (!owner)
        return false;
    int order = kube_meta_cmp_age(&owner->object.meta, &machine->object.meta);
    return order < 0 || (order == 0 && str_cmp(other->meta.name, claim->meta.name) < 0);
}

/* How many refused claims of the same pool go first. */
static uint64_t count_ahead(const struct world *world, const struct elfmachine *machine,
                            const struct kube_object *object)
{
    const struct ipclaim *claim = ipclaim_from(object);
    const struct kube_store *claims = world_store(world, WORLD_IPCLAIMS);
    struct kube_store_cursor at =
        kube_store_seek(claims, IPCLAIMS_OPEN, claim->pool_ns, claim->pool_name);
    const struct kube_object *other;
    uint64_t ahead = 0;
    while ((other = kube_store_next(claims, &at)) != NULL)
        ahead += other != object && !other->meta.is_deleting &&
                 !str_is_empty(ipclaim_from(other)->error_message) &&
                 goes_before(world, other, machine, object);
    return ahead;
}

bool claim_retry_is_due(const struct world *world, const struct elfmachine *machine,
                        const struct kube_object *object, int64_t wall_ms, int64_t *at_ms)
{
    const struct ipclaim *claim = ipclaim_from(object);
    const struct ippool *pool = world_find_ippool(world, claim->pool_ns, claim->pool_name);
    int64_t made_ms = object->meta.created_s * 1000;
    if (!pool ||
        world_pool_eased_ms(world, claim->pool_ns, claim->pool_name) < made_ms - CLOCK_SKEW_MS)
        return false;
    if (count_ahead(world, machine, object) >= world_pool_free_count(world, pool))
        return false;
    *at_ms = made_ms + RETRY_PAUSE_MS;
    if (*at_ms > wall_ms + RETRY_PAUSE_MS) /* the server's clock is ahead of ours */
        *at_ms = wall_ms + RETRY_PAUSE_MS;
    return true;
}
