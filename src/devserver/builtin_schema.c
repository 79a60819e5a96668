#include "devserver/builtin_schema.h"

#include "base/attr.h"

static const struct dev_field_row reference_rows[] = {
    {"apiVersion", "string", "Group and version of the object.", NULL},
    {"kind", "string", "Kind of the object.", NULL},
    {"namespace", "string", "Namespace of the object; empty for cluster-scoped ones.", NULL},
    {"name", "string", "Name of the object.", NULL},
    {"uid", "string", "Identity of the object: a new one of the same name has another.", NULL},
    {"resourceVersion", "string", "Version of the object that is meant.", NULL},
    {"fieldPath", "string", "Part of the object that is meant, as a path.", NULL},
};
static const struct dev_field_table reference = {"", reference_rows, ARRAY_LEN(reference_rows)};

static const struct dev_field_row names_rows[] = {
    {"plural", "string", "Name in paths.", NULL},
    {"singular", "string", "Name for people.", NULL},
    {"shortNames", "strings", "Short names for people.", NULL},
    {"kind", "string", "Name in objects.", NULL},
    {"listKind", "string", "Name in lists of objects.", NULL},
    {"categories", "strings", "Groups that kubectl can list at once.", NULL},
};
static const struct dev_field_table names = {"", names_rows, ARRAY_LEN(names_rows)};

static const struct dev_field_row configmap_rows[] = {
    {"data", "string-map", "Texts by key.", NULL},
    {"binaryData", "bytes-map", "Bytes by key, in base64.", NULL},
    {"immutable", "boolean", "Whether data and binaryData can never be changed again.", NULL},
};
const struct dev_field_table dev_schema_configmap = {
    "ConfigMap holds configuration as pairs of key and text.", configmap_rows,
    ARRAY_LEN(configmap_rows)};

static const struct dev_field_row secret_rows[] = {
    {"data", "bytes-map", "Bytes by key, in base64.", NULL},
    {"stringData", "string-map", "Texts by key, for writing only: they end up in data.", NULL},
    {"type", "string", "What the secret is for, which says what keys it has.", NULL},
    {"immutable", "boolean", "Whether data can never be changed again.", NULL},
};
const struct dev_field_table dev_schema_secret = {"Secret holds bytes that not everybody may read.",
                                                  secret_rows, ARRAY_LEN(secret_rows)};

static const struct dev_field_row namespace_rows[] = {
    {"spec", "object", "What is wanted of the namespace.", NULL},
    {"spec.finalizers", "strings", "Who has to agree before the namespace is gone.", NULL},
    {"status", "object", "What is observed of the namespace.", NULL},
    {"status.phase", "string", "Active, or Terminating while it is being emptied.", NULL},
    {"status.conditions", "objects", "What stands in the way of its deletion.", NULL},
    {"status.conditions.type", "string", "Name of the condition.", NULL},
    {"status.conditions.status", "string", "True, False or Unknown.", NULL},
    {"status.conditions.lastTransitionTime", "time", "When the status changed last.", NULL},
    {"status.conditions.reason", "string", "Why, in one word.", NULL},
    {"status.conditions.message", "string", "Why, for people.", NULL},
};
const struct dev_field_table dev_schema_namespace = {"Namespace is a scope for names.",
                                                     namespace_rows, ARRAY_LEN(namespace_rows)};

static const struct dev_field_row service_account_rows[] = {
    {"secrets", "objects", "Secrets that Pods with this account may use.", &reference},
    {"imagePullSecrets", "objects", "Secrets for pulling images.", NULL},
    {"imagePullSecrets.name", "string", "Name of the Secret, in the same namespace.", NULL},
    {"automountServiceAccountToken", "boolean",
     "Whether Pods get a token of the account by default.", NULL},
};
const struct dev_field_table dev_schema_service_account = {
    "ServiceAccount is an identity for programs.", service_account_rows,
    ARRAY_LEN(service_account_rows)};

static const struct dev_field_row lease_rows[] = {
    {"spec", "object", "Who holds it.", NULL},
    {"spec.holderIdentity", "string", "Who holds the lease now; empty: nobody.", NULL},
    {"spec.leaseDurationSeconds", "integer", "How long others wait after the last renewal.", NULL},
    {"spec.acquireTime", "time", "When the holder took it.", NULL},
    {"spec.renewTime", "time", "When the holder renewed it last.", NULL},
    {"spec.leaseTransitions", "integer", "How often it went from one holder to another.", NULL},
    {"spec.strategy", "string", "How the leader is chosen in coordinated election.", NULL},
    {"spec.preferredHolder", "string", "Who should take it next.", NULL},
};
const struct dev_field_table dev_schema_lease = {
    "Lease says who holds something for how long: a leader, a node's heartbeat.", lease_rows,
    ARRAY_LEN(lease_rows)};

static const struct dev_field_row event_core_rows[] = {
    {"involvedObject", "object", "What the event is about.", &reference},
    {"reason", "string", "Why, in one word.", NULL},
    {"message", "string", "What happened, for people.", NULL},
    {"source", "object", "Who reports it.", NULL},
    {"source.component", "string", "Program that reports.", NULL},
    {"source.host", "string", "Node that it runs on.", NULL},
    {"firstTimestamp", "time", "When it was seen first.", NULL},
    {"lastTimestamp", "time", "When it was seen last.", NULL},
    {"count", "integer", "How often it was seen.", NULL},
    {"type", "string", "Normal or Warning.", NULL},
    {"eventTime", "time", "When it was seen first.", NULL},
    {"series", "object", "How often an event that goes on has been seen.", NULL},
    {"series.count", "integer", "How often until now.", NULL},
    {"series.lastObservedTime", "time", "When it was seen last.", NULL},
    {"action", "string", "What was done or not done, in one word.", NULL},
    {"related", "object", "Another object that it is about.", &reference},
    {"reportingComponent", "string", "Controller that reports it.", NULL},
    {"reportingInstance", "string", "Which of its instances.", NULL},
};
const struct dev_field_table dev_schema_event_core = {
    "Event reports that something happened to an object.", event_core_rows,
    ARRAY_LEN(event_core_rows)};

