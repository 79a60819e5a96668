/* Metal3's IPAM objects (ipam.metal3.io/v1alpha1) as the decisions see them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "kube/model/object.h"

extern const struct kube_kind ippool_kind;
extern const struct kube_kind ipclaim_kind;
extern const struct kube_kind ipaddress_kind;

#define METAL3_IPAM_API_VERSION "ipam.metal3.io/v1alpha1"

/* One entry of preAllocations. */
struct ippool_reservation {
    struct str claim;
    struct str address;
};

/* status is not read: its indexes grow with every address, and the IPAddresses say the same. */
struct ippool {
    struct kube_object object;
    struct str name_prefix;
    struct str problem;     /* why nothing can come from it: field, value; empty: well-formed */
    uint64_t address_count; /* that its entries span */
    uint32_t reserved_count;
    const struct ippool_reservation *reserved;
};

struct ipclaim {
    struct kube_object object;
    struct str pool_ns; /* spec.pool; empty: not said */
    struct str pool_name;
    struct str address_ns; /* status.address */
    struct str address_name;
    struct str error_message; /* status.errorMessage */
};

struct ipaddress {
    struct kube_object object;
    struct str address; /* as given, not checked */
    struct str gateway;
    struct str pool_ns;
    struct str pool_name;
    struct str claim_ns;
    struct str claim_name;
    int64_t prefix; /* -1: none */
    uint32_t dns_server_count;
    const struct str *dns_servers;
};

/* NULL stays NULL. */
const struct ippool *ippool_from(const struct kube_object *object);
const struct ipclaim *ipclaim_from(const struct kube_object *object);
/* An answer may still come: neither there, nor refused, nor on its way out. */
bool ipclaim_is_pending(const struct ipclaim *claim);
/* Refused, and not on its way out. */
bool ipclaim_is_refused(const struct ipclaim *claim);
const struct ipaddress *ipaddress_from(const struct kube_object *object);
