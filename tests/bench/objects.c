#include "bench/objects.h"

#include "bench/bench.h"
#include "controllers/metal3.h"
#include "controllers/names.h"
#include "ipam/addr.h"
#include "kube/model/json.h"

enum { NUMBER_DIGITS = 6 };
static const ipv4_addr FIRST_ADDRESS = (ipv4_addr)10 << 24;

/* The versions that every supported release of their projects serves. */
const struct kube_resource namespaces = {STR(""), STR("v1"), STR("namespaces"), false};
const struct kube_resource clusters = {STR(GROUP_CAPI), STR("v1beta1"), STR("clusters"), true};
const struct kube_resource machines = {STR(GROUP_CAPI), STR("v1beta1"), STR("machines"), true};
const struct kube_resource elfmachines = {STR(GROUP_CAPE), STR("v1beta1"), STR("elfmachines"),
                                          true};
const struct kube_resource templates = {STR(GROUP_CAPE), STR("v1beta1"), STR("elfmachinetemplates"),
                                        true};
const struct kube_resource ippools = {STR(GROUP_METAL3_IPAM), STR("v1alpha1"), STR("ippools"),
                                      true};
const struct kube_resource ipclaims = {STR(GROUP_METAL3_IPAM), STR("v1alpha1"), STR("ipclaims"),
                                       true};
const struct kube_resource ipaddresses = {STR(GROUP_METAL3_IPAM), STR("v1alpha1"),
                                          STR("ipaddresses"), true};

struct str machine_name(struct arena *arena, size_t number)
{
    return arena_printf(arena, "m-%0*zu", NUMBER_DIGITS, number);
}

bool machine_number(struct str name, size_t *number_out)
{
    uint64_t number;
    if (!str_starts_with(name, STR("m-")) || !str_to_u64(str_skip(name, 2), &number))
        return false;
    *number_out = (size_t)number;
    return true;
}

struct str claim_name(struct arena *arena, struct str ns, size_t number)
{
    return arena_printf(arena, STR_FMT "-m-%0*zu-0", STR_ARG(ns), NUMBER_DIGITS, number);
}

static struct str address_text(struct arena *arena, size_t number)
{
    char text[IPV4_TEXT_MAX];
    return arena_dup_str(arena, ipv4_format(FIRST_ADDRESS + (ipv4_addr)number, text));
}

struct str address_name(struct arena *arena, size_t number)
{
    ipv4_addr address = FIRST_ADDRESS + (ipv4_addr)number;
    return arena_printf(arena, "bench-%u-%u-%u-%u", address >> 24, address >> 16 & 255,
                        address >> 8 & 255, address & 255);
}

struct kube_request request_create(struct arena *arena, const struct kube_resource *resource,
                                   struct str ns, struct str body)
{
    return (struct kube_request){.verb = KUBE_POST,
                                 .path = kube_path(arena, resource, ns, STR("")),
                                 .body = body,
                                 .resource = resource->plural.ptr};
}

struct kube_request request_merge(struct arena *arena, const struct kube_resource *resource,
                                  struct str ns, struct str name, struct str body)
{
    return (struct kube_request){.verb = KUBE_PATCH_MERGE,
                                 .path = kube_path(arena, resource, ns, name),
                                 .body = body,
                                 .resource = resource->plural.ptr};
}

struct kube_request request_delete(struct arena *arena, const struct kube_resource *resource,
                                   struct str ns, struct str name)
{
    return (struct kube_request){.verb = KUBE_DELETE,
                                 .path = kube_path(arena, resource, ns, name),
                                 .resource = resource->plural.ptr};
}

struct kube_request request_pause(struct arena *arena, struct str ns, bool is_paused)
{
    return request_merge(
        arena, &clusters, ns, STR("bench"),
        arena_printf(arena, "{\"spec\":{\"paused\":%s}}", is_paused ? "true" : "false"));
}

