#include "controllers/triggers.h"

#include "base/must.h"
#include "controllers/claim_name.h"
#include "controllers/claim_record.h"
#include "controllers/claim_retry.h"
#include "controllers/names.h"

struct triggers {
    const struct world *world;
    triggers_wake_fn *wake;
    void *ctx;
};

static void wake(const struct triggers *t, const struct kube_object *machine,
                 enum kube_urgency urgency)
{
    t->wake(t->ctx, (struct kube_key){machine->meta.ns, machine->meta.name}, urgency);
}

static void wake_indexed(const struct triggers *t, size_t index, struct str a, struct str b,
                         enum kube_urgency urgency)
{
    const struct kube_store *machines = world_store(t->world, WORLD_ELFMACHINES);
    struct kube_store_cursor at = kube_store_seek(machines, index, a, b);
    const struct kube_object *machine;
    while ((machine = kube_store_next(machines, &at)) != NULL)
        wake(t, machine, urgency);
}

typedef bool machine_matches_fn(const struct triggers *t, const struct elfmachine *machine,
                                const struct kube_meta *changed);

/* Walks over all machines: for changes that are rare and concern many. Before the first lists are
 * complete nothing is decided, and then everything is looked at anyway. */
static void wake_matching(const struct triggers *t, machine_matches_fn *matches,
                          const struct kube_meta *changed)
{
    const struct kube_store *machines = world_store(t->world, WORLD_ELFMACHINES);
    const struct kube_object *machine;
    size_t position = 0;
    if (world_first_unknown(t->world))
        return;
    while ((machine = kube_store_each(machines, &position)) != NULL)
        if (matches(t, elfmachine_from(machine), changed))
            wake(t, machine, KUBE_NORMAL);
}

static bool is_of_cluster(const struct triggers *t, const struct elfmachine *machine,
                          const struct kube_meta *cluster)
{
    return str_eq(machine->object.meta.ns, cluster->ns) &&
           str_eq(world_cluster_name(t->world, machine), cluster->name);
}

static bool is_of_template(const struct triggers *t, const struct elfmachine *machine,
                           const struct kube_meta *template_meta)
{
    (void)t;
    return str_eq(machine->object.meta.ns, template_meta->ns) &&
           str_eq(kube_meta_annotation(&machine->object.meta, ANNOTATION_CLONED_FROM),
                  template_meta->name);
}

static bool is_without_address(const struct triggers *t, const struct elfmachine *machine,
                               const struct kube_meta *pool)
{
    (void)t;
    (void)pool;
    return !machine->object.meta.is_deleting && elfmachine_wants_address(machine);
}

/* What a listener was told about: as it is now, or as it was before it went. */
static const struct kube_meta *meta_of(const struct kube_object *before,
                                       const struct kube_object *after)
{
    must(before || after);
    return after ? &after->meta : &before->meta;
}

static void machine_changed(void *ctx, const struct kube_object *before,
                            const struct kube_object *after)
{
    const struct triggers *t = ctx;
    if (before && after &&
        str_eq(kube_meta_label(&before->meta, LABEL_CLUSTER_NAME),
               kube_meta_label(&after->meta, LABEL_CLUSTER_NAME)))
        return; /* nothing else of a Machine is read */
    const struct kube_meta *meta = meta_of(before, after);
    wake_indexed(t, ELFMACHINES_BY_MACHINE, meta->ns, meta->name, KUBE_NORMAL);
}

static void cluster_changed(void *ctx, const struct kube_object *before,
                            const struct kube_object *after)
{
    const struct triggers *t = ctx;
    if (before && after && cluster_from(before)->is_paused == cluster_from(after)->is_paused)
        return;
    wake_matching(t, is_of_cluster, meta_of(before, after));
}

static bool same_labels(const struct kube_meta *a, const struct kube_meta *b)
{
    if (a->label_count != b->label_count)
        return false;
    for (uint32_t i = 0; i < a->label_count; i++)
        if (!kube_meta_has_label(b, a->labels[i].key) ||
            !str_eq(kube_meta_label(b, a->labels[i].key), a->labels[i].value))
            return false;
    return true;
}

static void template_changed(void *ctx, const struct kube_object *before,
                             const struct kube_object *after)
{
    const struct triggers *t = ctx;
    if (before && after && same_labels(&before->meta, &after->meta))
        return;
    wake_matching(t, is_of_template, meta_of(before, after));
}

static void ippool_changed(void *ctx, const struct kube_object *before,
                           const struct kube_object *after)
{
    const struct triggers *t = ctx;
    /* An IPAM writes the status with every address: that says nothing new. */
    if (before && after && before->meta.generation == after->meta.generation &&
        before->meta.is_deleting == after->meta.is_deleting &&
        same_labels(&before->meta, &after->meta))
        return;
    wake_matching(t, is_without_address, meta_of(before, after));
}

/* The machines that a claim is, or by its name may be, of. */
static void wake_owner(const struct triggers *t, const struct kube_object *claim)
{
    struct claim_record record;
    struct str stem;
    uint32_t device_index;
    if (claim_record_read(&claim->meta, &record))
        t->wake(t->ctx, (struct kube_key){record.owner_ns, record.owner_name}, KUBE_URGENT);
    else if (claim_name_split(claim->meta.name, &stem, &device_index))
        wake_indexed(t, ELFMACHINES_BY_CLAIM_STEM, stem, STR(""), KUBE_URGENT);
}

