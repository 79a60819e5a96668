/* The Lease as a watched kind. */
#pragma once
#include "kube/lease.h"
#include "kube/model/object.h"
#include "kube/path.h"

struct kube_lease_object {
    struct kube_object object;
    struct kube_lease lease;
};
extern const struct kube_kind kube_lease_kind;
extern const struct kube_resource kube_lease_resource; /* every server has it; no discovery */
const struct kube_lease *kube_lease_of(const struct kube_object *object);
