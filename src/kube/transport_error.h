/* Why a transfer failed, in words for a person who runs a cluster. Pure. */
#pragma once
#include <curl/curl.h>

#include "base/error.h"
#include "base/str.h"

struct kube_transport_failure {
    CURLcode code;
    int os_errno;         /* of the connection; 0: none */
    long verify_result;   /* OpenSSL's X509_V_ERR_*; 0: none */
    const char *server;   /* "https://host:port" */
    const char *tls_name; /* that its certificate should be for */
    const char *detail;   /* libcurl's own text; may be empty */
    bool has_proxy;       /* one may be in between */
    bool is_connected;    /* it failed after the connection was made */
    int64_t timeout_ms;   /* of the whole transfer; 0: none */
    int64_t connect_timeout_ms;
    size_t max_body_bytes;
    bool is_too_large; /* we stopped reading */
};
/* ERROR_INVALID for an answer that is too large, else ERROR_UNAVAILABLE; detail is the CURLcode.
 * Returns false. */
bool kube_transport_failure_to_error(const struct kube_transport_failure *failure,
                                     struct error *err);
