#include "base/arena.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "devserver/depth.h"
#include "devserver/patch.h"
#include "devserver/patch_refuse.h"
#include "kube/model/json.h"

#define MEMBER_MAP_TYPE "x-kubernetes-map-type"
#define MEMBER_LIST_TYPE "x-kubernetes-list-type"
#define MEMBER_LIST_KEYS "x-kubernetes-list-map-keys"

/* What every object's metadata is, whatever the schema says. */
static const char metadata_schema_text[] =
    "{\"properties\":{\"finalizers\":{\"" MEMBER_LIST_TYPE "\":\"set\"},"
    "\"ownerReferences\":{\"" MEMBER_LIST_TYPE "\":\"map\",\"" MEMBER_LIST_KEYS "\":[\"uid\"]}}}";

struct applier {
    yyjson_mut_doc *doc;
    yyjson_val *metadata_schema;
    struct arena arena; /* of the call: identities of elements */
    struct strbuf path; /* ".spec.devices", for errors */
    struct error *err;
};

/* An element of a list that is merged: either what is stored or what is wanted. */
struct element {
    yyjson_mut_val *stored;
    yyjson_val *wanted;
    struct str identity;  /* `[name="a"]`; empty: none */
    struct element *same; /* in the other list; NULL: it is not there */
};
struct elements {
    struct element *items;
    size_t count;
};

/* ---- the schema ------------------------------------------------------------------------------*/

static yyjson_val *schema_of_member(const struct applier *a, yyjson_val *schema, struct str name)
{
    if (a->path.len == 0 && str_eq_cstr(name, "metadata"))
        return a->metadata_schema;
    yyjson_val *properties = yyjson_obj_get(schema, "properties");
    yyjson_val *member = yyjson_obj_getn(properties, name.ptr, name.len);
    return member ? member : json_object(schema, "additionalProperties");
}

static bool is_set(yyjson_val *schema)
{
    return str_eq_cstr(json_str(schema, MEMBER_LIST_TYPE), "set");
}

static bool is_merged_list(yyjson_val *schema)
{
    return is_set(schema) || (str_eq_cstr(json_str(schema, MEMBER_LIST_TYPE), "map") &&
                              json_array(schema, MEMBER_LIST_KEYS) != NULL);
}

/* ---- identities of elements ------------------------------------------------------------------*/

static bool append_stored(struct strbuf *out, yyjson_mut_val *value)
{
    size_t len = 0;
    cleanup_free char *text = yyjson_mut_val_write(value, YYJSON_WRITE_NOFLAG, &len);
    strbuf_append(out, (struct str){text, text ? len : 0});
    return text != NULL;
}

static bool append_wanted(struct strbuf *out, yyjson_val *value)
{
    size_t len = 0;
    cleanup_free char *text = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &len);
    strbuf_append(out, (struct str){text, text ? len : 0});
    return text != NULL;
}

/* The member that is a key, or its default. False: neither. */
static bool append_key(struct strbuf *out, const struct element *element, yyjson_val *schema,
                       yyjson_val *key)
{
    const char *name = yyjson_get_str(key);
    size_t len = yyjson_get_len(key);
    yyjson_mut_val *stored = yyjson_mut_obj_getn(element->stored, name, len);
    if (stored != NULL)
        return append_stored(out, stored);
    yyjson_val *wanted = yyjson_obj_getn(element->wanted, name, len);
    if (wanted != NULL)
        return append_wanted(out, wanted);
    yyjson_val *properties = json_object(json_object(schema, "items"), "properties");
    yyjson_val *otherwise = yyjson_obj_get(yyjson_obj_getn(properties, name, len), "default");
    return otherwise != NULL && append_wanted(out, otherwise);
}

static void identify(struct applier *a, yyjson_val *schema, struct element *element)
{
    cleanup_strbuf struct strbuf text = {0}, value = {0};
    size_t i, max;
    yyjson_val *key;
    yyjson_arr_foreach(json_array(schema, MEMBER_LIST_KEYS), i, max, key)
    {
        strbuf_clear(&value);
        if (append_key(&value, element, schema, key))
            strbuf_printf(&text, "%s%s=%s", text.len > 0 ? "," : "", yyjson_get_str(key),
                          value.data);
    }
    if (is_set(schema)) {
        strbuf_append_char(&text, '=');
        append_stored(&text, element->stored);
        append_wanted(&text, element->wanted);
    }
    if (text.len > 0)
        element->identity = arena_printf(&a->arena, "[%s]", text.data);
}

