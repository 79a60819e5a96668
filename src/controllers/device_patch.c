#include "controllers/device_patch.h"

#include <stdio.h>

#include "base/strbuf.h"
#include "controllers/device_record.h"
#include "controllers/names.h"
#include "kube/model/patch.h"

/* A resolver reads no more than three (resolv.conf(5)); CAPE's schema says so of the machine's. */
enum { MAX_NAMESERVERS = 3 };

static void append_list_item(struct strbuf *list, struct str item)
{
    strbuf_append_char(list, list->len > 0 ? ',' : '[');
    strbuf_append_json(list, item);
}

static void patch_device_op(struct kube_patch *patch, uint32_t device_index, const char *field,
                            struct str value_json)
{
    char path[64];
    snprintf(path, sizeof(path), "/spec/network/devices/%u/%s", device_index, field);
    kube_patch_op(patch, "add", path, value_json);
}

static void patch_addresses(struct kube_patch *patch, const struct device_allocation *given)
{
    cleanup_strbuf struct strbuf value = {0};
    append_list_item(&value, given->allocation.address);
    strbuf_append_char(&value, ']');
    patch_device_op(patch, given->device_index, "ipAddrs", strbuf_str(&value));
}

/* A netmask or routes that are neither empty nor left by our earlier allocation are the user's. */
static bool is_netmask_ours(const struct elfmachine_device *device, uint32_t device_index,
                            struct str records)
{
    struct device_record earlier;
    return str_is_empty(device->netmask) || (device_record_find(records, device_index, &earlier) &&
                                             str_eq(device->netmask, earlier.netmask));
}

static bool are_routes_ours(const struct elfmachine_device *device, uint32_t device_index,
                            struct str records)
{
    struct device_record earlier;
    return device->route_count == 0 ||
           (device->has_only_gateway && device_record_find(records, device_index, &earlier) &&
            str_eq(device->gateway, earlier.gateway));
}

static void patch_network(struct kube_patch *patch, const struct elfmachine_device *device,
                          struct str records, const struct device_allocation *given)
{
    const struct ip_allocation *allocation = &given->allocation;
    cleanup_strbuf struct strbuf value = {0};
    if (is_netmask_ours(device, given->device_index, records)) {
        strbuf_append_json(&value, allocation->netmask);
        patch_device_op(patch, given->device_index, "netmask", strbuf_str(&value));
    }
    if (!str_is_empty(allocation->gateway) &&
        are_routes_ours(device, given->device_index, records)) {
        strbuf_clear(&value);
        strbuf_append_cstr(&value, "[{\"gateway\":");
        strbuf_append_json(&value, allocation->gateway);
        strbuf_append_cstr(&value, "}]");
        patch_device_op(patch, given->device_index, "routes", strbuf_str(&value));
    }
}

static void patch_device_nameservers(struct kube_patch *patch,
                                     const struct elfmachine_device *device,
                                     const struct device_allocation *given)
{
    cleanup_strbuf struct strbuf value = {0};
    if (given->allocation.dns_server_count == 0 || device->has_nameservers)
        return;
    for (uint32_t i = 0; i < given->allocation.dns_server_count; i++)
        append_list_item(&value, given->allocation.dns_servers[i]);
    strbuf_append_char(&value, ']');
    patch_device_op(patch, given->device_index, "nameservers", strbuf_str(&value));
}

struct nameservers {
    struct str items[MAX_NAMESERVERS];
    size_t count;
};

static bool nameservers_add(struct nameservers *list, struct str server)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], server))
            return false;
    if (list->count == MAX_NAMESERVERS || str_is_empty(server))
        return false;
    list->items[list->count++] = server;
    return true;
}

/* The machine's own first, then those of its devices in order. */
static void patch_machine_nameservers(struct kube_patch *patch, const struct elfmachine *machine,
                                      const struct device_allocation *allocations, size_t count)
{
    struct nameservers list = {.count = 0};
    bool has_new = false;
    for (uint32_t i = 0; i < machine->nameserver_count; i++)
        nameservers_add(&list, machine->nameservers[i]);
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < allocations[i].allocation.dns_server_count; j++)
            has_new |= nameservers_add(&list, allocations[i].allocation.dns_servers[j]);
    if (!has_new)
        return;
    cleanup_strbuf struct strbuf value = {0};
    for (size_t i = 0; i < list.count; i++)
        append_list_item(&value, list.items[i]);
    strbuf_append_char(&value, ']');
    kube_patch_op(patch, "add", "/spec/network/nameservers", strbuf_str(&value));
}

