#include "manager/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/loop.h"

static size_t trims; /* a test process has one memory */

static void count_trim(void)
{
    trims++;
}

static void setup(uv_loop_t *loop, struct memory_trimmer *trimmer)
{
    trims = 0;
    assert_int_equal(uv_loop_init(loop), 0);
    memory_trimmer_init(trimmer, loop);
    trimmer->trim = count_trim;
}

static void teardown(uv_loop_t *loop, struct memory_trimmer *trimmer)
{
    memory_trimmer_close(trimmer);
    loop_run_ready(loop);
    assert_int_equal(uv_loop_close(loop), 0);
}

static void pass_ms(uv_loop_t *loop, int64_t ms)
{
    loop_skip_ms(loop, ms);
    loop_run_ready(loop);
}

static void test_trims_once_when_a_burst_is_over(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct memory_trimmer trimmer;
    setup(&loop, &trimmer);
    for (int i = 0; i < 20; i++) {
        memory_trimmer_touch(&trimmer);
        pass_ms(&loop, 1000);
    }
    assert_int_equal(trims, 0);
    pass_ms(&loop, 5001);
    pass_ms(&loop, 5001);
    assert_int_equal(trims, 1);
    teardown(&loop, &trimmer);
}

static void test_sleeps_where_nothing_happens(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct memory_trimmer trimmer;
    setup(&loop, &trimmer);
    assert_false(uv_loop_alive(&loop));
    memory_trimmer_touch(&trimmer);
    assert_true(uv_loop_alive(&loop));
    pass_ms(&loop, 5001);
    assert_int_equal(trims, 1);
    assert_false(uv_loop_alive(&loop));
    memory_trimmer_touch(&trimmer);
    pass_ms(&loop, 5001);
    assert_int_equal(trims, 2);
    teardown(&loop, &trimmer);
}

static void test_the_real_thing_can_be_called(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct memory_trimmer trimmer;
    memory_prepare();
    assert_int_equal(uv_loop_init(&loop), 0);
    memory_trimmer_init(&trimmer, &loop);
    memory_trimmer_touch(&trimmer);
    pass_ms(&loop, 5001);
    assert_false(uv_loop_alive(&loop));
    teardown(&loop, &trimmer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trims_once_when_a_burst_is_over),
        cmocka_unit_test(test_sleeps_where_nothing_happens),
        cmocka_unit_test(test_the_real_thing_can_be_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
