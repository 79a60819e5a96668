#include "devserver/openapi.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "devserver/groups.h"
#include "devserver/openapi_meta.h"
#include "devserver/openapi_paths.h"

/* Properties that objects and lists have. */
static const char TYPE_META[] =
    "\"apiVersion\":{\"type\":\"string\",\"description\":\"Group and version of this form of the "
    "object.\"},\"kind\":{\"type\":\"string\",\"description\":\"Kind of the object.\"}";

/* ---- the index ------------------------------------------------------------------------------- */

/* The same as long as what the group and version have is the same, in every process: kubectl keeps
 * documents on disk under their hash. */
static uint64_t hash_of(const struct dev_registry *registry, struct str group, struct str version)
{
    const struct dev_resource *resource;
    const struct dev_version *served = NULL;
    size_t position = 0;
    uint64_t hash = hash_stable(version);
    while ((resource = dev_groups_next_resource(registry, group, version, &position, &served)))
        hash = hash_stable_more(hash ^ resource->hash, resource->id);
    return hash;
}

static void append_index_entry(const struct dev_registry *registry, struct str group,
                               struct str version, struct strbuf *out)
{
    cleanup_strbuf struct strbuf path = {0};
    if (str_is_empty(group))
        strbuf_printf(&path, "api/" STR_FMT, STR_ARG(version));
    else
        strbuf_printf(&path, "apis/" STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(version));
    strbuf_printf(out, "%s\"%s\":{\"serverRelativeURL\":\"/openapi/v3/%s?hash=%016llX\"}",
                  out->data[out->len - 1] == '{' ? "" : ",", path.data, path.data,
                  (unsigned long long)hash_of(registry, group, version));
}

static void append_index(const struct dev_registry *registry, struct strbuf *out)
{
    struct dev_groups_cursor at = {0};
    struct str group;
    strbuf_append_cstr(out, "{\"paths\":{");
    append_index_entry(registry, STR(""), STR("v1"), out);
    while (dev_groups_next(registry, &at, &group)) {
        struct str version = {0};
        while (dev_groups_next_version(registry, group, &version))
            append_index_entry(registry, group, version, out);
    }
    strbuf_append_cstr(out, "}}");
}

/* ---- a document ------------------------------------------------------------------------------ */

static void append_kind_extension(const struct dev_resource *resource,
                                  const struct dev_version *version, struct str kind,
                                  struct strbuf *out)
{
    strbuf_printf(out,
                  "\"x-kubernetes-group-version-kind\":[{\"group\":\"" STR_FMT
                  "\",\"version\":\"" STR_FMT "\",\"kind\":\"" STR_FMT "\"}]",
                  STR_ARG(resource->group), STR_ARG(version->name), STR_ARG(kind));
}

static void append_value(yyjson_val *value, struct strbuf *out)
{
    size_t len = 0;
    cleanup_free char *text = yyjson_val_write(value, 0, &len);
    must(text);
    strbuf_append(out, (struct str){text, len});
}

static bool is_of_all_kinds(struct str name)
{
    return str_eq(name, STR("apiVersion")) || str_eq(name, STR("kind")) ||
           str_eq(name, STR("metadata"));
}

/* The schema's own properties, with those that every kind has in place of what it says of them. */
static void append_properties(yyjson_val *properties, struct strbuf *out)
{
    yyjson_val *key, *value;
    size_t i, max;
    strbuf_printf(out,
                  "\"properties\":{%s,\"metadata\":{\"description\":\"What the object says of "
                  "itself.\",\"allOf\":[{\"$ref\":\"#/components/schemas/" OPENAPI_OBJECT_META
                  "\"}]}",
                  TYPE_META);
    yyjson_obj_foreach(properties, i, max, key, value)
    {
        struct str name = {yyjson_get_str(key), yyjson_get_len(key)};
        if (is_of_all_kinds(name))
            continue;
        strbuf_append_char(out, ',');
        strbuf_append_json(out, name);
        strbuf_append_char(out, ':');
        append_value(value, out);
    }
    strbuf_append_char(out, '}');
}

/* The schema's other members, as they were given. */
static void append_members(yyjson_val *schema, struct strbuf *out)
{
    yyjson_val *key, *value;
    size_t i, max;
    yyjson_obj_foreach(schema, i, max, key, value)
    {
        struct str name = {yyjson_get_str(key), yyjson_get_len(key)};
        if (str_eq(name, STR("properties")))
            continue;
        strbuf_append_json(out, name);
        strbuf_append_char(out, ':');
        append_value(value, out);
        strbuf_append_char(out, ',');
    }
}