static struct elements stored_elements(struct applier *a, yyjson_val *schema, yyjson_mut_val *array)
{
    size_t i, count = yyjson_mut_arr_size(array);
    struct elements list = {arena_new_array(&a->arena, struct element, count), count};
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(array, i, count, value)
    {
        list.items[i].stored = value;
        identify(a, schema, &list.items[i]);
    }
    return list;
}

static struct elements wanted_elements(struct applier *a, yyjson_val *schema, yyjson_val *array)
{
    size_t i, count = yyjson_arr_size(array);
    struct elements list = {arena_new_array(&a->arena, struct element, count), count};
    yyjson_val *value;
    yyjson_arr_foreach(array, i, count, value)
    {
        list.items[i].wanted = value;
        identify(a, schema, &list.items[i]);
    }
    return list;
}

static struct element *find_element(const struct map *map, struct str identity)
{
    struct map_cursor at = map_seek(map, hash_table_key(identity, STR("")));
    struct element *element;
    while ((element = map_next(map, &at)) != NULL) {
        if (str_eq(element->identity, identity))
            return element;
    }
    return NULL;
}

/* Why `element` of a list of this schema cannot be told from others; NULL: it can. */
static const char *problem_of(const struct element *element, yyjson_val *schema)
{
    bool is_missing = yyjson_is_null(element->wanted);
    if (is_set(schema))
        return is_missing ? "without keys has an element that's an explicit null" : NULL;
    if (is_missing)
        return "with keys may not have a null element";
    if (!yyjson_is_obj(element->wanted))
        return "with keys may not have non-map elements";
    return str_is_empty(element->identity) ? "with keys has an element that omits all key fields"
                                           : NULL;
}

/* Files the manifest's elements, which have to be told apart. */
static bool file_elements(struct applier *a, const struct elements *wanted, yyjson_val *schema,
                          struct map *map)
{
    for (size_t i = 0; i < wanted->count; i++) {
        struct element *element = &wanted->items[i];
        const char *problem = problem_of(element, schema);
        if (problem != NULL)
            return dev_patch_refuse(a->err, 500, "%s: element %zu: associative list %s",
                                    a->path.data, i, problem);
        if (find_element(map, element->identity) != NULL)
            return dev_patch_refuse(a->err, 500, "%s: duplicate entries for key " STR_FMT,
                                    a->path.data, STR_ARG(element->identity));
        map_add(map, hash_table_key(element->identity, STR("")), element);
    }
    return true;
}

static void pair(const struct elements *stored, const struct map *wanted)
{
    for (size_t i = 0; i < stored->count; i++) {
        struct element *same = find_element(wanted, stored->items[i].identity);
        if (same == NULL || same->same != NULL) /* a double of what is paired already stays */
            continue;
        same->same = &stored->items[i];
        stored->items[i].same = same;
    }
}

/* ---- merging ---------------------------------------------------------------------------------*/

/* *value is what is stored (NULL: nothing) and becomes what it is then. Recursion is bounded by the
 * depth of the manifest, which was checked. */
static bool apply_value(struct applier *a, yyjson_mut_val **value, yyjson_val *wanted,
                        yyjson_val *schema);

static bool apply_object(struct applier *a, yyjson_mut_val *object, yyjson_val *wanted,
                         yyjson_val *schema)
{
    size_t i, max, path_len = a->path.len;
    yyjson_val *key, *member;
    yyjson_obj_foreach(wanted, i, max, key, member)
    {
        struct str name = json_value_str(key);
        yyjson_val *member_schema = schema_of_member(a, schema, name);
        yyjson_mut_val *value = yyjson_mut_obj_getn(object, name.ptr, name.len);
        strbuf_printf(&a->path, "." STR_FMT, STR_ARG(name));
        if (!apply_value(a, &value, member, member_schema))
            return false;
        strbuf_truncate(&a->path, path_len);
        must(yyjson_mut_obj_put(object, yyjson_val_mut_copy(a->doc, key), value));
    }
    return true;
}

static bool append_wanted_element(struct applier *a, yyjson_mut_val *array,
                                  const struct element *element, yyjson_val *schema)
{
    size_t path_len = a->path.len;
    yyjson_mut_val *value = element->same ? element->same->stored : NULL;
    strbuf_append(&a->path, element->identity);
    if (!apply_value(a, &value, element->wanted, json_object(schema, "items")))
        return false;
    strbuf_truncate(&a->path, path_len);
    must(yyjson_mut_arr_append(array, value));
    return true;
}

