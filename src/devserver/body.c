#include "devserver/body.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/must.h"
#include "devserver/depth.h"
#include "devserver/edit.h"
#include "devserver/protobuf.h"
#include "devserver/yaml.h"
#include "kube/model/json.h"

enum {
    SUMMARY_MAX = 30,
    PATH_MAX_BYTES = 4096,
    DUPLICATES_MAX_BYTES = 64 * 1024,
    SMALL_OBJECT = 24,

};

bool dev_body_is_media(struct str content_type, const char *media)
{
    return str_eq_cstr(str_trim(str_before(content_type, ';')), media);
}

enum dev_media dev_body_media(struct str content_type)
{
    if (str_is_empty(str_trim(content_type)) || dev_body_is_media(content_type, "application/json"))
        return DEV_MEDIA_JSON;
    if (dev_body_is_media(content_type, "application/yaml"))
        return DEV_MEDIA_YAML;
    if (dev_body_is_media(content_type, DEV_PROTOBUF_MEDIA))
        return DEV_MEDIA_PROTOBUF;
    return DEV_MEDIA_OTHER;
}

bool dev_body_unsupported(struct dev_status *status)
{
    return dev_status_set(status, 415, "UnsupportedMediaType",
                          "the body of the request was in an unknown format - accepted media types "
                          "include: application/json, application/yaml");
}

const char *dev_body_read_json(struct str text, yyjson_doc **doc_out,
                               char problem[DEV_BODY_PROBLEM_MAX])
{
    yyjson_read_err err = {0};
    *doc_out = NULL;
    if (!str_is_empty(str_trim(text))) {
        /* yyjson writes to its input only when told to read in place. */
        char *input = (char *)(uintptr_t)text.ptr;
        *doc_out = yyjson_read_opts(input, text.len, YYJSON_READ_NOFLAG, NULL, &err);
        if (*doc_out)
            return NULL;
    }
    if (str_is_empty(str_trim(text)) || err.code == YYJSON_READ_ERROR_UNEXPECTED_END ||
        err.pos >= text.len) {
        snprintf(problem, DEV_BODY_PROBLEM_MAX, "unexpected end of JSON input");
        return problem;
    }
    unsigned char c = (unsigned char)text.ptr[err.pos];
    if (c >= 0x20 && c < 0x7f)
        snprintf(problem, DEV_BODY_PROBLEM_MAX,
                 "invalid character '%c' looking for beginning of value", c);
    else
        snprintf(problem, DEV_BODY_PROBLEM_MAX, "invalid character '\\x%02x' in literal", c);
    return problem;
}

/* The beginning of the body, for messages: text where it looks like an object, else hexadecimal. */
static void summarize(struct str body, struct strbuf *out)
{
    struct str part = body.len > SUMMARY_MAX ? (struct str){body.ptr, SUMMARY_MAX} : body;
    if (str_is_empty(body)) {
        strbuf_append_cstr(out, "<empty>");
        return;
    }
    if (body.ptr[0] == '{') {
        strbuf_append(out, part);
    } else {
        for (size_t i = 0; i < part.len; i++)
            strbuf_printf(out, "%02x", (unsigned char)part.ptr[i]);
    }
    if (body.len > SUMMARY_MAX)
        strbuf_append_cstr(out, " ...");
}

static bool unrecognized(const struct dev_resource *resource, struct str body, const char *problem,
                         struct dev_status *status)
{
    struct strbuf summary cleanup_strbuf = {0};
    summarize(body, &summary);
    return dev_status_bad_request(status,
                                  "the object provided is unrecognized (must be of type " STR_FMT
                                  "): %s (" STR_FMT ")",
                                  STR_ARG(resource->kind), problem, STR_ARG(strbuf_str(&summary)));
}

static bool no_json(const struct dev_resource *resource, struct str body, const char *problem,
                    struct dev_status *status)
{
    struct strbuf text cleanup_strbuf = {0};
    strbuf_printf(&text, "couldn't get version/kind; json parse error: %s", problem);
    return unrecognized(resource, body, text.data, status);
}

