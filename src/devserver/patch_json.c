#include "devserver/patch.h"

#include "base/must.h"
#include "base/strbuf.h"
#include "devserver/depth.h"
#include "devserver/patch_refuse.h"
#include "kube/model/json.h"

#define DECODING "error decoding patch"

enum { MAX_COPY_BYTES = 3 * 1024 * 1024 };

struct patcher {
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
    struct strbuf key; /* the path's last segment, decoded */
    size_t copied_bytes;
};

/* Where a path leads: a member or element that may be there or not. */
struct place {
    yyjson_mut_val *container;
    struct str key; /* valid until the next path is followed */
    size_t depth;   /* of the container; the root's is 1 */
};

static bool is_null(yyjson_mut_val *value)
{
    return value == NULL || yyjson_mut_is_null(value);
}

/* ---- paths -----------------------------------------------------------------------------------*/

static struct str decode_segment(struct patcher *p, struct str segment)
{
    strbuf_clear(&p->key);
    strbuf_append_cstr(&p->key, "");
    for (size_t i = 0; i < segment.len; i++) {
        char next = i + 1 < segment.len ? segment.ptr[i + 1] : '\0';
        bool is_escape = segment.ptr[i] == '~' && (next == '0' || next == '1');
        strbuf_append_char(&p->key, !is_escape ? segment.ptr[i] : next == '0' ? '~' : '/');
        i += is_escape;
    }
    return strbuf_str(&p->key);
}

/* An index below `bound`, or from the end when it is negative. */
static bool parse_index(struct str key, size_t bound, size_t *out)
{
    bool is_negative = str_starts_with(key, STR("-"));
    uint64_t number = 0;
    key = str_skip(key, is_negative || str_starts_with(key, STR("+")));
    if (!str_to_u64(key, &number))
        return false;
    if (is_negative && number > 0) {
        if (number > bound)
            return false;
        number = bound - number;
    }
    *out = (size_t)number;
    return number < bound;
}

/* False: an index that is none, or out of range. A member that is not there is NULL. */
static bool get(const struct place *at, yyjson_mut_val **out)
{
    size_t index = 0;
    if (yyjson_mut_is_obj(at->container)) {
        *out = yyjson_mut_obj_getn(at->container, at->key.ptr, at->key.len);
        return true;
    }
    if (!parse_index(at->key, yyjson_mut_arr_size(at->container), &index))
        return false;
    *out = yyjson_mut_arr_get(at->container, index);
    return true;
}

static bool find(struct patcher *p, struct str path, struct place *out)
{
    size_t slash = 0;
    if (!str_find(path, '/', &slash))
        return false;
    *out = (struct place){.container = p->root, .depth = 1};
    for (path = str_skip(path, slash + 1); str_find(path, '/', &slash);) {
        out->key = decode_segment(p, (struct str){path.ptr, slash});
        yyjson_mut_val *next = NULL;
        if (!get(out, &next) || !yyjson_mut_is_ctn(next))
            return false;
        out->container = next;
        out->depth++;
        path = str_skip(path, slash + 1);
    }
    out->key = decode_segment(p, path);
    return true;
}

/* ---- changes at a place ----------------------------------------------------------------------*/

static void put_member(struct patcher *p, const struct place *at, yyjson_mut_val *value)
{
    yyjson_mut_val *key = yyjson_mut_strncpy(p->doc, at->key.ptr, at->key.len);
    must(key != NULL && yyjson_mut_obj_put(at->container, key, value));
}

static bool add_at(struct patcher *p, const struct place *at, yyjson_mut_val *value)
{
    if (at->depth > DEV_JSON_MAX_DEPTH || !dev_json_mut_fits(value, DEV_JSON_MAX_DEPTH - at->depth))
        return false;
    if (yyjson_mut_is_obj(at->container)) {
        put_member(p, at, value);
        return true;
    }
    size_t count = yyjson_mut_arr_size(at->container);
    size_t index = count;
    if (!str_eq_cstr(at->key, "-") && !parse_index(at->key, count + 1, &index))
        return false;
    must(yyjson_mut_arr_insert(at->container, value, index));
    return true;
}

static bool remove_at(const struct place *at, yyjson_mut_val **removed)
{
    size_t index = 0;
    if (yyjson_mut_is_obj(at->container))
        *removed = yyjson_mut_obj_remove_keyn(at->container, at->key.ptr, at->key.len);
    else if (parse_index(at->key, yyjson_mut_arr_size(at->container), &index))
        *removed = yyjson_mut_arr_remove(at->container, index);
    return *removed != NULL;
}

static bool replace_at(struct patcher *p, const struct place *at, yyjson_mut_val *value)
{
    size_t index = 0;
    if (yyjson_mut_is_obj(at->container))
        return add_at(p, at, value);
    if (!parse_index(at->key, yyjson_mut_arr_size(at->container), &index) ||
        !dev_json_mut_fits(value, DEV_JSON_MAX_DEPTH - at->depth))
        return false;
    must(yyjson_mut_arr_replace(at->container, index, value) != NULL);
    return true;
}

/* ---- operations: false means that it does not apply ------------------------------------------*/

/* The operation's value; null where there is none. */
static yyjson_mut_val *copy_value(struct patcher *p, yyjson_val *operation)
{
    yyjson_val *value = yyjson_obj_get(operation, "value");
    yyjson_mut_val *copy = value ? yyjson_val_mut_copy(p->doc, value) : yyjson_mut_null(p->doc);
    must(copy != NULL);
    return copy;
}

static bool has_str(yyjson_val *operation, const char *key)
{
    return yyjson_is_str(yyjson_obj_get(operation, key));
}