static const struct dev_field_row event_rows[] = {
    {"regarding", "object", "What the event is about.", &reference},
    {"reason", "string", "Why, in one word.", NULL},
    {"note", "string", "What happened, for people.", NULL},
    {"deprecatedSource", "object", "Who reports it, as the core group says it.", NULL},
    {"deprecatedSource.component", "string", "Program that reports.", NULL},
    {"deprecatedSource.host", "string", "Node that it runs on.", NULL},
    {"deprecatedFirstTimestamp", "time", "When it was seen first, as the core group says it.",
     NULL},
    {"deprecatedLastTimestamp", "time", "When it was seen last, as the core group says it.", NULL},
    {"deprecatedCount", "integer", "How often it was seen, as the core group says it.", NULL},
    {"type", "string", "Normal or Warning.", NULL},
    {"eventTime", "time", "When it was seen first.", NULL},
    {"series", "object", "How often an event that goes on has been seen.", NULL},
    {"series.count", "integer", "How often until now.", NULL},
    {"series.lastObservedTime", "time", "When it was seen last.", NULL},
    {"action", "string", "What was done or not done, in one word.", NULL},
    {"related", "object", "Another object that it is about.", &reference},
    {"reportingController", "string", "Controller that reports it.", NULL},
    {"reportingInstance", "string", "Which of its instances.", NULL},
};
const struct dev_field_table dev_schema_event = {
    "Event reports that something happened to an object.", event_rows, ARRAY_LEN(event_rows)};

static const struct dev_field_row crd_rows[] = {
    {"spec", "object", "What is defined.", NULL},
    {"spec.group", "string", "API group of the kind.", NULL},
    {"spec.names", "object", "Its names.", &names},
    {"spec.scope", "string", "Namespaced or Cluster.", NULL},
    {"spec.preserveUnknownFields", "boolean", "Must be false.", NULL},
    {"spec.conversion", "object", "How objects go from one version to another.", NULL},
    {"spec.conversion.strategy", "string", "None: only apiVersion differs.", NULL},
    {"spec.conversion.webhook", "anything", "Not called by this server.", NULL},
    {"spec.versions", "objects", "Its versions.", NULL},
    {"spec.versions.name", "string", "Name of the version.", NULL},
    {"spec.versions.served", "boolean", "Whether clients can use it.", NULL},
    {"spec.versions.storage", "boolean",
     "Whether objects are stored in it; so of exactly one version.", NULL},
    {"spec.versions.deprecated", "boolean", "Whether clients are warned.", NULL},
    {"spec.versions.deprecationWarning", "string", "What they are told.", NULL},
    {"spec.versions.schema", "object", "How its objects are validated.", NULL},
    {"spec.versions.schema.openAPIV3Schema", "anything", "A structural schema in OpenAPI v3.",
     NULL},
    {"spec.versions.subresources", "object", "What is written by itself.", NULL},
    {"spec.versions.subresources.status", "anything", "With it status is written at /status only.",
     NULL},
    {"spec.versions.subresources.scale", "anything", "Not served by this server.", NULL},
    {"spec.versions.additionalPrinterColumns", "objects", "Columns of kubectl get.", NULL},
    {"spec.versions.additionalPrinterColumns.name", "string", "Head of the column.", NULL},
    {"spec.versions.additionalPrinterColumns.type", "string",
     "string, integer, number, boolean or date.", NULL},
    {"spec.versions.additionalPrinterColumns.format", "string", "Hint for clients.", NULL},
    {"spec.versions.additionalPrinterColumns.description", "string", "What the column shows.",
     NULL},
    {"spec.versions.additionalPrinterColumns.priority", "integer",
     "Above 0 it is shown with -o wide only.", NULL},
    {"spec.versions.additionalPrinterColumns.jsonPath", "string", "Where its value is.", NULL},
    {"spec.versions.selectableFields", "objects", "Fields for field selectors.", NULL},
    {"spec.versions.selectableFields.jsonPath", "string", "Where the field is.", NULL},
    {"status", "object", "What the server made of it.", NULL},
    {"status.acceptedNames", "object", "Names that are served.", &names},
    {"status.storedVersions", "strings", "Versions that objects may be stored in.", NULL},
    {"status.conditions", "objects", "Whether it is served.", NULL},
    {"status.conditions.type", "string", "Name of the condition.", NULL},
    {"status.conditions.status", "string", "True, False or Unknown.", NULL},
    {"status.conditions.lastTransitionTime", "time", "When the status changed last.", NULL},
    {"status.conditions.reason", "string", "Why, in one word.", NULL},
    {"status.conditions.message", "string", "Why, for people.", NULL},
    {"status.conditions.observedGeneration", "integer", "Generation that it is about.", NULL},
    {"status.observedGeneration", "integer", "Generation that the status is about.", NULL},
};
const struct dev_field_table dev_schema_crd = {"CustomResourceDefinition defines a kind of object.",
                                               crd_rows, ARRAY_LEN(crd_rows)};
