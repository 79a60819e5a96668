#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static const struct {
    const char *bytes;
    size_t want_len;
    uint32_t want_rune;
} cases[] = {
    {"a", 1, 'a'},
    {"ab", 1, 'a'},
    {"\x7F", 1, 0x7F},
    {"\xC2\x80", 2, 0x80},
    {"\xC3\xBC!", 2, 0xFC},
    {"\xDF\xBF", 2, 0x7FF},
    {"\xE0\xA0\x80", 3, 0x800},
    {"\xE2\x82\xAC", 3, 0x20AC},
    {"\xED\x9F\xBF", 3, 0xD7FF},
    {"\xEE\x80\x80", 3, 0xE000},
    {"\xEF\xBF\xBF", 3, 0xFFFF},
    {"\xF0\x90\x80\x80", 4, 0x10000},
    {"\xF0\x9F\x98\x80", 4, 0x1F600},
    {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
    {"", 0, 0},
    {"\x80", 0, 0}, /* a continuation alone */
    {"\xBF", 0, 0},
    {"\x80\x80", 0, 0},
    {"\xBF\xBF", 0, 0},
    {"\xC3", 0, 0}, /* ends too early */
    {"\xE2\x82", 0, 0},
    {"\xF0\x9F\x98", 0, 0},
    {"\xC3(", 0, 0}, /* goes on wrongly */
    {"\xE2\x82(", 0, 0},
    {"\xE2(\x82", 0, 0},
    {"\xC3\xC3", 0, 0},
    {"\xC0\x80", 0, 0}, /* overlong */
    {"\xC1\xBF", 0, 0},
    {"\xE0\x9F\xBF", 0, 0},
    {"\xF0\x8F\xBF\xBF", 0, 0},
    {"\xED\xA0\x80", 0, 0}, /* surrogates */
    {"\xED\xBF\xBF", 0, 0},
    {"\xF4\x90\x80\x80", 0, 0}, /* above U+10FFFF */
    {"\xF5\x80\x80\x80", 0, 0},
    {"\xF8\x88\x80\x80\x80", 0, 0},
    {"\xFE", 0, 0},
    {"\xFF", 0, 0},
};

static void test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t rune = 0xAAAA;
        size_t len = utf8_decode(str_from(cases[i].bytes), &rune);
        uint32_t want = cases[i].want_len > 0 ? cases[i].want_rune : 0xAAAA;
        if (len != cases[i].want_len || rune != want)
            fail_msg("case %zu: %zu bytes, U+%04X", i, len, (unsigned)rune);
    }
    uint32_t rune;
    assert_int_equal(utf8_decode((struct str){NULL, 0}, &rune), 0);
    assert_int_equal(utf8_decode((struct str){"\xC3\xBC", 1}, &rune), 0);
}

static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t max_len;
        size_t want;
    } cuts[] = {
        {"abc", 3, 3},
        {"abc", 9, 3},
        {"abc", 2, 2},
        {"abc", 0, 0},
        {"", 5, 0},
        {"a\xC3\xBC", 3, 3},
        {"a\xC3\xBC", 2, 1},
        {"a\xE2\x82\xAC", 3, 1},
        {"a\xE2\x82\xAC", 2, 1},
        {"a\xE2\x82\xAC"
         "b",
         4, 4},
        {"\xF0\x9F\x98\x80", 3, 0},
        {"\x80\x80\x80\x80\x80\x80", 5, 5}, /* nothing to keep together */
        {"a\x80\x80\x80\x80\x80\x80", 5, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        struct str got = utf8_cut(str_from(cuts[i].bytes), cuts[i].max_len);
        if (got.len != cuts[i].want || got.ptr != cuts[i].bytes)
            fail_msg("case %zu: %zu bytes", i, got.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
