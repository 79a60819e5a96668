/* Objects between the form that is stored and the version that a client speaks. Custom resources
 * differ in apiVersion only (conversion strategy None); Event has two groups with different names
 * for the same fields, stored as the core one. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/str.h"
#include "base/strbuf.h"
#include "devserver/registry.h"

/* What a client sent, in place. */
void dev_convert_to_stored(const struct dev_resource *resource, yyjson_mut_doc *doc,
                           yyjson_mut_val *object);
/* What is stored, in place; fills in the defaults of that version. */
void dev_convert_to_version(const struct dev_resource *resource, const struct dev_version *version,
                            yyjson_mut_doc *doc, yyjson_mut_val *object);
/* The same as text. False: `stored` is that version's text already, *out is untouched. */
bool dev_convert_text(const struct dev_resource *resource, const struct dev_version *version,
                      struct str stored, struct strbuf *out);
