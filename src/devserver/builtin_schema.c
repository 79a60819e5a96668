#include "devserver/builtin_schema.h"

/* A member of "properties"; `rest` goes on behind its type. */
#define FIELD(name, type, text, rest)                                                              \
    "\"" name "\":{\"type\":\"" type "\",\"description\":\"" text "\"" rest "}"
#define STRING(name, text) FIELD(name, "string", text, "")
#define BOOLEAN(name, text) FIELD(name, "boolean", text, "")
#define INTEGER(name, text) FIELD(name, "integer", text, ",\"format\":\"int32\"")
#define TIME(name, text) FIELD(name, "string", text, ",\"format\":\"date-time\"")
#define OBJECT(name, text, fields) FIELD(name, "object", text, ",\"properties\":{" fields "}")
#define MAP(name, text)                                                                            \
    FIELD(name, "object", text, ",\"additionalProperties\":{\"type\":\"string\"}")
#define BYTES_MAP(name, text)                                                                      \
    FIELD(name, "object", text,                                                                    \
          ",\"additionalProperties\":{\"type\":\"string\",\"format\":\"byte\"}")
#define STRINGS(name, text) FIELD(name, "array", text, ",\"items\":{\"type\":\"string\"}")
#define OBJECTS(name, text, fields)                                                                \
    FIELD(name, "array", text, ",\"items\":{\"type\":\"object\",\"properties\":{" fields "}}")
#define ANYTHING(name, text)                                                                       \
    FIELD(name, "object", text, ",\"x-kubernetes-preserve-unknown-fields\":true")
#define KIND(text, fields)                                                                         \
    "{\"type\":\"object\",\"description\":\"" text "\",\"properties\":{" fields "}}"

#define REFERENCE                                                                                                                    \
    STRING("apiVersion", "Group and version of the object.")                                                                         \
    "," STRING("kind", "Kind of the object.") "," STRING("namespace", "Namespace of the object; "                                    \
                                                                      "empty for cluster-scoped "                                    \
                                                                      "ones.") "," STRING("name", "Name of the object.") "," STRING( \
        "uid",                                                                                                                       \
        "Identity of the object: a new one of "                                                                                      \
        "the same name has another.") "," STRING("resourceVersion", "Version of the object that "                                    \
                                                                    "is meant.") "," STRING("fiel"                                   \
                                                                                            "dPat"                                   \
                                                                                            "h",                                     \
                                                                                            "Part"                                   \
                                                                                            " of "                                   \
                                                                                            "the "                                   \
                                                                                            "obje"                                   \
                                                                                            "ct "                                    \
                                                                                            "that"                                   \
                                                                                            " is "                                   \
                                                                                            "mean"                                   \
                                                                                            "t, "                                    \
                                                                                            "as "                                    \
                                                                                            "a "                                     \
                                                                                            "path"                                   \
                                                                                            ".")

const char dev_schema_configmap[] =
    KIND("ConfigMap holds configuration as pairs of key and text.",
         MAP("data", "Texts by key.") "," BYTES_MAP(
             "binaryData", "Bytes by key, in base64.") "," BOOLEAN("immutable",
                                                                   "Whether data and binaryData "
                                                                   "can never be changed again."));

const char dev_schema_secret[] = KIND(
    "Secret holds bytes that not everybody may read.",
    BYTES_MAP("data", "Bytes by key, in base64.") "," MAP("stringData", "Texts by key, for writing "
                                                                        "only: they end up in "
                                                                        "data.") "," STRING(
        "type",
        "What the secret is for, which says what keys it has.") "," BOOLEAN("immutable",
                                                                            "Whether data can "
                                                                            "never be changed "
                                                                            "again."));

const char dev_schema_namespace[] = KIND(
    "Namespace is a scope for names.",
    OBJECT("spec", "What is wanted of the namespace.", STRINGS("finalizers", "Who has to agree before the namespace is gone.")) "," OBJECT(
        "status", "What is observed of the namespace.",
        STRING("phase", "Active, or Terminating while it is being emptied.") "," OBJECTS(
            "conditions", "What stands in the way of its deletion.",
            STRING("type", "Name of the condition.") "," STRING("status", "True, False or Unknown.") "," TIME(
                "lastTransitionTime",
                "When the status changed last.") "," STRING("reason",
                                                            "Why, in one word.") "," STRING("messag"
                                                                                            "e",
                                                                                            "Why, "
                                                                                            "for "
                                                                                            "people"
                                                                                            "."))));

