#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"

static const uint64_t NS_PER_MS = 1000000;

struct unit {
    struct str name;
    uint64_t ns;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits off the front; false when they overflow. None at all is 0. */
static bool take_digits(struct str *s, struct str *digits, uint64_t *value)
{
    digits->ptr = s->ptr;
    digits->len = 0;
    while (digits->len < s->len && is_digit(s->ptr[digits->len]))
        digits->len++;
    *s = str_skip(*s, digits->len);
    *value = 0;
    return digits->len == 0 || str_to_u64(*digits, value);
}

static bool take_unit(struct str *s, uint64_t *ns_out)
{
    static const struct unit units[] = {
        {{"h", 1}, 3600000000000},
        {{"m", 1}, 60000000000},
        {{"s", 1}, 1000000000},
        {{"ms", 2}, 1000000},
        {{"us", 2}, 1000},
        {{"\xC2\xB5s", 3}, 1000}, /* micro sign */
        {{"\xCE\xBCs", 3}, 1000}, /* Greek mu */
        {{"ns", 2}, 1},
    };
    struct str name = {s->ptr, 0};
    while (name.len < s->len && s->ptr[name.len] != '.' && !is_digit(s->ptr[name.len]))
        name.len++;
    *s = str_skip(*s, name.len);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (str_eq(units[i].name, name)) {
            *ns_out = units[i].ns;
            return true;
        }
    }
    return false;
}

static uint64_t fraction_to_ns(struct str digits, uint64_t unit_ns)
{
    /* With 18 digits of at most an hour the product stays far below 128 bits; more are too small
     * to be seen. */
    unsigned __int128 value = 0;
    uint64_t scale = 1;
    for (size_t i = 0; i < digits.len && i < 18; i++) {
        value = value * 10 + (unsigned)(digits.ptr[i] - '0');
        scale *= 10;
    }
    return (uint64_t)(value * unit_ns / scale);
}

/* One "1.5h". */
static bool take_part(struct str *s, uint64_t *ns_out)
{
    struct str whole;
    struct str fraction = {0};
    uint64_t value = 0;
    uint64_t fraction_value = 0;
    uint64_t unit_ns = 0;
    if (!take_digits(s, &whole, &value))
        return false;
    if (s->len > 0 && s->ptr[0] == '.') {
        *s = str_skip(*s, 1);
        (void)!take_digits(s, &fraction, &fraction_value); /* any number of digits */
    }
    if ((whole.len == 0 && fraction.len == 0) || !take_unit(s, &unit_ns))
        return false;
    return !__builtin_mul_overflow(value, unit_ns, ns_out) &&
           !__builtin_add_overflow(*ns_out, fraction_to_ns(fraction, unit_ns), ns_out);
}

bool duration_parse_ms(struct str s, int64_t *ms_out)
{
    bool is_negative = s.len > 0 && s.ptr[0] == '-';
    if (is_negative || (s.len > 0 && s.ptr[0] == '+'))
        s = str_skip(s, 1);
    uint64_t total_ns = 0;
    if (s.len == 0)
        return false;
    if (str_eq(s, STR("0")))
        s = str_skip(s, 1);
    while (s.len > 0) {
        uint64_t part_ns = 0;
        if (!take_part(&s, &part_ns) || __builtin_add_overflow(total_ns, part_ns, &total_ns))
            return false;
    }
    /* Go's Duration is an int64 of nanoseconds. */
    if (total_ns > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
        return false;
    int64_t ms = (int64_t)(total_ns / NS_PER_MS);
    *ms_out = is_negative ? -ms : ms;
    return true;
}

/* "2.5" from 2500; no trailing zeros. */
static int format_seconds(char *buf, size_t size_bytes, uint64_t ms)
{
    int digits = 3;
    uint64_t fraction = ms % 1000;
    while (fraction > 0 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    if (fraction == 0)
        return snprintf(buf, size_bytes, "%us", (unsigned)(ms / 1000));
    return snprintf(buf, size_bytes, "%u.%0*us", (unsigned)(ms / 1000), digits, (unsigned)fraction);
}

struct str duration_format_ms(int64_t ms, char buf[DURATION_MAX])
{
    uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    const char *sign = ms < 0 ? "-" : "";
    unsigned minutes = (unsigned)(left / 60000 % 60);
    char seconds[16];
    int len;
    must(format_seconds(seconds, sizeof(seconds), left % 60000) < (int)sizeof(seconds));
    if (left > 0 && left < 1000)
        len = snprintf(buf, DURATION_MAX, "%s%ums", sign, (unsigned)left);
    else if (left < 60000)
        len = snprintf(buf, DURATION_MAX, "%s%s", sign, seconds);
    else if (left < 3600000)
        len = snprintf(buf, DURATION_MAX, "%s%um%s", sign, minutes, seconds);
    else
        len = snprintf(buf, DURATION_MAX, "%s%lluh%um%s", sign,
                       (unsigned long long)(left / 3600000), minutes, seconds);
    must(len > 0 && len < DURATION_MAX);
    return (struct str){buf, (size_t)len};
}
