/* JSON Patch (RFC 6902) as text, grown operation by operation. */
#pragma once
#include <stdint.h>

#include "base/str.h"
#include "base/strbuf.h"

struct kube_patch {
    struct strbuf text; /* "[{...},{...}": closed by kube_patch_finish */
};

/* A patch of the object with this uid and resourceVersion and of no other: the API server answers
 * 409 Conflict when the object has another resourceVersion by now (it compares the one that the
 * patched object carries) and refuses a changed uid. */
void kube_patch_begin(struct kube_patch *patch, struct str uid, uint64_t resource_version);
void kube_patch_op(struct kube_patch *patch, const char *op, const char *path,
                   struct str value_json); /* value empty: none (remove) */
void kube_patch_op_str(struct kube_patch *patch, const char *op, const char *path,
                       struct str value); /* value as a JSON string */
/* "~" and "/" of one path segment escaped (RFC 6901); appended to `out`. */
void kube_patch_escape(struct strbuf *out, struct str segment);
struct str kube_patch_finish(struct kube_patch *patch); /* the last call; borrowed until fini */
void kube_patch_fini(struct kube_patch *patch);
#define cleanup_kube_patch cleanup_with(kube_patch_fini)