const char dev_schema_service_account[] = KIND(
    "ServiceAccount is an identity for programs.",
    OBJECTS("secrets", "Secrets that Pods with this account may use.", REFERENCE) "," OBJECTS(
        "imagePullSecrets", "Secrets for pulling images.",
        STRING("name",
               "Name of the Secret, in the same namespace.")) "," BOOLEAN("automountServiceAccountT"
                                                                          "oken",
                                                                          "Whether Pods get a "
                                                                          "token of the account by "
                                                                          "default."));

const char dev_schema_lease
    [] = KIND("Lease says who holds something for how long: a leader, a node's heartbeat.",
              OBJECT(
                  "spec", "Who holds it.",
                  STRING("holderIdentity", "Who holds the lease now; empty: nobody.") "," INTEGER("leaseDurationSeconds", "How long others wait after the last renewal.") "," TIME(
                      "acquireTime",
                      "When the holder took it.") "," TIME("renewTime", "When the holder renewed "
                                                                        "it last.") "," INTEGER("le"
                                                                                                "as"
                                                                                                "eT"
                                                                                                "ra"
                                                                                                "ns"
                                                                                                "it"
                                                                                                "io"
                                                                                                "n"
                                                                                                "s",
                                                                                                "Ho"
                                                                                                "w "
                                                                                                "of"
                                                                                                "te"
                                                                                                "n "
                                                                                                "it"
                                                                                                " w"
                                                                                                "en"
                                                                                                "t "
                                                                                                "fr"
                                                                                                "om"
                                                                                                " o"
                                                                                                "ne"
                                                                                                " h"
                                                                                                "ol"
                                                                                                "de"
                                                                                                "r "
                                                                                                "to"
                                                                                                " a"
                                                                                                "no"
                                                                                                "th"
                                                                                                "er"
                                                                                                ".") "," STRING("strategy",
                                                                                                                "How the leader is chosen in coordinated election.") "," STRING("preferredHolder",
                                                                                                                                                                                "Who should take it next.")));

#define SERIES                                                                                     \
    OBJECT("series", "How often an event that goes on has been seen.",                             \
           INTEGER("count", "How often until now.") "," TIME("lastObservedTime",                   \
                                                             "When it was seen last."))

const char dev_schema_event_core[] =
    KIND(
        "Event reports that something happened to an object.",
        OBJECT("involvedObject", "What the event is about.", REFERENCE) "," STRING("reason", "Why, "
                                                                                             "in "
                                                                                             "one "
                                                                                             "word"
                                                                                             ".") "," STRING(
            "message",
            "What happened, for people.") "," OBJECT("source", "Who reports it.",
                                                     STRING("component", "Program that reports.") "," STRING(
                                                         "host",
                                                         "Node that it runs on.")) "," TIME("firstT"
                                                                                            "imesta"
                                                                                            "mp",
                                                                                            "When "
                                                                                            "it "
                                                                                            "was "
                                                                                            "seen "
                                                                                            "first"
                                                                                            ".") "," TIME("lastTimestamp", "When it was seen last.") "," INTEGER("count", "How often it was seen.") "," STRING("type", "Normal or Warning.") "," TIME("eventTime", "When it was seen first.") "," SERIES "," STRING("action", "What was done or not done, in one word.") "," OBJECT("related", "Another object that it is about.", REFERENCE) "," STRING("reportingComponent",
                                                                                                                                                                                                                                                                                                                                                                                                                                                         "Controller that reports it.") "," STRING("reportingInstance", "Which of its instances."));

