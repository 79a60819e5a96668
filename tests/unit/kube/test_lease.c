#include "kube/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "kube/model/json.h"

static const struct kube_lease ours = {
    .holder = {"me \"1\"", 6},
    .duration_ms = 15999,
    .acquired_us = 1767367445000001,
    .renewed_us = 1767367446000000,
    .transitions = 7,
};

static yyjson_doc *read_json(const char *text)
{
    struct error err = {0};
    yyjson_doc *doc = json_read(str_from(text), &err);
    assert_non_null(doc);
    return doc;
}

static void test_reads_what_is_there(void **unused)
{
    (void)unused;
    cleanup_json_doc yyjson_doc *doc =
        read_json("{\"spec\":{\"holderIdentity\":\"a_1\",\"leaseDurationSeconds\":15,"
                  "\"acquireTime\":\"2026-01-02T15:24:05.000001Z\","
                  "\"renewTime\":\"2026-01-02T15:24:06.000000Z\",\"leaseTransitions\":3}}");
    struct kube_lease lease;
    kube_lease_read(yyjson_doc_get_root(doc), &lease);
    assert_true(str_eq(lease.holder, STR("a_1")));
    assert_int_equal(lease.duration_ms, 15000);
    assert_int_equal(lease.acquired_us, 1767367445000001);
    assert_int_equal(lease.renewed_us, 1767367446000000);
    assert_int_equal(lease.transitions, 3);
}

static void test_reads_nonsense_as_nothing(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"spec\":null}",
        "{\"spec\":{\"holderIdentity\":null,\"leaseDurationSeconds\":null}}",
        "{\"spec\":{\"holderIdentity\":5,\"leaseDurationSeconds\":\"15\",\"acquireTime\":\"x\","
        "\"renewTime\":7,\"leaseTransitions\":-1}}",
        "{\"spec\":{\"leaseDurationSeconds\":1e300,\"leaseTransitions\":99999999999999999999}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cleanup_json_doc yyjson_doc *doc = read_json(texts[i]);
        struct kube_lease lease;
        kube_lease_read(yyjson_doc_get_root(doc), &lease);
        assert_true(str_is_empty(lease.holder));
        assert_int_equal(lease.duration_ms, 0);
        assert_int_equal(lease.acquired_us, 0);
        assert_int_equal(lease.renewed_us, 0);
        assert_int_equal(lease.transitions, 0);
    }
}

static void test_every_part_is_in_the_fingerprint(void **unused)
{
    (void)unused;
    struct kube_lease others[] = {ours, ours, ours, ours, ours};
    others[0].holder = STR("him");
    others[1].duration_ms++;
    others[2].acquired_us++;
    others[3].renewed_us++;
    others[4].transitions++;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_true(kube_lease_fingerprint(&others[i]) != kube_lease_fingerprint(&ours));
}

static void test_writes_a_new_one(void **unused)
{
    (void)unused;
    struct strbuf text cleanup_strbuf = {0};
    kube_lease_write_new(&text, STR("ns"), STR("lock"), &ours);
    assert_string_equal(text.data,
                        "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
                        "\"metadata\":{\"namespace\":\"ns\",\"name\":\"lock\"},"
                        "\"spec\":{\"holderIdentity\":\"me \\\"1\\\"\",\"leaseDurationSeconds\":15,"
                        "\"acquireTime\":\"2026-01-02T15:24:05.000001Z\","
                        "\"renewTime\":\"2026-01-02T15:24:06.000000Z\",\"leaseTransitions\":7}}");
}

static void test_keeps_the_metadata_of_what_it_replaces(void **unused)
{
    (void)unused;
    cleanup_json_doc yyjson_doc *seen =
        read_json("{\"kind\":\"Lease\",\"metadata\":{\"name\":\"lock\",\"resourceVersion\":\"12\","
                  "\"labels\":{\"a\":\"b\"}},\"spec\":{\"holderIdentity\":\"him\"}}");
    struct strbuf text cleanup_strbuf = {0};
    kube_lease_write_over(&text, yyjson_doc_get_root(seen), &ours);
    cleanup_json_doc yyjson_doc *written = read_json(text.data);
    yyjson_val *root = yyjson_doc_get_root(written);
    assert_true(yyjson_equals(json_object(root, "metadata"),
                              json_object(yyjson_doc_get_root(seen), "metadata")));
    struct kube_lease lease;
    kube_lease_read(root, &lease);
    assert_true(str_eq(lease.holder, ours.holder));
    assert_int_equal(lease.transitions, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_is_there),
        cmocka_unit_test(test_reads_nonsense_as_nothing),
        cmocka_unit_test(test_every_part_is_in_the_fingerprint),
        cmocka_unit_test(test_writes_a_new_one),
        cmocka_unit_test(test_keeps_the_metadata_of_what_it_replaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
