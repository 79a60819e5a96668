#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static const struct str nothing = {NULL, 0};

static void assert_str(struct str got, const char *want)
{
    if (!str_eq_cstr(got, want))
        fail_msg("got \"" STR_FMT "\", want \"%s\"", STR_ARG(got), want);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void test_eq(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_from("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(nothing, STR("")));
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq_cstr(STR("x"), "x"));
    assert_false(str_eq_cstr(STR("x"), NULL));
    assert_true(str_eq_cstr(nothing, NULL));
    assert_true(str_is_empty(str_from(NULL)));
    assert_true(str_is_empty(STR("")));
    assert_false(str_is_empty(STR(" ")));
}

static void test_cmp(void **state)
{
    (void)state;
    static const struct {
        struct str a, b;
        int want;
    } cases[] = {
        {{"a", 1}, {"b", 1}, -1},  {{"b", 1}, {"a", 1}, 1},        {{"a", 1}, {"a", 1}, 0},
        {{"a", 1}, {"ab", 2}, -1}, {{"ab", 2}, {"a", 1}, 1},       {{NULL, 0}, {"a", 1}, -1},
        {{"", 0}, {NULL, 0}, 0},   {{"\xFF", 1}, {"a", 1}, 1},     {{"b", 1}, {"ab", 2}, 1},
        {{"a", 1}, {NULL, 0}, 1},  {{"a\0b", 3}, {"a\0c", 3}, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (sign(str_cmp(cases[i].a, cases[i].b)) != cases[i].want)
            fail_msg("case %zu", i);
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts_with(STR("abc"), STR("ab")));
    assert_true(str_starts_with(STR("abc"), STR("abc")));
    assert_true(str_starts_with(STR("abc"), nothing));
    assert_true(str_starts_with(nothing, STR("")));
    assert_false(str_starts_with(STR("abc"), STR("abcd")));
    assert_false(str_starts_with((struct str){"abcd", 3}, STR("abcd")));
    assert_false(str_starts_with(STR("abc"), STR("bc")));
    assert_true(str_ends_with(STR("abc"), STR("bc")));
    assert_true(str_ends_with(STR("abc"), STR("abc")));
    assert_true(str_ends_with(nothing, nothing));
    assert_false(str_ends_with(STR("abc"), STR("ab")));
    assert_false(str_ends_with(STR("c"), STR("bc")));
}

static void test_skip(void **state)
{
    (void)state;
    assert_str(str_skip(STR("abc"), 0), "abc");
    assert_str(str_skip(STR("abc"), 2), "c");
    assert_str(str_skip(STR("abc"), 3), "");
    assert_str(str_skip(STR("abc"), 100), "");
    assert_str(str_skip(nothing, 0), "");
    assert_str(str_skip(nothing, 5), "");
}

static void test_trim(void **state)
{
    (void)state;
    assert_str(str_trim(STR("  a b\t\r\n")), "a b");
    assert_str(str_trim(STR("a")), "a");
    assert_str(str_trim(STR(" \n ")), "");
    assert_str(str_trim(nothing), "");
    assert_str(str_trim(STR("\va\v")), "\va\v");
}

static void test_before(void **state)
{
    (void)state;
    assert_str(str_before(STR("a/b/c"), '/'), "a");
    assert_str(str_before(STR("/b"), '/'), "");
    assert_str(str_before(STR("abc"), '/'), "abc");
    assert_str(str_before(nothing, '/'), "");
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* parts, each in brackets */
    } cases[] = {
        {"", ""},        {"a", "[a]"},  {"a,b", "[a][b]"}, {"a,,b", "[a][][b]"},
        {",a", "[][a]"}, {"a,", "[a]"}, {",", "[]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[64] = "";
        struct str rest = str_from(cases[i].text);
        struct str part;
        while (str_split(&rest, ',', &part)) {
            strcat(got, "[");
            strncat(got, part.ptr, part.len);
            strcat(got, "]");
        }
        assert_string_equal(got, cases[i].want);
    }
    struct str rest = nothing;
    struct str part;
    assert_false(str_split(&rest, ',', &part));
}

static void test_find(void **state)
{
    (void)state;
    size_t index = 99;
    assert_false(str_find(STR("abc"), 'x', &index));
    assert_false(str_find(nothing, 'x', &index));
    assert_false(str_find((struct str){"abc", 2}, 'c', &index));
    assert_int_equal(index, 99);
    assert_true(str_find(STR("abcb"), 'b', &index));
    assert_int_equal(index, 1);
    assert_true(str_find(STR("a\0b"), '\0', &index));
    assert_int_equal(index, 1);
}

static void test_to_u64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_valid;
        uint64_t want;
    } cases[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"0042", true, 42},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"18446744073709551625", false, 0},
        {"99999999999999999999", false, 0},
        {"184467440737095516150", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1a", false, 0},
        {"0x1", false, 0},
        {"/", false, 0},
        {":", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t got = 12345;
        if (str_to_u64(str_from(cases[i].text), &got) != cases[i].is_valid)
            fail_msg("\"%s\": not as expected", cases[i].text);
        assert_int_equal(got, cases[i].is_valid ? cases[i].want : 12345);
    }
}

static void test_dup_cstr(void **state)
{
    (void)state;
    cleanup_free char *part = str_dup_cstr((struct str){"abcdef", 3});
    cleanup_free char *empty = str_dup_cstr(nothing);
    assert_string_equal(part, "abc");
    assert_string_equal(empty, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eq),
        cmocka_unit_test(test_cmp),
        cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_before),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_to_u64),
        cmocka_unit_test(test_dup_cstr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
