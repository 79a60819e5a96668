#include "devserver/schema_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

static const double WHOLE_MAX = 9007199254740991; /* 2^53 - 1 */

enum dev_schema_class dev_schema_class_of(yyjson_mut_val *value)
{
    switch (yyjson_mut_get_type(value)) {
    case YYJSON_TYPE_BOOL:
        return SCHEMA_CLASS_BOOLEAN;
    case YYJSON_TYPE_STR:
        return SCHEMA_CLASS_STRING;
    case YYJSON_TYPE_ARR:
        return SCHEMA_CLASS_ARRAY;
    case YYJSON_TYPE_OBJ:
        return SCHEMA_CLASS_OBJECT;
    case YYJSON_TYPE_NUM:
        if (yyjson_mut_is_sint(value) ||
            (yyjson_mut_is_uint(value) && yyjson_mut_get_uint(value) <= INT64_MAX))
            return SCHEMA_CLASS_INTEGER;
        return SCHEMA_CLASS_NUMBER;
    default:
        return SCHEMA_CLASS_NULL;
    }
}

const char *dev_schema_class_name(enum dev_schema_class class)
{
    static const char *const names[] = {
        [SCHEMA_CLASS_NULL] = "null",       [SCHEMA_CLASS_OBJECT] = "object",
        [SCHEMA_CLASS_ARRAY] = "array",     [SCHEMA_CLASS_STRING] = "string",
        [SCHEMA_CLASS_INTEGER] = "integer", [SCHEMA_CLASS_NUMBER] = "number",
        [SCHEMA_CLASS_BOOLEAN] = "boolean"};
    return names[class];
}

bool dev_schema_is_whole(double number)
{
    return fabs(number) <= WHOLE_MAX && floor(number) == number;
}

double dev_schema_number(yyjson_mut_val *value)
{
    return yyjson_mut_is_num(value) ? yyjson_mut_get_num(value) : 0;
}

/* The fewest digits that give the same number again; without exponent from 1e-4 up to 1e21. */
void dev_schema_number_append(double number, struct strbuf *out)
{
    char text[64];
    int precision = 0;
    if (dev_schema_is_whole(number)) {
        strbuf_printf(out, "%.0f", number);
        return;
    }
    do {
        snprintf(text, sizeof(text), "%.*e", precision, number);
    } while (strtod(text, NULL) != number && ++precision < 17);
    const char *e = strchr(text, 'e');
    int exponent = e ? atoi(e + 1) : 0;
    if (exponent >= -4 && exponent < 21 && exponent <= precision)
        snprintf(text, sizeof(text), "%.*f", precision - exponent, number);
    strbuf_append_cstr(out, text);
}

void dev_schema_value_append(yyjson_mut_val *value, struct strbuf *out)
{
    if (yyjson_mut_is_str(value)) {
        strbuf_append_json(out, (struct str){yyjson_mut_get_str(value), yyjson_mut_get_len(value)});
        return;
    }
    if (dev_schema_class_of(value) == SCHEMA_CLASS_NUMBER) {
        dev_schema_number_append(yyjson_mut_get_num(value), out);
        return;
    }
    char *text = yyjson_mut_val_write(value, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL);
    must(text);
    strbuf_append_cstr(out, text);
    free(text);
}
