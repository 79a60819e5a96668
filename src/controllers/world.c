#include "controllers/world.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/must.h"
#include "controllers/claim_name.h"
#include "controllers/claim_record.h"
#include "controllers/names.h"
#include "ipam/addr.h"

struct pool_figures {
    char *ns; /* owned, as is name */
    char *name;
    uint64_t used;    /* IPAddresses that name the pool */
    uint64_t pending; /* claims that it may still answer: neither refused nor on their way out */
    int64_t eased_ms; /* wall clock; 0: not since the start */
    struct refused_claims refused;
};

struct world {
    struct kube_store *stores[WORLD_KIND_COUNT + 1];
    struct clock clock;
    int64_t started_ms;
    enum world_device_nameservers device_nameservers;
    struct map pools; /* struct pool_figures, by namespace and name */
};

static struct pool_figures *find_figures(const struct world *world, struct str ns, struct str name)
{
    struct map_cursor at = map_seek(&world->pools, hash_table_key(ns, name));
    struct pool_figures *figures;
    while ((figures = map_next(&world->pools, &at)) != NULL)
        if (str_eq_cstr(ns, figures->ns) && str_eq_cstr(name, figures->name))
            return figures;
    return NULL;
}

static struct pool_figures *need_figures(struct world *world, struct str ns, struct str name)
{
    struct pool_figures *figures = find_figures(world, ns, name);
    if (figures)
        return figures;
    figures = mem_alloc_zero(sizeof(*figures));
    figures->ns = str_dup_cstr(ns);
    figures->name = str_dup_cstr(name);
    map_add(&world->pools, hash_table_key(ns, name), figures);
    return figures;
}

static void free_figures(struct pool_figures *figures)
{
    refused_claims_fini(&figures->refused);
    free(figures->ns);
    free(figures->name);
    free(figures);
}

/* A pool that is gone and that nothing names any more. */
static void forget_unused(struct world *world, struct pool_figures *figures)
{
    struct str ns = str_from(figures->ns);
    struct str name = str_from(figures->name);
    if (figures->used > 0 || figures->pending > 0 || figures->refused.count > 0 ||
        world_find_ippool(world, ns, name))
        return;
    map_remove(&world->pools, hash_table_key(ns, name), figures);
    free_figures(figures);
}

static void ipaddress_changed(void *ctx, const struct kube_object *before,
                              const struct kube_object *after)
{
    struct world *world = ctx;
    const struct ipaddress *old = ipaddress_from(before);
    const struct ipaddress *new = ipaddress_from(after);
    if (new)
        need_figures(world, new->pool_ns, new->pool_name)->used++;
    if (!old)
        return;
    struct pool_figures *figures = need_figures(world, old->pool_ns, old->pool_name);
    figures->used--;
    if (!new)
        figures->eased_ms = clock_wall_ms(&world->clock);
    forget_unused(world, figures);
}

static void note_refused(struct world *world, const struct ipclaim *claim)
{
    struct claim_record record;
    if (!ipclaim_is_refused(claim) || !claim_record_read(&claim->object.meta, &record))
        return;
    const struct elfmachine *machine =
        world_find_elfmachine(world, record.owner_ns, record.owner_name);
    if (machine && world_is_asking(world, machine))
        refused_claims_add(&need_figures(world, claim->pool_ns, claim->pool_name)->refused,
                           &machine->object.meta, claim);
}

static void forget_refused(struct world *world, const struct ipclaim *claim)
{
    struct pool_figures *figures = find_figures(world, claim->pool_ns, claim->pool_name);
    if (!figures)
        return;
    refused_claims_remove(&figures->refused, claim);
    forget_unused(world, figures);
}

/* After a change of the machine or of what pauses it. */
static void sort_in_claims(struct world *world, const struct kube_meta *machine)
{
    const struct kube_store *claims = world->stores[WORLD_IPCLAIMS];
    struct kube_store_cursor at =
        kube_store_seek(claims, IPCLAIMS_BY_OWNER, machine->ns, machine->name);
    const struct ipclaim *claim;
    while ((claim = ipclaim_from(kube_store_next(claims, &at))) != NULL) {
        if (!ipclaim_is_refused(claim))
            continue;
        forget_refused(world, claim);
        note_refused(world, claim);
    }
}

