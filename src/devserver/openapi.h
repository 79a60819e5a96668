/* OpenAPI v3: /openapi/v3 and below it a document for each group and version, good for `kubectl
 * explain` and for what kubectl asks before it sends (fieldValidation, dryRun, kinds of patch). */
#pragma once
#include <stdbool.h>

#include "base/str.h"
#include "devserver/discovery.h"
#include "devserver/registry.h"

/* False: there is none, the answer is 404. /openapi/v2 is there and empty: kubectl falls back to it
 * for kinds that v3 does not know, and then says that they do not exist. */
bool dev_openapi_document(const struct dev_registry *registry, struct str path,
                          struct dev_document *out);
