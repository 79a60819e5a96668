/* ElfMachine (infrastructure.cluster.x-k8s.io, CAPE) as the decisions see it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kube/model/object.h"

extern const struct kube_kind elfmachine_kind;

/* addressesFromPools[0]. */
struct elfmachine_pool_ref {
    struct str group;
    struct str kind;
    struct str name;
};

/* What a device says of its network is kept only while it waits for an address. */
struct elfmachine_device {
    bool is_static; /* networkType: IPV4 */
    bool has_nameservers;
    bool has_only_gateway; /* routes is exactly [{gateway}]; see `gateway` */
    uint32_t route_count;
    uint32_t address_count; /* of ipAddrs, without empty ones */
    const struct str *addresses;
    uint64_t vlan_hash; /* tells networks apart; the text itself is not needed */
    const struct elfmachine_pool_ref *pool; /* NULL: none */
    struct str netmask;
    struct str gateway; /* of the first route */
};

struct elfmachine {
    struct kube_object object;
    bool has_failed; /* status.failureReason or failureMessage */
    uint32_t device_count;
    uint32_t nameserver_count;
    const struct elfmachine_device *devices;
    const struct str *nameservers; /* of the whole machine */
};

const struct elfmachine *elfmachine_from(const struct kube_object *object); /* NULL stays NULL */
bool elfmachine_has_static_device(const struct elfmachine *machine);
/* A static device without an address is waiting for one. */
bool elfmachine_device_wants_address(const struct elfmachine_device *device);
bool elfmachine_wants_address(const struct elfmachine *machine);
/* The second half of an index key: "the same address on the same network". Borrows. */
struct str elfmachine_device_network(const struct elfmachine_device *device);
bool elfmachine_device_has_address(const struct elfmachine_device *device, struct str address);
/* False: it is being deleted and CAPE has let go of it, so its VM is gone. */
bool elfmachine_may_have_vm(const struct elfmachine *machine);
/* Its VM may have this address on this network (elfmachine_device_network of any device). */
bool elfmachine_wears(const struct elfmachine *machine, struct str address, struct str network);