static void append_kind(const struct dev_resource *resource, const struct dev_version *version,
                        struct strbuf *out)
{
    yyjson_val *schema = dev_schema_json(version->schema);
    strbuf_append_char(out, '{');
    append_members(schema, out);
    append_properties(yyjson_obj_get(schema, "properties"), out);
    strbuf_append_char(out, ',');
    append_kind_extension(resource, version, resource->kind, out);
    strbuf_append_char(out, '}');
}

static void append_list_kind(const struct dev_resource *resource, const struct dev_version *version,
                             struct str item_ref, struct strbuf *out)
{
    strbuf_printf(out,
                  "{\"type\":\"object\",\"description\":\"" STR_FMT " is a list of " STR_FMT
                  ".\",\"required\":[\"items\"],\"properties\":{%s,\"metadata\":{\"description\":"
                  "\"What the list says of itself.\",\"allOf\":[{\"$ref\":\"#/components/"
                  "schemas/" OPENAPI_LIST_META "\"}]},\"items\":{\"type\":\"array\","
                  "\"description\":\"The objects.\",\"items\":{\"$ref\":\"#/components/"
                  "schemas/" STR_FMT "\"}}},",
                  STR_ARG(resource->list_kind), STR_ARG(resource->kind), TYPE_META,
                  STR_ARG(item_ref));
    append_kind_extension(resource, version, resource->list_kind, out);
    strbuf_append_char(out, '}');
}

static bool append_group_document(const struct dev_registry *registry, struct str group,
                                  struct str version, struct strbuf *out)
{
    const struct dev_resource *resource;
    const struct dev_version *served = NULL;
    cleanup_strbuf struct strbuf schemas = {0};
    size_t position = 0;
    size_t count = 0;
    strbuf_append_cstr(out, "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":"
                            "\"v1\"},\"paths\":{");
    while ((resource = dev_groups_next_resource(registry, group, version, &position, &served))) {
        cleanup_strbuf struct strbuf ref = {0};
        dev_openapi_schema_name(resource, served, &ref);
        if (count++ > 0)
            strbuf_append_char(out, ',');
        dev_openapi_append_paths(resource, served, strbuf_str(&ref), out);
        strbuf_printf(&schemas, ",\"%s\":", ref.data);
        append_kind(resource, served, &schemas);
        strbuf_printf(&schemas, ",\"%sList\":", ref.data);
        append_list_kind(resource, served, strbuf_str(&ref), &schemas);
    }
    strbuf_append_cstr(out, "},\"components\":{\"schemas\":{");
    dev_openapi_append_meta(out);
    strbuf_append(out, strbuf_str(&schemas));
    strbuf_append_cstr(out, "}}}");
    return count > 0;
}

/* Behind "/openapi/v3/": "api/v1" or "apis/GROUP/VERSION". */
static bool append_document(const struct dev_registry *registry, struct str path,
                            struct strbuf *out)
{
    if (str_eq(path, STR("api/v1")))
        return append_group_document(registry, STR(""), STR("v1"), out);
    if (!str_starts_with(path, STR("apis/")))
        return false;
    path = str_skip(path, strlen("apis/"));
    struct str group = str_before(path, '/');
    if (str_is_empty(group))
        return false;
    return append_group_document(registry, group, str_skip(path, group.len + 1), out);
}

/* An OpenAPI v2 document without definitions, in the only form that kubectl asks for: the field
 * swagger, and info with its title and version. */
static void append_empty_v2(struct dev_document *out)
{
    static const struct str document = STR("\x0a\x03"
                                           "2.0"
                                           "\x12\x1b"
                                           "\x0a\x11"
                                           "cape-ip-devserver"
                                           "\x12\x06"
                                           "v1.0.0");
    out->content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    strbuf_append(&out->body, document);
}

bool dev_openapi_document(const struct dev_registry *registry, struct str path,
                          struct dev_document *out)
{
    static const struct str root = {"/openapi/v3", 11};
    bool is_found = false;
    *out = (struct dev_document){.content_type = "application/json"};
    if (str_eq(path, STR("/openapi/v2"))) {
        append_empty_v2(out);
        is_found = true;
    } else if (str_eq(path, root)) {
        append_index(registry, &out->body);
        is_found = true;
    } else if (str_starts_with(path, root) && path.ptr[root.len] == '/')
        is_found = append_document(registry, str_skip(path, root.len + 1), &out->body);
    if (is_found)
        dev_document_seal(out);
    else
        dev_document_fini(out);
    return is_found;
}
