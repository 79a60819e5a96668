#include "kube/transport_error.h"

#include <openssl/x509_vfy.h>
#include <string.h>

static bool refused_certificate(const struct kube_transport_failure *failure, struct error *err)
{
    const char *why = X509_verify_cert_error_string(failure->verify_result);
    switch (failure->verify_result) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        why = "it is signed by an authority that the configured CA does not know";
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        why = "it has expired";
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        why = "it is not valid yet (is the clock right?)";
        break;
    case X509_V_OK: /* libcurl has compared the name itself */
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return error_set(err, ERROR_UNAVAILABLE,
                         "the certificate of %s is refused: it is not for the name %s",
                         failure->server, failure->tls_name);
    }
    return error_set(err, ERROR_UNAVAILABLE, "the certificate of %s is refused: %s",
                     failure->server, why);
}

static bool out_of_time(const struct kube_transport_failure *failure, struct error *err)
{
    if (!failure->is_connected)
        return error_set(err, ERROR_UNAVAILABLE, "no connection to %s within %.3g s",
                         failure->server, (double)failure->connect_timeout_ms / 1000);
    return error_set(err, ERROR_UNAVAILABLE, "no whole answer from %s within %.3g s",
                     failure->server, (double)failure->timeout_ms / 1000);
}

static const char *words_of_libcurl(const struct kube_transport_failure *failure)
{
    return failure->detail[0] != '\0' ? failure->detail : curl_easy_strerror(failure->code);
}

static bool with_detail(const struct kube_transport_failure *failure, const char *what,
                        struct error *err)
{
    return error_set(err, ERROR_UNAVAILABLE, "%s: %s", what, words_of_libcurl(failure));
}

static bool no_connection(const struct kube_transport_failure *failure, struct error *err)
{
    return error_set(err, ERROR_UNAVAILABLE, "cannot connect to %s%s: %s", failure->server,
                     failure->has_proxy ? " or the proxy in front of it" : "",
                     failure->os_errno != 0 ? strerror(failure->os_errno)
                                            : words_of_libcurl(failure));
}

static bool describe(const struct kube_transport_failure *failure, struct error *err)
{
    const char *server = failure->server;
    switch (failure->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, ERROR_UNAVAILABLE, "the name of %s cannot be resolved", server);
    case CURLE_COULDNT_RESOLVE_PROXY:
        return error_set(err, ERROR_UNAVAILABLE, "the name of the proxy cannot be resolved");
    case CURLE_COULDNT_CONNECT:
        return no_connection(failure, err);
    case CURLE_OPERATION_TIMEDOUT:
        return out_of_time(failure, err);
    case CURLE_PEER_FAILED_VERIFICATION:
        return refused_certificate(failure, err);
    case CURLE_SSL_CACERT_BADFILE:
        return with_detail(failure, "the configured CA cannot be used", err);
    case CURLE_SSL_CERTPROBLEM:
        return with_detail(failure, "the client certificate cannot be used", err);
    case CURLE_GOT_NOTHING:
        return error_set(err, ERROR_UNAVAILABLE, "%s closed the connection without an answer",
                         server);
    case CURLE_PARTIAL_FILE:
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s closed the connection before the end of its answer", server);
    case CURLE_UNSUPPORTED_PROTOCOL: /* "HTTP/0.9", as libcurl takes any garbage for */
    case CURLE_WEIRD_SERVER_REPLY:
        return error_set(err, ERROR_UNAVAILABLE, "what %s answers is not HTTP", server);
    default:
        return with_detail(failure, server, err);
    }
}

bool kube_transport_failure_to_error(const struct kube_transport_failure *failure,
                                     struct error *err)
{
    if (failure->is_too_large)
        error_set(err, ERROR_INVALID, "the answer is longer than %zu bytes",
                  failure->max_body_bytes);
    else
        describe(failure, err);
    err->detail = (int)failure->code;
    return false;
}
