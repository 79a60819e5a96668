#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/model/json.h"
#include "kube/model/patch.h"
#include "unit/base/aborts.h"

#define UID_TEST "{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"u1\"}"

static void assert_text(struct str text, const char *want)
{
    if (!str_eq_cstr(text, want))
        fail_msg("got " STR_FMT, STR_ARG(text));
    struct error err;
    cleanup_json_doc yyjson_doc *doc = json_read(text, &err);
    assert_non_null(doc);
}

static void test_preconditions_come_first(void **state)
{
    (void)state;
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, STR("u1"), UINT64_MAX);
    kube_patch_op_str(&patch, "add", "/metadata/finalizers/-", STR("ours"));
    assert_text(kube_patch_finish(&patch),
                "[" UID_TEST ",{\"op\":\"replace\",\"path\":\"/metadata/resourceVersion\","
                "\"value\":\"18446744073709551615\"},"
                "{\"op\":\"add\",\"path\":\"/metadata/finalizers/-\",\"value\":\"ours\"}]");
}

static void test_without_resource_version(void **state)
{
    (void)state;
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, STR("u1"), 0);
    assert_text(kube_patch_finish(&patch), "[" UID_TEST "]");
}

static void test_values(void **state)
{
    (void)state;
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, STR("u1"), 0);
    kube_patch_op(&patch, "remove", "/metadata/finalizers/0", STR(""));
    kube_patch_op(&patch, "add", "/spec/ipAddrs", STR("[\"10.0.0.1\"]"));
    kube_patch_op_str(&patch, "add", "/a", STR(""));
    assert_text(kube_patch_finish(&patch),
                "[" UID_TEST ",{\"op\":\"remove\",\"path\":\"/metadata/finalizers/0\"},"
                "{\"op\":\"add\",\"path\":\"/spec/ipAddrs\",\"value\":[\"10.0.0.1\"]},"
                "{\"op\":\"add\",\"path\":\"/a\",\"value\":\"\"}]");
}

static void test_texts_from_outside_stay_texts(void **state)
{
    (void)state;
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, STR("\"},{\"op\":\"\\"), 0);
    kube_patch_op_str(&patch, "add", "/a\"\\\n", STR("x\"\n\x01\xff"));
    assert_text(kube_patch_finish(&patch),
                "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"\\\"},{\\\"op\\\":\\\""
                "\\\\\"},{\"op\":\"add\",\"path\":\"/a\\\"\\\\\\n\","
                "\"value\":\"x\\\"\\n\\u0001\xEF\xBF\xBD\"}]");
}

static void test_finish_twice(void **state)
{
    (void)state;
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, STR("u1"), 0);
    kube_patch_op(&patch, "add", "/a", STR("[]"));
    struct str first = kube_patch_finish(&patch);
    assert_true(str_eq(kube_patch_finish(&patch), first));
}

static void test_escape(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf path = {0};
    strbuf_append_cstr(&path, "/metadata/annotations/");
    kube_patch_escape(&path, STR("cape.io/~a/b"));
    assert_string_equal(path.data, "/metadata/annotations/cape.io~1~0a~1b");
}

static void op_after_finish(void *arg)
{
    (void)arg;
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, STR("u1"), 0);
    kube_patch_finish(&patch);
    kube_patch_op(&patch, "remove", "/a", STR(""));
}

static void test_no_operation_after_finish(void **state)
{
    (void)state;
    assert_aborts(op_after_finish, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preconditions_come_first),
        cmocka_unit_test(test_without_resource_version),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_texts_from_outside_stay_texts),
        cmocka_unit_test(test_finish_twice),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_no_operation_after_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