static bool apply_add(struct patcher *p, yyjson_val *operation)
{
    struct place at;
    return find(p, json_str(operation, "path"), &at) && add_at(p, &at, copy_value(p, operation));
}

static bool apply_remove(struct patcher *p, yyjson_val *operation)
{
    struct place at;
    yyjson_mut_val *removed = NULL;
    return find(p, json_str(operation, "path"), &at) && remove_at(&at, &removed);
}

static bool apply_replace(struct patcher *p, yyjson_val *operation)
{
    yyjson_mut_val *value = copy_value(p, operation);
    if (has_str(operation, "path") && str_is_empty(json_str(operation, "path"))) {
        if (yyjson_mut_is_ctn(value))
            p->root = value;
        return yyjson_mut_is_ctn(value);
    }
    struct place at;
    return find(p, json_str(operation, "path"), &at) && replace_at(p, &at, value);
}

static bool apply_move(struct patcher *p, yyjson_val *operation)
{
    struct place from, to;
    yyjson_mut_val *value = NULL;
    return find(p, json_str(operation, "from"), &from) && remove_at(&from, &value) &&
           find(p, json_str(operation, "path"), &to) && add_at(p, &to, value);
}

/* Copies of copies grow without end: their sum has a limit. */
static bool count_copy(struct patcher *p, yyjson_mut_val *value)
{
    size_t len = 0;
    cleanup_free char *text = yyjson_mut_val_write(value, YYJSON_WRITE_NOFLAG, &len);
    p->copied_bytes += len;
    return text != NULL && p->copied_bytes <= MAX_COPY_BYTES;
}

static bool apply_copy(struct patcher *p, yyjson_val *operation)
{
    struct place from, to;
    yyjson_mut_val *value = NULL;
    if (!find(p, json_str(operation, "from"), &from) || !get(&from, &value) ||
        !find(p, json_str(operation, "path"), &to) || (value != NULL && !count_copy(p, value)))
        return false;
    yyjson_mut_val *copy = value ? yyjson_mut_val_mut_copy(p->doc, value) : yyjson_mut_null(p->doc);
    must(copy != NULL);
    return add_at(p, &to, copy);
}

static bool apply_test(struct patcher *p, yyjson_val *operation)
{
    yyjson_mut_val *want = copy_value(p, operation);
    if (has_str(operation, "path") && str_is_empty(json_str(operation, "path")))
        return yyjson_mut_equals(p->root, want);
    struct place at;
    yyjson_mut_val *value = NULL;
    if (!find(p, json_str(operation, "path"), &at) || !get(&at, &value))
        return false;
    return is_null(value) ? is_null(want) : yyjson_mut_equals(value, want);
}

static bool apply(struct patcher *p, yyjson_val *operation)
{
    static const struct {
        const char *name;
        bool (*apply)(struct patcher *p, yyjson_val *operation);
    } kinds[] = {
        {"add", apply_add},   {"remove", apply_remove}, {"replace", apply_replace},
        {"move", apply_move}, {"copy", apply_copy},     {"test", apply_test},
    };
    struct str name = json_str(operation, "op");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq_cstr(name, kinds[i].name))
            return kinds[i].apply(p, operation);
    }
    return false;
}

/* ---- the patch as a whole --------------------------------------------------------------------*/

static bool check_operation(yyjson_val *operation, struct error *err)
{
    static const struct {
        const char *name, *go_type;
    } members[] = {
        {"op", "struct field jsonPatchOp.op of type string"},
        {"path", "struct field jsonPatchOp.path of type string"},
        {"from", "struct field jsonPatchOp.from of type string"},
    };
    if (!yyjson_is_obj(operation) && !yyjson_is_null(operation))
        return dev_patch_refuse_type(err, DECODING, operation,
                                     "value of type handlers.jsonPatchOp");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        yyjson_val *member = yyjson_obj_get(operation, members[i].name);
        if (member != NULL && !yyjson_is_str(member) && !yyjson_is_null(member))
            return dev_patch_refuse_type(err, DECODING, member, members[i].go_type);
    }
    return true;
}

static bool check_operations(yyjson_val *operations, struct error *err)
{
    if (!yyjson_is_arr(operations))
        return dev_patch_refuse_type(err, DECODING, operations,
                                     "value of type []handlers.jsonPatchOp");
    if (!dev_json_fits(operations, DEV_JSON_MAX_DEPTH))
        return dev_patch_refuse(err, 400, DECODING ": " DEV_JSON_TOO_DEEP);
    size_t i, count;
    yyjson_val *operation;
    yyjson_arr_foreach(operations, i, count, operation)
    {
        if (!check_operation(operation, err))
            return false;
    }
    if (count <= DEV_PATCH_MAX_OPERATIONS)
        return true;
    return dev_patch_refuse(
        err, 413,
        "Request entity too large: The allowed maximum operations in a JSON patch is "
        "%d, got %zu",
        DEV_PATCH_MAX_OPERATIONS, count);
}

static bool apply_all(struct patcher *p, yyjson_val *operations)
{
    size_t i, count;
    yyjson_val *operation;
    yyjson_arr_foreach(operations, i, count, operation)
    {
        if (!apply(p, operation))
            return false;
    }
    return true;
}

bool dev_patch_json(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *operations,
                    struct error *err)
{
    if (yyjson_is_null(operations)) /* as an empty list */
        return true;
    if (!check_operations(operations, err))
        return false;
    struct patcher p = {.doc = doc, .root = *object};
    bool is_applied = apply_all(&p, operations);
    strbuf_fini(&p.key);
    *object = p.root;
    if (is_applied)
        return true;
    return dev_patch_refuse(err, 422,
                            "the server rejected our request due to an error in our request");
}
