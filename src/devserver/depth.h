/* How deep JSON is nested: checked once where it comes in, so that what walks it may recurse. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <yyjson.h>

/* kube-apiserver stops at 10,000. */
enum { DEV_JSON_MAX_DEPTH = 1000 };
#define DEV_JSON_TOO_DEEP "exceeded max depth" /* how its texts say it */

/* Not more than `levels` arrays and objects within each other. */
bool dev_json_fits(yyjson_val *value, size_t levels);
bool dev_json_mut_fits(yyjson_mut_val *value, size_t levels);
