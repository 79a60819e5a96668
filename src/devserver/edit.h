/* Changing JSON documents member by member. Keys are static texts; values of texts are copied. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "base/str.h"

struct str dev_edit_str(yyjson_mut_val *object, const char *key); /* empty: absent or no string */
struct str dev_edit_value_str(yyjson_mut_val *value);
int64_t dev_edit_int(yyjson_mut_val *object, const char *key, int64_t otherwise);
/* The member as an object, made when it is absent or something else. */
yyjson_mut_val *dev_edit_object(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key);
/* Sets, in place of what is there. `value` NULL: removes. */
void dev_edit_put(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                  yyjson_mut_val *value);
void dev_edit_put_str(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                      struct str value);
void dev_edit_put_int(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, int64_t value);
void dev_edit_remove(yyjson_mut_val *object, const char *key);
/* The same member as in `from` (copied), which may have none. */
void dev_edit_copy(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_mut_val *from,
                   const char *key);
bool dev_edit_array_has(yyjson_mut_val *array, struct str text); /* NULL is an empty array */
bool dev_edit_array_remove(yyjson_mut_val *array, struct str text);
/* Both absent, or equal. */
bool dev_edit_same(yyjson_mut_val *a, yyjson_mut_val *b);
