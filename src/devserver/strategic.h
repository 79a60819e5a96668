/* Strategic merge patches, as kubectl sends them for built-in kinds: a merge patch with lists that
 * are merged (metadata.finalizers by value, metadata.ownerReferences by uid, a ServiceAccount's
 * secrets and imagePullSecrets by name) and with directives ($patch, $deleteFromPrimitiveList,
 * $setElementOrder, $retainKeys). */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/error.h"

/* Changes *object in place or replaces it; nothing of the patch's own document stays.
 * ERROR_INVALID: malformed. */
must_check bool dev_strategic_merge(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *patch,
                                    struct error *err);
