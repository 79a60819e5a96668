/* How patches are refused: ERROR_INVALID with an HTTP status as detail. */
#pragma once
#include <yyjson.h>

#include "base/attr.h"
#include "base/error.h"

/* Both return false. */
bool dev_patch_refuse(struct error *err, int status, const char *fmt, ...) format_printf(3, 4);
/* 400 "<what>: json: cannot unmarshal <type of value> into Go <go_type>". */
bool dev_patch_refuse_type(struct error *err, const char *what, yyjson_val *value,
                           const char *go_type);
