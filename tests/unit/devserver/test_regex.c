#include "devserver/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"

static const struct match_case {
    const char *pattern;
    const char *text;
    bool is_match;
} match_cases[] = {
    {"", "", true},
    {"", "abc", true},
    {"b", "abc", true},
    {"^b", "abc", false},
    {"^a.c$", "abc", true},
    {"a.c", "a\nc", false},
    {"^(a|bc|)$", "bc", true},
    {"^(a|bc|)$", "", true},
    {"^(a|bc|)$", "b", false},
    {"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name-1", true},
    {"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name-", false},
    {"^[^a-c]+$", "xyz", true},
    {"^[^a-c]+$", "xbz", false},
    {"^[]a]+$", "a]a", true},
    {"^[a\\]\\-]+$", "a]-", true},
    {"^[a-]+$", "a-", true},
    {"^\\d{3}$", "123", true},
    {"^\\d{3}$", "1234", false},
    {"^x{2,}$", "x", false},
    {"^x{2,}$", "xxxx", true},
    {"^x{1,3}$", "xxxx", false},
    {"^x{,3}$", "x{,3}", true}, /* no repetition, as in Go */
    {"^[\\w.]+\\s\\S\\D\\W$", "a_1. xy!", true},
    {"^(?:[-a-z]*)+$", "a-b", true},
    {"^(?P<n>a)(?<m>b)$", "ab", true},
    {"^a+?b*?c??$", "aabb", true},
    {"^[[:alpha:]_]+[[:digit:]]$", "ab_7", true},
    {"^\\x41\\x{e4}\\t$", "A\xc3\xa4\t", true},
    {"^.$", "\xc3\xa4", true},
    {"^..$", "\xc3\xa4", false},
    {"^[\xc3\xa4-\xc3\xb6]$", "\xc3\xa5", true},
    {"^.$", "\xff", true},
    {"a$|^b", "ba", true},
    {"\\Ab\\z", "b", true},
    {"^\\/\\.\\\\$", "/.\\", true},
    {"^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\\.){3}([0-9]|25[0-5])$", "10.0.255.1",
     true},
    {"^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\\.){3}([0-9]|25[0-5])$", "10.0.256.1",
     false},
    {"^((a*)*)*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
};

static void test_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(match_cases); i++) {
        const struct match_case *c = &match_cases[i];
        struct arena arena __attribute__((cleanup(arena_fini)));
        struct error err = {0};
        const struct dev_regex *regex = NULL;
        arena_init(&arena);
        if (!dev_regex_compile(&arena, str_from(c->pattern), &regex, &err))
            fail_msg("%s: %s", c->pattern, err.text);
        if (dev_regex_matches(regex, str_from(c->text)) != c->is_match)
            fail_msg("%s on %s: want %d", c->pattern, c->text, c->is_match);
    }
}

static const struct error_case {
    const char *pattern;
    const char *want; /* Go's words behind "error parsing regexp: " */
} error_cases[] = {
    {"(", "missing closing ): `(`"},
    {"a(b", "missing closing ): `a(b`"},
    {"a)b", "unexpected ): `a)b`"},
    {"[a", "missing closing ]: `[a`"},
    {"[b-a]", "invalid character class range: `b-a`"},
    {"*a", "missing argument to repetition operator: `*`"},
    {"a**", "invalid nested repetition operator: `**`"},
    {"a{1001}", "invalid repeat count: `{1001}`"},
    {"a{3,2}", "invalid repeat count: `{3,2}`"},
    {"\\q", "invalid escape sequence: `\\q`"},
    {"\\xg", "invalid escape sequence: `\\x`"},
    {"a\\", "trailing backslash at end of expression: ``"},
    {"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
    {"(?i)a", "invalid or unsupported Perl syntax: `(?i`"},
    {"\xff", "invalid UTF-8: `\xff`"},
    {"(a{1000}){1000}", "expression too large"},
    {"(((()"
     "{1000}){1000}){1000}){1000}",
     "expression too large"},
};

static void test_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(error_cases); i++) {
        struct arena arena __attribute__((cleanup(arena_fini)));
        struct error err = {0};
        const struct dev_regex *regex = NULL;
        arena_init(&arena);
        if (dev_regex_compile(&arena, str_from(error_cases[i].pattern), &regex, &err))
            fail_msg("%s: compiles", error_cases[i].pattern);
        assert_int_equal(err.code, ERROR_INVALID);
        if (strcmp(err.text, error_cases[i].want) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", error_cases[i].pattern, err.text,
                     error_cases[i].want);
    }
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    struct arena arena __attribute__((cleanup(arena_fini)));
    cleanup_strbuf struct strbuf pattern = {0};
    struct error err = {0};
    const struct dev_regex *regex = NULL;
    arena_init(&arena);
    for (int i = 0; i < 10000; i++)
        strbuf_append_char(&pattern, '(');
    assert_false(dev_regex_compile(&arena, strbuf_str(&pattern), &regex, &err));
    assert_non_null(strstr(err.text, "nests too deeply"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_says_what_is_wrong),
        cmocka_unit_test(test_depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
