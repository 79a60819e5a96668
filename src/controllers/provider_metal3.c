#include "base/strbuf.h"
#include "controllers/claim_record.h"
#include "controllers/metal3.h"
#include "controllers/names.h"
#include "controllers/provider.h"

#define invalid(out, arena, ...)                                                                   \
    do {                                                                                           \
        (out)->state = IP_CLAIM_INVALID;                                                           \
        (out)->problem = arena_printf(arena, __VA_ARGS__);                                         \
    } while (0)

/* "IPAddress ns/name: spec.field "value"": the start of every complaint. */
#define ADDRESS_FMT "IPAddress " STR_FMT "/" STR_FMT ": "
#define ADDRESS_ARG(a) STR_ARG((a)->object.meta.ns), STR_ARG((a)->object.meta.name)

/* A gateway has to be in the network of its address, where that is a network (31 and 32 are none).
 */
static bool is_gateway_inside(ipv4_addr address, ipv4_addr gateway, unsigned prefix)
{
    return prefix >= 31 || ipv4_same_network(address, gateway, prefix);
}

static void read_address(const struct ipaddress *address, struct arena *arena,
                         struct ip_claim_view *out)
{
    ipv4_addr addr;
    ipv4_addr gateway;
    char netmask[IPV4_TEXT_MAX];
    if (!ipv4_parse(address->address, &addr)) {
        invalid(out, arena, ADDRESS_FMT "spec.address \"" STR_FMT "\" is not an IPv4 address",
                ADDRESS_ARG(address), STR_ARG(address->address));
    } else if (address->prefix < 1 || address->prefix > 32) {
        invalid(out, arena, ADDRESS_FMT "spec.prefix %lld is not between 1 and 32",
                ADDRESS_ARG(address), (long long)address->prefix);
    } else if (!str_is_empty(address->gateway) && !ipv4_parse(address->gateway, &gateway)) {
        invalid(out, arena, ADDRESS_FMT "spec.gateway \"" STR_FMT "\" is not an IPv4 address",
                ADDRESS_ARG(address), STR_ARG(address->gateway));
    } else if (!str_is_empty(address->gateway) &&
               !is_gateway_inside(addr, gateway, (unsigned)address->prefix)) {
        invalid(out, arena, ADDRESS_FMT "spec.gateway " STR_FMT " is outside " STR_FMT "/%lld",
                ADDRESS_ARG(address), STR_ARG(address->gateway), STR_ARG(address->address),
                (long long)address->prefix);
    } else {
        out->state = IP_CLAIM_READY;
        out->allocation = (struct ip_allocation){
            .address = address->address,
            .netmask =
                arena_dup_str(arena, ipv4_format(ipv4_netmask((unsigned)address->prefix), netmask)),
            .gateway = address->gateway,
            .prefix = (unsigned)address->prefix,
            .dns_servers = address->dns_servers,
            .dns_server_count = address->dns_server_count,
        };
    }
}

static void read_claim(const struct world *world, const struct kube_object *object,
                       struct arena *arena, struct ip_claim_view *out)
{
    const struct ipclaim *claim = ipclaim_from(object);
    *out = (struct ip_claim_view){
        .state = IP_CLAIM_PENDING,
        .pool_ns = claim->pool_ns,
        .pool_name = claim->pool_name,
    };
    if (str_is_empty(claim->address_name)) {
        out->problem = claim->error_message;
        out->state = str_is_empty(claim->error_message) ? IP_CLAIM_PENDING : IP_CLAIM_REFUSED;
        return;
    }
    const struct ipaddress *address =
        world_find_ipaddress(world, claim->address_ns, claim->address_name);
    if (!address)
        return; /* its event is on the way */
    if (!str_eq(address->claim_name, object->meta.name) ||
        !str_eq(address->claim_ns, object->meta.ns)) {
        invalid(out, arena, ADDRESS_FMT "spec.claim names IPClaim \"" STR_FMT "/" STR_FMT "\"",
                ADDRESS_ARG(address), STR_ARG(address->claim_ns), STR_ARG(address->claim_name));
        return;
    }
    if (address->object.meta.is_deleting) {
        invalid(out, arena, ADDRESS_FMT "it is being deleted", ADDRESS_ARG(address));
        return;
    }
    read_address(address, arena, out);
}

static struct kube_action create_claim(const struct ip_claim_wish *wish, struct arena *arena)
{
    const struct kube_meta *pool = &wish->pool->object.meta;
    cleanup_strbuf struct strbuf body = {0};
    strbuf_append_cstr(&body, "{\"apiVersion\":\"" METAL3_IPAM_API_VERSION
                              "\",\"kind\":\"IPClaim\",\"metadata\":{\"namespace\":");
    strbuf_append_json(&body, pool->ns);
    strbuf_append_cstr(&body, ",\"name\":");
    strbuf_append_json(&body, wish->name);
    strbuf_append_char(&body, ',');
    strbuf_append(&body, claim_record_members(arena, wish->machine, wish->device_index, pool->ns,
                                              wish->cluster_name));
    strbuf_append_cstr(&body, "},\"spec\":{\"pool\":{\"apiVersion\":\"" METAL3_IPAM_API_VERSION
                              "\",\"kind\":\"IPPool\",\"namespace\":");
    strbuf_append_json(&body, pool->ns);
    strbuf_append_cstr(&body, ",\"name\":");
    strbuf_append_json(&body, pool->name);
    strbuf_append_cstr(&body, ",\"uid\":");
    strbuf_append_json(&body, pool->uid);
    strbuf_append_cstr(&body, "}}}");
    return (struct kube_action){
        .type = KUBE_ACTION_CREATE,
        .what = arena_printf(arena, "create-claim %u", wish->device_index),
        .kind = &ipclaim_kind,
        .ns = pool->ns,
        .name = wish->name,
        .body = arena_dup_str(arena, strbuf_str(&body)),
    };
}

const struct ip_provider provider_metal3 = {
    .name = "metal3",
    .claims = WORLD_IPCLAIMS,
    .read_claim = read_claim,
    .create_claim = create_claim,
};
