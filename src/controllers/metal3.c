#include "controllers/metal3.h"

#include "controllers/names.h"
#include "ipam/range.h"
#include "kube/model/json.h"

/* More entries than this make no sense in one pool and are refused with a message. */
enum { MAX_ENTRIES = 4096 };

/* A reference by name; its namespace is that of the object where it is not said. */
static void parse_ref(yyjson_val *ref, const struct kube_meta *meta, struct arena *arena,
                      struct str *ns, struct str *name)
{
    *name = arena_dup_str(arena, json_str(ref, "name"));
    if (str_is_empty(*name))
        return;
    struct str said = json_str(ref, "namespace");
    *ns = str_is_empty(said) || str_eq(said, meta->ns) ? meta->ns : arena_dup_str(arena, said);
}

static bool check_network(yyjson_val *json, struct error *err)
{
    ipv4_addr gateway;
    struct str text = json_str(json, "gateway");
    int64_t prefix = json_int(json, "prefix", 1);
    if (!str_is_empty(text) && !ipv4_parse(text, &gateway))
        return error_set(err, ERROR_INVALID, "gateway \"" STR_FMT "\" is not an IPv4 address",
                         STR_ARG(text));
    if (prefix < 0 || prefix > 32) /* 0 is Go's way to leave it out */
        return error_set(err, ERROR_INVALID, "prefix %lld is not between 1 and 32",
                         (long long)prefix);
    return true;
}

static bool parse_entries(struct ippool *pool, yyjson_val *entries, struct error *err)
{
    size_t count = yyjson_arr_size(entries);
    if (count == 0)
        return error_set(err, ERROR_INVALID, "spec.pools is empty");
    if (count > MAX_ENTRIES)
        return error_set(err, ERROR_INVALID, "spec.pools has %zu entries, more than %d", count,
                         MAX_ENTRIES);
    cleanup_arena struct arena scratch;
    arena_init(&scratch);
    struct ipam_range *ranges = arena_new_array(&scratch, struct ipam_range, count);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        yyjson_val *json = yyjson_arr_get(entries, i);
        const struct ipam_entry entry = {json_str(json, "start"), json_str(json, "end"),
                                         json_str(json, "subnet")};
        bool is_empty;
        if (!ipam_entry_range(&entry, &ranges[used], &is_empty, err) || !check_network(json, err))
            return error_wrap(err, "spec.pools[%zu]", i);
        used += !is_empty;
    }
    pool->address_count = ipam_ranges_count(ranges, used);
    return true;
}

static void parse_reserved(struct ippool *pool, yyjson_val *pre_allocations, struct arena *arena)
{
    struct ippool_reservation *reserved =
        arena_new_array(arena, struct ippool_reservation, yyjson_obj_size(pre_allocations));
    yyjson_obj_iter iter = yyjson_obj_iter_with(pre_allocations);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&iter)) != NULL)
        reserved[pool->reserved_count++] = (struct ippool_reservation){
            .claim = arena_dup_str(arena, json_value_str(key)),
            .address = arena_dup_str(arena, json_value_str(yyjson_obj_iter_get_val(key))),
        };
    pool->reserved = reserved;
}

static bool parse_ippool(struct kube_object *object, yyjson_val *json, struct arena *arena,
                         struct error *err)
{
    struct ippool *pool = (struct ippool *)object;
    yyjson_val *spec = json_object(json, "spec");
    struct error problem;
    (void)err;
    pool->name_prefix = arena_dup_str(arena, json_str(spec, "namePrefix"));
    parse_reserved(pool, json_object(spec, "preAllocations"), arena);
    if (!parse_entries(pool, json_array(spec, "pools"), &problem))
        pool->problem = arena_dup_str(arena, str_from(problem.text));
    else if (!check_network(spec, &problem))
        pool->problem = arena_printf(arena, "spec: %s", problem.text);
    return true;
}

