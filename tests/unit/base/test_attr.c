#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static int freed;
static void note_freed(const int *value)
{
    freed += *value;
}

static void test_cleanup_runs_at_the_end_of_the_scope(void **state)
{
    (void)state;
    freed = 0;
    {
        cleanup_with(note_freed) int value = 7;
        assert_int_equal(value, 7);
        assert_int_equal(freed, 0);
    }
    assert_int_equal(freed, 7);
}

static char *make_text(char **seen)
{
    cleanup_free char *text = malloc(4); /* a second free would trip the sanitizer or glibc */
    *seen = text;
    return steal_ptr(text);
}

static void test_steal_ptr_hands_over(void **state)
{
    (void)state;
    char *seen = NULL;
    char *text = make_text(&seen);
    assert_non_null(text);
    assert_ptr_equal(text, seen);
    char *again = steal_ptr(text);
    assert_null(text);
    free(again);
}

static void test_container_of(void **state)
{
    (void)state;
    struct outer {
        char first;
        int inner;
    } outer = {'a', 1};
    int *inner = &outer.inner;
    assert_ptr_equal(container_of(inner, struct outer, inner), &outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cleanup_runs_at_the_end_of_the_scope),
        cmocka_unit_test(test_steal_ptr_hands_over),
        cmocka_unit_test(test_container_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