/* ---- fields given twice, and depth ------------------------------------------------------------
 */

struct walk {
    struct strbuf path;
    struct strbuf *duplicates;
    size_t depth;
    bool has_duplicates;
};

/* The keys of an object that were seen: a list while it is small, a table when it is not, so that
 * the objects of 100,000 labels that somebody may send cost no square. */
struct seen {
    struct map table;
    yyjson_val *few[SMALL_OBJECT];
    size_t count;
};

static uint64_t hash_of(struct str key)
{
    return hash_table_key(key, STR(""));
}

static bool seen_in_table(struct map *table, yyjson_val *key)
{
    uint64_t hash = hash_of(json_value_str(key));
    struct map_cursor at = map_seek(table, hash);
    yyjson_val *other;
    while ((other = map_next(table, &at)) != NULL) {
        if (yyjson_equals(other, key))
            return true;
    }
    map_add(table, hash, key);
    return false;
}

static bool seen_before(struct seen *seen, yyjson_val *key, bool is_large)
{
    if (is_large)
        return seen_in_table(&seen->table, key);
    for (size_t i = 0; i < seen->count; i++) {
        if (yyjson_equals(seen->few[i], key))
            return true;
    }
    seen->few[seen->count++] = key;
    return false;
}

static bool walk_value(struct walk *walk, yyjson_val *value);

static void push_key(struct walk *walk, yyjson_val *key)
{
    if (walk->path.len >= PATH_MAX_BYTES)
        return;
    if (walk->path.len > 0)
        strbuf_append_char(&walk->path, '.');
    strbuf_append(&walk->path, json_value_str(key));
}

static void tell_duplicate(struct walk *walk)
{
    walk->has_duplicates = true;
    if (walk->duplicates && walk->duplicates->len < DUPLICATES_MAX_BYTES)
        strbuf_printf(walk->duplicates, "duplicate field \"" STR_FMT "\"\n",
                      STR_ARG(strbuf_str(&walk->path)));
}

static bool walk_object(struct walk *walk, yyjson_val *object)
{
    struct seen seen = {0};
    size_t i, max;
    size_t path_len = walk->path.len;
    yyjson_val *key, *value;
    bool is_ok = true;
    bool is_large = yyjson_obj_size(object) > SMALL_OBJECT;
    map_init(&seen.table);
    yyjson_obj_foreach(object, i, max, key, value)
    {
        bool is_again = seen_before(&seen, key, is_large);
        if (!is_again && !yyjson_is_ctn(value))
            continue;
        push_key(walk, key);
        if (is_again)
            tell_duplicate(walk);
        is_ok = walk_value(walk, value);
        if (!is_ok)
            break;
        strbuf_truncate(&walk->path, path_len);
    }
    map_fini(&seen.table);
    return is_ok;
}

static bool walk_array(struct walk *walk, yyjson_val *array)
{
    size_t i, max;
    size_t path_len = walk->path.len;
    yyjson_val *value;
    yyjson_arr_foreach(array, i, max, value)
    {
        if (!yyjson_is_ctn(value))
            continue;
        if (walk->path.len < PATH_MAX_BYTES)
            strbuf_printf(&walk->path, "[%zu]", i);
        if (!walk_value(walk, value))
            return false;
        strbuf_truncate(&walk->path, path_len);
    }
    return true;
}

/* False: too deep. */
static bool walk_value(struct walk *walk, yyjson_val *value)
{
    if (!yyjson_is_ctn(value))
        return true;
    if (walk->depth == DEV_JSON_MAX_DEPTH)
        return false;
    walk->depth++;
    bool is_ok = yyjson_is_obj(value) ? walk_object(walk, value) : walk_array(walk, value);
    walk->depth--;
    return is_ok;
}

/* The last key of each name in the object. */
static void note_last(struct map *last, yyjson_mut_val *object)
{
    size_t i, max;
    yyjson_mut_val *key, *value, *other;
    yyjson_mut_obj_foreach(object, i, max, key, value)
    {
        uint64_t hash = hash_of(dev_edit_value_str(key));
        struct map_cursor at = map_seek(last, hash);
        while ((other = map_next(last, &at)) != NULL && !yyjson_mut_equals(other, key))
            ;
        if (other)
            map_remove(last, hash, other);
        map_add(last, hash, key);
    }
}

