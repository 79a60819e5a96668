/* Structural schemas of CustomResourceDefinitions (openAPIV3Schema), compiled once: pruning of
 * unknown fields, defaults, validation with messages as kube-apiserver gives them. CEL rules
 * (x-kubernetes-validations) are not evaluated; compiling counts them so that it can be said. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <yyjson.h>

#include "base/str.h"
#include "base/strbuf.h"

/* One cause of a 422, as in Status.details.causes and, joined, in its message:
 * `spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"`. */
struct dev_cause {
    struct str reason;  /* "FieldValueRequired" */
    struct str field;   /* "<nil>": of no field, as kube-apiserver writes it */
    struct str message; /* "Required value", "Invalid value: ..." */
};
struct dev_causes {
    struct dev_cause *items; /* owned, as are the texts */
    size_t count;
    size_t capacity;
};
/* Copies. From the thousandth on they are dropped: what is wrong is known by then. */
void dev_causes_add(struct dev_causes *causes, const char *reason, struct str field,
                    struct str message);
void dev_causes_fini(struct dev_causes *causes);

struct dev_schema;
/* `json` is the schema object, kept alive by the schema (copied); `field` is where it stands in its
 * CustomResourceDefinition. NULL: *causes says why it is not structural. */
struct dev_schema *dev_schema_compile(yyjson_val *json, struct str field,
                                      struct dev_causes *causes);
void dev_schema_free(struct dev_schema *schema);
size_t dev_schema_cel_rules(const struct dev_schema *schema);
yyjson_val *dev_schema_json(const struct dev_schema *schema); /* as given, for OpenAPI */

/* Changes the object in place. metadata, apiVersion and kind are left alone at the root and in
 * embedded resources. *unknown collects dropped fields as "spec.foo", one a line and sorted (for
 * fieldValidation Warn and Strict); NULL: not wanted. */
void dev_schema_prune(const struct dev_schema *schema, yyjson_mut_doc *doc, yyjson_mut_val *object,
                      struct strbuf *unknown);
/* Sets what is missing and has a default; a null that is not allowed counts as missing, and goes
 * where there is no default, as with kube-apiserver. */
void dev_schema_default(const struct dev_schema *schema, yyjson_mut_doc *doc,
                        yyjson_mut_val *object);
/* Appends what is wrong; nothing: valid. */
void dev_schema_validate(const struct dev_schema *schema, yyjson_mut_val *object,
                         struct dev_causes *out);