static void append_unpaired(yyjson_mut_val *array, const struct elements *stored, size_t *next,
                            const struct element *until)
{
    for (; *next < stored->count && &stored->items[*next] != until; (*next)++) {
        if (stored->items[*next].same == NULL)
            must(yyjson_mut_arr_append(array, stored->items[*next].stored));
    }
}

/* Both orders are kept where they agree; where they do not, the manifest's wins: what is only
 * stored stays in front of the next that both have. */
static bool merge_elements(struct applier *a, const struct elements *stored,
                           const struct elements *wanted, yyjson_val *schema, yyjson_mut_val *array)
{
    size_t next = 0, paired = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        paired = paired < i ? i : paired;
        while (paired < wanted->count && wanted->items[paired].same == NULL)
            paired++;
        append_unpaired(array, stored, &next,
                        paired < wanted->count ? wanted->items[paired].same : NULL);
        if (!append_wanted_element(a, array, &wanted->items[i], schema))
            return false;
    }
    append_unpaired(array, stored, &next, NULL);
    return true;
}

static bool apply_list(struct applier *a, yyjson_mut_val **value, yyjson_val *wanted,
                       yyjson_val *schema)
{
    struct elements new = wanted_elements(a, schema, wanted);
    struct elements old = stored_elements(a, schema, *value);
    yyjson_mut_val *array = yyjson_mut_arr(a->doc);
    struct map filed;
    map_init(&filed);
    bool is_fine = file_elements(a, &new, schema, &filed);
    if (is_fine)
        pair(&old, &filed);
    map_fini(&filed);
    if (!is_fine || !merge_elements(a, &old, &new, schema, array))
        return false;
    *value = array;
    return true;
}

static bool apply_value(struct applier *a, yyjson_mut_val **value, yyjson_val *wanted,
                        yyjson_val *schema)
{
    bool is_merged =
        yyjson_mut_is_obj(*value) || (yyjson_mut_is_arr(*value) && is_merged_list(schema));
    if (yyjson_is_null(wanted) && is_merged)
        return true;
    if (yyjson_is_arr(wanted) && is_merged_list(schema))
        return apply_list(a, value, wanted, schema);
    if (!yyjson_is_obj(wanted)) {
        *value = yyjson_val_mut_copy(a->doc, wanted);
        return true;
    }
    if (!yyjson_mut_is_obj(*value) || str_eq_cstr(json_str(schema, MEMBER_MAP_TYPE), "atomic"))
        *value = yyjson_mut_obj(a->doc);
    return apply_object(a, *value, wanted, schema);
}

/* Says which object the failure is about, as kube-apiserver does. */
static bool refuse_manifest(yyjson_val *manifest, struct error *err)
{
    yyjson_val *metadata = json_object(manifest, "metadata");
    const struct error cause = *err;
    return dev_patch_refuse(
        err, cause.detail,
        "failed to create typed patch object (" STR_FMT "/" STR_FMT "; " STR_FMT ", Kind=" STR_FMT
        "): %s",
        STR_ARG(json_str(metadata, "namespace")), STR_ARG(json_str(metadata, "name")),
        STR_ARG(json_str(manifest, "apiVersion")), STR_ARG(json_str(manifest, "kind")), cause.text);
}

bool dev_patch_apply(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *manifest,
                     yyjson_val *schema_json, struct error *err)
{
    if (yyjson_is_null(manifest))
        return dev_patch_refuse(err, 400, "invalid object type: /, Kind=");
    if (!yyjson_is_obj(manifest))
        return dev_patch_refuse_type(
            err, "error decoding YAML: error unmarshaling JSON: while decoding JSON", manifest,
            "value of type map[string]interface {}");
    if (!dev_json_fits(manifest, DEV_JSON_MAX_DEPTH))
        return dev_patch_refuse(err, 400, "error decoding YAML: " DEV_JSON_TOO_DEEP);
    cleanup_json_doc yyjson_doc *metadata_schema =
        yyjson_read(metadata_schema_text, sizeof(metadata_schema_text) - 1, YYJSON_READ_NOFLAG);
    struct applier a = {
        .doc = doc, .metadata_schema = yyjson_doc_get_root(metadata_schema), .err = err};
    arena_init(&a.arena);
    bool is_fine = apply_value(&a, object, manifest, schema_json);
    arena_fini(&a.arena);
    strbuf_fini(&a.path);
    return is_fine || refuse_manifest(manifest, err);
}
