#include "devserver/crd.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/must.h"
#include "devserver/json_path.h"
#include "devserver/resource.h"
#include "kube/model/json.h"

struct reader {
    struct arena *arena; /* the resource's; also for fields' names */
    struct dev_causes *causes;
};

/* ---- what is wrong --------------------------------------------------------------------------- */

static void complain(struct reader *r, const char *reason, struct str field, struct str message)
{
    dev_causes_add(r->causes, reason, field, message);
}

static void require(struct reader *r, struct str field, struct str value)
{
    if (str_is_empty(value))
        complain(r, "FieldValueRequired", field, STR("Required value"));
}

static bool is_label_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Of letters, digits and dashes, with a letter or digit at both ends. */
static bool is_dns_label(struct str text, bool may_start_with_digit)
{
    if (text.len == 0 || text.len > 63 || text.ptr[0] == '-' || text.ptr[text.len - 1] == '-' ||
        (!may_start_with_digit && text.ptr[0] <= '9'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_label_character(text.ptr[i]))
            return false;
    }
    return true;
}

static bool is_dns_subdomain(struct str text)
{
    struct str part;
    if (text.len > 253 || str_ends_with(text, STR(".")))
        return false;
    while (str_split(&text, '.', &part)) {
        if (!is_dns_label(part, true))
            return false;
    }
    return true;
}

static void check_label(struct reader *r, struct str field, struct str value, bool is_mixed_case)
{
    char *lower = str_dup_cstr(value);
    for (size_t i = 0; i < value.len && is_mixed_case; i++)
        lower[i] = (char)tolower((unsigned char)lower[i]);
    bool is_valid = is_dns_label((struct str){lower, value.len}, false);
    free(lower);
    if (is_valid || str_is_empty(value)) {
        require(r, field, value);
        return;
    }
    complain(
        r, "FieldValueInvalid", field,
        arena_printf(r->arena,
                     "Invalid value: \"" STR_FMT
                     "\": %sa DNS-1035 label must consist of lower case alphanumeric "
                     "characters or '-', start with an alphabetic character, and end with an "
                     "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
                     "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
                     STR_ARG(value),
                     is_mixed_case ? "may have mixed case, but should otherwise match: " : ""));
}

static void check_group(struct reader *r, struct str group)
{
    require(r, STR("spec.group"), group);
    if (str_is_empty(group) || is_dns_subdomain(group))
        return;
    complain(r, "FieldValueInvalid", STR("spec.group"),
             arena_printf(r->arena,
                          "Invalid value: \"" STR_FMT
                          "\": a lowercase RFC 1123 subdomain must consist of lower case "
                          "alphanumeric characters, '-' or '.', and must start and end with an "
                          "alphanumeric character (e.g. 'example.com', regex used for validation "
                          "is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
                          STR_ARG(group)));
}

static void check_scope(struct reader *r, struct str scope)
{
    require(r, STR("spec.scope"), scope);
    if (str_is_empty(scope) || str_eq(scope, STR("Namespaced")) || str_eq(scope, STR("Cluster")))
        return;
    complain(r, "FieldValueNotSupported", STR("spec.scope"),
             arena_printf(r->arena,
                          "Unsupported value: \"" STR_FMT
                          "\": supported values: \"Cluster\", \"Namespaced\"",
                          STR_ARG(scope)));
}

static void check_name(struct reader *r, yyjson_val *crd, const struct dev_resource *resource)
{
    struct str name = json_str(json_object(crd, "metadata"), "name");
    if (str_eq(name, resource->id) && !str_is_empty(resource->group))
        return;
    complain(r, "FieldValueInvalid", STR("metadata.name"),
             arena_printf(r->arena,
                          "Invalid value: \"" STR_FMT
                          "\": must be spec.names.plural+\".\"+spec.group",
                          STR_ARG(name)));
}

static void check_conversion(struct reader *r, yyjson_val *spec)
{
    struct str strategy = json_str(json_object(spec, "conversion"), "strategy");
    if (json_bool(spec, "preserveUnknownFields"))
        complain(r, "FieldValueInvalid", STR("spec.preserveUnknownFields"),
                 STR("Invalid value: true: cannot set to true, set "
                     "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema "
                     "instead"));
    /* A webhook is taken as None: the CRDs of others name theirs, which is not running here. */
    if (str_is_empty(strategy) || str_eq(strategy, STR("None")) || str_eq(strategy, STR("Webhook")))
        return;
    complain(r, "FieldValueNotSupported", STR("spec.conversion.strategy"),
             arena_printf(r->arena,
                          "Unsupported value: \"" STR_FMT
                          "\": supported values: \"None\", \"Webhook\"",
                          STR_ARG(strategy)));
}

