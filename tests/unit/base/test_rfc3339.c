#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"

static void test_format(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *want_s;
        const char *want_us;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
        {1, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000001Z"},
        {-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999Z"},
        {1763933400123456, "2025-11-23T21:30:00Z", "2025-11-23T21:30:00.123456Z"},
        {951782400000000, "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z"},
        {951868799999999, "2000-02-29T23:59:59Z", "2000-02-29T23:59:59.999999Z"},
        {951868800000000, "2000-03-01T00:00:00Z", "2000-03-01T00:00:00.000000Z"},
        {4107542400000000, "2100-03-01T00:00:00Z", "2100-03-01T00:00:00.000000Z"},
        {-62167219200000000, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"},
        {253402300799000000, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
        {253402300800000000, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
        {-62167219201000000, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"},
        {INT64_MAX, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.775807Z"},
        {INT64_MIN, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.224192Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char buf[RFC3339_MAX];
        int64_t ms = cases[i].us / 1000 - (cases[i].us % 1000 < 0);
        struct str text = rfc3339_format_s(ms, buf);
        assert_string_equal(buf, cases[i].want_s);
        assert_true(str_eq_cstr(text, cases[i].want_s));
        text = rfc3339_format_us(cases[i].us, buf);
        assert_string_equal(buf, cases[i].want_us);
        assert_true(str_eq_cstr(text, cases[i].want_us));
    }
}

static void test_format_any_ms(void **state)
{
    (void)state;
    char buf[RFC3339_MAX];
    assert_true(str_eq_cstr(rfc3339_format_s(INT64_MAX, buf), "9999-12-31T23:59:59Z"));
    assert_true(str_eq_cstr(rfc3339_format_s(INT64_MIN, buf), "0000-01-01T00:00:00Z"));
    assert_true(str_eq_cstr(rfc3339_format_s(-1, buf), "1969-12-31T23:59:59Z"));
}

static void test_parse_valid(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2025-11-23T21:30:00Z", 1763933400000000},
        {"2025-11-23T21:30:00.5Z", 1763933400500000},
        {"2025-11-23T21:30:00.123456789Z", 1763933400123456},
        {"2025-11-23T21:30:00.000000999Z", 1763933400000000},
        {"2025-11-23T23:30:00+02:00", 1763933400000000},
        {"2025-11-24T03:15:00+05:45", 1763933400000000},
        {"2025-11-23T13:30:00.25-08:00", 1763933400250000},
        {"2025-11-23T21:30:00-00:00", 1763933400000000},
        {"2025-11-24T21:29:00+23:59", 1763933400000000},
        {"2000-02-29T00:00:00Z", 951782400000000},
        {"2024-02-29T23:59:59Z", 1709251199000000},
        {"0000-01-01T00:00:00Z", -62167219200000000},
        {"0000-02-29T00:00:00Z", -62162121600000000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 0;
        if (!rfc3339_parse_us(str_from(cases[i].text), &got) || got != cases[i].want)
            fail_msg("%s: got %lld", cases[i].text, (long long)got);
    }
}

static void test_parse_invalid(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2025",
        "2025-11-23",
        "2025-11-23T21:30:00",
        "2025-11-23T21:30Z",
        "2025-11-23 21:30:00Z",
        "2025-11-23t21:30:00Z",
        "2025-11-23T21:30:00z",
        "25-11-23T21:30:00Z",
        "02025-11-23T21:30:00Z",
        "-025-11-23T21:30:00Z",
        "2025-1-23T21:30:00Z",
        "2025-11-3T21:30:00Z",
        "2025-11-23T1:30:00Z",
        "2025/11/23T21:30:00Z",
        "2025-11-23T21-30-00Z",
        "2025-00-23T21:30:00Z",
        "2025-13-23T21:30:00Z",
        "2025-11-00T21:30:00Z",
        "2025-11-31T21:30:00Z",
        "2025-12-32T21:30:00Z",
        "2025-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2025-06-31T00:00:00Z",
        "2025-09-31T00:00:00Z",
        "2025-01-32T00:00:00Z",
        "2025-11-23T24:00:00Z",
        "2025-11-23T21:60:00Z",
        "2025-11-23T21:30:60Z",
        "2016-12-31T23:59:60Z",
        "2025-11-23T+1:30:00Z",
        "2025-11-23T21:30:00.Z",
        "2025-11-23T21:30:00.0123456789Z",
        "2025-11-23T21:30:00,5Z",
        "2025-11-23T21:30:00.5",
        "2025-11-23T21:30:00.-5Z",
        "2025-11-23T21:30:00+",
        "2025-11-23T21:30:00+02",
        "2025-11-23T21:30:00+0200",
        "2025-11-23T21:30:00+2:00",
        "2025-11-23T21:30:00+24:00",
        "2025-11-23T21:30:00+02:60",
        "2025-11-23T21:30:00 02:00",
        "2025-11-23T21:30:00+02:00Z",
        "2025-11-23T21:30:00-+2:00",
        "2025-11-23T21:30:00ZZ",
        "2025-11-23T21:30:00Z ",
        " 2025-11-23T21:30:00Z",
        "2025-11-23T21:30:00Z+02:00",
        "2025-11-23T21:30:00+-2:00",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 77;
        if (rfc3339_parse_us(str_from(cases[i]), &got))
            fail_msg("\"%s\" was taken", cases[i]);
        assert_int_equal(got, 77);
    }
    int64_t got;
    assert_false(rfc3339_parse_us((struct str){NULL, 0}, &got));
    assert_false(rfc3339_parse_us(STR("1970-01-01T00:00:00Z\0"), &got));
    const char *whole = "1970-01-01T00:00:00Z"; /* every shorter piece of it */
    for (size_t len = 0; len < 20; len++)
        assert_false(rfc3339_parse_us((struct str){whole, len}, &got));
}

static void test_agrees_with_gmtime(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 3);
    for (int i = 0; i < 20000; i++) {
        int64_t range_s = 253402300799 + 62167219200;
        time_t seconds = (time_t)random_below(&random, (uint64_t)range_s) - 62167219200;
        int64_t us = (int64_t)seconds * 1000000 + (int64_t)random_below(&random, 1000000);
        char buf[RFC3339_MAX];
        char want[RFC3339_MAX];
        struct tm tm;
        int64_t parsed = 0;
        gmtime_r(&seconds, &tm);
        snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d", (tm.tm_year + 1900) % 10000,
                 (tm.tm_mon + 1) % 100, tm.tm_mday % 100, tm.tm_hour % 100, tm.tm_min % 100,
                 tm.tm_sec % 100);
        struct str text = rfc3339_format_us(us, buf);
        assert_memory_equal(buf, want, 19);
        assert_true(rfc3339_parse_us(text, &parsed));
        assert_true(parsed == us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_any_ms),
        cmocka_unit_test(test_parse_valid),
        cmocka_unit_test(test_parse_invalid),
        cmocka_unit_test(test_agrees_with_gmtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
