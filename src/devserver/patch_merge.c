#include "base/must.h"
#include "devserver/depth.h"
#include "devserver/patch.h"
#include "devserver/patch_refuse.h"

/* Recursion is bounded by the depth of the patch, which was checked. */
static yyjson_mut_val *copy_without_nulls(yyjson_mut_doc *doc, yyjson_val *value);

static yyjson_mut_val *copy_object(yyjson_mut_doc *doc, yyjson_val *object)
{
    yyjson_mut_val *copy = yyjson_mut_obj(doc);
    size_t i, max;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, i, max, key, value)
    {
        if (!yyjson_is_null(value))
            must(yyjson_mut_obj_put(copy, yyjson_val_mut_copy(doc, key),
                                    copy_without_nulls(doc, value)));
    }
    return copy;
}

static yyjson_mut_val *copy_array(yyjson_mut_doc *doc, yyjson_val *array)
{
    yyjson_mut_val *copy = yyjson_mut_arr(doc);
    size_t i, max;
    yyjson_val *value;
    yyjson_arr_foreach(array, i, max, value)
    {
        must(yyjson_mut_arr_append(copy, copy_without_nulls(doc, value)));
    }
    return copy;
}

static yyjson_mut_val *copy_without_nulls(yyjson_mut_doc *doc, yyjson_val *value)
{
    if (yyjson_is_obj(value))
        return copy_object(doc, value);
    if (yyjson_is_arr(value))
        return copy_array(doc, value);
    return yyjson_val_mut_copy(doc, value);
}

static void merge(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_val *patch)
{
    size_t i, max;
    yyjson_val *key, *value;
    yyjson_obj_foreach(patch, i, max, key, value)
    {
        const char *name = yyjson_get_str(key);
        size_t name_len = yyjson_get_len(key);
        yyjson_mut_val *old = yyjson_mut_obj_getn(object, name, name_len);
        if (yyjson_is_null(value))
            yyjson_mut_obj_remove_keyn(object, name, name_len);
        else if (yyjson_is_obj(value) && yyjson_mut_is_obj(old))
            merge(doc, old, value);
        else
            must(yyjson_mut_obj_put(object, yyjson_val_mut_copy(doc, key),
                                    copy_without_nulls(doc, value)));
    }
}

bool dev_patch_merge(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *patch,
                     struct error *err)
{
    if (yyjson_is_null(patch))
        return dev_patch_refuse(err, 400, "Invalid JSON Patch");
    if (!yyjson_is_obj(patch))
        return dev_patch_refuse_type(err, "error decoding patch", patch,
                                     "value of type map[string]interface {}");
    if (!dev_json_fits(patch, DEV_JSON_MAX_DEPTH))
        return dev_patch_refuse(err, 400, "error decoding patch: " DEV_JSON_TOO_DEEP);
    must(yyjson_mut_is_obj(*object));
    merge(doc, *object, patch);
    return true;
}
