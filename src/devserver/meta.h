/* metav1.ObjectMeta: read strictly, checked on create and update. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "devserver/registry.h"

/* Puts metadata into the form that the typed object would have: fields of wrong types are
 * ERROR_INVALID in the words of Go's decoder, unknown ones are dropped (collected in *unknown as
 * "metadata.foo", one a line; NULL: not wanted), as are empty ones, selfLink and managedFields. */
must_check bool dev_meta_decode(const struct dev_resource *resource, yyjson_mut_doc *doc,
                                yyjson_mut_val *object, struct strbuf *unknown, struct error *err);

/* Appends what is wrong with a new object, or with what an object is to become. */
void dev_meta_validate(const struct dev_resource *resource, yyjson_mut_val *metadata,
                       struct dev_causes *causes);
/* And what may not change. */
void dev_meta_validate_update(yyjson_mut_val *metadata, yyjson_mut_val *old_metadata,
                              struct dev_causes *causes);

bool dev_meta_is_deleting(yyjson_mut_val *metadata);
bool dev_meta_has_finalizers(yyjson_mut_val *metadata);
