#include "kube/model/json.h"

struct str json_value_str(yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    return text ? (struct str){text, yyjson_get_len(value)} : STR("");
}

struct str json_str(yyjson_val *object, const char *key)
{
    return json_value_str(yyjson_obj_get(object, key));
}

yyjson_val *json_object(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_obj(value) ? value : NULL;
}

yyjson_val *json_array(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_arr(value) ? value : NULL;
}

bool json_bool(yyjson_val *object, const char *key)
{
    return yyjson_get_bool(yyjson_obj_get(object, key));
}

int64_t json_int(yyjson_val *object, const char *key, int64_t otherwise)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    if (yyjson_is_sint(value))
        return yyjson_get_sint(value);
    if (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX)
        return (int64_t)yyjson_get_uint(value);
    return otherwise;
}

static uint32_t count_strs(yyjson_val *array)
{
    uint32_t count = 0;
    size_t i, max;
    yyjson_val *value;
    yyjson_arr_foreach(array, i, max, value) count += yyjson_is_str(value);
    return count;
}

const struct str *json_strs(yyjson_val *object, const char *key, struct arena *arena,
                            uint32_t *count_out)
{
    yyjson_val *array = json_array(object, key);
    *count_out = count_strs(array);
    if (*count_out == 0)
        return NULL;
    struct str *strs = arena_new_array(arena, struct str, *count_out);
    size_t i, max, filled = 0;
    yyjson_val *value;
    yyjson_arr_foreach(array, i, max, value)
    {
        if (yyjson_is_str(value))
            strs[filled++] = arena_dup_str(arena, json_value_str(value));
    }
    return strs;
}

yyjson_doc *json_read(struct str text, struct error *err)
{
    if (str_is_empty(text)) {
        error_set(err, ERROR_INVALID, "not JSON: empty");
        return NULL;
    }
    yyjson_read_err problem = {0};
    /* yyjson writes to its input only when told to read in place. */
    char *input = (char *)(uintptr_t)text.ptr;
    yyjson_doc *doc = yyjson_read_opts(input, text.len, YYJSON_READ_NOFLAG, NULL, &problem);
    if (!doc)
        error_set(err, ERROR_INVALID, "not JSON: %s at byte %zu", problem.msg, problem.pos);
    return doc;
}
