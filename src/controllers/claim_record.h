/* Whose a claim is: the record that we keep on it.
 *
 * Annotations name the machine's namespace, name, uid and the device; a label makes them findable
 * with kubectl; when machine and claim share a namespace, an ownerReference points at the
 * ElfMachine (never across namespaces: the garbage collector would delete the claim). Namespace and
 * name decide; uids differ after `clusterctl move`, and then the record is renewed. A claim by the
 * Go manager has no record. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "controllers/elfmachine.h"
#include "kube/model/actions.h"

struct claim_record { /* borrowed from the claim */
    struct str owner_ns;
    struct str owner_name;
    struct str owner_uid;
    uint32_t device_index;
};

/* False: no (whole) record. */
must_check bool claim_record_read(const struct kube_meta *claim, struct claim_record *out);
bool claim_record_names(const struct claim_record *record, const struct elfmachine *machine);

/* Members for the metadata of a new claim, `"labels":{..},"annotations":{..},...`: the record of
 * this device of this machine. cluster_name may be empty. In the arena. */
struct str claim_record_members(struct arena *arena, const struct elfmachine *machine,
                                uint32_t device_index, struct str claim_ns,
                                struct str cluster_name);

/* Adds the action that gives an existing claim the record of this device, or renews it; nothing
 * when it is right already. */
void claim_record_renew(struct kube_actions *out, const struct kube_object *claim,
                        const struct elfmachine *machine, uint32_t device_index,
                        struct str cluster_name);
