/* Patches of JSON documents: JSON Patch (RFC 6902), merge patch (RFC 7386), and a simple
 * server-side apply (what the manifest says wins; managedFields are not kept, so nothing is ever
 * removed by leaving it out, which is said in docs).
 *
 * Each changes *object in place or replaces it, and keeps nothing of the patch's own document:
 * what it takes is copied to `doc`. After a failure *object is half patched: throw it away. Errors
 * are ERROR_INVALID; detail is the HTTP status and the text kube-apiserver's message:
 *   400  the patch is malformed, or nested deeper than DEV_JSON_MAX_DEPTH
 *   413  more than DEV_PATCH_MAX_OPERATIONS
 *   422  it does not apply: a test that fails, a path that is not there (kube-apiserver does not
 *        say which, so this does not either), copies of more than 3 MiB
 *   500  a server-side apply of a list whose elements have no key, or the same */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

enum { DEV_PATCH_MAX_OPERATIONS = 10000 };

/* Where kube-apiserver is more liberal than RFC 6902 this is as well: an array's index may be
 * negative (from the end) or have a sign or zeros in front, a member that is not there reads as
 * null (so replace adds it), and whatever a path has before its first slash is not looked at. */
must_check bool dev_patch_json(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *operations,
                               struct error *err);
/* The patch has to be an object; nulls vanish from what it brings, in arrays of objects as well. */
must_check bool dev_patch_merge(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *patch,
                                struct error *err);
/* Objects are merged; a null does nothing to them and replaces anything else. Lists are
 * replaced, or merged where the schema (openAPIV3Schema; NULL: none) says so:
 * x-kubernetes-list-type map by x-kubernetes-list-map-keys, set by value; so are
 * metadata.finalizers and metadata.ownerReferences (by uid). x-kubernetes-map-type atomic: an
 * object that is replaced. */
must_check bool dev_patch_apply(yyjson_mut_doc *doc, yyjson_mut_val **object, yyjson_val *manifest,
                                yyjson_val *schema_json, struct error *err);
