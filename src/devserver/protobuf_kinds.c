#include "devserver/protobuf_kinds.h"

#include "base/attr.h"

#define FIELD(field_number, field_name, field_type, ...)                                           \
    {                                                                                              \
        .number = (field_number), .name = (field_name), .type = PROTO_##field_type, __VA_ARGS__    \
    }
#define LIST .is_repeated = true
#define OPTIONAL .is_optional = true
#define DEFINE(message, ...)                                                                       \
    static const struct proto_field message##_fields[] = {__VA_ARGS__};                            \
    static const struct proto_message message = {message##_fields, ARRAY_LEN(message##_fields)}

DEFINE(owner_reference, FIELD(1, "kind", TEXT), FIELD(3, "name", TEXT), FIELD(4, "uid", TEXT),
       FIELD(5, "apiVersion", TEXT), FIELD(6, "controller", BOOL, OPTIONAL),
       FIELD(7, "blockOwnerDeletion", BOOL, OPTIONAL));

DEFINE(object_meta, FIELD(1, "name", TEXT), FIELD(2, "generateName", TEXT),
       FIELD(3, "namespace", TEXT), FIELD(4, "selfLink", TEXT), FIELD(5, "uid", TEXT),
       FIELD(6, "resourceVersion", TEXT), FIELD(7, "generation", INT),
       FIELD(8, "creationTimestamp", TIME), FIELD(9, "deletionTimestamp", TIME),
       FIELD(10, "deletionGracePeriodSeconds", INT, OPTIONAL), FIELD(11, "labels", TEXT_MAP),
       FIELD(12, "annotations", TEXT_MAP),
       FIELD(13, "ownerReferences", MESSAGE, LIST, .message = &owner_reference),
       FIELD(14, "finalizers", TEXT, LIST));

DEFINE(object_reference, FIELD(1, "kind", TEXT), FIELD(2, "namespace", TEXT),
       FIELD(3, "name", TEXT), FIELD(4, "uid", TEXT), FIELD(5, "apiVersion", TEXT),
       FIELD(6, "resourceVersion", TEXT), FIELD(7, "fieldPath", TEXT));

DEFINE(local_object_reference, FIELD(1, "name", TEXT));

DEFINE(config_map, FIELD(1, "metadata", MESSAGE, .message = &object_meta),
       FIELD(2, "data", TEXT_MAP), FIELD(3, "binaryData", BYTES_MAP),
       FIELD(4, "immutable", BOOL, OPTIONAL));

DEFINE(secret, FIELD(1, "metadata", MESSAGE, .message = &object_meta), FIELD(2, "data", BYTES_MAP),
       FIELD(3, "type", TEXT), FIELD(4, "stringData", TEXT_MAP),
       FIELD(5, "immutable", BOOL, OPTIONAL));

DEFINE(service_account, FIELD(1, "metadata", MESSAGE, .message = &object_meta),
       FIELD(2, "secrets", MESSAGE, LIST, .message = &object_reference),
       FIELD(3, "imagePullSecrets", MESSAGE, LIST, .message = &local_object_reference),
       FIELD(4, "automountServiceAccountToken", BOOL, OPTIONAL));

DEFINE(namespace_spec, FIELD(1, "finalizers", TEXT, LIST));
DEFINE(namespace_condition, FIELD(1, "type", TEXT), FIELD(2, "status", TEXT),
       FIELD(4, "lastTransitionTime", TIME), FIELD(5, "reason", TEXT), FIELD(6, "message", TEXT));
DEFINE(namespace_status, FIELD(1, "phase", TEXT),
       FIELD(2, "conditions", MESSAGE, LIST, .message = &namespace_condition));
DEFINE(namespace_, FIELD(1, "metadata", MESSAGE, .message = &object_meta),
       FIELD(2, "spec", MESSAGE, .message = &namespace_spec),
       FIELD(3, "status", MESSAGE, .message = &namespace_status));

DEFINE(lease_spec, FIELD(1, "holderIdentity", TEXT, OPTIONAL),
       FIELD(2, "leaseDurationSeconds", INT, OPTIONAL), FIELD(3, "acquireTime", MICRO_TIME),
       FIELD(4, "renewTime", MICRO_TIME), FIELD(5, "leaseTransitions", INT, OPTIONAL),
       FIELD(6, "strategy", TEXT, OPTIONAL), FIELD(7, "preferredHolder", TEXT, OPTIONAL));
DEFINE(lease, FIELD(1, "metadata", MESSAGE, .message = &object_meta),
       FIELD(2, "spec", MESSAGE, .message = &lease_spec));

DEFINE(event_source, FIELD(1, "component", TEXT), FIELD(2, "host", TEXT));
DEFINE(event_series, FIELD(1, "count", INT), FIELD(2, "lastObservedTime", MICRO_TIME));
DEFINE(core_event, FIELD(1, "metadata", MESSAGE, .message = &object_meta),
       FIELD(2, "involvedObject", MESSAGE, .message = &object_reference), FIELD(3, "reason", TEXT),
       FIELD(4, "message", TEXT), FIELD(5, "source", MESSAGE, .message = &event_source),
       FIELD(6, "firstTimestamp", TIME), FIELD(7, "lastTimestamp", TIME), FIELD(8, "count", INT),
       FIELD(9, "type", TEXT), FIELD(10, "eventTime", MICRO_TIME),
       FIELD(11, "series", MESSAGE, .message = &event_series), FIELD(12, "action", TEXT),
       FIELD(13, "related", MESSAGE, .message = &object_reference),
       FIELD(14, "reportingComponent", TEXT), FIELD(15, "reportingInstance", TEXT));
DEFINE(event, FIELD(1, "metadata", MESSAGE, .message = &object_meta),
       FIELD(2, "eventTime", MICRO_TIME), FIELD(3, "series", MESSAGE, .message = &event_series),
       FIELD(4, "reportingController", TEXT), FIELD(5, "reportingInstance", TEXT),
       FIELD(6, "action", TEXT), FIELD(7, "reason", TEXT),
       FIELD(8, "regarding", MESSAGE, .message = &object_reference),
       FIELD(9, "related", MESSAGE, .message = &object_reference), FIELD(10, "note", TEXT),
       FIELD(11, "type", TEXT), FIELD(12, "deprecatedSource", MESSAGE, .message = &event_source),
       FIELD(13, "deprecatedFirstTimestamp", TIME), FIELD(14, "deprecatedLastTimestamp", TIME),
       FIELD(15, "deprecatedCount", INT));

DEFINE(preconditions, FIELD(1, "uid", TEXT, OPTIONAL), FIELD(2, "resourceVersion", TEXT, OPTIONAL));
DEFINE(delete_options, FIELD(1, "gracePeriodSeconds", INT, OPTIONAL),
       FIELD(2, "preconditions", MESSAGE, .message = &preconditions),
       FIELD(3, "orphanDependents", BOOL, OPTIONAL), FIELD(4, "propagationPolicy", TEXT, OPTIONAL),
       FIELD(5, "dryRun", TEXT, LIST));

const struct proto_message *dev_protobuf_message(struct str api_version, struct str kind)
{
    static const struct {
        const char *api_version; /* NULL: in every group */
        const char *kind;
        const struct proto_message *message;
    } kinds[] = {
        {"v1", "ConfigMap", &config_map},
        {"v1", "Secret", &secret},
        {"v1", "ServiceAccount", &service_account},
        {"v1", "Namespace", &namespace_},
        {"v1", "Event", &core_event},
        {"events.k8s.io/v1", "Event", &event},
        {"coordination.k8s.io/v1", "Lease", &lease},
        {NULL, "DeleteOptions", &delete_options},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq_cstr(kind, kinds[i].kind) &&
            (!kinds[i].api_version || str_eq_cstr(api_version, kinds[i].api_version)))
            return kinds[i].message;
    }
    return NULL;
}
