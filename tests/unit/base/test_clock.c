#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static int64_t read_number(void *ctx)
{
    return *(const int64_t *)ctx;
}

static void test_a_fake_clock_is_asked(void **state)
{
    (void)state;
    int64_t now = 5;
    struct clock clock = {.mono_ms = read_number, .wall_us = read_number, .ctx = &now};
    assert_int_equal(clock_mono_ms(&clock), 5);
    assert_int_equal(clock_wall_us(&clock), 5);
    now = 1999999;
    assert_int_equal(clock_wall_ms(&clock), 1999);
    now = 0;
    assert_int_equal(clock_wall_ms(&clock), 0);
    now = -1;
    assert_int_equal(clock_wall_ms(&clock), -1);
    now = -1000;
    assert_int_equal(clock_wall_ms(&clock), -1);
    now = -1001;
    assert_int_equal(clock_wall_ms(&clock), -2);
}

static void test_the_system_clock_goes_on(void **state)
{
    (void)state;
    struct clock clock = clock_system();
    int64_t mono_ms = clock_mono_ms(&clock);
    int64_t wall_us = clock_wall_us(&clock);
    int64_t year_2020_us = 1577836800000000;
    int64_t year_2200_us = 7258118400000000;
    assert_true(mono_ms >= 0);
    assert_true(clock_mono_ms(&clock) >= mono_ms);
    assert_true(wall_us > year_2020_us && wall_us < year_2200_us);
    int64_t started_ms = clock_mono_ms(&clock);
    while (clock_mono_ms(&clock) == started_ms)
        ; /* it moves: otherwise this never ends */
    assert_true(clock_mono_ms(&clock) - started_ms < 10000);
    assert_true(clock_wall_ms(&clock) >= wall_us / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fake_clock_is_asked),
        cmocka_unit_test(test_the_system_clock_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
