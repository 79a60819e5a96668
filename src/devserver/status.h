/* metav1.Status answers with the reasons, codes and texts of kube-apiserver. */
#pragma once
#include "base/str.h"
#include "base/strbuf.h"
#include "devserver/schema.h"

struct dev_status {
    int code;           /* HTTP status; 0: success */
    const char *reason; /* static: "NotFound" */
    struct strbuf message;
    struct str name; /* details; borrowed from the request */
    struct str group;
    struct str kind; /* details.kind: the plural for NotFound, the kind for Invalid, as there */
    struct str uid;
    struct dev_causes causes;
    int retry_after_s;
    bool has_details; /* "details" is there even when it is empty: where kube-apiserver answers with
                         a generic server response */
};
void dev_status_fini(struct dev_status *status);
void dev_status_render(const struct dev_status *status, struct strbuf *out); /* no newline */

/* `machines.cluster.x-k8s.io "a" not found` and so on; each returns false for `return`. They
 * replace what the status said before, and keep nothing of their arguments but the names, borrowed.
 */
bool dev_status_not_found(struct dev_status *s, struct str group, struct str plural,
                          struct str name);
bool dev_status_already_exists(struct dev_status *s, struct str group, struct str plural,
                               struct str name);
bool dev_status_conflict(struct dev_status *s, struct str group, struct str plural, struct str name,
                         const char *why); /* NULL: "the object has been modified; ..." */
/* Takes the causes. */
bool dev_status_invalid(struct dev_status *s, struct str group, struct str kind, struct str name,
                        struct dev_causes *causes);
bool dev_status_bad_request(struct dev_status *s, const char *fmt, ...) format_printf(2, 3);
bool dev_status_set(struct dev_status *s, int code, const char *reason, const char *fmt, ...)
    format_printf(4, 5);
