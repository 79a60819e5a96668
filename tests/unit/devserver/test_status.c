#include "devserver/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define BOXES STR("t.example.com"), STR("boxes"), STR("a")
#define STATUS "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"

/* Byte by byte as kube-apiserver 1.36 answers. */
static void assert_status(struct dev_status *status, const char *want)
{
    cleanup_strbuf struct strbuf got = {0};
    dev_status_render(status, &got);
    assert_string_equal(got.data, want);
}

static void test_what_is_said_about_one_object(void **state)
{
    (void)state;
    struct dev_status status = {0};
    assert_false(dev_status_not_found(&status, BOXES));
    assert_status(&status, STATUS
                  "\"Failure\",\"message\":\"boxes.t.example.com \\\"a\\\" not found\","
                  "\"reason\":\"NotFound\",\"details\":{\"name\":\"a\",\"group\":\"t.example.com\","
                  "\"kind\":\"boxes\"},\"code\":404}");
    assert_false(dev_status_not_found(&status, STR(""), STR("configmaps"), STR("a")));
    assert_status(&status, STATUS
                  "\"Failure\",\"message\":\"configmaps \\\"a\\\" not found\","
                  "\"reason\":\"NotFound\",\"details\":{\"name\":\"a\",\"kind\":\"configmaps\"},"
                  "\"code\":404}");
    assert_false(dev_status_already_exists(&status, BOXES));
    assert_status(&status,
                  STATUS "\"Failure\",\"message\":\"boxes.t.example.com \\\"a\\\" already exists\","
                         "\"reason\":\"AlreadyExists\",\"details\":{\"name\":\"a\",\"group\":"
                         "\"t.example.com\",\"kind\":\"boxes\"},\"code\":409}");
    assert_false(dev_status_conflict(&status, BOXES, NULL));
    assert_status(
        &status, STATUS
        "\"Failure\",\"message\":\"Operation cannot be fulfilled on boxes.t.example.com \\\"a\\\": "
        "the object has been modified; please apply your changes to the latest version and try "
        "again\",\"reason\":\"Conflict\",\"details\":{\"name\":\"a\",\"group\":\"t.example.com\","
        "\"kind\":\"boxes\"},\"code\":409}");
    assert_false(dev_status_conflict(&status, BOXES, "the UID is another"));
    assert_string_equal(status.message.data,
                        "Operation cannot be fulfilled on boxes.t.example.com \"a\": the UID is "
                        "another");
    dev_status_fini(&status);
}

static void test_success(void **state)
{
    (void)state;
    struct dev_status status = {
        .name = STR("a"), .group = STR("t.example.com"), .kind = STR("boxes"), .uid = STR("u-1")};
    assert_status(&status,
                  STATUS "\"Success\",\"details\":{\"name\":\"a\",\"group\":\"t.example.com\","
                         "\"kind\":\"boxes\",\"uid\":\"u-1\"}}");
    dev_status_fini(&status);
}

static void test_invalid_with_one_cause(void **state)
{
    (void)state;
    struct dev_status status = {0};
    struct dev_causes causes = {0};
    dev_causes_add(&causes, "FieldValueInvalid", STR("kind"),
                   STR("Invalid value: \"Boxx\": must be Box"));
    assert_false(dev_status_invalid(&status, STR("t.example.com"), STR("Boxx"), STR("a"), &causes));
    assert_int_equal(causes.count, 0);
    assert_status(
        &status,
        STATUS "\"Failure\",\"message\":\"Boxx.t.example.com \\\"a\\\" is invalid: kind: Invalid "
               "value: \\\"Boxx\\\": must be Box\",\"reason\":\"Invalid\",\"details\":{\"name\":"
               "\"a\",\"group\":\"t.example.com\",\"kind\":\"Boxx\",\"causes\":[{\"reason\":"
               "\"FieldValueInvalid\",\"message\":\"Invalid value: \\\"Boxx\\\": must be Box\","
               "\"field\":\"kind\"}]},\"code\":422}");
    dev_status_fini(&status);
}

static void test_invalid_with_several_causes_says_doubles_once(void **state)
{
    (void)state;
    struct dev_status status = {0};
    struct dev_causes causes = {0};
    dev_causes_add(&causes, "FieldValueRequired", STR("spec.a"), STR("Required value"));
    dev_causes_add(&causes, "FieldValueRequired", STR("spec.b"), STR("Required value"));
    dev_causes_add(&causes, "FieldValueRequired", STR("spec.a"), STR("Required value"));
    dev_status_invalid(&status, STR(""), STR("ConfigMap"), STR("a"), &causes);
    assert_string_equal(
        status.message.data,
        "ConfigMap \"a\" is invalid: [spec.a: Required value, spec.b: Required value]");
    assert_int_equal(status.causes.count, 3);

    dev_causes_add(&causes, "FieldValueRequired", STR("x"), STR("Required value"));
    dev_causes_add(&causes, "FieldValueRequired", STR("x"), STR("Required value"));
    dev_status_invalid(&status, STR(""), STR(""), STR(""), &causes); /* replaces the first */
    assert_string_equal(status.message.data, " \"\" is invalid: x: Required value");
    dev_status_fini(&status);
}

static void test_what_is_said_about_a_request(void **state)
{
    (void)state;
    struct dev_status status = {0};
    assert_false(dev_status_bad_request(&status, "limit %d\n\"%s\"", 1, "x"));
    assert_status(&status, STATUS "\"Failure\",\"message\":\"limit 1\\n\\\"x\\\"\",\"reason\":"
                                  "\"BadRequest\",\"code\":400}");
    assert_false(dev_status_set(&status, 429, "TooManyRequests", "slow down"));
    status.retry_after_s = 2;
    assert_status(&status,
                  STATUS "\"Failure\",\"message\":\"slow down\",\"reason\":\"TooManyRequests\","
                         "\"details\":{\"retryAfterSeconds\":2},\"code\":429}");
    assert_false(dev_status_set(&status, 504, "Timeout", "too large"));
    dev_causes_add(&status.causes, "ResourceVersionTooLarge", STR(""), STR("Too large"));
    status.retry_after_s = 1;
    assert_status(&status,
                  STATUS "\"Failure\",\"message\":\"too large\",\"reason\":\"Timeout\",\"details\":"
                         "{\"causes\":[{\"reason\":\"ResourceVersionTooLarge\",\"message\":\"Too "
                         "large\"}],\"retryAfterSeconds\":1},\"code\":504}");
    assert_false(dev_status_set(&status, 500, "", "it is broken"));
    assert_status(&status, STATUS "\"Failure\",\"message\":\"it is broken\",\"code\":500}");
    assert_false(dev_status_set(&status, 422, "Invalid", "rejected"));
    status.has_details = true;
    assert_status(&status, STATUS "\"Failure\",\"message\":\"rejected\",\"reason\":\"Invalid\","
                                  "\"details\":{},\"code\":422}");
    dev_status_fini(&status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said_about_one_object),
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_invalid_with_one_cause),
        cmocka_unit_test(test_invalid_with_several_causes_says_doubles_once),
        cmocka_unit_test(test_what_is_said_about_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
