/* What an object becomes on its way into the store: fields that belong to the server, parts that a
 * request may not change. */
#pragma once
#include "devserver/write.h"

/* In the client's version, before validation. */
void dev_prepare_create(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object);
void dev_prepare_update(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object,
                        yyjson_mut_val *before);

bool dev_is_definition(const struct dev_resource *resource); /* CustomResourceDefinition */
bool dev_is_namespace(const struct dev_resource *resource);
/* In metadata, or of a Namespace in spec. */
bool dev_has_any_finalizer(const struct dev_resource *resource, yyjson_mut_val *object);
