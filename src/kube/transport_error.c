#include "kube/transport_error.h"

#include <openssl/x509_vfy.h>
#include <string.h>

/* Empty: nothing better than OpenSSL's own words. */
static const char *verify_text(long verify_result)
{
    switch (verify_result) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "is signed by an authority that the configured CA does not know";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "is not valid yet (is the clock right?)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "is for another name";
    default:
        return "";
    }
}

static bool certificate_error(const struct kube_transport_failure *failure, struct error *err)
{
    const char *text = verify_text(failure->verify_result);
    if (*text != '\0')
        return error_set(err, ERROR_UNAVAILABLE, "the certificate of " STR_FMT " %s",
                         STR_ARG(failure->server), text);
    if (failure->verify_result != 0)
        return error_set(err, ERROR_UNAVAILABLE, "the certificate of " STR_FMT " is refused: %s",
                         STR_ARG(failure->server),
                         X509_verify_cert_error_string(failure->verify_result));
    return error_set(err, ERROR_UNAVAILABLE, "the certificate of " STR_FMT " is for another name",
                     STR_ARG(failure->server));
}

static bool timeout_error(const struct kube_transport_failure *failure, struct error *err)
{
    if (!failure->is_connected)
        return error_set(err, ERROR_UNAVAILABLE, "no connection to " STR_FMT " within %.3g s",
                         STR_ARG(failure->server), (double)failure->connect_timeout_ms / 1000);
    return error_set(err, ERROR_UNAVAILABLE, "no whole answer from " STR_FMT " within %.3g s",
                     STR_ARG(failure->server), (double)failure->timeout_ms / 1000);
}

static bool connect_error(const struct kube_transport_failure *failure, struct error *err)
{
    if (failure->os_errno != 0)
        return error_set(err, ERROR_UNAVAILABLE, "cannot connect to " STR_FMT ": %s",
                         STR_ARG(failure->server), strerror(failure->os_errno));
    return error_set(err, ERROR_UNAVAILABLE, "cannot connect to " STR_FMT ": %s",
                     STR_ARG(failure->server), failure->detail);
}

static bool other_error(const struct kube_transport_failure *failure, struct error *err)
{
    const char *general = curl_easy_strerror(failure->code);
    bool has_detail = failure->detail[0] != '\0' && strcmp(failure->detail, general) != 0;
    return error_set(err, ERROR_UNAVAILABLE, STR_FMT ": %s%s%s", STR_ARG(failure->server), general,
                     has_detail ? ": " : "", has_detail ? failure->detail : "");
}

static bool describe(const struct kube_transport_failure *failure, struct error *err)
{
    switch (failure->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, ERROR_UNAVAILABLE, "the name of " STR_FMT " cannot be resolved",
                         STR_ARG(failure->server));
    case CURLE_COULDNT_RESOLVE_PROXY:
        return error_set(err, ERROR_UNAVAILABLE, "the name of the proxy cannot be resolved");
    case CURLE_COULDNT_CONNECT:
        return connect_error(failure, err);
    case CURLE_OPERATION_TIMEDOUT:
        return timeout_error(failure, err);
    case CURLE_PEER_FAILED_VERIFICATION:
        return certificate_error(failure, err);
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(err, ERROR_UNAVAILABLE, "the configured CA is not usable: %s",
                         failure->detail);
    case CURLE_SSL_CERTPROBLEM:
        return error_set(err, ERROR_UNAVAILABLE, "the client certificate is not usable: %s",
                         failure->detail);
    case CURLE_GOT_NOTHING:
        return error_set(err, ERROR_UNAVAILABLE, STR_FMT " closed the connection without an answer",
                         STR_ARG(failure->server));
    case CURLE_PARTIAL_FILE:
        return error_set(err, ERROR_UNAVAILABLE,
                         STR_FMT " closed the connection before the end of its answer",
                         STR_ARG(failure->server));
    case CURLE_UNSUPPORTED_PROTOCOL: /* "HTTP/0.9", as libcurl takes any garbage for */
    case CURLE_WEIRD_SERVER_REPLY:
        return error_set(err, ERROR_UNAVAILABLE, "what " STR_FMT " answers is not HTTP",
                         STR_ARG(failure->server));
    default:
        return other_error(failure, err);
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
