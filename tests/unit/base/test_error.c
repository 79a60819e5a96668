#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "unit/base/aborts.h"

static void test_set(void **state)
{
    (void)state;
    struct error err = {.detail = 5};
    assert_false(error_set(&err, ERROR_CONFLICT, "%s is %d", "x", 3));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_int_equal(err.detail, 0);
    assert_string_equal(err.text, "x is 3");
}

static void test_set_may_use_its_own_text(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_GONE, "first");
    error_set(&err, ERROR_INVALID, "second, after %s", err.text);
    assert_string_equal(err.text, "second, after first");
    error_wrap(&err, "third, after %s", err.text);
    assert_string_equal(err.text, "third, after second, after first: second, after first");
}

static void test_wrap_keeps_code_and_detail(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_DENIED, "no");
    err.detail = 403;
    assert_false(error_wrap(&err, "get %s", "pods"));
    assert_false(error_wrap(&err, "start"));
    assert_int_equal(err.code, ERROR_DENIED);
    assert_int_equal(err.detail, 403);
    assert_string_equal(err.text, "start: get pods: no");
}

static void test_errno(void **state)
{
    (void)state;
    static const struct {
        int errno_value;
        enum error_code want;
    } cases[] = {
        {ENOENT, ERROR_NOT_FOUND},      {ENOTDIR, ERROR_NOT_FOUND},
        {EACCES, ERROR_DENIED},         {EPERM, ERROR_DENIED},
        {EEXIST, ERROR_CONFLICT},       {EADDRINUSE, ERROR_CONFLICT},
        {EINVAL, ERROR_INVALID},        {EISDIR, ERROR_INVALID},
        {ENAMETOOLONG, ERROR_INVALID},  {ELOOP, ERROR_INVALID},
        {ECANCELED, ERROR_CANCELLED},   {ECONNREFUSED, ERROR_UNAVAILABLE},
        {ETIMEDOUT, ERROR_UNAVAILABLE}, {EMFILE, ERROR_UNAVAILABLE},
        {EIO, ERROR_UNAVAILABLE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err;
        assert_false(error_set_errno(&err, cases[i].errno_value, "open %s", "f"));
        assert_int_equal(err.detail, cases[i].errno_value);
        if (err.code != cases[i].want)
            fail_msg("%s: %s", err.text, error_code_name(err.code));
    }
    struct error err;
    error_set_errno(&err, ENOENT, "open %s", "f");
    assert_string_equal(err.text, "open f: No such file or directory");
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    struct error err;
    for (int len = 250; len < 600; len++) {
        error_set(&err, ERROR_INVALID, "%0*d", len, 1);
        assert_int_equal(strlen(err.text), len < 256 ? len : 255);
        assert_int_equal(strcmp(err.text + strlen(err.text) - 3, "...") == 0, len >= 256);
    }
    error_set(&err, ERROR_INVALID, "%0*d", 200, 1);
    error_wrap(&err, "%0*d", 100, 2);
    assert_int_equal(strlen(err.text), 255);
    assert_string_equal(err.text + 250, "00...");
    error_wrap(&err, "%0*d", 2000, 2);
    assert_int_equal(strlen(err.text), 255);
    error_set_errno(&err, ENOENT, "%0*d", 2000, 2);
    assert_int_equal(strlen(err.text), 255);
}

static void test_cuts_no_character_in_two(void **state)
{
    (void)state;
    struct error err;
    char text[400] = "";
    for (int i = 0; i < 150; i++)
        strcat(text, "\xC3\xBC");
    error_set(&err, ERROR_INVALID, "%s", text);
    assert_string_equal(err.text + 250, "\xC3\xBC...");
    error_set(&err, ERROR_INVALID, "x%s", text);
    assert_string_equal(err.text + 249, "\xC3\xBC...");
}

static void call_set_none(void *arg)
{
    error_set(arg, ERROR_NONE, "none");
}

static void test_an_error_has_a_code(void **state)
{
    (void)state;
    struct error err;
    assert_aborts(call_set_none, &err);
}

static void test_code_names(void **state)
{
    (void)state;
    static const char *const want[] = {"none", "invalid", "not found",   "conflict",
                                       "gone", "denied",  "unavailable", "cancelled"};
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_string_equal(error_code_name((enum error_code)i), want[i]);
    assert_int_equal(ERROR_CANCELLED + 1, ARRAY_LEN(want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_set_may_use_its_own_text),
        cmocka_unit_test(test_wrap_keeps_code_and_detail),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_cuts_no_character_in_two),
        cmocka_unit_test(test_an_error_has_a_code),
        cmocka_unit_test(test_code_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