struct identity identity_of(struct arena *arena, struct str body)
{
    struct identity identity = {0};
    struct error err;
    cleanup_json_doc yyjson_doc *doc = json_read(body, &err);
    yyjson_val *meta = json_object(yyjson_doc_get_root(doc), "metadata");
    identity.uid = arena_dup_str(arena, json_str(meta, "uid"));
    if (!str_to_u64(json_str(meta, "resourceVersion"), &identity.resource_version))
        bench_fail("an answer without a resourceVersion", NULL);
    return identity;
}

struct str machine_json(struct arena *arena, struct str ns, size_t number)
{
    return arena_printf(
        arena,
        "{\"apiVersion\":\"" GROUP_CAPI "/v1beta1\",\"kind\":\"Machine\",\"metadata\":{"
        "\"namespace\":\"" STR_FMT "\",\"name\":\"m-%0*zu\","
        "\"labels\":{\"" LABEL_CLUSTER_NAME "\":\"bench\"}},"
        "\"spec\":{\"clusterName\":\"bench\",\"bootstrap\":{\"dataSecretName\":\"bench\"},"
        "\"infrastructureRef\":{\"apiVersion\":\"" GROUP_CAPE "/v1beta1\","
        "\"kind\":\"ElfMachine\",\"name\":\"m-%0*zu\"}}}",
        STR_ARG(ns), NUMBER_DIGITS, number, NUMBER_DIGITS, number);
}

struct str elfmachine_json(struct arena *arena, struct str ns, size_t number, struct str owner_uid)
{
    return arena_printf(
        arena,
        "{\"apiVersion\":\"" GROUP_CAPE "/v1beta1\",\"kind\":\"ElfMachine\",\"metadata\":{"
        "\"namespace\":\"" STR_FMT "\",\"name\":\"m-%0*zu\","
        "\"labels\":{\"" LABEL_CLUSTER_NAME "\":\"bench\"},"
        "\"annotations\":{\"" ANNOTATION_CLONED_FROM "\":\"bench\"},"
        "\"finalizers\":[\"" FINALIZER_CAPE "\"],"
        "\"ownerReferences\":[{\"apiVersion\":\"" GROUP_CAPI "/v1beta1\",\"kind\":\"Machine\","
        "\"name\":\"m-%0*zu\",\"uid\":\"" STR_FMT "\",\"controller\":true}]},"
        "\"spec\":{\"template\":\"image\",\"network\":{"
        "\"devices\":[{\"networkType\":\"IPV4\",\"vlan\":\"vlan-1\"}]}}}",
        STR_ARG(ns), NUMBER_DIGITS, number, NUMBER_DIGITS, number, STR_ARG(owner_uid));
}

struct str ipaddress_json(struct arena *arena, struct str ns, size_t number, struct str claim)
{
    return arena_printf(
        arena,
        "{\"apiVersion\":\"" METAL3_IPAM_API_VERSION "\",\"kind\":\"IPAddress\","
        "\"metadata\":{\"namespace\":\"" STR_FMT "\",\"name\":\"" STR_FMT "\"},\"spec\":{"
        "\"address\":\"" STR_FMT "\",\"prefix\":8,\"gateway\":\"10.255.255.254\","
        "\"pool\":{\"name\":\"bench\",\"namespace\":\"" STR_FMT "\"},"
        "\"claim\":{\"name\":\"" STR_FMT "\",\"namespace\":\"" STR_FMT "\"}}}",
        STR_ARG(ns), STR_ARG(address_name(arena, number)), STR_ARG(address_text(arena, number)),
        STR_ARG(ns), STR_ARG(claim), STR_ARG(ns));
}

struct str claim_status_json(struct arena *arena, struct str ns, struct str address)
{
    return arena_printf(arena,
                        "{\"status\":{\"address\":{\"name\":\"" STR_FMT
                        "\",\"namespace\":\"" STR_FMT "\"}}}",
                        STR_ARG(address), STR_ARG(ns));
}
