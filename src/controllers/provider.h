/* Where an IPAM plugs in. The ElfMachine decisions know claims and addresses only through this: how
 * a claim is asked for, and what an existing one has come to. Metal3's kinds are in
 * provider_metal3.c; another IPAM is another table of these functions. */
#pragma once
#include <stdbool.h>

#include "controllers/world.h"
#include "ipam/addr.h"
#include "kube/model/actions.h"

enum ip_claim_state {
    IP_CLAIM_PENDING, /* not answered yet */
    IP_CLAIM_REFUSED, /* `problem` is the IPAM's text */
    IP_CLAIM_READY,   /* `allocation` holds */
    IP_CLAIM_INVALID, /* answered with something that cannot be used: `problem` says what */
};

/* What a claim gives, checked. Texts are borrowed from the cache or the arena. */
struct ip_allocation {
    struct str address;
    struct str netmask;
    struct str gateway; /* empty: none */
    unsigned prefix;    /* 1 to 32 */
    uint32_t dns_server_count;
    const struct str *dns_servers;
};

struct ip_claim_view {
    enum ip_claim_state state;
    struct str problem;
    struct str pool_ns;
    struct str pool_name;
    struct ip_allocation allocation;
};

/* A claim that is to be made. */
struct ip_claim_wish {
    const struct elfmachine *machine;
    uint32_t device_index;
    const struct ippool *pool;
    struct str name;
    struct str cluster_name;
};

struct ip_provider {
    const char *name;
    enum world_kind claims; /* the store that its claims are in */
    void (*read_claim)(const struct world *world, const struct kube_object *claim,
                       struct arena *arena, struct ip_claim_view *out);
    struct kube_action (*create_claim)(const struct ip_claim_wish *wish, struct arena *arena);
};

extern const struct ip_provider provider_metal3;