/* ---- versions -------------------------------------------------------------------------------- */

static void check_column(struct reader *r, struct dev_column *column, size_t index)
{
    static const char *const types[] = {"boolean", "date", "integer", "number", "string"};
    bool is_type = false;
    struct error err;
    struct str field = arena_printf(r->arena, "spec.additionalPrinterColumns[%zu].", index);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        is_type = is_type || str_eq_cstr(column->type, types[i]);
    require(r, arena_printf(r->arena, STR_FMT "name", STR_ARG(field)), column->name);
    if (!is_type)
        complain(r, "FieldValueInvalid", arena_printf(r->arena, STR_FMT "type", STR_ARG(field)),
                 arena_printf(r->arena,
                              "Invalid value: \"" STR_FMT
                              "\": must be one of boolean,date,integer,number,string",
                              STR_ARG(column->type)));
    field = arena_printf(r->arena, STR_FMT "JSONPath", STR_ARG(field));
    require(r, field, column->json_path);
    if (!str_is_empty(column->json_path) &&
        !dev_json_path_compile(r->arena, column->json_path, &column->path, &err))
        complain(r, "FieldValueInvalid", field,
                 arena_printf(r->arena, "Invalid value: \"" STR_FMT "\": %s",
                              STR_ARG(column->json_path), err.text));
}

static struct str dup_member(struct reader *r, yyjson_val *object, const char *key)
{
    return arena_dup_str(r->arena, json_str(object, key));
}

static void read_columns(struct reader *r, yyjson_val *json, struct dev_version *version)
{
    yyjson_val *columns = json_array(json, "additionalPrinterColumns");
    yyjson_val *column;
    size_t i, max;
    if (yyjson_arr_size(columns) > 0)
        version->columns = arena_new_array(r->arena, struct dev_column, yyjson_arr_size(columns));
    yyjson_arr_foreach(columns, i, max, column)
    {
        struct dev_column *out = &version->columns[version->column_count++];
        *out = (struct dev_column){.name = dup_member(r, column, "name"),
                                   .type = dup_member(r, column, "type"),
                                   .format = dup_member(r, column, "format"),
                                   .description = dup_member(r, column, "description"),
                                   .json_path = dup_member(r, column, "jsonPath"),
                                   .priority = (int)json_int(column, "priority", 0)};
        check_column(r, out, i);
    }
}

static void read_version(struct reader *r, yyjson_val *json, size_t index, bool is_only,
                         struct dev_version *version)
{
    struct str prefix = arena_printf(r->arena, "spec.versions[%zu].", index);
    yyjson_val *schema = json_object(json_object(json, "schema"), "openAPIV3Schema");
    /* With a single version kube-apiserver names the field that its own form of it has. */
    struct str field =
        is_only ? STR("spec.validation.openAPIV3Schema")
                : arena_printf(r->arena, STR_FMT "schema.openAPIV3Schema", STR_ARG(prefix));
    *version = (struct dev_version){
        .name = dup_member(r, json, "name"),
        .is_served = json_bool(json, "served"),
        .is_storage = json_bool(json, "storage"),
        .is_deprecated = json_bool(json, "deprecated"),
        .has_status = json_object(json_object(json, "subresources"), "status") != NULL,
    };
    check_label(r, arena_printf(r->arena, STR_FMT "name", STR_ARG(prefix)), version->name, false);
    if (schema)
        version->schema = dev_schema_compile(schema, field, r->causes);
    else
        complain(r, "FieldValueRequired",
                 arena_printf(r->arena, STR_FMT "schema.openAPIV3Schema", STR_ARG(prefix)),
                 STR("Required value"));
    read_columns(r, json, version);
}

static int compare_versions(const void *a, const void *b)
{
    return dev_version_compare(((const struct dev_version *)a)->name,
                               ((const struct dev_version *)b)->name);
}

/* kube-apiserver shows the versions as its Go structs; here they are shown as they were given. */
static void complain_versions(struct reader *r, yyjson_val *versions, const char *why)
{
    char *text = versions ? yyjson_val_write(versions, 0, NULL) : NULL;
    complain(r, "FieldValueInvalid", STR("spec.versions"),
             arena_printf(r->arena, "Invalid value: %s: %s", text ? text : "null", why));
    free(text);
}

