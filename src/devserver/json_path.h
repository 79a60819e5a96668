/* The simple JSON paths of additionalPrinterColumns: .spec.a, ['a.b'], .a\.b, [0], [-1], [*] and
 * [?(@.type=="Ready")]. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct dev_json_path;
/* Lives in `arena`. ERROR_INVALID: in kube-apiserver's words. What it would take but is not listed
 * above finds nothing. */
must_check bool dev_json_path_compile(struct arena *arena, struct str text,
                                      struct dev_json_path **out, struct error *err);
/* The first value that is found, as kubectl's columns show it; NULL: none. */
yyjson_val *dev_json_path_find(const struct dev_json_path *path, yyjson_val *root);
