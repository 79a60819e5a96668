/* Bodies in Kubernetes' protobuf form, which typed clients (kubectl create, client-go) send for the
 * built-in kinds without asking whether the server takes it. Answers are JSON, which they accept.
 */
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

#define DEV_PROTOBUF_MEDIA "application/vnd.kubernetes.protobuf"

/* Appends the object, or DeleteOptions, as JSON. managedFields are left out. ERROR_NOT_FOUND: of a
 * kind that has no protobuf form here; ERROR_INVALID: malformed. */
must_check bool dev_protobuf_to_json(struct str body, struct strbuf *out, struct error *err);
