/* Bodies of requests: from text to a document that can be changed. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "devserver/registry.h"
#include "devserver/status.h"

static inline void dev_mut_doc_cleanup(yyjson_mut_doc **doc)
{
    yyjson_mut_doc_free(*doc);
}
#define cleanup_mut_doc cleanup_with(dev_mut_doc_cleanup)

enum { DEV_BODY_PROBLEM_MAX = 80 };
enum dev_media { DEV_MEDIA_JSON, DEV_MEDIA_YAML, DEV_MEDIA_PROTOBUF, DEV_MEDIA_OTHER };
/* Of a Content-Type header; none is JSON. */
enum dev_media dev_body_media(struct str content_type);
bool dev_body_is_media(struct str content_type, const char *media); /* whatever parameters it has */
bool dev_body_unsupported(struct dev_status *status);               /* the 415 for objects */

/* What Go's decoder says about a text that is no JSON; NULL: `text` is JSON, in *doc_out. */
const char *dev_body_read_json(struct str text, yyjson_doc **doc_out,
                               char problem[DEV_BODY_PROBLEM_MAX]);

/* An object that a client sent. Fields given twice are told in *unknown as `duplicate field "a.b"`,
 * one a line; the last counts. NULL with a status: 400 in kube-apiserver's words for what is no
 * object of that resource and version, 415; texts that the status refers to are in the arena. */
yyjson_mut_doc *dev_body_read_object(struct str content_type, struct str body,
                                     const struct dev_resource *resource,
                                     const struct dev_version *version, struct strbuf *duplicates,
                                     struct arena *arena, struct dev_status *status);

/* The type of a value in the words of Go's decoder. */
const char *dev_body_go_name(yyjson_val *value);

/* For printf with kind and apiVersion as STR_ARG: what kube-apiserver says, down to its file. */
#define DEV_BODY_NO_KIND                                                                           \
    "no kind \"" STR_FMT "\" is registered for version \"" STR_FMT                                 \
    "\" in scheme \"pkg/runtime/scheme.go:111\""

/* apiVersion and kind are what they must be; fills them in where a built-in kind may leave them
 * out. */
bool dev_body_check_kind(const struct dev_resource *resource, const struct dev_version *version,
                         yyjson_mut_doc *doc, yyjson_mut_val *object, struct arena *arena,
                         struct dev_status *status);
