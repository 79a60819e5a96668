#include "kube/lease_kind.h"

#include "base/attr.h"
#include "base/must.h"

static bool parse(struct kube_object *view, yyjson_val *json, struct arena *arena,
                  struct error *err)
{
    (void)err; /* every Lease has a view */
    struct kube_lease *lease = &container_of(view, struct kube_lease_object, object)->lease;
    kube_lease_read(json, lease);
    lease->holder = arena_dup_str(arena, lease->holder);
    return true;
}

static const char *const versions[] = {"v1", NULL};

const struct kube_kind kube_lease_kind = {
    .group = "coordination.k8s.io",
    .kind = "Lease",
    .plural = "leases",
    .versions = versions,
    .view_size = sizeof(struct kube_lease_object),
    .parse = parse,
};

const struct kube_resource kube_lease_resource = {
    .group = {"coordination.k8s.io", sizeof("coordination.k8s.io") - 1},
    .version = {"v1", 2},
    .plural = {"leases", 6},
    .is_namespaced = true,
};

const struct kube_lease *kube_lease_of(const struct kube_object *object)
{
    must(object->kind == &kube_lease_kind);
    return &((const struct kube_lease_object *)object)->lease;
}
