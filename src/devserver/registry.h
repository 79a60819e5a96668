/* Which resources the server has: the built-in ones and those of CustomResourceDefinitions. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/str.h"
#include "devserver/schema.h"

struct dev_json_path;
struct dev_column { /* additionalPrinterColumns */
    struct str name;
    struct str type; /* string, integer, date, ... */
    struct str format;
    struct str description;
    struct str json_path;       /* ".status.ready" */
    struct dev_json_path *path; /* the same, compiled */
    int priority;
};

struct dev_version {
    struct str name; /* "v1beta1" */
    bool is_served;
    bool is_storage;
    bool has_status; /* the status subresource */
    bool is_deprecated;
    struct dev_schema *schema; /* never NULL; built-in kinds have one as well */
    struct dev_column *columns;
    size_t column_count;
};

struct dev_field_name { /* a field at the top of an object that a client calls otherwise */
    struct str stored;
    struct str shown;
};

/* All texts live as long as the resource. */
struct dev_resource {
    struct str id;    /* "plural.group", core: "plural": the store's key. "events" for both groups
                         of Event: two views of what is stored once */
    struct str group; /* empty: core */
    struct str kind;
    struct str list_kind;
    struct str plural;
    struct str singular;
    struct str *short_names;
    size_t short_name_count;
    struct str *categories;
    size_t category_count;
    bool is_namespaced;
    bool is_custom; /* of a CustomResourceDefinition */
    bool has_delete_collection;
    struct dev_version *versions; /* in Kubernetes' order of preference: v1 before v1beta1 */
    size_t version_count;
    struct str stored_api_version;            /* of what is stored: "GROUP/VERSION" */
    const struct dev_field_name *field_names; /* where shown and stored names differ */
    size_t field_name_count;
    uint64_t hash; /* of its definition: the same in every process */
};
/* Counted: whoever keeps a resource (or one of its versions) over a define holds a reference. */
const struct dev_resource *dev_resource_ref(const struct dev_resource *resource);
void dev_resource_unref(const struct dev_resource *resource);

struct dev_registry;
struct dev_registry *dev_registry_new(void); /* with the built-in resources */
void dev_registry_free(struct dev_registry *registry);
/* Adds or replaces what a CustomResourceDefinition (v1) defines; dev_crd_complete comes first.
 * ERROR_INVALID: *causes_out says what is wrong with it (422). A resource that is replaced lives
 * until its last reference is gone. */
must_check bool dev_registry_define(struct dev_registry *registry, yyjson_val *crd,
                                    struct dev_causes *causes_out, struct error *err);
void dev_registry_undefine(struct dev_registry *registry, struct str id);

/* Borrowed until the next define or undefine. version_out: the served version of that name; NULL
 * is returned when there is none. */
const struct dev_resource *dev_registry_find(const struct dev_registry *registry, struct str group,
                                             struct str version, struct str plural,
                                             const struct dev_version **version_out);
/* "events": the core group's. */
const struct dev_resource *dev_registry_find_id(const struct dev_registry *registry, struct str id);
const struct dev_resource *dev_registry_find_kind(const struct dev_registry *registry,
                                                  struct str group, struct str kind);
/* All of them in order of group and plural, from *position = 0. NULL: no more. */
const struct dev_resource *dev_registry_each(const struct dev_registry *registry, size_t *position);
uint64_t dev_registry_generation(const struct dev_registry *registry); /* grows with changes */
