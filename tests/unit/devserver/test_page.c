#include "devserver/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "ab", "abc", "a-long.name.with-\xc3\xa4?>", "zzzz"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct arena arena cleanup_arena;
        struct strbuf token cleanup_strbuf = {0};
        struct dev_status status = {0};
        struct dev_page page = {0};
        const struct dev_page given = {.ns = str_from(i % 2 ? "ns" : ""),
                                       .name = str_from(names[i]),
                                       .version = 7 + i,
                                       .before = 500};
        arena_init(&arena);
        dev_page_write(&given, &token);
        assert_null(strpbrk(token.data, "+/=")); /* it goes into a query as it is */
        assert_true(dev_page_read(strbuf_str(&token), &arena, &page, &status));
        assert_true(str_eq(page.ns, given.ns) && str_eq(page.name, given.name));
        assert_int_equal(page.version, given.version);
        assert_int_equal(page.before, 500);
    }
}

static void test_what_is_no_token(void **state)
{
    (void)state;
    /* no base64; {}; other version; "rv":-1 and no start */
    static const char *const tokens[] = {"",
                                         "!",
                                         "foo",
                                         "e30",
                                         "eyJ2IjoieCIsInN0YXJ0IjoiYSJ9",
                                         "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTF9"};
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        struct arena arena cleanup_arena;
        struct dev_status status = {0};
        struct dev_page page = {0};
        arena_init(&arena);
        if (dev_page_read(str_from(tokens[i]), &arena, &page, &status))
            fail_msg("%s", tokens[i]);
        assert_int_equal(status.code, 400);
        dev_status_fini(&status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_what_is_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
