#include "kube/transport_error.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    struct kube_transport_failure given;
    const char *want;
} cases[] = {
    {{.code = CURLE_COULDNT_CONNECT, .os_errno = ECONNREFUSED},
     "cannot connect to https://a:6443: Connection refused"},
    {{.code = CURLE_COULDNT_CONNECT, .os_errno = ECONNREFUSED, .has_proxy = true},
     "cannot connect to https://a:6443 or the proxy in front of it: Connection refused"},
    {{.code = CURLE_COULDNT_CONNECT},
     "cannot connect to https://a:6443: Couldn't connect to server"},
    {{.code = CURLE_COULDNT_RESOLVE_HOST}, "the name of https://a:6443 cannot be resolved"},
    {{.code = CURLE_COULDNT_RESOLVE_PROXY}, "the name of the proxy cannot be resolved"},
    {{.code = CURLE_OPERATION_TIMEDOUT, .timeout_ms = 30000, .connect_timeout_ms = 10000},
     "no connection to https://a:6443 within 10 s"},
    {{.code = CURLE_OPERATION_TIMEDOUT, .timeout_ms = 2500, .is_connected = true},
     "no whole answer from https://a:6443 within 2.5 s"},
    {{.code = CURLE_PEER_FAILED_VERIFICATION,
      .verify_result = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
     "the certificate of https://a:6443 is refused: it is signed by an authority that the "
     "configured CA does not know"},
    {{.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = X509_V_ERR_CERT_HAS_EXPIRED},
     "the certificate of https://a:6443 is refused: it has expired"},
    {{.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = X509_V_ERR_CERT_NOT_YET_VALID},
     "the certificate of https://a:6443 is refused: it is not valid yet (is the clock right?)"},
    {{.code = CURLE_PEER_FAILED_VERIFICATION},
     "the certificate of https://a:6443 is refused: it is not for the name b"},
    {{.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = X509_V_ERR_UNSPECIFIED},
     "the certificate of https://a:6443 is refused: it is not for the name b"},
    {{.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = X509_V_ERR_CERT_REVOKED},
     "the certificate of https://a:6443 is refused: certificate revoked"},
    {{.code = CURLE_SSL_CACERT_BADFILE, .detail = "no such file"},
     "the configured CA cannot be used: no such file"},
    {{.code = CURLE_SSL_CERTPROBLEM, .detail = "wrong key"},
     "the client certificate cannot be used: wrong key"},
    {{.code = CURLE_GOT_NOTHING}, "https://a:6443 closed the connection without an answer"},
    {{.code = CURLE_PARTIAL_FILE},
     "https://a:6443 closed the connection before the end of its answer"},
    {{.code = CURLE_UNSUPPORTED_PROTOCOL}, "what https://a:6443 answers is not HTTP"},
    {{.code = CURLE_RECV_ERROR, .detail = "Connection reset by peer"},
     "https://a:6443: Connection reset by peer"},
    {{.code = CURLE_WRITE_ERROR, .max_body_bytes = 99, .is_too_large = true},
     "the answer is longer than 99 bytes"},
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kube_transport_failure failure = cases[i].given;
        failure.server = "https://a:6443";
        failure.tls_name = "b";
        if (failure.detail == NULL)
            failure.detail = "";
        struct error err;
        assert_false(kube_transport_failure_to_error(&failure, &err));
        assert_string_equal(err.text, cases[i].want);
        assert_int_equal(err.code, failure.is_too_large ? ERROR_INVALID : ERROR_UNAVAILABLE);
        assert_int_equal(err.detail, failure.code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
