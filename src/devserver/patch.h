/* Patches of JSON documents: JSON Patch (RFC 6902), merge patch (RFC 7386), and a simple
 * server-side apply (what the manifest says wins; managedFields are not kept, so nothing is ever
 * removed by leaving it out, which is said in docs). */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/str.h"

/* Changes *object in place or replaces it. ERROR_INVALID with detail 400: malformed patch;
 * ERROR_INVALID with detail 422: it does not apply (a failed test, a path that is not there), with
 * the words of the real server. Bounded in operations (10,000, as kube-apiserver) and depth. */
must_check bool dev_patch_json(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *operations,
                               struct error *err);
void dev_patch_merge(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *patch);
/* As merge, but lists of maps with a known key (x-kubernetes-list-map-keys, or name) are merged by
 * it where the schema says so. */
void dev_patch_apply(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *manifest,
                     yyjson_val *schema_json);
