#include "controllers/capi.h"

#include "controllers/names.h"
#include "kube/model/json.h"

static bool parse_cluster(struct kube_object *object, yyjson_val *json, struct arena *arena,
                          struct error *err)
{
    struct cluster *cluster = (struct cluster *)object;
    (void)arena;
    (void)err;
    cluster->is_paused = json_bool(json_object(json, "spec"), "paused") ||
                         kube_meta_has_annotation(&object->meta, ANNOTATION_PAUSED);
    return true;
}

/* v1beta1 is served by every Cluster API so far, v1beta2 from 1.11 on; once v1beta1 is no longer
 * served the other is taken. */
static const char *const capi_versions[] = {"v1beta1", "v1beta2", NULL};
static const char *const cape_versions[] = {"v1beta1", NULL};
static const char *const machine_labels[] = {LABEL_CLUSTER_NAME, NULL};
static const char *const template_labels[] = {LABEL_POOL_NAME, LABEL_POOL_NAMESPACE,
                                              LABEL_POOL_GROUP, LABEL_NETWORK_NAME, NULL};
static const char *const cluster_annotations[] = {ANNOTATION_PAUSED, NULL};

const struct kube_kind machine_kind = {
    .group = GROUP_CAPI,
    .kind = "Machine",
    .plural = "machines",
    .versions = capi_versions,
    .is_metadata_only = true,
    .labels = machine_labels,
    .view_size = sizeof(struct kube_object),
};

const struct kube_kind elfmachinetemplate_kind = {
    .group = GROUP_CAPE,
    .kind = "ElfMachineTemplate",
    .plural = "elfmachinetemplates",
    .versions = cape_versions,
    .is_metadata_only = true,
    .labels = template_labels,
    .view_size = sizeof(struct kube_object),
};

const struct kube_kind cluster_kind = {
    .group = GROUP_CAPI,
    .kind = "Cluster",
    .plural = "clusters",
    .versions = capi_versions,
    .annotations = cluster_annotations,
    .view_size = sizeof(struct cluster),
    .parse = parse_cluster,
};

const struct cluster *cluster_from(const struct kube_object *object)
{
    return (const struct cluster *)object;
}
