/* Lists of objects, taken apart. */
#pragma once
#include <yyjson.h>

#include "devserver/yaml.h"

/* Calls fn for the document, or for each item of it when it is a List or a FooList (whose items
 * may leave out apiVersion and kind), of lists in lists too. Nothing for null. Stops at the first
 * false. Documents are no deeper than DEV_JSON_MAX_DEPTH. */
must_check bool dev_yaml_each_item(yyjson_val *document, dev_yaml_fn *fn, void *ctx,
                                   struct error *err);
