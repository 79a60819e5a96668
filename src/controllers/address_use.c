#include "controllers/address_use.h"

#include "controllers/claim_record.h"

/* Its device says so, and its VM may be there. */
static const struct elfmachine *find_wearer(const struct world *world, struct str address,
                                            struct str network)
{
    const struct kube_store *machines = world_store(world, WORLD_ELFMACHINES);
    struct kube_store_cursor at =
        kube_store_seek(machines, ELFMACHINES_BY_ADDRESS, address, network);
    const struct elfmachine *machine;
    while ((machine = elfmachine_from(kube_store_next(machines, &at))) != NULL)
        if (elfmachine_may_have_vm(machine))
            return machine;
    return NULL;
}

/* The machine whose device on this network the IPAddress is for, by the record of its claim. */
static const struct elfmachine *find_holder(const struct world *world,
                                            const struct ipaddress *address, struct str network)
{
    const struct ipclaim *claim = world_find_ipclaim(world, address->claim_ns, address->claim_name);
    struct claim_record record;
    if (!claim || !claim_record_read(&claim->object.meta, &record))
        return NULL;
    const struct elfmachine *machine =
        world_find_elfmachine(world, record.owner_ns, record.owner_name);
    if (!machine || record.device_index >= machine->device_count ||
        !elfmachine_device_wants_address(&machine->devices[record.device_index]) ||
        !str_eq(elfmachine_device_network(&machine->devices[record.device_index]), network))
        return NULL;
    return machine;
}

static bool is_before(const struct ipaddress *a, const struct ipaddress *b)
{
    return kube_meta_cmp_age(&a->object.meta, &b->object.meta) < 0;
}

const struct elfmachine *address_find_other_user(const struct world *world,
                                                 const struct elfmachine *machine,
                                                 uint32_t device_index, const struct ipclaim *claim,
                                                 struct str address)
{
    struct str network = elfmachine_device_network(&machine->devices[device_index]);
    const struct elfmachine *other = find_wearer(world, address, network);
    if (other)
        return other;
    const struct ipaddress *ours =
        world_find_ipaddress(world, claim->address_ns, claim->address_name);
    const struct kube_store *addresses = world_store(world, WORLD_IPADDRESSES);
    struct kube_store_cursor at =
        kube_store_seek(addresses, IPADDRESSES_BY_ADDRESS, address, STR(""));
    const struct ipaddress *theirs;
    while ((theirs = ipaddress_from(kube_store_next(addresses, &at))) != NULL) {
        if (!ours || theirs == ours || !is_before(theirs, ours))
            continue;
        other = find_holder(world, theirs, network);
        if (other)
            return other;
    }
    return NULL;
}
