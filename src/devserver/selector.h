/* Label selectors ("a=b,c in (d,e),!f") and the field selectors that custom resources have
 * (metadata.name, metadata.namespace, =, ==, !=), and for Events those on involvedObject, reason,
 * type. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/str.h"

struct dev_selector;
/* Either text may be empty. ERROR_INVALID: with kube-apiserver's words (400). */
must_check bool dev_selector_parse(struct str labels, struct str fields, struct str resource_id,
                                   struct dev_selector **out, struct error *err);
void dev_selector_free(struct dev_selector *selector);
bool dev_selector_is_empty(const struct dev_selector *selector);
bool dev_selector_matches(const struct dev_selector *selector, yyjson_val *object);
