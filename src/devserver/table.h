/* The columns of `kubectl get`: those of a CustomResourceDefinition, and the ones that the real
 * server has for built-in kinds. */
#pragma once
#include <yyjson.h>

#include "base/strbuf.h"
#include "devserver/registry.h"

/* "columnDefinitions" as a JSON array, appended. */
void dev_table_columns(const struct dev_resource *resource, const struct dev_version *version,
                       struct strbuf *out);
/* The cells of one stored object as a JSON array, appended. */
void dev_table_cells(const struct dev_resource *resource, const struct dev_version *version,
                     yyjson_val *stored, int64_t now_ms, struct strbuf *out);