static void ipclaim_changed(void *ctx, const struct kube_object *before,
                            const struct kube_object *after)
{
    struct world *world = ctx;
    const struct ipclaim *old = ipclaim_from(before);
    const struct ipclaim *new = ipclaim_from(after);
    if (new &&ipclaim_is_pending(new))
        need_figures(world, new->pool_ns, new->pool_name)->pending++;
    if (new)
        note_refused(world, new);
    if (old && ipclaim_is_refused(old))
        forget_refused(world, old);
    if (!old || !ipclaim_is_pending(old))
        return;
    struct pool_figures *figures = need_figures(world, old->pool_ns, old->pool_name);
    figures->pending--;
    forget_unused(world, figures);
}

static void ippool_changed(void *ctx, const struct kube_object *before,
                           const struct kube_object *after)
{
    struct world *world = ctx;
    if (!after) {
        struct pool_figures *figures = find_figures(world, before->meta.ns, before->meta.name);
        if (figures)
            forget_unused(world, figures);
        return;
    }
    if (before && before->meta.generation == after->meta.generation)
        return;
    need_figures(world, after->meta.ns, after->meta.name)->eased_ms = clock_wall_ms(&world->clock);
}

static void elfmachine_changed(void *ctx, const struct kube_object *before,
                               const struct kube_object *after)
{
    struct world *world = ctx;
    const struct elfmachine *machine = elfmachine_from(after);
    sort_in_claims(world, after ? &after->meta : &before->meta);
    for (uint32_t i = 0; machine && i < machine->device_count; i++)
        if (machine->devices[i].has_nameservers) /* the schema has let it through */
            world->device_nameservers = WORLD_DEVICE_NAMESERVERS_SUPPORTED;
}

static void machine_changed(void *ctx, const struct kube_object *before,
                            const struct kube_object *after)
{
    struct world *world = ctx;
    const struct kube_meta *meta = after ? &after->meta : &before->meta;
    const struct kube_store *machines = world->stores[WORLD_ELFMACHINES];
    struct kube_store_cursor at =
        kube_store_seek(machines, ELFMACHINES_BY_MACHINE, meta->ns, meta->name);
    const struct kube_object *machine;
    while ((machine = kube_store_next(machines, &at)) != NULL)
        sort_in_claims(world, &machine->meta);
}

static bool is_pausing(const struct kube_object *cluster)
{
    return cluster && cluster_from(cluster)->is_paused;
}

static void cluster_changed(void *ctx, const struct kube_object *before,
                            const struct kube_object *after)
{
    struct world *world = ctx;
    const struct kube_object *machine;
    size_t position = 0;
    if (is_pausing(before) == is_pausing(after))
        return;
    while ((machine = kube_store_each(world->stores[WORLD_ELFMACHINES], &position)) != NULL)
        sort_in_claims(world, &machine->meta);
}

static void index_by_machine(const struct kube_object *object, struct kube_index_keys *keys)
{
    const struct kube_owner *owner = kube_meta_owner(&object->meta, GROUP_CAPI, "Machine");
    if (owner)
        kube_index_add(keys, object->meta.ns, owner->name);
}

static void index_by_claim_stem(const struct kube_object *object, struct kube_index_keys *keys)
{
    char stem[CLAIM_STEM_MAX];
    if (elfmachine_has_static_device(elfmachine_from(object)))
        kube_index_add(keys, claim_stem(object->meta.ns, object->meta.name, stem), STR(""));
}

static void index_by_address(const struct kube_object *object, struct kube_index_keys *keys)
{
    const struct elfmachine *machine = elfmachine_from(object);
    for (uint32_t i = 0; i < machine->device_count; i++)
        for (uint32_t j = 0; j < machine->devices[i].address_count; j++)
            kube_index_add(keys, machine->devices[i].addresses[j],
                           elfmachine_device_network(&machine->devices[i]));
}

static void index_by_namespace(const struct kube_object *object, struct kube_index_keys *keys)
{
    kube_index_add(keys, object->meta.ns, STR(""));
}

static void index_by_owner(const struct kube_object *object, struct kube_index_keys *keys)
{
    struct claim_record record;
    if (claim_record_read(&object->meta, &record))
        kube_index_add(keys, record.owner_ns, record.owner_name);
}

