/* Cached objects: typed, immutable, counted views. A view is one block of memory that holds the
 * struct of its kind and every text in it but the kind's own static ones. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "kube/model/kind.h"

struct yyjson_val;

struct kube_label {
    const char *key; /* static memory: one of the kind's kept keys */
    struct str value;
};

struct kube_owner {
    struct str group; /* of apiVersion */
    struct str kind;
    struct str name;
    struct str uid;
    bool is_controller;
};

struct kube_meta {
    struct str ns; /* empty: cluster-scoped */
    struct str name;
    struct str uid;
    uint64_t resource_version; /* Kubernetes 1.35 and the API servers before it: a decimal that
                                  grows within a kind */
    int64_t generation;
    int64_t created_s;    /* wall clock, seconds; 0: not said */
    bool is_deleting;     /* deletionTimestamp is set */
    bool has_labels;      /* the map is there, whatever of it is kept: a JSON Patch can only */
    bool has_annotations; /* add a member to a map that exists */
    uint32_t owner_count;
    uint32_t finalizer_count;
    uint32_t label_count;
    uint32_t annotation_count;
    const struct kube_owner *owners;
    const struct str *finalizers; /* in the object's order: patches name them by index */
    const struct kube_label *labels;
    const struct kube_label *annotations;
};

/* The head of every view. */
struct kube_object {
    const struct kube_kind *kind;
    struct kube_meta meta;
    uint32_t refs;       /* changed by ref and unref only */
    uint32_t seen_epoch; /* the store's, by set_seen only: which list it was last seen in */
    uint32_t size_bytes;
};

/* Makes the view of a JSON object, with one reference. ERROR_INVALID: no name, no resourceVersion,
 * or the kind's parser refused. `scratch` is reset and used for measuring. */
must_check bool kube_object_parse(const struct kube_kind *kind, struct yyjson_val *json,
                                  struct arena *scratch, const struct kube_object **out,
                                  struct error *err);
/* The same from JSON text (an answer's body). */
must_check bool kube_object_parse_text(const struct kube_kind *kind, struct str text,
                                       struct arena *scratch, const struct kube_object **out,
                                       struct error *err);
const struct kube_object *kube_object_ref(const struct kube_object *object);
void kube_object_unref(const struct kube_object *object); /* NULL is fine */
void kube_object_set_seen(const struct kube_object *object, uint32_t epoch);

/* Empty: not there (or not kept by the kind). A label may also be there and empty: has_. */
struct str kube_meta_label(const struct kube_meta *meta, const char *key);
struct str kube_meta_annotation(const struct kube_meta *meta, const char *key);
bool kube_meta_has_label(const struct kube_meta *meta, const char *key);
bool kube_meta_has_annotation(const struct kube_meta *meta, const char *key);
bool kube_meta_has_finalizer(const struct kube_meta *meta, const char *finalizer);
/* NULL: no such owner. `group` without version; first match, controllers first. */
const struct kube_owner *kube_meta_owner(const struct kube_meta *meta, const char *group,
                                         const char *kind);
/* Older first: creation time, then namespace, then name. */
int kube_meta_cmp_age(const struct kube_meta *a, const struct kube_meta *b);