static bool is_last(const struct map *last, yyjson_mut_val *key)
{
    struct map_cursor at = map_seek(last, hash_of(dev_edit_value_str(key)));
    const void *other;
    while ((other = map_next(last, &at)) != NULL) {
        if (other == key)
            return true;
    }
    return false;
}

/* Of a key that is given twice the last value stays. */
static void drop_duplicates(yyjson_mut_val *value)
{
    struct map last;
    yyjson_mut_obj_iter iter;
    yyjson_mut_val *key, *item;
    size_t i, max;
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_foreach(value, i, max, item) drop_duplicates(item);
    }
    if (!yyjson_mut_is_obj(value))
        return;
    map_init(&last);
    note_last(&last, value);
    yyjson_mut_obj_iter_init(value, &iter);
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        if (is_last(&last, key))
            drop_duplicates(yyjson_mut_obj_iter_get_val(key));
        else
            yyjson_mut_obj_iter_remove(&iter);
    }
    map_fini(&last);
}

/* ---- objects ----------------------------------------------------------------------------------
 */

static yyjson_mut_doc *to_mutable(yyjson_doc *doc, struct str body,
                                  const struct dev_resource *resource, struct strbuf *duplicates,
                                  struct dev_status *status)
{
    struct walk walk = {.duplicates = duplicates};
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root) && !yyjson_is_null(root)) {
        struct strbuf text cleanup_strbuf = {0};
        strbuf_printf(&text,
                      "json: cannot unmarshal %s into Go value of type struct { APIVersion string "
                      "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                      "\"json:\\\"kind,omitempty\\\"\" }",
                      dev_body_go_name(root));
        no_json(resource, body, text.data, status);
        return NULL;
    }
    bool is_flat_enough = walk_value(&walk, root);
    strbuf_fini(&walk.path);
    if (!is_flat_enough) {
        no_json(resource, body, "exceeded max depth", status);
        return NULL;
    }
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    must(copy);
    if (yyjson_is_null(root))
        yyjson_mut_doc_set_root(copy, yyjson_mut_obj(copy));
    if (walk.has_duplicates)
        drop_duplicates(yyjson_mut_doc_get_root(copy));
    return copy;
}

static bool keep_json(void *ctx, struct str json, struct error *err)
{
    struct strbuf *out = ctx;
    if (out->len > 0)
        return error_set(err, ERROR_INVALID, "more than one document");
    strbuf_append(out, json);
    return true;
}

/* The body as JSON, in `converted` where it is something else. */
static bool body_as_json(struct str content_type, struct str body,
                         const struct dev_resource *resource, struct strbuf *converted,
                         struct str *out, struct dev_status *status)
{
    struct error err = {0};
    enum dev_media media = dev_body_media(content_type);
    *out = body;
    if (media == DEV_MEDIA_JSON)
        return true;
    if (media == DEV_MEDIA_OTHER)
        return dev_body_unsupported(status);
    bool is_read = media == DEV_MEDIA_YAML ? dev_yaml_each(body, keep_json, converted, &err)
                                           : dev_protobuf_to_json(body, converted, &err);
    *out = strbuf_str(converted);
    if (!is_read && media == DEV_MEDIA_PROTOBUF && err.code == ERROR_NOT_FOUND)
        return dev_body_unsupported(status);
    return is_read || unrecognized(resource, body, err.text, status);
}

