/* The objects of a benchmark: where their kinds are served, and their JSON. All of a command are in
 * one namespace: Cluster "bench", ElfMachineTemplate "bench", IPPool "bench", and machines that are
 * numbered: Machine and ElfMachine "m-000000" and so on. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/path.h"

extern const struct kube_resource namespaces, clusters, machines, elfmachines, templates, ippools,
    ipclaims, ipaddresses;

/* The paths and bodies below live in the arena. */
struct str machine_name(struct arena *arena, size_t number);
bool machine_number(struct str name, size_t *number_out); /* false: another name */
struct str claim_name(struct arena *arena, struct str ns, size_t number);
struct str address_name(struct arena *arena, size_t number);

struct kube_request request_create(struct arena *arena, const struct kube_resource *resource,
                                   struct str ns, struct str body);
struct kube_request request_merge(struct arena *arena, const struct kube_resource *resource,
                                  struct str ns, struct str name, struct str body);
struct kube_request request_delete(struct arena *arena, const struct kube_resource *resource,
                                   struct str ns, struct str name);
struct kube_request request_pause(struct arena *arena, struct str ns, bool is_paused);

/* Of the object that a request was answered with. */
struct identity {
    struct str uid; /* in the arena */
    uint64_t resource_version;
};
struct identity identity_of(struct arena *arena, struct str body);

struct str machine_json(struct arena *arena, struct str ns, size_t number);
/* With CAPE's finalizer and one static device. */
struct str elfmachine_json(struct arena *arena, struct str ns, size_t number, struct str owner_uid);
/* `number` makes the address: 10.0.0.0 and so many. */
struct str ipaddress_json(struct arena *arena, struct str ns, size_t number, struct str claim);
struct str claim_status_json(struct arena *arena, struct str ns, struct str address);
