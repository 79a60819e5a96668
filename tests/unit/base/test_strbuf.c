#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "unit/base/aborts.h"

static void assert_buf(const struct strbuf *buf, const char *want)
{
    assert_int_equal(buf->len, strlen(want));
    assert_string_equal(buf->data, want);
}

static void test_append(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf buf = {0};
    strbuf_append(&buf, STR(""));
    assert_buf(&buf, "");
    strbuf_append(&buf, (struct str){"abcdef", 3});
    strbuf_append_char(&buf, '-');
    strbuf_append_cstr(&buf, "xyz");
    strbuf_append_cstr(&buf, NULL);
    strbuf_append(&buf, (struct str){NULL, 0});
    assert_buf(&buf, "abc-xyz");
    assert_true(str_eq(strbuf_str(&buf), STR("abc-xyz")));
}

static void test_grows_by_single_characters(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf buf = {0};
    for (int i = 0; i < 10000; i++) {
        strbuf_append_char(&buf, (char)('a' + i % 26));
        assert_int_equal(buf.data[buf.len], '\0');
    }
    assert_int_equal(buf.len, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.data[i], 'a' + i % 26);
    assert_true(buf.capacity <= 32768);
}

static void test_printf(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf buf = {0};
    strbuf_printf(&buf, "%s", "");
    assert_buf(&buf, "");
    strbuf_printf(&buf, "%d-%s", 42, "x");
    assert_buf(&buf, "42-x");
    /* Around the sizes where the first try just fits or just does not. */
    for (int width = 1; width < 300; width++) {
        cleanup_strbuf struct strbuf wide = {0};
        strbuf_append_cstr(&wide, "ab");
        strbuf_printf(&wide, "%*d|%s", width, 7, "end");
        assert_int_equal(wide.len, 2 + width + 4);
        assert_int_equal(strlen(wide.data), wide.len);
        assert_memory_equal(wide.data + wide.len - 5, "7|end", 5);
    }
}

static void test_json(void **state)
{
    (void)state;
    static const struct {
        struct str given;
        const char *want;
    } cases[] = {
        {{NULL, 0}, "\"\""},
        {{"abc", 3}, "\"abc\""},
        {{"a\"b\\c/", 6}, "\"a\\\"b\\\\c/\""},
        {{"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
        {{"\x01\x1F\x7F", 3}, "\"\\u0001\\u001f\x7F\""},
        {{"a\0b", 3}, "\"a\\u0000b\""},
        {{"\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80", 9}, "\"\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {{"a\xFF"
          "b",
          3},
         "\"a\xEF\xBF\xBD"
         "b\""},
        {{"\xC3", 1}, "\"\xEF\xBF\xBD\""},
        {{"\xC3\"", 2}, "\"\xEF\xBF\xBD\\\"\""},
        {{"\xE2\x82", 2}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{"\xED\xA0\x80", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{"\xC0\x80x", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBDx\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_strbuf struct strbuf buf = {0};
        strbuf_append_json(&buf, cases[i].given);
        if (!str_eq_cstr(strbuf_str(&buf), cases[i].want))
            fail_msg("case %zu: %s", i, buf.data);
    }
}

static void test_consume_and_truncate(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf buf = {0};
    strbuf_consume(&buf, 0);
    strbuf_clear(&buf);
    strbuf_append_cstr(&buf, "abcdef");
    strbuf_consume(&buf, 2);
    assert_buf(&buf, "cdef");
    strbuf_truncate(&buf, 3);
    assert_buf(&buf, "cde");
    strbuf_append_char(&buf, 'x');
    assert_buf(&buf, "cdex");
    strbuf_consume(&buf, 4);
    assert_buf(&buf, "");
    strbuf_append_cstr(&buf, "abc");
    const char *data = buf.data;
    strbuf_clear(&buf);
    assert_buf(&buf, "");
    assert_ptr_equal(buf.data, data);
}

static void test_take(void **state)
{
    (void)state;
    struct strbuf buf = {0};
    cleanup_free char *empty = strbuf_take(&buf);
    assert_string_equal(empty, "");
    strbuf_append_cstr(&buf, "abc");
    cleanup_free char *text = strbuf_take(&buf);
    assert_string_equal(text, "abc");
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.capacity, 0);
    strbuf_append_cstr(&buf, "again");
    assert_buf(&buf, "again");
    strbuf_fini(&buf);
    assert_null(buf.data);
}

static void test_reserve_keeps_the_memory_where_it_is(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf buf = {0};
    strbuf_append_cstr(&buf, "x");
    strbuf_reserve(&buf, 1000);
    const char *data = buf.data;
    for (int i = 0; i < 1000; i++)
        strbuf_append_char(&buf, 'y');
    assert_ptr_equal(buf.data, data);
    assert_int_equal(buf.len, 1001);
}

static void call_consume_too_much(void *arg)
{
    strbuf_consume(arg, 4);
}

static void call_truncate_too_far(void *arg)
{
    strbuf_truncate(arg, 4);
}

static void call_reserve_everything(void *arg)
{
    strbuf_reserve(arg, SIZE_MAX - 1);
}

static void test_contradictions_abort(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf buf = {0};
    strbuf_append_cstr(&buf, "abc");
    assert_aborts(call_consume_too_much, &buf);
    assert_aborts(call_truncate_too_far, &buf);
    assert_aborts(call_reserve_everything, &buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_grows_by_single_characters),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_consume_and_truncate),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_reserve_keeps_the_memory_where_it_is),
        cmocka_unit_test(test_contradictions_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
