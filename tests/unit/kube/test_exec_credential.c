#include "kube/exec_credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/random.h"
#include "base/strbuf.h"
#include "kube/secret.h"

#define V1 "client.authentication.k8s.io/v1"
#define CERT_JSON "-----BEGIN CERTIFICATE-----\\nx\\n-----END CERTIFICATE-----\\n"
#define KEY_JSON "-----BEGIN EC PRIVATE KEY-----\\nx\\n-----END EC PRIVATE KEY-----\\n"
#define ANSWER(status)                                                                             \
    "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":" status "}"

static const struct {
    const char *json, *want;
} answers[] = {
    {ANSWER("{\"token\":\"t\"}"), "token=t"},
    {ANSWER("{\"token\":\"t\",\"expirationTimestamp\":\"2026-01-02T03:04:05Z\"}"),
     "token=t until 1767323045000"},
    {ANSWER("{\"token\":\"t\",\"expirationTimestamp\":null,\"clientKeyData\":\"\"}"), "token=t"},
    {ANSWER("{\"clientCertificateData\":\"" CERT_JSON "\",\"clientKeyData\":\"" KEY_JSON "\"}"),
     "cert key"},
    {"", "no JSON (byte 0)"},
    {"{\"kind\":\"ExecCredential\"", "no JSON (byte 24)"},
    {"[]", "kind is not ExecCredential"},
    {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"}",
     "apiVersion is \"client.authentication.k8s.io/v1beta1\", but the kubeconfig says " V1
     ": make them agree"},
    {ANSWER("null"), "no status"},
    {ANSWER("{}"), "neither a token nor a certificate in status"},
    {ANSWER("{\"token\":7}"), "status.token is no text"},
    {ANSWER("{\"token\":\"a\\u0000b\"}"), "status.token is no text"},
    {ANSWER("{\"token\":\"a\\r\\nX: y\"}"), "status.token: has a character at 1 that no token has"},
    {ANSWER("{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}"),
     "status.expirationTimestamp is no RFC 3339 time"},
    {ANSWER("{\"clientKeyData\":\"" KEY_JSON "\"}"), "a certificate or a key in status, not both"},
    {ANSWER("{\"clientCertificateData\":\"x\",\"clientKeyData\":\"" KEY_JSON "\"}"),
     "status.clientCertificateData: is not PEM (text with -----BEGIN ...-----)"},
    {ANSWER("{\"clientCertificateData\":\"" CERT_JSON "\",\"clientKeyData\":\"" CERT_JSON "\"}"),
     "status.clientKeyData: is PEM, but has no private key in it"},
};

static char *parsed(struct str json)
{
    char *text = mem_alloc(json.len + KUBE_EXEC_PADDING);
    if (json.len > 0)
        memcpy(text, json.ptr, json.len);
    struct kube_exec_credential credential = {0};
    struct error err = {0};
    struct strbuf out = {0};
    if (!kube_exec_credential_parse(text, json.len, V1, &credential, &err))
        strbuf_append_cstr(&out, err.text);
    if (credential.token != NULL)
        strbuf_printf(&out, "token=%s", credential.token);
    if (credential.cert_pem != NULL && strstr(credential.cert_pem, "CATE-----\nx\n-") != NULL)
        strbuf_append_cstr(&out, "cert");
    if (credential.key_pem != NULL && strstr(credential.key_pem, "KEY-----\nx\n-") != NULL)
        strbuf_append_cstr(&out, " key");
    if (err.code == ERROR_NONE && credential.expires_ms != INT64_MAX)
        strbuf_printf(&out, " until %lld", (long long)credential.expires_ms);
    kube_exec_credential_fini(&credential);
    free(text);
    return strbuf_take(&out);
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        cleanup_free char *got = parsed(str_from(answers[i].json));
        assert_string_equal(got, answers[i].want);
    }
}

static void test_parse_survives_mutations(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 1);
    for (size_t round = 0; round < 100 * ARRAY_LEN(answers); round++) {
        struct strbuf json = {0};
        for (const char *c = answers[round % ARRAY_LEN(answers)].json; *c != '\0'; c++) {
            uint64_t dice = random_below(&random, 50);
            if (dice == 0)
                strbuf_append_char(&json, (char)random_below(&random, 256));
            if (dice != 1)
                strbuf_append_char(&json, *c);
        }
        free(parsed(strbuf_str(&json)));
        strbuf_fini(&json);
    }
}

static struct kube_config *config_of(const char *cluster, const char *exec)
{
    struct strbuf yaml = {0};
    strbuf_printf(&yaml,
                  "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                  "clusters: [{name: k, cluster: {server: 'https://h:6443', %s}}]\n"
                  "users: [{name: u, user: {exec: {apiVersion: " V1
                  ", interactiveMode: Never, command: get, %s}}}]\n",
                  cluster, exec);
    struct kube_config *config = NULL;
    struct error err = {0};
    if (!kube_config_parse(strbuf_str(&yaml), "/kubeconfig", "c", &config, &err))
        fail_msg("%s", err.text);
    strbuf_fini(&yaml);
    return config;
}

static char *request_for(const char *cluster, const char *exec)
{
    struct kube_config *config = config_of(cluster, exec);
    char *request = NULL;
    struct error err = {0};
    if (!kube_exec_credential_request(config, &request, &err))
        fail_msg("%s", err.text);
    kube_config_free(config);
    return request;
}

#define CA "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCngKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

static void test_request(void **state)
{
    (void)state;
    cleanup_free char *least = request_for("tls-server-name: t", "args: []");
    assert_string_equal(least, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
                               "\",\"spec\":{\"interactive\":false}}");
    cleanup_free char *whole =
        request_for("tls-server-name: t, proxy-url: 'http://p', certificate-authority-data: " CA
                    ", extensions: [{name: client.authentication.k8s.io/exec, extension: {a: 1}}]",
                    "provideClusterInfo: true");
    assert_string_equal(whole, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
                               "\",\"spec\":{\"cluster\":{\"server\":\"https://h:6443\","
                               "\"tls-server-name\":\"t\",\"proxy-url\":\"http://p\","
                               "\"certificate-authority-data\":\"" CA
                               "\",\"config\":{\"a\":1}},\"interactive\":false}}");
    cleanup_free char *insecure =
        request_for("insecure-skip-tls-verify: true", "provideClusterInfo: true");
    assert_non_null(strstr(insecure, "\"insecure-skip-tls-verify\":true},\"interactive\""));
}

static void test_request_needs_the_ca_file(void **state)
{
    (void)state;
    struct kube_config *config = config_of("tls-server-name: t", "provideClusterInfo: true");
    config->ca_file = mem_dup_cstr("/none/ca.crt");
    char *request = NULL;
    struct error err = {0};
    assert_false(kube_exec_credential_request(config, &request, &err));
    assert_string_equal(err.text, "/none/ca.crt: No such file or directory");
    kube_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_survives_mutations),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_request_needs_the_ca_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