static bool is_written_now(const struct device_allocation *allocations, size_t count,
                           uint32_t device_index)
{
    for (size_t i = 0; i < count; i++)
        if (allocations[i].device_index == device_index)
            return true;
    return false;
}

/* An allocation without gateway leaves the route of an earlier one: it stays ours to replace. */
static struct device_record make_record(const struct elfmachine *machine, struct str records,
                                        const struct device_allocation *given)
{
    const struct elfmachine_device *device = &machine->devices[given->device_index];
    struct str gateway = given->allocation.gateway;
    if (str_is_empty(gateway) && are_routes_ours(device, given->device_index, records))
        gateway = device->gateway;
    return (struct device_record){given->device_index, given->allocation.netmask, gateway};
}

static void patch_records(struct kube_patch *patch, const struct elfmachine *machine,
                          const struct device_allocation *allocations, size_t count)
{
    struct str before = kube_meta_annotation(&machine->object.meta, ANNOTATION_ALLOCATED);
    struct str rest = before;
    cleanup_strbuf struct strbuf records = {0};
    cleanup_strbuf struct strbuf path = {0};
    struct device_record record;
    while (device_record_next(&rest, &record))
        if (record.device_index < machine->device_count &&
            !is_written_now(allocations, count, record.device_index))
            device_record_append(&records, &record);
    for (size_t i = 0; i < count; i++) {
        record = make_record(machine, before, &allocations[i]);
        device_record_append(&records, &record);
    }
    if (!machine->object.meta.has_annotations)
        kube_patch_op(patch, "add", "/metadata/annotations", STR("{}"));
    strbuf_append_cstr(&path, "/metadata/annotations/");
    kube_patch_escape(&path, STR(ANNOTATION_ALLOCATED));
    kube_patch_op_str(patch, "add", path.data, strbuf_str(&records));
}

static struct str describe(struct arena *arena, const struct device_allocation *allocations,
                           size_t count)
{
    cleanup_strbuf struct strbuf text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct device_allocation *given = &allocations[i];
        strbuf_printf(&text, "%sevice %u: " STR_FMT "/%u", i == 0 ? "D" : "; d",
                      given->device_index, STR_ARG(given->allocation.address),
                      given->allocation.prefix);
        if (!str_is_empty(given->allocation.gateway))
            strbuf_printf(&text, " via " STR_FMT, STR_ARG(given->allocation.gateway));
        strbuf_printf(&text, " from IPPool " STR_FMT "/" STR_FMT, STR_ARG(given->pool_ns),
                      STR_ARG(given->pool_name));
    }
    return arena_dup_str(arena, strbuf_str(&text));
}

void device_patch_add(struct kube_actions *out, const struct elfmachine *machine,
                      const struct device_allocation *allocations, size_t count,
                      bool has_device_nameservers)
{
    const struct kube_meta *meta = &machine->object.meta;
    struct str records = kube_meta_annotation(meta, ANNOTATION_ALLOCATED);
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, meta->uid, meta->resource_version);
    for (size_t i = 0; i < count; i++) {
        const struct elfmachine_device *device = &machine->devices[allocations[i].device_index];
        patch_addresses(&patch, &allocations[i]);
        patch_network(&patch, device, records, &allocations[i]);
        if (has_device_nameservers)
            patch_device_nameservers(&patch, device, &allocations[i]);
    }
    if (!has_device_nameservers)
        patch_machine_nameservers(&patch, machine, allocations, count);
    patch_records(&patch, machine, allocations, count);
    kube_actions_add(out, (struct kube_action){
                              .type = KUBE_ACTION_JSON_PATCH,
                              .what = STR("set-addresses"),
                              .kind = &elfmachine_kind,
                              .ns = meta->ns,
                              .name = meta->name,
                              .uid = meta->uid,
                              .resource_version = meta->resource_version,
                              .body = arena_dup_str(out->arena, kube_patch_finish(&patch)),
                              .done = {.type = KUBE_EVENT_NORMAL,
                                       .reason = STR("IPAllocated"),
                                       .message = describe(out->arena, allocations, count)},
                          });
}
