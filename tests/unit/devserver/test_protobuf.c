#include "devserver/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

/* As Go's encoder writes them. */
static const struct {
    struct str body;
    const char *want;
} bodies[] = {
    {STR("k8s\x00\x0a\x0f\x0a\x02v1\x12\x09"
         "ConfigMap\x12X\x0a"
         "D\x0a\x02"
         "c1\x12\x00\x1a\x07"
         "default\x22\x00*\x00"
         "2\x00"
         "8\x00"
         "B\x08\x08\x80\xe2\xcf\xaa\x06\x10\x00Z\x06\x0a\x01"
         "a\x12\x01"
         "bj\x0f\x0a\x01X\x1a\x01o\x22\x01u*\x02v10\x01r\x03"
         "f/1r\x03"
         "f/2\x12\x05\x0a\x01k\x12\x00\x1a\x07\x0a\x01"
         "b\x12\x02\x00\xff \x00\x1a\x00\x22\x00"),
     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c1\",\"namespace\":"
     "\"default\",\"creationTimestamp\":\"2023-11-14T22:13:20Z\",\"labels\":{\"a\":\"b\"},"
     "\"ownerReferences\":[{\"kind\":\"X\",\"name\":\"o\",\"uid\":\"u\",\"apiVersion\":\"v1\","
     "\"controller\":true}],\"finalizers\":[\"f/1\",\"f/"
     "2\"]},\"data\":{\"k\":\"\"},\"binaryData\":{\"b\":\"AP8=\"},\"immutable\":false}"},
    {STR("k8s\x00\x0a\x1f\x0a\x16"
         "coordination.k8s.io/v1\x12\x05Lease\x12&\x0a\x11\x0a\x01l\x12\x00\x1a\x00\x22\x00*\x00"
         "2\x00"
         "8\x00"
         "B\x00\x12\x11\x0a\x00\x22\x0b\x08\x80\xe2\xcf\xaa\x06\x10\x80\x94\xef:("
         "\x00\x1a\x00\x22\x00"),
     "{\"apiVersion\":\"coordination.k8s.io/"
     "v1\",\"kind\":\"Lease\",\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"\","
     "\"renewTime\":\"2023-11-14T22:13:20.123456Z\",\"leaseTransitions\":0}}"},
    {STR("k8s\x00\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x1a\x0a\x12\x0a\x02n1\x12\x00\x1a\x00\x22"
         "\x00*\x00"
         "2\x00"
         "8\x00"
         "B\x00\x12\x00\x1a\x02\x0a\x00\x1a\x00\x22\x00"),
     "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"n1\"},\"spec\":{},"
     "\"status\":{}}"},
    {STR("k8s\x00\x0a\x13\x0a\x02v1\x12\x0d"
         "DeleteOptions\x12\x07\x08\x00*\x03"
         "All\x1a\x00\x22\x00"),
     "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":0,\"dryRun\":["
     "\"All\"]}"},
};

static void test_what_go_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        cleanup_strbuf struct strbuf got = {0};
        struct error err = {0};
        if (!dev_protobuf_to_json(bodies[i].body, &got, &err))
            fail_msg("%zu: %s", i, err.text);
        assert_string_equal(got.data, bodies[i].want);
    }
}

static void test_what_is_cut_is_malformed_or_less(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        for (size_t len = 0; len < bodies[i].body.len; len++) {
            cleanup_strbuf struct strbuf got = {0};
            struct error err = {0};
            if (dev_protobuf_to_json((struct str){bodies[i].body.ptr, len}, &got, &err))
                assert_true(got.len <= strlen(bodies[i].want));
            else
                assert_int_equal(got.len, 0);
        }
    }
}

#define CONFIG_MAP                                                                                 \
    "k8s\0\x0a\x0f\x0a\x02v1\x12\x09"                                                              \
    "ConfigMap\x12"
static const struct {
    struct str body;
    enum error_code code;
} wrong[] = {
    {STR(""), ERROR_INVALID},
    {STR("{}"), ERROR_INVALID},
    {STR("k8s\0"), ERROR_NOT_FOUND},
    {STR("k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod"), ERROR_NOT_FOUND},
    {STR(CONFIG_MAP "\x7f"), ERROR_INVALID},                     /* longer than all */
    {STR(CONFIG_MAP "\x02\x0a\x01"), ERROR_INVALID},             /* metadata: longer, too */
    {STR(CONFIG_MAP "\x02\x08\x01"), ERROR_INVALID},             /* metadata: a number */
    {STR(CONFIG_MAP "\x02\x20"), ERROR_INVALID},                 /* immutable: no value */
    {STR(CONFIG_MAP "\x01\x0f"), ERROR_INVALID},                 /* no such wire type */
    {STR(CONFIG_MAP "\x05\x0a\x03\x0a\x01\xff"), ERROR_INVALID}, /* name: no UTF-8 */
    {STR(CONFIG_MAP "\x05\x12\x03\x0a\x01\xff"), ERROR_INVALID}, /* key: no UTF-8 */
    {STR(CONFIG_MAP "\x0b\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), ERROR_INVALID},
    {STR(CONFIG_MAP "\x06\x0a\x04\x42\x02\x08\xff"), ERROR_INVALID}, /* a time that is cut */
};

static void test_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        cleanup_strbuf struct strbuf got = {0};
        struct error err = {0};
        if (dev_protobuf_to_json(wrong[i].body, &got, &err))
            fail_msg("%zu: taken as %s", i, got.data);
        assert_int_equal(err.code, wrong[i].code);
    }
}

static void test_of_several_the_last_counts(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf got = {0};
    struct error err = {0};
    assert_true(dev_protobuf_to_json(STR(CONFIG_MAP "\x0a\x0a\x06\x0a\x01"
                                                    "a\x0a\x01"
                                                    "b\x20\x01"),
                                     &got, &err));
    assert_non_null(strstr(got.data, "\"metadata\":{\"name\":\"b\"},\"immutable\":true}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_go_writes),
        cmocka_unit_test(test_what_is_cut_is_malformed_or_less),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_of_several_the_last_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
