#include "devserver/kubeconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "kube/config.h"

static const struct {
    const char *listen;
    bool is_tls;
    const char *want;
} urls[] = {
    {"127.0.0.1:0", false, "http://127.0.0.1:8001"},
    {"127.0.0.1:0", true, "https://127.0.0.1:8001"},
    {"localhost:8001", false, "http://localhost:8001"},
    {"[::1]:0", false, "http://[::1]:8001"},
    {"192.0.2.7:0", false, "http://192.0.2.7:8001"},
    {":0", false, "http://127.0.0.1:8001"},
    {"0.0.0.0:0", true, "https://127.0.0.1:8001"},
    {"[::]:0", false, "http://127.0.0.1:8001"},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        cleanup_strbuf struct strbuf got = {0};
        dev_kubeconfig_append_url(str_from(urls[i].listen), 8001, urls[i].is_tls, &got);
        assert_string_equal(got.data, urls[i].want);
    }
}

/* As the manager reads it. */
static struct kube_config *read_back(const struct dev_kubeconfig *config)
{
    cleanup_strbuf struct strbuf text = {0};
    struct kube_config *read = NULL;
    struct error err = {0};
    dev_kubeconfig_append(config, &text);
    if (!kube_config_parse(strbuf_str(&text), "/nowhere/kubeconfig", NULL, &read, &err))
        fail_msg("%s\n%s", err.text, text.data);
    return read;
}

static void test_plain(void **state)
{
    (void)state;
    const struct dev_kubeconfig config = {.url = STR("http://127.0.0.1:1")};
    struct kube_config *read = read_back(&config);
    assert_string_equal(read->server, "http://127.0.0.1:1");
    assert_null(read->token);
    assert_null(read->ca_pem);
    kube_config_free(read);
}

static void test_with_certificate_and_token(void **state)
{
    (void)state;
    const struct dev_kubeconfig config = {
        .url = STR("https://127.0.0.1:1"),
        .ca_pem = STR("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"),
        .token = STR("a.b-c_d~+/="),
    };
    struct kube_config *read = read_back(&config);
    assert_string_equal(read->token, "a.b-c_d~+/=");
    assert_true(str_eq_cstr(config.ca_pem, read->ca_pem));
    kube_config_free(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_with_certificate_and_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
