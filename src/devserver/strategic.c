#include "devserver/strategic.h"

#include "base/must.h"
#include "devserver/depth.h"
#include "devserver/edit.h"
#include "kube/model/json.h"

/* How the lists of the built-in kinds are merged; others are replaced. key NULL: by value. */
struct merged_list {
    const char *name;
    const char *key;
};
static const struct merged_list merged_lists[] = {
    {"finalizers", NULL},
    {"ownerReferences", "uid"},
    {"secrets", "name"},
    {"imagePullSecrets", "name"},
};

static const struct merged_list *find_merged(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(merged_lists); i++) {
        if (str_eq_cstr(name, merged_lists[i].name))
            return &merged_lists[i];
    }
    return NULL;
}

static void put(yyjson_mut_doc *doc, yyjson_mut_val *object, struct str name, yyjson_mut_val *value)
{
    yyjson_mut_val *key = yyjson_mut_strncpy(doc, name.ptr, name.len);
    must(key);
    yyjson_mut_obj_put(object, key, value);
}

static yyjson_mut_val *copy(yyjson_mut_doc *doc, yyjson_val *value)
{
    yyjson_mut_val *result = yyjson_val_mut_copy(doc, value);
    must(result);
    return result;
}

static void merge_object(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_val *patch);

static struct str directive_of(yyjson_val *patch)
{
    return json_str(patch, "$patch");
}

/* A new value: what it would be as a patch of nothing. */
static yyjson_mut_val *from_nothing(yyjson_mut_doc *doc, yyjson_val *value)
{
    if (!yyjson_is_obj(value))
        return copy(doc, value);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    must(object);
    merge_object(doc, object, value);
    return object;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

static yyjson_mut_val *find_item(yyjson_mut_val *list, const char *key, yyjson_val *wanted,
                                 size_t *index)
{
    size_t i, max;
    yyjson_mut_val *item;
    yyjson_mut_arr_foreach(list, i, max, item)
    {
        *index = i;
        struct str have = key ? dev_edit_str(item, key) : dev_edit_value_str(item);
        if (str_eq(have, key ? json_str(wanted, key) : json_value_str(wanted)))
            return item;
    }
    return NULL;
}

/* New values come in front, as strategic merge has it. */
static void merge_values(yyjson_mut_doc *doc, yyjson_mut_val *list, yyjson_val *values)
{
    size_t i, max, index;
    size_t at = 0;
    yyjson_val *value;
    yyjson_arr_foreach(values, i, max, value)
    {
        if (!find_item(list, NULL, value, &index))
            yyjson_mut_arr_insert(list, copy(doc, value), at++);
    }
}

static void merge_items(yyjson_mut_doc *doc, yyjson_mut_val *list, const char *key,
                        yyjson_val *items)
{
    size_t i, max, index;
    yyjson_val *patch;
    yyjson_arr_foreach(items, i, max, patch)
    {
        yyjson_mut_val *item = find_item(list, key, patch, &index);
        struct str directive = directive_of(patch);
        if (str_eq_cstr(directive, "delete") && item)
            yyjson_mut_arr_remove(list, index);
        else if (str_eq_cstr(directive, "delete") || str_eq_cstr(directive, "replace"))
            continue;
        else if (item)
            merge_object(doc, item, patch);
        else
            yyjson_mut_arr_append(list, from_nothing(doc, patch));
    }
}

static bool replaces_list(yyjson_val *items)
{
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(items, i, max, item)
    {
        if (str_eq_cstr(directive_of(item), "replace"))
            return true;
    }
    return false;
}

static void merge_list(yyjson_mut_doc *doc, yyjson_mut_val *object, struct str name,
                       const struct merged_list *how, yyjson_val *items)
{
    yyjson_mut_val *list = yyjson_mut_obj_getn(object, name.ptr, name.len);
    if (!yyjson_mut_is_arr(list) || (how->key && replaces_list(items))) {
        list = yyjson_mut_arr(doc);
        must(list);
        put(doc, object, name, list);
    }
    if (how->key)
        merge_items(doc, list, how->key, items);
    else
        merge_values(doc, list, items);
}

static void delete_values(yyjson_mut_val *object, struct str name, yyjson_val *values)
{
    size_t i, max;
    yyjson_val *value;
    yyjson_mut_val *list = yyjson_mut_obj_getn(object, name.ptr, name.len);
    yyjson_arr_foreach(values, i, max, value)
    {
        while (dev_edit_array_remove(list, json_value_str(value)))
            ;
    }
}

/* ---- objects ----------------------------------------------------------------------------------
 */

static void retain_keys(yyjson_mut_val *object, yyjson_val *keys)
{
    yyjson_mut_obj_iter iter;
    yyjson_mut_val *key;
    yyjson_mut_obj_iter_init(object, &iter);
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        size_t i, max;
        yyjson_val *kept;
        bool is_kept = false;
        yyjson_arr_foreach(keys, i, max, kept) is_kept =
            is_kept || str_eq(json_value_str(kept), dev_edit_value_str(key));
        if (!is_kept)
            yyjson_mut_obj_iter_remove(&iter);
    }
}

/* True: the member was a directive. */
static bool obey(yyjson_mut_val *object, struct str name, yyjson_val *value)
{
    static const struct str from_list = {"$deleteFromPrimitiveList/", 25};
    if (name.len == 0 || name.ptr[0] != '$')
        return false;
    if (str_starts_with(name, from_list))
        delete_values(object, str_skip(name, from_list.len), value);
    else if (str_eq_cstr(name, "$retainKeys"))
        retain_keys(object, value);
    return true; /* $patch was seen to; the order of elements is nobody's contract here */
}

static void merge_member(yyjson_mut_doc *doc, yyjson_mut_val *object, struct str name,
                         yyjson_val *value)
{
    yyjson_mut_val *member = yyjson_mut_obj_getn(object, name.ptr, name.len);
    const struct merged_list *how = yyjson_is_arr(value) ? find_merged(name) : NULL;
    if (yyjson_is_null(value) ||
        (yyjson_is_obj(value) && str_eq_cstr(directive_of(value), "delete")))
        yyjson_mut_obj_remove_keyn(object, name.ptr, name.len);
    else if (yyjson_is_obj(value) && yyjson_mut_is_obj(member))
        merge_object(doc, member, value);
    else if (how)
        merge_list(doc, object, name, how, value);
    else
        put(doc, object, name, from_nothing(doc, value));
}

static void merge_object(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_val *patch)
{
    size_t i, max;
    yyjson_val *key, *value;
    if (str_eq_cstr(directive_of(patch), "replace"))
        yyjson_mut_obj_clear(object);
    yyjson_obj_foreach(patch, i, max, key, value)
    {
        struct str name = json_value_str(key);
        if (!obey(object, name, value))
            merge_member(doc, object, name, value);
    }
}

bool dev_strategic_merge(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *patch,
                         struct error *err)
{
    if (!yyjson_is_obj(patch))
        return error_set(err, ERROR_INVALID,
                         "json: cannot unmarshal %s into Go value of type map[string]interface {}",
                         yyjson_is_arr(patch) ? "array" : yyjson_get_type_desc(patch));
    if (!dev_json_fits(patch, DEV_JSON_MAX_DEPTH))
        return error_set(err, ERROR_INVALID, DEV_JSON_TOO_DEEP);
    merge_object(doc, *object, patch);
    return true;
}
