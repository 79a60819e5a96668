#include "devserver/patch_refuse.h"

#include <stdarg.h>
#include <stdio.h>

bool dev_patch_refuse(struct error *err, int status, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    error_set(err, ERROR_INVALID, "%s", text);
    err->detail = status;
    return false;
}

static const char *type_name(yyjson_val *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_OBJ:
        return "object";
    case YYJSON_TYPE_ARR:
        return "array";
    case YYJSON_TYPE_STR:
        return "string";
    case YYJSON_TYPE_BOOL:
        return "bool";
    case YYJSON_TYPE_NULL:
        return "null";
    default:
        return "number";
    }
}

bool dev_patch_refuse_type(struct error *err, const char *what, yyjson_val *value,
                           const char *go_type)
{
    return dev_patch_refuse(err, 400, "%s: json: cannot unmarshal %s into Go %s", what,
                            type_name(value), go_type);
}