static void index_unrecorded(const struct kube_object *object, struct kube_index_keys *keys)
{
    struct claim_record record;
    struct str stem;
    uint32_t device_index;
    if (!claim_record_read(&object->meta, &record) &&
        claim_name_split(object->meta.name, &stem, &device_index))
        kube_index_add(keys, stem, STR(""));
}

static void index_by_address_text(const struct kube_object *object, struct kube_index_keys *keys)
{
    kube_index_add(keys, ipaddress_from(object)->address, STR(""));
}

static void add_indexes(struct world *world)
{
    struct kube_store *elfmachines = world->stores[WORLD_ELFMACHINES];
    struct kube_store *claims = world->stores[WORLD_IPCLAIMS];
    must(kube_store_add_index(elfmachines, index_by_machine) == ELFMACHINES_BY_MACHINE);
    must(kube_store_add_index(elfmachines, index_by_claim_stem) == ELFMACHINES_BY_CLAIM_STEM);
    must(kube_store_add_index(elfmachines, index_by_address) == ELFMACHINES_BY_ADDRESS);
    must(kube_store_add_index(world->stores[WORLD_IPPOOLS], index_by_namespace) ==
         IPPOOLS_BY_NAMESPACE);
    must(kube_store_add_index(claims, index_by_owner) == IPCLAIMS_BY_OWNER);
    must(kube_store_add_index(claims, index_unrecorded) == IPCLAIMS_UNRECORDED);
    must(kube_store_add_index(world->stores[WORLD_IPADDRESSES], index_by_address_text) ==
         IPADDRESSES_BY_ADDRESS);
}

struct world *world_new(const struct world_options *options)
{
    static const struct kube_kind *const kinds[WORLD_KIND_COUNT] = {
        [WORLD_ELFMACHINES] = &elfmachine_kind, [WORLD_MACHINES] = &machine_kind,
        [WORLD_CLUSTERS] = &cluster_kind,       [WORLD_TEMPLATES] = &elfmachinetemplate_kind,
        [WORLD_IPPOOLS] = &ippool_kind,         [WORLD_IPCLAIMS] = &ipclaim_kind,
        [WORLD_IPADDRESSES] = &ipaddress_kind,
    };
    struct world *world = mem_alloc_zero(sizeof(*world));
    world->clock = options->clock;
    world->started_ms = clock_wall_ms(&world->clock);
    map_init(&world->pools);
    for (size_t i = 0; i < WORLD_KIND_COUNT; i++)
        world->stores[i] = kube_store_new(kinds[i]);
    add_indexes(world);
    kube_store_listen(world->stores[WORLD_ELFMACHINES], elfmachine_changed, world);
    kube_store_listen(world->stores[WORLD_MACHINES], machine_changed, world);
    kube_store_listen(world->stores[WORLD_CLUSTERS], cluster_changed, world);
    kube_store_listen(world->stores[WORLD_IPPOOLS], ippool_changed, world);
    kube_store_listen(world->stores[WORLD_IPCLAIMS], ipclaim_changed, world);
    kube_store_listen(world->stores[WORLD_IPADDRESSES], ipaddress_changed, world);
    return world;
}

void world_free(struct world *world)
{
    if (!world)
        return;
    for (size_t i = 0; i < WORLD_KIND_COUNT; i++)
        kube_store_free(world->stores[i]);
    size_t position = 0;
    struct pool_figures *figures;
    while ((figures = map_each(&world->pools, &position)) != NULL)
        free_figures(figures);
    map_fini(&world->pools);
    free(world);
}

struct kube_store *world_store(const struct world *world, enum world_kind kind)
{
    return world->stores[kind];
}

struct kube_store *const *world_stores(const struct world *world)
{
    return world->stores;
}

void world_set_device_nameservers(struct world *world, enum world_device_nameservers fact)
{
    world->device_nameservers = fact;
}

bool world_has_device_nameservers(const struct world *world)
{
    return world->device_nameservers == WORLD_DEVICE_NAMESERVERS_SUPPORTED;
}

const struct elfmachine *world_find_elfmachine(const struct world *world, struct str ns,
                                               struct str name)
{
    return elfmachine_from(kube_store_find(world->stores[WORLD_ELFMACHINES], ns, name));
}

const struct kube_object *world_find_owner(const struct world *world,
                                           const struct elfmachine *machine)
{
    const struct kube_meta *meta = &machine->object.meta;
    const struct kube_owner *owner = kube_meta_owner(meta, GROUP_CAPI, "Machine");
    return owner ? kube_store_find(world->stores[WORLD_MACHINES], meta->ns, owner->name) : NULL;
}

