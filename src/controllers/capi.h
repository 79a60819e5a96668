/* Cluster API's objects and CAPE's template, of which little is read. Machine and
 * ElfMachineTemplate are metadata only: struct kube_object is the whole view. */
#pragma once
#include <stdbool.h>

#include "kube/model/object.h"

extern const struct kube_kind machine_kind;
extern const struct kube_kind elfmachinetemplate_kind;
extern const struct kube_kind cluster_kind;

struct cluster {
    struct kube_object object;
    bool is_paused; /* spec.paused, or the annotation */
};

const struct cluster *cluster_from(const struct kube_object *object); /* NULL stays NULL */
