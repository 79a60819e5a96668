#include "manager/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

static struct options parse(const char *const *args)
{
    struct options options;
    struct error err = {0};
    if (!options_parse(args, &options, &err))
        fail_msg("%s", err.text);
    return options;
}

static void test_defaults_are_those_of_the_go_manager(void **state)
{
    (void)state;
    struct options options = parse((const char *const[]){NULL});
    assert_true(options.leader_elect);
    assert_string_equal(options.leader_election_id, "cape-ip-controller-manager-runtime");
    assert_string_equal(options.leader_election_namespace, "");
    assert_int_equal(options.lease_duration_ms, 15000);
    assert_int_equal(options.renew_deadline_ms, 10000);
    assert_int_equal(options.retry_period_ms, 2000);
    assert_string_equal(options.ns, "");
    assert_string_equal(options.watch_filter, "");
    assert_int_equal(options.elfmachine_concurrency, 10);
    assert_int_equal(options.sync_period_ms, 600000);
    assert_string_equal(options.health_addr, ":9440");
    assert_string_equal(options.kubeconfig, "");
    assert_int_equal(options.verbosity, 0);
    assert_int_equal(options.logging_format, LOG_TEXT);
    assert_string_equal(options_ipam_name(&options), "metal3");
    assert_true(options.kube_api_qps == 0);
}

/* Argument lists as they stand in Deployments of kubebuilder projects, CAPI providers first. */
static const char *const deployments[][14] = {
    {"--leader-elect", "--feature-gates=A=true,B=false", "--v=2"},
    {"--leader-elect", "--diagnostics-address=:8443", "--insecure-diagnostics=false", "--v=4"},
    {"--leader-elect=true", "--health-addr=127.0.0.1:9440", "--logging-format=json", "-v", "5"},
    {"--leader_elect", "--namespace", "tower", "--watch-filter=blue", "--sync-period=5m0s"},
    {"--webhook-port=0", "--webhook-cert-dir=/tmp/k8s-webhook-server/serving-certs/",
     "--webhook-cert-name=tls.crt", "--webhook-key-name=tls.key", "--profiler-address=",
     "--contention-profiling", "--pod-name=$(POD_NAME)", "--tls-min-version=VersionTLS12",
     "--tls-cipher-suites=TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384"},
    {"--leader-election-id=mine", "--leader-election-namespace=cape-system",
     "--leader-elect-lease-duration=1m", "--leader-elect-renew-deadline=40s",
     "--leader-elect-retry-period=5s", "--elfmachine-concurrency=50", "--kube-api-qps=100",
     "--kube-api-burst=200", "--kubeconfig=/etc/kubernetes/admin.conf", "-v=0"},
};

static void test_deployments_of_the_go_manager_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(deployments); i++)
        assert_null(parse(deployments[i]).seen.left_over);
    struct options options = parse(deployments[5]);
    assert_string_equal(options.leader_election_id, "mine");
    assert_string_equal(options.leader_election_namespace, "cape-system");
    assert_int_equal(options.lease_duration_ms, 60000);
    assert_int_equal(options.renew_deadline_ms, 40000);
    assert_int_equal(options.retry_period_ms, 5000);
    assert_int_equal(options.elfmachine_concurrency, 50);
    assert_true(options.kube_api_qps == 100);
    assert_true(options.kube_api_burst == 200);
    assert_string_equal(options.kubeconfig, "/etc/kubernetes/admin.conf");
    options = parse(deployments[3]);
    assert_string_equal(options.ns, "tower");
    assert_string_equal(options.watch_filter, "blue");
    assert_int_equal(options.sync_period_ms, 300000);
    options = parse(deployments[2]);
    assert_string_equal(options.health_addr, "127.0.0.1:9440");
    assert_int_equal(options.logging_format, LOG_JSON);
    assert_int_equal(options.verbosity, 5);
}

