/* The kinds that need no CustomResourceDefinition, and what the server fills in for them. */
#pragma once
#include <stddef.h>
#include <yyjson.h>

#include "devserver/registry.h"

/* Built anew, each with one reference. NULL: no more. */
struct dev_resource *dev_builtin_new(size_t index);

/* What the real server sets on create and update, in the stored form: a Namespace's phase, its own
 * finalizer and its label of the name, a Secret's type and its stringData. Nothing for others. */
void dev_builtin_default(const struct dev_resource *resource, yyjson_mut_doc *doc,
                         yyjson_mut_val *object);
