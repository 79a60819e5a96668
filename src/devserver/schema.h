/* Structural schemas of CustomResourceDefinitions (openAPIV3Schema), compiled once: pruning of
 * unknown fields, defaults, validation with messages as kube-apiserver gives them. CEL rules
 * (x-kubernetes-validations) are not evaluated; compiling counts them so that it can be said. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

struct dev_schema;
/* `json` is the schema object, kept alive by the schema (copied). */
must_check bool dev_schema_compile(yyjson_val *json, struct dev_schema **out, struct error *err);
void dev_schema_free(struct dev_schema *schema);
size_t dev_schema_cel_rules(const struct dev_schema *schema);
yyjson_val *dev_schema_json(const struct dev_schema *schema); /* as given, for OpenAPI */

/* Changes the object in place. metadata, apiVersion and kind are left alone at the root and in
 * embedded resources. *unknown collects dropped fields as "spec.foo", one a line (for
 * fieldValidation Warn and Strict); NULL: not wanted. */
void dev_schema_prune(const struct dev_schema *schema, yyjson_mut_doc *doc, yyjson_mut_val *object,
                      struct strbuf *unknown);
void dev_schema_default(const struct dev_schema *schema, yyjson_mut_doc *doc,
                        yyjson_mut_val *object);

/* One cause of a 422, as in Status.details.causes and, joined, in its message:
 * `spec.size: Invalid value: "x": spec.size in body must be of type integer: "string"`. */
struct dev_cause {
    struct str reason; /* "FieldValueRequired" */
    struct str field;
    struct str message;
};
struct dev_causes {
    struct dev_cause *items; /* owned, as are the texts */
    size_t count;
    size_t capacity;
};
/* Appends what is wrong; nothing: valid. */
void dev_schema_validate(const struct dev_schema *schema, yyjson_mut_val *object,
                         struct dev_causes *out);
void dev_causes_add(struct dev_causes *causes, const char *reason, struct str field,
                    struct str message);
void dev_causes_fini(struct dev_causes *causes);