static bool parse_ipclaim(struct kube_object *object, yyjson_val *json, struct arena *arena,
                          struct error *err)
{
    struct ipclaim *claim = (struct ipclaim *)object;
    yyjson_val *status = json_object(json, "status");
    (void)err;
    parse_ref(json_object(json_object(json, "spec"), "pool"), &object->meta, arena, &claim->pool_ns,
              &claim->pool_name);
    parse_ref(json_object(status, "address"), &object->meta, arena, &claim->address_ns,
              &claim->address_name);
    claim->error_message = arena_dup_str(arena, json_str(status, "errorMessage"));
    return true;
}

static bool parse_ipaddress(struct kube_object *object, yyjson_val *json, struct arena *arena,
                            struct error *err)
{
    struct ipaddress *address = (struct ipaddress *)object;
    yyjson_val *spec = json_object(json, "spec");
    (void)err;
    address->address = arena_dup_str(arena, json_str(spec, "address"));
    address->gateway = arena_dup_str(arena, json_str(spec, "gateway"));
    address->prefix = json_int(spec, "prefix", -1);
    address->dns_servers = json_strs(spec, "dnsServers", arena, &address->dns_server_count);
    parse_ref(json_object(spec, "pool"), &object->meta, arena, &address->pool_ns,
              &address->pool_name);
    parse_ref(json_object(spec, "claim"), &object->meta, arena, &address->claim_ns,
              &address->claim_name);
    return true;
}

static const char *const versions[] = {"v1alpha1", NULL};
static const char *const pool_labels[] = {LABEL_POOL_GROUP, LABEL_NETWORK_NAME, LABEL_IS_DEFAULT,
                                          NULL};
static const char *const claim_labels[] = {LABEL_OWNER_NAME, LABEL_CLUSTER_NAME, NULL};
static const char *const claim_annotations[] = {ANNOTATION_OWNER_NAMESPACE, ANNOTATION_OWNER_NAME,
                                                ANNOTATION_OWNER_UID, ANNOTATION_DEVICE_INDEX,
                                                NULL};

static const char *const claim_known_texts[] = {GROUP_CAPE, "ElfMachine", NULL};

const struct kube_kind ippool_kind = {
    .group = GROUP_METAL3_IPAM,
    .kind = "IPPool",
    .plural = "ippools",
    .versions = versions,
    .labels = pool_labels,
    .view_size = sizeof(struct ippool),
    .parse = parse_ippool,
};

const struct kube_kind ipclaim_kind = {
    .group = GROUP_METAL3_IPAM,
    .kind = "IPClaim",
    .plural = "ipclaims",
    .versions = versions,
    .meta_parts = KUBE_META_OWNERS,
    .labels = claim_labels,
    .annotations = claim_annotations,
    .known_texts = claim_known_texts,
    .view_size = sizeof(struct ipclaim),
    .parse = parse_ipclaim,
};

const struct kube_kind ipaddress_kind = {
    .group = GROUP_METAL3_IPAM,
    .kind = "IPAddress",
    .plural = "ipaddresses",
    .versions = versions,
    .view_size = sizeof(struct ipaddress),
    .parse = parse_ipaddress,
};

const struct ippool *ippool_from(const struct kube_object *object)
{
    return (const struct ippool *)object;
}

const struct ipclaim *ipclaim_from(const struct kube_object *object)
{
    return (const struct ipclaim *)object;
}

bool ipclaim_is_pending(const struct ipclaim *claim)
{
    return str_is_empty(claim->address_name) && str_is_empty(claim->error_message) &&
           !claim->object.meta.is_deleting;
}

bool ipclaim_is_refused(const struct ipclaim *claim)
{
    return str_is_empty(claim->address_name) && !str_is_empty(claim->error_message) &&
           !claim->object.meta.is_deleting;
}

const struct ipaddress *ipaddress_from(const struct kube_object *object)
{
    return (const struct ipaddress *)object;
}