static void read_versions(struct reader *r, yyjson_val *spec, struct dev_resource *resource)
{
    yyjson_val *versions = json_array(spec, "versions");
    yyjson_val *json;
    size_t i, max;
    size_t count = yyjson_arr_size(versions);
    size_t storage_count = 0;
    if (count > 0)
        resource->versions = arena_new_array(r->arena, struct dev_version, count);
    yyjson_arr_foreach(versions, i, max, json)
    {
        struct dev_version *version = &resource->versions[resource->version_count++];
        read_version(r, json, i, count == 1, version);
        if (version->is_storage && ++storage_count == 1)
            resource->stored_api_version =
                dev_resource_api_version(r->arena, resource->group, version->name);
    }
    if (count > 0)
        qsort(resource->versions, count, sizeof(*resource->versions), compare_versions);
    for (size_t v = 1; v < count; v++) {
        if (str_eq(resource->versions[v].name, resource->versions[v - 1].name)) {
            complain_versions(r, versions, "must contain unique version names");
            break;
        }
    }
    if (storage_count != 1)
        complain_versions(r, versions, "must have exactly one version marked as storage version");
}

/* ---- names ----------------------------------------------------------------------------------- */

static struct str *dup_strs(struct reader *r, yyjson_val *object, const char *key, size_t *count)
{
    uint32_t found = 0;
    const struct str *strs = json_strs(object, key, r->arena, &found);
    struct str *out = found > 0 ? arena_new_array(r->arena, struct str, found) : NULL;
    for (uint32_t i = 0; i < found; i++)
        out[i] = strs[i];
    *count = found;
    return out;
}

static void read_names(struct reader *r, yyjson_val *names, struct dev_resource *resource)
{
    resource->plural = dup_member(r, names, "plural");
    resource->singular = dup_member(r, names, "singular");
    resource->kind = dup_member(r, names, "kind");
    resource->list_kind = dup_member(r, names, "listKind");
    resource->short_names = dup_strs(r, names, "shortNames", &resource->short_name_count);
    resource->categories = dup_strs(r, names, "categories", &resource->category_count);
    check_label(r, STR("spec.names.plural"), resource->plural, false);
    check_label(r, STR("spec.names.singular"), resource->singular, false);
    check_label(r, STR("spec.names.kind"), resource->kind, true);
    check_label(r, STR("spec.names.listKind"), resource->list_kind, true);
    for (size_t i = 0; i < resource->short_name_count; i++)
        check_label(r, arena_printf(r->arena, "spec.names.shortNames[%zu]", i),
                    resource->short_names[i], false);
    for (size_t i = 0; i < resource->category_count; i++)
        check_label(r, arena_printf(r->arena, "spec.names.categories[%zu]", i),
                    resource->categories[i], false);
    if (!str_is_empty(resource->kind) && str_eq(resource->kind, resource->list_kind))
        complain(r, "FieldValueInvalid", STR("spec.names.listKind"),
                 arena_printf(r->arena,
                              "Invalid value: \"" STR_FMT "\": kind and listKind may not be the "
                              "same",
                              STR_ARG(resource->list_kind)));
}

static uint64_t hash_of(yyjson_val *spec)
{
    size_t len = 0;
    char *text = yyjson_val_write(spec, 0, &len);
    uint64_t hash = hash_stable((struct str){text, text ? len : 0});
    free(text);
    return hash;
}

struct dev_resource *dev_crd_read(yyjson_val *crd, struct dev_causes *causes)
{
    struct arena *arena = NULL;
    struct dev_resource *resource = dev_resource_new(&arena);
    struct reader r = {.arena = arena, .causes = causes};
    yyjson_val *spec = json_object(crd, "spec");
    size_t causes_before = causes->count;
    resource->is_custom = true;
    resource->has_delete_collection = true;
    resource->group = dup_member(&r, spec, "group");
    resource->id = arena_printf(arena, STR_FMT "." STR_FMT,
                                STR_ARG(json_str(json_object(spec, "names"), "plural")),
                                STR_ARG(resource->group));
    resource->is_namespaced = str_eq(json_str(spec, "scope"), STR("Namespaced"));
    resource->hash = hash_of(spec);
    check_name(&r, crd, resource);
    check_group(&r, resource->group);
    check_scope(&r, json_str(spec, "scope"));
    read_versions(&r, spec, resource);
    read_names(&r, json_object(spec, "names"), resource);
    check_conversion(&r, spec);
    if (causes->count == causes_before)
        return resource;
    dev_resource_unref(resource);
    return NULL;
}
