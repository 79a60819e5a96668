#include "devserver/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

struct arguments_case {
    const char *args[6];
    const char *want; /* or the error, in part */
};

static const struct arguments_case good[] = {
    {{NULL}, "listen=127.0.0.1:0 data= crds=0 apply=0 faults=0 history=100000"},
    {{"--listen=:8001", "--insecure-any-address"},
     "listen=:8001 data= crds=0 apply=0 faults=0 history=100000 any"},
    {{"--crds=a", "--apply", "b", "--apply=c"},
     "listen=127.0.0.1:0 data= crds=1 apply=2 faults=0 history=100000"},
    {{"--fault=drop", "--fault=status,code=409", "--history=5", "--data=/x/y"},
     "listen=127.0.0.1:0 data=/x/y crds=0 apply=0 faults=2 history=5"},
    {{"--tls"}, "listen=127.0.0.1:0 data= crds=0 apply=0 faults=0 history=100000 tls"},
    {{"--token=t"}, "listen=127.0.0.1:0 data= crds=0 apply=0 faults=0 history=100000 tls"},
    {{"--tls-cert=c", "--tls-key=k"},
     "listen=127.0.0.1:0 data= crds=0 apply=0 faults=0 history=100000 tls"},
};

static const struct arguments_case bad[] = {
    {{"--tls-cert=c"}, "--tls-cert and --tls-key go together"},
    {{"--tls-key=k"}, "--tls-cert and --tls-key go together"},
    {{"--token=a b"}, "--token: expected"},
    {{"serve"}, "\"serve\" is no flag"},
    {{"--history=0"}, "--history: \"0\" is not valid"},
    {{"--aply=x"}, "did you mean --apply?"},
};

static void test_what_is_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct dev_arguments a;
        struct error err = {0};
        cleanup_strbuf struct strbuf got = {0};
        if (!dev_arguments_parse(good[i].args, &a, &err))
            fail_msg("%s: %s", good[i].args[0], err.text);
        strbuf_printf(&got, "listen=%s data=%s crds=%zu apply=%zu faults=%zu history=%lld%s%s",
                      a.listen, a.data, a.crds.count, a.apply.count, a.faults.count,
                      (long long)a.history, a.is_any_address_allowed ? " any" : "",
                      a.is_tls ? " tls" : "");
        assert_string_equal(got.data, good[i].want);
    }
}

static void test_what_cannot_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct dev_arguments a;
        struct error err = {0};
        if (dev_arguments_parse(bad[i].args, &a, &err))
            fail_msg("%s was taken", bad[i].args[0]);
        if (!strstr(err.text, bad[i].want))
            fail_msg("%s: %s", bad[i].args[0], err.text);
    }
}

static void test_help_and_version_need_nothing_else(void **state)
{
    (void)state;
    static const char *const help[] = {"--tls-key=k", "--help", NULL};
    static const char *const version[] = {"--version", "nonsense", NULL};
    struct dev_arguments a;
    struct error err = {0};
    cleanup_strbuf struct strbuf text = {0};
    assert_true(dev_arguments_parse(help, &a, &err));
    assert_true(a.seen.wants_help);
    assert_true(dev_arguments_parse(version, &a, &err));
    assert_true(a.wants_version);
    dev_arguments_append_help(&text);
    assert_non_null(strstr(text.data, "Production runs on Kubernetes itself"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_asked_for),
        cmocka_unit_test(test_what_cannot_be),
        cmocka_unit_test(test_help_and_version_need_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
