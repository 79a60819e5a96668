#include "controllers/claim_retry.h"

enum {
    RETRY_PAUSE_MS = 5000 + 1000, /* 5 s; a creation time has whole seconds */
    CLOCK_SKEW_MS = 2000,         /* the server's clock tells a claim's age, ours the easing */
};

static int64_t made_ms(const struct kube_object *claim)
{
    return claim->meta.created_s * 1000;
}

/* Its pool has eased since it was made. One that was refused again since holds nobody up. */
static bool may_be_tried(const struct ipclaim *claim, int64_t eased_ms)
{
    return eased_ms >= made_ms(&claim->object) - CLOCK_SKEW_MS;
}

struct claim_turns claim_retry_turns(const struct world *world, const struct ippool *pool)
{
    const struct kube_meta *meta = &pool->object.meta;
    return (struct claim_turns){
        .refused = world_pool_refused(world, pool),
        .eased_ms = world_pool_eased_ms(world, meta->ns, meta->name),
        .left = world_pool_free_count(world, pool),
    };
}

const struct ipclaim *claim_retry_next(struct claim_turns *turns)
{
    while (turns->left > 0 && turns->position < turns->refused->count) {
        const struct ipclaim *claim = turns->refused->items[turns->position++].claim;
        if (!may_be_tried(claim, turns->eased_ms))
            continue;
        turns->left--;
        return claim;
    }
    return NULL;
}

/* Every free address is for a claim that goes first. */
static bool are_enough_ahead(struct claim_turns turns, const struct elfmachine *machine,
                             const struct ipclaim *claim)
{
    size_t place = refused_claims_before(turns.refused, &machine->object.meta, claim);
    if (place < turns.left)
        return false;
    while (turns.left > 0)
        if (!claim_retry_next(&turns) || turns.position > place)
            return false;
    return true;
}

bool claim_retry_is_due(const struct world *world, const struct elfmachine *machine,
                        const struct kube_object *object, int64_t wall_ms, int64_t *at_ms)
{
    const struct ipclaim *claim = ipclaim_from(object);
    const struct ippool *pool = world_find_ippool(world, claim->pool_ns, claim->pool_name);
    if (!pool)
        return false;
    struct claim_turns turns = claim_retry_turns(world, pool);
    if (!may_be_tried(claim, turns.eased_ms))
        return false;
    if (!world_pool_keeps_address(world, pool, object->meta.name) &&
        are_enough_ahead(turns, machine, claim))
        return false;
    *at_ms = made_ms(object) + RETRY_PAUSE_MS;
    if (*at_ms > wall_ms + RETRY_PAUSE_MS) /* the server's clock is ahead of ours */
        *at_ms = wall_ms + RETRY_PAUSE_MS;
    return true;
}
