#include "devserver/depth.h"

bool dev_json_fits(yyjson_val *value, size_t levels)
{
    if (!yyjson_is_ctn(value))
        return true;
    if (levels == 0)
        return false;
    size_t i, max;
    yyjson_val *key, *child;
    yyjson_obj_foreach(value, i, max, key, child)
    {
        if (!dev_json_fits(child, levels - 1))
            return false;
    }
    yyjson_arr_foreach(value, i, max, child)
    {
        if (!dev_json_fits(child, levels - 1))
            return false;
    }
    return true;
}

bool dev_json_mut_fits(yyjson_mut_val *value, size_t levels)
{
    if (!yyjson_mut_is_ctn(value))
        return true;
    if (levels == 0)
        return false;
    size_t i, max;
    yyjson_mut_val *key, *child;
    yyjson_mut_obj_foreach(value, i, max, key, child)
    {
        if (!dev_json_mut_fits(child, levels - 1))
            return false;
    }
    yyjson_mut_arr_foreach(value, i, max, child)
    {
        if (!dev_json_mut_fits(child, levels - 1))
            return false;
    }
    return true;
}
