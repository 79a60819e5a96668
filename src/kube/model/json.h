/* Reading JSON that may be anything: a missing or mistyped member is simply absent. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct str json_str(yyjson_val *object, const char *key); /* empty: absent or no string; borrows */
yyjson_val *json_object(yyjson_val *object, const char *key); /* NULL: absent or no object */
yyjson_val *json_array(yyjson_val *object, const char *key);
bool json_bool(yyjson_val *object, const char *key); /* false unless true */
int64_t json_int(yyjson_val *object, const char *key, int64_t otherwise);
struct str json_value_str(yyjson_val *value); /* empty: no string */
/* Copies an array of strings to `arena`; other elements are left out. */
const struct str *json_strs(yyjson_val *object, const char *key, struct arena *arena,
                            uint32_t *count_out);
/* NULL and ERROR_INVALID when `text` is not one JSON value. Free with yyjson_doc_free. */
yyjson_doc *json_read(struct str text, struct error *err);
static inline void json_doc_cleanup(yyjson_doc **doc)
{
    yyjson_doc_free(*doc);
}
#define cleanup_json_doc cleanup_with(json_doc_cleanup)
