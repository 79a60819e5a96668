/* Patches of JSON documents: JSON Patch (RFC 6902), merge patch (RFC 7386), and a simple
 * server-side apply (what the manifest says wins; managedFields are not kept, so nothing is ever
 * removed by leaving it out, which is said in docs).
 *
 * Each changes *object in place or replaces it, and takes nothing from the patch's own document:
 * what it keeps is copied to `doc`. After a failure *object is half patched: throw it away. Errors
 * are ERROR_INVALID; detail is the HTTP status and the text the message that kube-apiserver
 * answers with:
 *   400  the patch is malformed
 *   413  more than 10,000 operations
 *   422  the patch does not apply (a test that fails, a path that is not there); kube-apiserver
 *        does not say which, so the text says it in front of its words, after a line break none
 * Documents are at most DEV_PATCH_MAX_DEPTH levels deep, the patched one too. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

enum { DEV_PATCH_MAX_DEPTH = 1000, DEV_PATCH_MAX_OPERATIONS = 10000 };

/* Where kube-apiserver is more liberal than RFC 6902 this is as well: an array's index may be
 * negative (from the end), and replace adds a member that is not there. */
must_check bool dev_patch_json(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *operations,
                               struct error *err);
/* The patch has to be an object, as kube-apiserver wants it. */
must_check bool dev_patch_merge(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *patch,
                                struct error *err);
/* As merge, but a null stays, and lists are merged where the schema (openAPIV3Schema; NULL: none)
 * says so: x-kubernetes-list-type map by its x-kubernetes-list-map-keys, set by value; so are
 * metadata.finalizers and metadata.ownerReferences (by uid). */
must_check bool dev_patch_apply(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *manifest,
                                yyjson_val *schema_json, struct error *err);
