/* What a credential plugin is told and what it answers: ExecCredential, as JSON. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "kube/config.h"

struct kube_exec_credential {
    char *token; /* owned, as the others; NULL: none */
    char *cert_pem;
    char *key_pem;
    int64_t expires_ms; /* wall clock; INT64_MAX: never */
};
void kube_exec_credential_fini(struct kube_exec_credential *credential); /* clears it */

/* The value of KUBERNETES_EXEC_INFO (heap). Reads the CA file where the plugin is to know it. */
must_check bool kube_exec_credential_request(const struct kube_config *config, char **out,
                                             struct error *err);
enum { KUBE_EXEC_PADDING = 8 };
/* Parses in place, so that no secret is copied around: `json` is spoilt, and has
 * KUBE_EXEC_PADDING bytes of room behind its `len`. No text of it gets into the error. */
must_check bool kube_exec_credential_parse(char *json, size_t len, const char *api_version,
                                           struct kube_exec_credential *out, struct error *err);