yyjson_mut_doc *dev_body_read_object(struct str content_type, struct str body,
                                     const struct dev_resource *resource,
                                     const struct dev_version *version, struct strbuf *duplicates,
                                     struct arena *arena, struct dev_status *status)
{
    struct strbuf converted cleanup_strbuf = {0};
    char problem[DEV_BODY_PROBLEM_MAX];
    yyjson_doc *doc = NULL;
    struct str text;
    if (!body_as_json(content_type, body, resource, &converted, &text, status))
        return NULL;
    const char *wrong = dev_body_read_json(text, &doc, problem);
    if (wrong) {
        no_json(resource, body, wrong, status);
        return NULL;
    }
    yyjson_mut_doc *copy = to_mutable(doc, body, resource, duplicates, status);
    yyjson_doc_free(doc);
    if (!copy)
        return NULL;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(copy);
    if (resource->is_custom && str_is_empty(dev_edit_str(root, "kind"))) {
        struct strbuf message cleanup_strbuf = {0};
        strbuf_printf(&message, "Object 'Kind' is missing in '" STR_FMT "'",
                      STR_ARG(str_trim(text)));
        unrecognized(resource, body, message.data, status);
    } else if (dev_body_check_kind(resource, version, copy, root, arena, status)) {
        return copy;
    }
    yyjson_mut_doc_free(copy);
    return NULL;
}

static void write_group_version(const struct dev_resource *resource,
                                const struct dev_version *version, struct strbuf *out)
{
    strbuf_printf(out, STR_FMT "%s" STR_FMT, STR_ARG(resource->group),
                  str_is_empty(resource->group) ? "" : "/", STR_ARG(version->name));
}

static bool check_custom(const struct dev_resource *resource, yyjson_mut_val *object,
                         struct str wanted, struct arena *arena, struct dev_status *status)
{
    struct dev_causes causes = {0};
    struct strbuf message cleanup_strbuf = {0};
    struct str api_version = dev_edit_str(object, "apiVersion");
    struct str kind = dev_edit_str(object, "kind");
    if (!str_eq(api_version, wanted))
        return dev_status_bad_request(status,
                                      "the API version in the data (" STR_FMT
                                      ") does not match the expected API version (" STR_FMT ")",
                                      STR_ARG(api_version), STR_ARG(wanted));
    if (str_eq(kind, resource->kind))
        return true;
    strbuf_append_cstr(&message, "Invalid value: ");
    strbuf_append_json(&message, kind);
    strbuf_printf(&message, ": must be " STR_FMT, STR_ARG(resource->kind));
    dev_causes_add(&causes, "FieldValueInvalid", STR("kind"), strbuf_str(&message));
    struct str name = dev_edit_str(yyjson_mut_obj_get(object, "metadata"), "name");
    return dev_status_invalid(status, resource->group, arena_dup_str(arena, kind),
                              arena_dup_str(arena, name), &causes);
}

const char *dev_body_go_name(yyjson_val *value)
{
    if (yyjson_is_arr(value))
        return "array";
    if (yyjson_is_str(value))
        return "string";
    return yyjson_is_bool(value) ? "bool" : "number";
}

bool dev_body_check_kind(const struct dev_resource *resource, const struct dev_version *version,
                         yyjson_mut_doc *doc, yyjson_mut_val *object, struct arena *arena,
                         struct dev_status *status)
{
    struct strbuf wanted cleanup_strbuf = {0};
    struct str kind = dev_edit_str(object, "kind");
    struct str api_version = dev_edit_str(object, "apiVersion");
    write_group_version(resource, version, &wanted);
    if (resource->is_custom)
        return check_custom(resource, object, strbuf_str(&wanted), arena, status);
    if (str_is_empty(kind))
        kind = resource->kind;
    if (str_is_empty(api_version))
        api_version = strbuf_str(&wanted);
    if (!str_eq(kind, resource->kind) || !str_eq(api_version, strbuf_str(&wanted)))
        return dev_status_bad_request(status,
                                      STR_FMT " in version \"" STR_FMT
                                              "\" cannot be handled as a " STR_FMT
                                              ": " DEV_BODY_NO_KIND,
                                      STR_ARG(kind), STR_ARG(api_version), STR_ARG(resource->kind),
                                      STR_ARG(kind), STR_ARG(api_version));
    dev_edit_put_str(doc, object, "kind", resource->kind);
    dev_edit_put_str(doc, object, "apiVersion", strbuf_str(&wanted));
    return true;
}
