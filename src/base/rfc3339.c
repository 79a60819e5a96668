#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"

static const int64_t US_PER_S = 1000000;
static const int64_t S_PER_DAY = 86400;
static const int64_t FIRST_S = -62167219200; /* 0000-01-01T00:00:00Z */
static const int64_t LAST_S = 253402300799;  /* 9999-12-31T23:59:59Z */

struct date {
    int year, month, day;
};

/* Days from 1970-01-01 in the Gregorian calendar, also before its time. Years are counted from
 * March, so that the leap day is the last of its year. */
static int64_t days_from_date(struct date date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t months_from_march = (date.month + 9) % 12;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * months_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct date date_from_days(int64_t days)
{
    days += 719468; /* from 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t months_from_march = (5 * day_of_year + 2) / 153;
    int month = (int)(months_from_march < 10 ? months_from_march + 3 : months_from_march - 9);
    int64_t year = era * 400 + year_of_era + (month <= 2);
    int day = (int)(day_of_year - (153 * months_from_march + 2) / 5 + 1);
    return (struct date){(int)year, month, day};
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Times outside of the years that RFC 3339 can write become its first or last second. */
static struct str format_seconds(int64_t seconds, char buf[RFC3339_MAX])
{
    if (seconds < FIRST_S)
        seconds = FIRST_S;
    if (seconds > LAST_S)
        seconds = LAST_S;
    int64_t days = floor_div(seconds, S_PER_DAY);
    int second = (int)(seconds - days * S_PER_DAY);
    struct date date = date_from_days(days);
    int len = snprintf(buf, RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month,
                       date.day, second / 3600, second / 60 % 60, second % 60);
    must(len > 0 && len < RFC3339_MAX);
    return (struct str){buf, (size_t)len};
}

static struct str append_to_time(struct str time, char buf[RFC3339_MAX], const char *end)
{
    int len = snprintf(buf + time.len, RFC3339_MAX - time.len, "%s", end);
    must(len > 0 && (size_t)len < RFC3339_MAX - time.len);
    return (struct str){buf, time.len + (size_t)len};
}

struct str rfc3339_format_s(int64_t wall_ms, char buf[RFC3339_MAX])
{
    return append_to_time(format_seconds(floor_div(wall_ms, 1000), buf), buf, "Z");
}

struct str rfc3339_format_us(int64_t wall_us, char buf[RFC3339_MAX])
{
    int64_t seconds = floor_div(wall_us, US_PER_S);
    int us = (int)((wall_us % US_PER_S + US_PER_S) % US_PER_S);
    char fraction[16];
    snprintf(fraction, sizeof(fraction), ".%06dZ", us);
    return append_to_time(format_seconds(seconds, buf), buf, fraction);
}

/* Takes exactly `digits` digits off the front. */
static bool take_number(struct str *s, size_t digits, int min, int max, int *out)
{
    uint64_t value = 0;
    if (s->len < digits || !str_to_u64((struct str){s->ptr, digits}, &value))
        return false;
    *s = str_skip(*s, digits);
    *out = (int)value;
    return *out >= min && *out <= max;
}

static bool take_char(struct str *s, char wanted)
{
    if (s->len == 0 || s->ptr[0] != wanted)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

static bool take_date(struct str *s, int64_t *days_out)
{
    struct date date = {0};
    if (!take_number(s, 4, 0, 9999, &date.year) || !take_char(s, '-') ||
        !take_number(s, 2, 1, 12, &date.month) || !take_char(s, '-') ||
        !take_number(s, 2, 1, days_in_month(date.year, date.month), &date.day))
        return false;
    *days_out = days_from_date(date);
    return true;
}

/* Leap seconds (":60") are refused, as Go refuses them. */
static bool take_time(struct str *s, int64_t *seconds_out)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!take_number(s, 2, 0, 23, &hour) || !take_char(s, ':') ||
        !take_number(s, 2, 0, 59, &minute) || !take_char(s, ':') ||
        !take_number(s, 2, 0, 59, &second))
        return false;
    *seconds_out = hour * 3600 + minute * 60 + second;
    return true;
}

/* "." and one to nine digits, or nothing; what is below a microsecond is dropped. */
static bool take_fraction(struct str *s, int64_t *us_out)
{
    *us_out = 0;
    if (!take_char(s, '.'))
        return true;
    size_t digits = 0;
    int64_t ns = 0;
    for (int64_t unit_ns = 100000000; s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9';
         unit_ns /= 10) {
        ns += (s->ptr[0] - '0') * unit_ns;
        *s = str_skip(*s, 1);
        digits++;
    }
    *us_out = ns / 1000;
    return digits >= 1 && digits <= 9;
}

static bool take_offset(struct str *s, int64_t *seconds_out)
{
    *seconds_out = 0;
    if (take_char(s, 'Z'))
        return true;
    bool is_west = take_char(s, '-');
    int hour = 0;
    int minute = 0;
    if ((!is_west && !take_char(s, '+')) || !take_number(s, 2, 0, 23, &hour) ||
        !take_char(s, ':') || !take_number(s, 2, 0, 59, &minute))
        return false;
    *seconds_out = (is_west ? -1 : 1) * (hour * 3600 + minute * 60);
    return true;
}

bool rfc3339_parse_us(struct str s, int64_t *wall_us_out)
{
    int64_t days = 0;
    int64_t seconds = 0;
    int64_t us = 0;
    int64_t offset_s = 0;
    if (!take_date(&s, &days) || !take_char(&s, 'T') || !take_time(&s, &seconds) ||
        !take_fraction(&s, &us) || !take_offset(&s, &offset_s) || s.len > 0)
        return false;
    *wall_us_out = (days * S_PER_DAY + seconds - offset_s) * US_PER_S + us;
    return true;
}