const char dev_schema_event[] =
    KIND(
        "Event reports that something happened to an object.",
        OBJECT("regarding", "What the event is about.", REFERENCE) "," STRING(
            "reason", "Why, in one word.") "," STRING("note",
                                                      "What happened, for people.") "," OBJECT("dep"
                                                                                               "rec"
                                                                                               "ate"
                                                                                               "dSo"
                                                                                               "urc"
                                                                                               "e",
                                                                                               "Who"
                                                                                               " re"
                                                                                               "por"
                                                                                               "ts "
                                                                                               "it,"
                                                                                               " in"
                                                                                               " th"
                                                                                               "e "
                                                                                               "cor"
                                                                                               "e "
                                                                                               "gro"
                                                                                               "up'"
                                                                                               "s "
                                                                                               "for"
                                                                                               "m.",
                                                                                               STRING("component", "Program that reports.") "," STRING("host",
                                                                                                                                                       "Node that it runs on.")) "," TIME("deprecatedFirstTimestamp", "firstTimestamp of the core group's form.") "," TIME("deprecatedLastTimestamp", "lastTimestamp of the core group's form.") "," INTEGER("deprecatedCount", "count of the core group's form.") "," STRING("type", "Normal or Warning.") "," TIME("eventTime",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                     "When it was seen first.") "," SERIES
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "," STRING(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    "action", "What was done or not done, in one word.") "," OBJECT("related", "Another object that it is about.", REFERENCE) "," STRING("reportingController", "Controller that reports it.") "," STRING("reportingInstance", "Which of its instances."));

#define CRD_NAMES                                                                                  \
    STRING("plural", "Name in paths.")                                                             \
    "," STRING("singular", "Name for people.") "," STRINGS("shortNames", "Short names for "        \
                                                                         "people.") "," STRING(    \
        "kind",                                                                                    \
        "Name in objects.") "," STRING("listKind",                                                 \
                                       "Name in lists of objects.") "," STRINGS("categories",      \
                                                                                "Groups that "     \
                                                                                "kubectl can "     \
                                                                                "list at once, "   \
                                                                                "such as all.")

#define CRD_COLUMN                                                                                        \
    STRING("name", "Head of the column.")                                                                 \
    "," STRING("type", "string, integer, number, boolean or date.") "," STRING("format", "Hint "          \
                                                                                         "for "           \
                                                                                         "clients"        \
                                                                                         ".") "," STRING( \
        "description", "What the column shows.") "," INTEGER("priority",                                  \
                                                             "Above 0 it is shown with -o wide "          \
                                                             "only.") "," STRING("jsonPath",              \
                                                                                 "Where its "             \
                                                                                 "value is.")

const char dev_schema_crd[] =
    KIND(
        "CustomResourceDefinition defines a kind of object.",
        OBJECT(
            "spec", "What is defined.",
            STRING("group", "API group of the kind.") "," OBJECT("names", "Its names.", CRD_NAMES) "," STRING("scope", "Namespaced or Cluster.") "," BOOLEAN("preserveUnknownFields", "Must be false.") "," OBJECT("conversion",
                                                                                                                                                                                                                   "How objects go from one version to another.", STRING("strategy", "None: only apiVersion differs.") "," ANYTHING("webhook", "Not called by this server.")) "," OBJECTS("versions",
                                                                                                                                                                                                                                                                                                                                                                                          "Its versions.",
                                                                                                                                                                                                                                                                                                                                                                                          STRING("name",
                                                                                                                                                                                                                                                                                                                                                                                                 "Name of the version.") "," BOOLEAN("served", "Whether clients can use it.") "," BOOLEAN("storage", "Whether objects are stored in it; of exactly one version.") "," BOOLEAN("deprecated", "Whether clients are warned.") "," STRING("deprecationWarning",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "What they are told.") "," OBJECT("schema",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "How its objects are validated.",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        ANYTHING(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            "openAPIV3Schema", "A structural schema in OpenAPI v3.")) "," OBJECT("subresources",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 "What is written by itself.",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 ANYTHING(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                     "status", "With it status is written at /status only.") "," ANYTHING("scale", "Not served by this server.")) "," OBJECTS("additionalPrinterColumns", "Columns of kubectl get.", CRD_COLUMN) "," OBJECTS("selectableFields",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "Fields for field selectors.",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             STRING(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 "jsonPath", "Where the field is.")))) "," OBJECT("status",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  "What the server made of it.",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  OBJECT("acceptedNames", "Names that are served.", CRD_NAMES) "," STRINGS("storedVersions", "Versions that objects may be stored in.") "," OBJECTS("conditions",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    "Whether it is served.",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    STRING(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "type", "NamesAccepted, Established and others.") "," STRING("status", "True, False or Unknown.") "," TIME("lastTransitionTime", "When the status changed last.") "," STRING("reason", "Why, in one word.") "," STRING("message", "Why, for people.") "," FIELD("observedGeneration",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "integer",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "Generation that it is about.",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        ""))));
