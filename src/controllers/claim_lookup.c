#include "controllers/claim_lookup.h"

#include "controllers/claim_name.h"
#include "controllers/claim_record.h"

/* The address that an unrecorded claim has brought is on this device of the machine. */
static bool wears_address(const struct world *world, const struct elfmachine *machine,
                          uint32_t device_index, const struct ipclaim *claim)
{
    const struct ipaddress *address =
        world_find_ipaddress(world, claim->address_ns, claim->address_name);
    return address && device_index < machine->device_count &&
           elfmachine_device_has_address(&machine->devices[device_index], address->address);
}

/* "a-b"/"c" and "a"/"b-c" have the same claim names, and the Go manager gave both the same claim.
 * It belongs to the one machine of that name; when more live, to the only one that wears its
 * address; else to none, and nobody touches it. */
static bool owns_unrecorded(const struct world *world, const struct elfmachine *machine,
                            struct str stem, uint32_t device_index, const struct ipclaim *claim)
{
    const struct kube_store *machines = world_store(world, WORLD_ELFMACHINES);
    struct kube_store_cursor at =
        kube_store_seek(machines, ELFMACHINES_BY_CLAIM_STEM, stem, STR(""));
    bool do_we_wear_it = wears_address(world, machine, device_index, claim);
    const struct elfmachine *other;
    while ((other = elfmachine_from(kube_store_next(machines, &at))) != NULL) {
        if (other == machine)
            continue;
        if (!do_we_wear_it || wears_address(world, other, device_index, claim))
            return false;
    }
    return true;
}

static int cmp_claims(const void *a, const void *b)
{
    const struct owned_claim *left = a;
    const struct owned_claim *right = b;
    if (left->device_index != right->device_index)
        return left->device_index < right->device_index ? -1 : 1;
    if (left->object->meta.is_deleting != right->object->meta.is_deleting)
        return left->object->meta.is_deleting ? 1 : -1;
    return kube_meta_cmp_age(&left->object->meta, &right->object->meta);
}

struct found_claims {
    struct owned_claim *items; /* NULL: only counted */
    size_t count;
};

static void found(struct found_claims *claims, const struct kube_object *object,
                  uint32_t device_index)
{
    if (claims->items)
        claims->items[claims->count] = (struct owned_claim){object, device_index};
    claims->count++;
}

static void search(const struct world *world, const struct elfmachine *machine,
                   struct found_claims *claims)
{
    const struct kube_store *store = world_store(world, WORLD_IPCLAIMS);
    const struct kube_meta *meta = &machine->object.meta;
    const struct kube_object *object;
    char buf[CLAIM_STEM_MAX];
    struct str stem = claim_stem(meta->ns, meta->name, buf);

    struct kube_store_cursor at = kube_store_seek(store, IPCLAIMS_BY_OWNER, meta->ns, meta->name);
    while ((object = kube_store_next(store, &at)) != NULL) {
        struct claim_record record;
        if (claim_record_read(&object->meta, &record))
            found(claims, object, record.device_index);
    }
    at = kube_store_seek(store, IPCLAIMS_UNRECORDED, stem, STR(""));
    while ((object = kube_store_next(store, &at)) != NULL) {
        struct str claim_stem_;
        uint32_t device_index;
        if (claim_name_split(object->meta.name, &claim_stem_, &device_index) &&
            owns_unrecorded(world, machine, stem, device_index, ipclaim_from(object)))
            found(claims, object, device_index);
    }
}

const struct owned_claim *claims_of(const struct world *world, const struct elfmachine *machine,
                                    struct arena *arena, size_t *count_out)
{
    struct found_claims claims = {0};
    search(world, machine, &claims);
    *count_out = claims.count;
    if (claims.count == 0)
        return NULL;
    claims = (struct found_claims){arena_new_array(arena, struct owned_claim, claims.count), 0};
    search(world, machine, &claims);
    qsort(claims.items, claims.count, sizeof(*claims.items), cmp_claims);
    return claims.items;
}

struct str claim_name_for(const struct world *world, const struct elfmachine *machine,
                          uint32_t device_index, struct str ns, struct arena *arena)
{
    const struct kube_meta *meta = &machine->object.meta;
    char buf[CLAIM_NAME_MAX];
    struct str name = claim_name(meta->ns, meta->name, device_index, buf);
    /* Its own claim would have been found: what has that name now is another's. */
    if (world_find_ipclaim(world, ns, name))
        name = claim_name_unique(meta->ns, meta->name, device_index, buf);
    return arena_dup_str(arena, name);
}