struct str world_cluster_name(const struct world *world, const struct elfmachine *machine)
{
    const struct kube_object *owner = world_find_owner(world, machine);
    return kube_meta_label(owner ? &owner->meta : &machine->object.meta, LABEL_CLUSTER_NAME);
}

const struct cluster *world_find_cluster(const struct world *world, struct str ns, struct str name)
{
    return cluster_from(kube_store_find(world->stores[WORLD_CLUSTERS], ns, name));
}

const struct kube_object *world_find_template(const struct world *world,
                                              const struct elfmachine *machine)
{
    const struct kube_meta *meta = &machine->object.meta;
    return kube_store_find(world->stores[WORLD_TEMPLATES], meta->ns,
                           kube_meta_annotation(meta, ANNOTATION_CLONED_FROM));
}

const struct ippool *world_find_ippool(const struct world *world, struct str ns, struct str name)
{
    return ippool_from(kube_store_find(world->stores[WORLD_IPPOOLS], ns, name));
}

const struct ipclaim *world_find_ipclaim(const struct world *world, struct str ns, struct str name)
{
    return ipclaim_from(kube_store_find(world->stores[WORLD_IPCLAIMS], ns, name));
}

const struct ipaddress *world_find_ipaddress(const struct world *world, struct str ns,
                                             struct str name)
{
    return ipaddress_from(kube_store_find(world->stores[WORLD_IPADDRESSES], ns, name));
}

const struct kube_kind *world_first_unknown(const struct world *world)
{
    for (size_t i = 0; i < WORLD_KIND_COUNT; i++)
        if (!kube_store_is_filled(world->stores[i]))
            return kube_store_kind(world->stores[i]);
    return NULL;
}

static bool is_held(const struct world *world, const struct ippool *pool, struct str address)
{
    char buf[CLAIM_STEM_MAX];
    struct str name = claim_address_name(pool->name_prefix, address, buf, sizeof(buf));
    return world_find_ipaddress(world, pool->object.meta.ns, name) != NULL;
}

/* Pre-allocated addresses that no IPAddress holds yet: not free for others. */
static uint64_t count_reserved(const struct world *world, const struct ippool *pool)
{
    uint64_t reserved = 0;
    for (uint32_t i = 0; i < pool->reserved_count; i++)
        reserved += !is_held(world, pool, pool->reserved[i].address);
    return reserved;
}

uint64_t world_pool_free_count(const struct world *world, const struct ippool *pool)
{
    const struct kube_meta *meta = &pool->object.meta;
    const struct pool_figures *figures = find_figures(world, meta->ns, meta->name);
    uint64_t taken = figures ? figures->used + figures->pending : 0;
    if (taken < pool->address_count)
        taken += count_reserved(world, pool);
    return pool->address_count > taken ? pool->address_count - taken : 0;
}

bool world_pool_keeps_address(const struct world *world, const struct ippool *pool,
                              struct str claim_name)
{
    for (uint32_t i = 0; i < pool->reserved_count; i++)
        if (str_eq(pool->reserved[i].claim, claim_name))
            return !is_held(world, pool, pool->reserved[i].address);
    return false;
}

const struct refused_claims *world_pool_refused(const struct world *world,
                                                const struct ippool *pool)
{
    static const struct refused_claims none;
    const struct kube_meta *meta = &pool->object.meta;
    const struct pool_figures *figures = find_figures(world, meta->ns, meta->name);
    return figures ? &figures->refused : &none;
}

bool world_is_asking(const struct world *world, const struct elfmachine *machine)
{
    const struct kube_meta *meta = &machine->object.meta;
    if (meta->is_deleting || machine->has_failed || !elfmachine_wants_address(machine) ||
        kube_meta_has_annotation(meta, ANNOTATION_PAUSED))
        return false;
    const struct cluster *cluster =
        world_find_cluster(world, meta->ns, world_cluster_name(world, machine));
    return !cluster || !cluster->is_paused;
}

int64_t world_pool_eased_ms(const struct world *world, struct str ns, struct str name)
{
    const struct pool_figures *figures = find_figures(world, ns, name);
    return figures && figures->eased_ms ? figures->eased_ms : world->started_ms;
}
