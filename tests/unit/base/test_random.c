#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/random.h"
#include "unit/base/aborts.h"

static void test_the_same_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    /* SplitMix64 from 0, as published. */
    static const uint64_t want[] = {0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F};
    struct random random;
    random_init(&random, 0);
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_true(random_next(&random) == want[i]);
    random_init(&random, 1);
    assert_true(random_next(&random) != want[0]);
}

static void test_below_is_even(void **state)
{
    (void)state;
    enum { BOUND = 7, DRAWS = 70000 };
    int counts[BOUND] = {0};
    struct random random;
    random_init(&random, 42);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t number = random_below(&random, BOUND);
        assert_true(number < BOUND);
        counts[number]++;
    }
    for (int i = 0; i < BOUND; i++)
        assert_in_range(counts[i], DRAWS / BOUND - 500, DRAWS / BOUND + 500);
}

static void test_below_is_even_for_large_bounds(void **state)
{
    (void)state;
    /* Three quarters of 2^64: a bare modulo would draw the first third twice as often. */
    const uint64_t bound = 3u * ((uint64_t)1 << 62);
    int in_first_third = 0;
    struct random random;
    random_init(&random, 42);
    for (int i = 0; i < 30000; i++) {
        uint64_t number = random_below(&random, bound);
        assert_true(number < bound);
        in_first_third += number < bound / 3;
    }
    assert_in_range(in_first_third, 9500, 10500);
    assert_int_equal(random_below(&random, 1), 0);
}

static void call_below_zero(void *arg)
{
    random_below(arg, 0);
}

static void test_a_bound_of_zero_aborts(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 1);
    assert_aborts(call_below_zero, &random);
}

static void test_seeds_differ(void **state)
{
    (void)state;
    assert_true(random_seed_from_system() != random_seed_from_system());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_seed_gives_the_same_numbers),
        cmocka_unit_test(test_below_is_even),
        cmocka_unit_test(test_below_is_even_for_large_bounds),
        cmocka_unit_test(test_a_bound_of_zero_aborts),
        cmocka_unit_test(test_seeds_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
