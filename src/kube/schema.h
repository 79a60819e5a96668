/* Whether the schema that the server has of a kind knows a field: a server drops unknown fields of
 * a custom resource without a word, so what is optional between versions of a CRD is asked for
 * first. Source: the OpenAPI v3 document of the kind's group and version. */
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/model/kind.h"
#include "kube/path.h"

/* err NULL: has_field is the answer. */
typedef void kube_schema_fn(void *ctx, bool has_field, const struct error *err);

/* One GET; the callback comes once, later. `path` is the names of properties from the object's root
 * on, NULL-terminated, where "[]" steps into a list's items; `kind` and `path` are static. */
void kube_schema_ask(struct kube_client *client, const struct kube_resource *resource,
                     const struct kube_kind *kind, const char *const *path, kube_schema_fn *fn,
                     void *ctx);

/* Pure. ERROR_INVALID: no OpenAPI document; ERROR_NOT_FOUND: it does not have the kind. */
must_check bool kube_schema_find(struct str document, const struct kube_kind *kind,
                                 const char *const *path, bool *has_field, struct error *err);