static const struct {
    const char *args[4];
    const char *want;
} refused[] = {
    {{"--ipam=builtin"}, "--ipam: \"builtin\" is not in this version yet: only metal3 is"},
    {{"--ipam=capi"}, "--ipam: \"capi\" is not in this version yet: only metal3 is"},
    {{"--ipam=m3"}, "--ipam: \"m3\" is not valid: expected metal3, builtin or capi"},
    {{"--leader-elct"}, "unknown flag \"--leader-elct\": did you mean --leader-elect?"},
    {{"--namespace=a/b"},
     "--namespace: \"a/b\" is not valid: expected a namespace: up to 63 lower-case letters, digits "
     "and '-'"},
    {{"--namespace=-a"},
     "--namespace: \"-a\" is not valid: expected a namespace: up to 63 lower-case letters, digits "
     "and '-'"},
    {{"--leader-election-namespace=a.b"},
     "--leader-election-namespace: \"a.b\" is not valid: expected a namespace: up to 63 lower-case "
     "letters, digits and '-'"},
    {{"--watch-filter=a b"},
     "--watch-filter: \"a b\" is not valid: expected a label value: up to 63 letters, digits, '-', "
     "'_' and '.'"},
    {{"--leader-election-id=UPPER"},
     "--leader-election-id: \"UPPER\" is not valid: expected a name: up to 253 lower-case letters, "
     "digits, '-' and '.'"},
    {{"--leader-election-id="},
     "--leader-election-id: \"\" is not valid: expected a name: up to 253 lower-case letters, "
     "digits, '-' and '.'"},
    {{"--leader-elect-lease-duration=10s"},
     "--leader-elect-lease-duration: must be longer than --leader-elect-renew-deadline (10s)"},
    {{"--leader-elect-retry-period=9s"},
     "--leader-elect-renew-deadline: must be longer than 1.2 times --leader-elect-retry-period "
     "(9s)"},
    {{"--elfmachine-concurrency=0"},
     "--elfmachine-concurrency: \"0\" is not valid: expected a whole number from 1 to 10000"},
    {{"--logging-format=xml"}, "--logging-format: \"xml\" is not valid: expected text or json"},
};

static void test_what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct options options;
        struct error err = {0};
        if (options_parse(refused[i].args, &options, &err))
            fail_msg("%s was taken", refused[i].args[0]);
        assert_string_equal(err.text, refused[i].want);
    }
}

static void test_lease_times_do_not_matter_without_election(void **state)
{
    (void)state;
    struct options options = parse(
        (const char *const[]){"--leader-elect=false", "--leader-elect-lease-duration=1s", NULL});
    assert_false(options.leader_elect);
}

static void test_limits_are_settled(void **state)
{
    (void)state;
    struct options options = parse((const char *const[]){"--kube-api-qps=-1", NULL});
    assert_true(options.kube_api_qps == 0);
    options = parse((const char *const[]){"--kube-api-qps=20", NULL});
    assert_true(options.kube_api_burst == 20);
    options = parse((const char *const[]){"--kube-api-qps=0.5", NULL});
    assert_true(options.kube_api_burst == 1);
}

static void test_version_and_help_need_nothing_else_to_be_right(void **state)
{
    (void)state;
    assert_true(parse((const char *const[]){"--version", "--ipam=capi", NULL}).wants_version);
    assert_true(parse((const char *const[]){"-h", "--ipam=capi", NULL}).seen.wants_help);
}

static void test_help_lists_every_flag_in_100_columns(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf help = {0};
    options_append_help(&help);
    static const char *const some[] = {
        "--leader-elect ",         "--kubeconfig FILE", "--ipam WORD",
        "--health-addr HOST:PORT", "-v, --v NUMBER",    "--feature-gates NAME=BOOL,...",
        "(default :9440)",         "(default 10m)",     "Usage: cape-ip-manager [flags]",
    };
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        if (!strstr(help.data, some[i]))
            fail_msg("\"%s\" is missing in:\n%s", some[i], help.data);
    }
    struct str rest = strbuf_str(&help);
    struct str line;
    while (str_split(&rest, '\n', &line))
        assert_true(line.len <= 100);
}

static void test_flags_without_effect_say_so_when_given(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    struct log_options log_options = {
        .clock = clock_system(), .format = LOG_TEXT, .fd = fileno(file)};
    struct log *log = log_new(&log_options);
    struct options options = parse((const char *const[]){"--webhook-port=9443", "--leader-elect",
                                                         "--webhook-port=1", "stray", NULL});
    options_log_ignored(&options, log);
    log_free(log);
    char text[1024] = "";
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    char *first = strstr(text, "\"Flag has no effect\" flag=\"webhook-port\" because=\"");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"Flag has no effect\""));
    assert_null(strstr(text, "leader-elect"));
    assert_non_null(strstr(text, "\"Arguments that are no flags are ignored\" first=\"stray\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_those_of_the_go_manager),
        cmocka_unit_test(test_deployments_of_the_go_manager_start),
        cmocka_unit_test(test_what_cannot_be_meant_is_refused),
        cmocka_unit_test(test_lease_times_do_not_matter_without_election),
        cmocka_unit_test(test_limits_are_settled),
        cmocka_unit_test(test_version_and_help_need_nothing_else_to_be_right),
        cmocka_unit_test(test_help_lists_every_flag_in_100_columns),
        cmocka_unit_test(test_flags_without_effect_say_so_when_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