/* The machines whose turn it is to ask this pool anew. */
static void wake_refused(const struct triggers *t, struct str pool_ns, struct str pool_name)
{
    const struct ippool *pool = world_find_ippool(t->world, pool_ns, pool_name);
    if (!pool)
        return;
    struct claim_turns turns = claim_retry_turns(t->world, pool);
    const struct ipclaim *claim;
    while ((claim = claim_retry_next(&turns)) != NULL)
        wake_owner(t, &claim->object);
}

/* An address has come free: it may be kept for one claim, or be anybody's. */
static void wake_hopeful(const struct triggers *t, struct str pool_ns, struct str pool_name)
{
    const struct ippool *pool = world_find_ippool(t->world, pool_ns, pool_name);
    for (uint32_t i = 0; pool && i < pool->reserved_count; i++) {
        const struct ipclaim *claim =
            world_find_ipclaim(t->world, pool_ns, pool->reserved[i].claim);
        if (claim && ipclaim_is_refused(claim))
            wake_owner(t, &claim->object);
    }
    wake_refused(t, pool_ns, pool_name);
}

/* A claim that waited for an answer has got no address: another may have its turn. */
static void ipclaim_changed(void *ctx, const struct kube_object *before,
                            const struct kube_object *after)
{
    const struct triggers *t = ctx;
    const struct ipclaim *old = ipclaim_from(before);
    const struct ipclaim *new = ipclaim_from(after);
    wake_owner(t, after ? after : before);
    if (old && ipclaim_is_pending(old) &&
        (!new || (!ipclaim_is_pending(new) && str_is_empty(new->address_name))))
        wake_refused(t, old->pool_ns, old->pool_name);
}

static void wake_claimer(const struct triggers *t, const struct ipaddress *address)
{
    const struct ipclaim *claim =
        world_find_ipclaim(t->world, address->claim_ns, address->claim_name);
    if (claim)
        wake_owner(t, &claim->object);
}

/* Machines that were given an address which another wore wait for that to end. */
static void wake_given(const struct triggers *t, struct str text)
{
    const struct kube_store *addresses = world_store(t->world, WORLD_IPADDRESSES);
    struct kube_store_cursor at = kube_store_seek(addresses, IPADDRESSES_BY_ADDRESS, text, STR(""));
    const struct ipaddress *address;
    while ((address = ipaddress_from(kube_store_next(addresses, &at))) != NULL)
        wake_claimer(t, address);
}

static void ipaddress_changed(void *ctx, const struct kube_object *before,
                              const struct kube_object *after)
{
    const struct triggers *t = ctx;
    const struct ipaddress *address = ipaddress_from(after ? after : before);
    wake_claimer(t, address);
    if (after)
        return;
    wake_given(t, address->address);
    wake_hopeful(t, address->pool_ns, address->pool_name);
}

/* It wears no more what it wore before. */
static void wake_given_after(const struct triggers *t, const struct elfmachine *before,
                             const struct elfmachine *after)
{
    for (uint32_t i = 0; i < before->device_count; i++) {
        const struct elfmachine_device *device = &before->devices[i];
        for (uint32_t j = 0; j < device->address_count; j++)
            if (!after ||
                !elfmachine_wears(after, device->addresses[j], elfmachine_device_network(device)))
                wake_given(t, device->addresses[j]);
    }
}

/* It asks for no address any more: its refused claims held up others. */
static void wake_behind(const struct triggers *t, const struct elfmachine *before)
{
    const struct kube_meta *meta = &before->object.meta;
    const struct kube_store *claims = world_store(t->world, WORLD_IPCLAIMS);
    struct kube_store_cursor at = kube_store_seek(claims, IPCLAIMS_BY_OWNER, meta->ns, meta->name);
    const struct ipclaim *claim;
    while ((claim = ipclaim_from(kube_store_next(claims, &at))) != NULL)
        if (ipclaim_is_refused(claim))
            wake_refused(t, claim->pool_ns, claim->pool_name);
}

static void elfmachine_changed(void *ctx, const struct kube_object *before,
                               const struct kube_object *after)
{
    const struct triggers *t = ctx;
    const struct elfmachine *old = elfmachine_from(before);
    const struct elfmachine *new = elfmachine_from(after);
    wake(t, after ? after : before, KUBE_NORMAL); /* of one that is gone, reports are forgotten */
    if (old && elfmachine_may_have_vm(old))
        wake_given_after(t, old, new);
    if (old && elfmachine_wants_address(old) && (!new || !world_is_asking(t->world, new)))
        wake_behind(t, old);
}

struct triggers *triggers_new(struct world *world, triggers_wake_fn *wake_fn, void *ctx)
{
    static kube_store_listener *const listeners[WORLD_KIND_COUNT] = {
        [WORLD_ELFMACHINES] = elfmachine_changed, [WORLD_MACHINES] = machine_changed,
        [WORLD_CLUSTERS] = cluster_changed,       [WORLD_TEMPLATES] = template_changed,
        [WORLD_IPPOOLS] = ippool_changed,         [WORLD_IPCLAIMS] = ipclaim_changed,
        [WORLD_IPADDRESSES] = ipaddress_changed,
    };
    struct triggers *triggers = mem_alloc_zero(sizeof(*triggers));
    *triggers = (struct triggers){.world = world, .wake = wake_fn, .ctx = ctx};
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++)
        kube_store_listen(world_store(world, kind), listeners[kind], triggers);
    return triggers;
}

void triggers_free(struct triggers *triggers)
{
    free(triggers);
}

void triggers_wake_all(struct triggers *triggers)
{
    const struct kube_store *machines = world_store(triggers->world, WORLD_ELFMACHINES);
    const struct kube_object *machine;
    size_t position = 0;
    while ((machine = kube_store_each(machines, &position)) != NULL)
        wake(triggers, machine, KUBE_NORMAL);
}
