#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/random.h"

static void test_parse_valid(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"0", 0},
        {"+0", 0},
        {"-0", 0},
        {"0s", 0},
        {"5s", 5000},
        {"1m30s", 90000},
        {"1h2m3s4ms", 3723004},
        {"1.5h", 5400000},
        {".5s", 500},
        {"5.s", 5000},
        {"0.0100s", 10},
        {"300ms", 300},
        {"-2s", -2000},
        {"+2s", 2000},
        {"-1m.5s", -60500},
        {"1500us", 1},
        {"999us", 0},
        {"-999us", 0},
        {"600us600us", 1},
        {"1500\xC2\xB5s", 1},
        {"1500\xCE\xBCs", 1},
        {"2000000ns", 2},
        {"1s1s", 2000},
        {"1s1h", 3601000},
        {"0.3333333333333333333h", 1199999},
        {"0.830103483285477580700h", 2988372},
        {"0.100000000000000000000h", 360000},
        {"0.0000000000000000000000000000000000000000000000001h", 0},
        {"0.99999999999999999999999999999999999999999999999999s", 999},
        {"2562047h47m16.854775807s", 9223372036854},
        {"9223372036854775807ns", 9223372036854},
        {"-9223372036854775808ns", -9223372036854},
        {"-2562047h47m16.854775808s", -9223372036854},
        {"9223372036854.775807ms", 9223372036854},
        {"0009s", 9000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 0;
        if (!duration_parse_ms(str_from(cases[i].text), &got) || got != cases[i].want)
            fail_msg("%s: got %lld", cases[i].text, (long long)got);
    }
}

static void test_parse_invalid(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "+",
        "-",
        "--1s",
        "+-1s",
        "1",
        "3000",
        "00",
        "s",
        ".",
        ".s",
        "+.s",
        "1.",
        "1.5",
        "1x",
        "1S",
        "1H",
        "1d",
        "1w",
        "1sec",
        "1 s",
        " 1s",
        "1s ",
        "1s 1s",
        "1,5s",
        "1e3s",
        "1..5s",
        "1.5.5s",
        "1s1",
        "1s-1s",
        "0-1s",
        "0 ",
        "1msec",
        "1\xB5s",
        "1\xC2s",
        "0x1s",
        "9223372036854775808ns",
        "-9223372036854775809ns",
        "9223372036854775808us",
        "2562047h47m16.854775808s",
        "9223372036854.775808ms",
        "9223372036s1000ms9223372036s",
        "18446744073709551616ns",
        "18446744073709551615ns2ns",
        "0.5h18446744073709551615ns",
        "99999999999999999999999h",
        "3000000h",
        "1h\xFF",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 77;
        if (duration_parse_ms(str_from(cases[i]), &got))
            fail_msg("\"%s\" was taken as %lld", cases[i], (long long)got);
        assert_int_equal(got, 77);
    }
    int64_t got;
    assert_false(duration_parse_ms((struct str){NULL, 0}, &got));
    assert_false(duration_parse_ms(STR("1s\0"), &got));
}

static void test_format(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        {0, "0s"},
        {1, "1ms"},
        {999, "999ms"},
        {1000, "1s"},
        {1001, "1.001s"},
        {2500, "2.5s"},
        {2050, "2.05s"},
        {2340, "2.34s"},
        {59999, "59.999s"},
        {60000, "1m0s"},
        {90000, "1m30s"},
        {61500, "1m1.5s"},
        {3599999, "59m59.999s"},
        {3600000, "1h0m0s"},
        {5400000, "1h30m0s"},
        {86400000, "24h0m0s"},
        {-2000, "-2s"},
        {-1, "-1ms"},
        {-90500, "-1m30.5s"},
        {-5400000, "-1h30m0s"},
        {INT64_MAX, "2562047788015h12m55.807s"},
        {INT64_MIN, "-2562047788015h12m55.808s"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char buf[DURATION_MAX];
        struct str got = duration_format_ms(cases[i].ms, buf);
        assert_string_equal(buf, cases[i].want);
        assert_int_equal(got.len, strlen(cases[i].want));
        assert_ptr_equal(got.ptr, buf);
    }
}

static void test_what_is_formatted_is_read_back(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 9);
    for (int i = 0; i < 20000; i++) {
        uint64_t below = (uint64_t)1 << (1 + random_below(&random, 42));
        int64_t ms = (int64_t)random_below(&random, below) - (int64_t)random_below(&random, below);
        char buf[DURATION_MAX];
        int64_t parsed = 0;
        assert_true(duration_parse_ms(duration_format_ms(ms, buf), &parsed));
        if (parsed != ms)
            fail_msg("%s: %lld and %lld", buf, (long long)ms, (long long)parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_valid),
        cmocka_unit_test(test_parse_invalid),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_what_is_formatted_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
