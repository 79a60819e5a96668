#include "controllers/elfmachine.h"

#include "base/hash.h"
#include "controllers/names.h"
#include "kube/model/json.h"

/* The VM of a machine has a handful of devices; more than this is no ElfMachine. */
enum { MAX_DEVICES = 1024 };

static const struct str *copy_addresses(yyjson_val *json, struct arena *arena, uint32_t *count_out)
{
    uint32_t all = 0;
    uint32_t kept = 0;
    const struct str *texts = json_strs(json, "ipAddrs", arena, &all);
    for (uint32_t i = 0; i < all; i++)
        kept += !str_is_empty(texts[i]);
    *count_out = kept;
    if (kept == all)
        return texts;
    struct str *addresses = arena_new_array(arena, struct str, kept);
    for (uint32_t i = 0, next = 0; i < all; i++)
        if (!str_is_empty(texts[i]))
            addresses[next++] = texts[i];
    return addresses;
}

static void parse_routes(struct elfmachine_device *device, yyjson_val *json, struct arena *arena)
{
    yyjson_val *routes = json_array(json, "routes");
    device->route_count = (uint32_t)yyjson_arr_size(routes);
    if (device->route_count == 0)
        return;
    yyjson_val *first = yyjson_arr_get_first(routes);
    device->gateway = arena_dup_str(arena, json_str(first, "gateway"));
    device->has_only_gateway = device->route_count == 1 &&
                               str_is_empty(json_str(first, "network")) &&
                               str_is_empty(json_str(first, "netmask"));
}

static const struct elfmachine_pool_ref *parse_pool_ref(yyjson_val *json, struct arena *arena)
{
    yyjson_val *ref = yyjson_arr_get_first(json_array(json, "addressesFromPools"));
    if (!yyjson_is_obj(ref))
        return NULL;
    struct elfmachine_pool_ref *pool = arena_new(arena, struct elfmachine_pool_ref);
    pool->group = arena_dup_str(arena, json_str(ref, "apiGroup"));
    pool->kind = arena_dup_str(arena, json_str(ref, "kind"));
    pool->name = arena_dup_str(arena, json_str(ref, "name"));
    return pool;
}

static void parse_device(struct elfmachine_device *device, yyjson_val *json, struct arena *arena)
{
    /* The addresses of every device count when one is checked for being in use. */
    device->addresses = copy_addresses(json, arena, &device->address_count);
    device->vlan_hash = hash_stable(json_str(json, "vlan"));
    device->is_static = str_eq(json_str(json, "networkType"), STR("IPV4"));
    device->has_nameservers = yyjson_arr_size(json_array(json, "nameservers")) > 0;
    if (!elfmachine_device_wants_address(device))
        return;
    device->netmask = arena_dup_str(arena, json_str(json, "netmask"));
    device->pool = parse_pool_ref(json, arena);
    parse_routes(device, json, arena);
}

static bool parse(struct kube_object *object, yyjson_val *json, struct arena *arena,
                  struct error *err)
{
    struct elfmachine *machine = (struct elfmachine *)object;
    yyjson_val *network = json_object(json_object(json, "spec"), "network");
    yyjson_val *devices = json_array(network, "devices");
    yyjson_val *status = json_object(json, "status");
    size_t count = yyjson_arr_size(devices);
    if (count > MAX_DEVICES)
        return error_set(err, ERROR_INVALID, "spec.network.devices: %zu devices, more than %d",
                         count, MAX_DEVICES);

    struct elfmachine_device *parsed = arena_new_array(arena, struct elfmachine_device, count);
    yyjson_arr_iter iter = yyjson_arr_iter_with(devices);
    yyjson_val *device;
    while ((device = yyjson_arr_iter_next(&iter)) != NULL)
        parse_device(&parsed[machine->device_count++], device, arena);
    machine->devices = parsed;
    machine->nameservers = json_strs(network, "nameservers", arena, &machine->nameserver_count);
    machine->has_failed = !str_is_empty(json_str(status, "failureReason")) ||
                          !str_is_empty(json_str(status, "failureMessage"));
    return true;
}

static const char *const versions[] = {"v1beta1", NULL};
static const char *const labels[] = {LABEL_CLUSTER_NAME, LABEL_WATCH_FILTER, NULL};
static const char *const known_texts[] = {FINALIZER_CAPE, FINALIZER_OURS, GROUP_CAPI, "Machine",
                                          NULL};
static const char *const annotations[] = {ANNOTATION_PAUSED, ANNOTATION_CLONED_FROM,
                                          ANNOTATION_ALLOCATED, NULL};

const struct kube_kind elfmachine_kind = {
    .group = GROUP_CAPE,
    .kind = "ElfMachine",
    .plural = "elfmachines",
    .versions = versions,
    .meta_parts = KUBE_META_OWNERS | KUBE_META_FINALIZERS,
    .labels = labels,
    .annotations = annotations,
    .known_texts = known_texts,
    .view_size = sizeof(struct elfmachine),
    .parse = parse,
};

const struct elfmachine *elfmachine_from(const struct kube_object *object)
{
    return (const struct elfmachine *)object;
}

bool elfmachine_has_static_device(const struct elfmachine *machine)
{
    for (uint32_t i = 0; i < machine->device_count; i++)
        if (machine->devices[i].is_static)
            return true;
    return false;
}

bool elfmachine_device_wants_address(const struct elfmachine_device *device)
{
    return device->is_static && device->address_count == 0;
}

bool elfmachine_wants_address(const struct elfmachine *machine)
{
    for (uint32_t i = 0; i < machine->device_count; i++)
        if (elfmachine_device_wants_address(&machine->devices[i]))
            return true;
    return false;
}

struct str elfmachine_device_network(const struct elfmachine_device *device)
{
    return (struct str){(const char *)&device->vlan_hash, sizeof(device->vlan_hash)};
}

bool elfmachine_device_has_address(const struct elfmachine_device *device, struct str address)
{
    for (uint32_t i = 0; i < device->address_count; i++)
        if (str_eq(device->addresses[i], address))
            return true;
    return false;
}

bool elfmachine_may_have_vm(const struct elfmachine *machine)
{
    const struct kube_meta *meta = &machine->object.meta;
    return !meta->is_deleting || kube_meta_has_finalizer(meta, FINALIZER_CAPE);
}

bool elfmachine_wears(const struct elfmachine *machine, struct str address, struct str network)
{
    if (!elfmachine_may_have_vm(machine))
        return false;
    for (uint32_t i = 0; i < machine->device_count; i++)
        if (str_eq(elfmachine_device_network(&machine->devices[i]), network) &&
            elfmachine_device_has_address(&machine->devices[i], address))
            return true;
    return false;
}
