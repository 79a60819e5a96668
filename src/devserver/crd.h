/* CustomResourceDefinitions (apiextensions.k8s.io/v1): what one defines, and its status. */
#pragma once
#include <stdint.h>
#include <yyjson.h>

#include "devserver/registry.h"
#include "devserver/schema.h"

/* Fills in what the server fills in, on create and on each update, before it is validated and
 * stored: names.singular, names.listKind, conversion; status with acceptedNames, storedVersions and
 * the conditions NamesAccepted and Established, which are true at once here. What status says
 * already stays (an update starts from the old object's status). */
void dev_crd_complete(yyjson_mut_doc *doc, yyjson_mut_val *crd, int64_t now_ms);

/* The resource that it defines, with one reference; NULL: *causes says what is wrong. */
struct dev_resource *dev_crd_read(yyjson_val *crd, struct dev_causes *causes);
