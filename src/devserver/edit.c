#include "devserver/edit.h"

#include "base/must.h"

struct str dev_edit_value_str(yyjson_mut_val *value)
{
    const char *text = yyjson_mut_get_str(value);
    return text ? (struct str){text, yyjson_mut_get_len(value)} : STR("");
}

struct str dev_edit_str(yyjson_mut_val *object, const char *key)
{
    return dev_edit_value_str(yyjson_mut_obj_get(object, key));
}

int64_t dev_edit_int(yyjson_mut_val *object, const char *key, int64_t otherwise)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(object, key);
    if (yyjson_mut_is_sint(value))
        return yyjson_mut_get_sint(value);
    if (yyjson_mut_is_uint(value) && yyjson_mut_get_uint(value) <= INT64_MAX)
        return (int64_t)yyjson_mut_get_uint(value);
    return otherwise;
}

void dev_edit_put(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                  yyjson_mut_val *value)
{
    yyjson_mut_val *name = yyjson_mut_str(doc, key);
    must(name);
    yyjson_mut_obj_put(object, name, value);
}

yyjson_mut_val *dev_edit_object(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *member = yyjson_mut_obj_get(object, key);
    if (yyjson_mut_is_obj(member))
        return member;
    member = yyjson_mut_obj(doc);
    must(member);
    dev_edit_put(doc, object, key, member);
    return member;
}

void dev_edit_put_str(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                      struct str value)
{
    yyjson_mut_val *text = yyjson_mut_strncpy(doc, value.ptr ? value.ptr : "", value.len);
    must(text);
    dev_edit_put(doc, object, key, text);
}

void dev_edit_put_int(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, int64_t value)
{
    yyjson_mut_val *number =
        value < 0 ? yyjson_mut_sint(doc, value) : yyjson_mut_uint(doc, (uint64_t)value);
    must(number);
    dev_edit_put(doc, object, key, number);
}

void dev_edit_remove(yyjson_mut_val *object, const char *key)
{
    yyjson_mut_obj_remove_key(object, key);
}

void dev_edit_copy(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_mut_val *from,
                   const char *key)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(from, key);
    dev_edit_put(doc, object, key, value ? yyjson_mut_val_mut_copy(doc, value) : NULL);
}

bool dev_edit_array_has(yyjson_mut_val *array, struct str text)
{
    size_t i, max;
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(array, i, max, value)
    {
        if (str_eq(dev_edit_value_str(value), text))
            return true;
    }
    return false;
}

bool dev_edit_array_remove(yyjson_mut_val *array, struct str text)
{
    size_t i, max;
    yyjson_mut_val *value;
    yyjson_mut_arr_foreach(array, i, max, value)
    {
        if (str_eq(dev_edit_value_str(value), text)) {
            yyjson_mut_arr_remove(array, i);
            return true;
        }
    }
    return false;
}

bool dev_edit_same(yyjson_mut_val *a, yyjson_mut_val *b)
{
    return a && b ? yyjson_mut_equals(a, b) : a == b;
}
