#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/must.h"
#include "unit/base/aborts.h"

static void call_must(void *arg)
{
    const int *number = arg;
    must(*number == 2);
}

static void test_must(void **state)
{
    (void)state;
    char said[256] = "";
    assert_false(aborts(call_must, &(int){2}, said, sizeof(said)));
    assert_string_equal(said, "");
    assert_true(aborts(call_must, &(int){3}, said, sizeof(said)));
    assert_non_null(strstr(said, "test_must.c:"));
    assert_non_null(strstr(said, "must hold: *number == 2\n"));
}

static void test_alloc(void **state)
{
    (void)state;
    cleanup_free char *nothing = mem_alloc(0);
    cleanup_free char *zeros = mem_alloc_zero(1000);
    cleanup_free char *no_zeros = mem_alloc_zero(0);
    assert_non_null(nothing);
    assert_non_null(no_zeros);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(zeros[i], 0);
    memset(zeros, 'x', 1000);
}

static void test_grow_keeps_the_contents(void **state)
{
    (void)state;
    char *text = mem_grow(NULL, 4);
    memcpy(text, "abc", 4);
    text = mem_grow(text, 100000);
    assert_string_equal(text, "abc");
    text = mem_grow(text, 0);
    assert_non_null(text);
    free(text);
    int *numbers = mem_grow_array(NULL, 10, sizeof(int));
    numbers[9] = 9;
    numbers = mem_grow_array(numbers, 1000, sizeof(int));
    assert_int_equal(numbers[9], 9);
    numbers[999] = 1;
    free(numbers);
}

static void call_grow_array(void *arg)
{
    const size_t *count = arg;
    free(mem_grow_array(NULL, *count, 16));
}

static void test_a_product_that_overflows_aborts(void **state)
{
    (void)state;
    assert_aborts(call_grow_array, &(size_t){SIZE_MAX / 16 + 2});
}

static void test_dup_cstr(void **state)
{
    (void)state;
    const char *text = "text";
    cleanup_free char *copy = mem_dup_cstr(text);
    assert_string_equal(copy, "text");
    assert_ptr_not_equal(copy, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_must),
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_grow_keeps_the_contents),
        cmocka_unit_test(test_a_product_that_overflows_aborts),
        cmocka_unit_test(test_dup_cstr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
