#include "devserver/age.h"

#include "base/clock.h"

/* "3h5m", without the second part where it is zero. */
static void append_two(struct strbuf *out, int64_t first, char first_unit, int64_t second,
                       char second_unit)
{
    strbuf_printf(out, "%lld%c", (long long)first, first_unit);
    if (second != 0)
        strbuf_printf(out, "%lld%c", (long long)second, second_unit);
}

void dev_age_append(int64_t age_ms, struct strbuf *out)
{
    int64_t seconds = age_ms / 1000;
    int64_t minutes = seconds / 60;
    int64_t hours = minutes / 60;
    int64_t days = hours / 24;
    if (seconds < -1)
        strbuf_append_cstr(out, "<invalid>"); /* clocks differ by more than a moment */
    else if (seconds < 0)
        strbuf_append_cstr(out, "0s");
    else if (seconds < 120)
        append_two(out, seconds, 's', 0, 's');
    else if (minutes < 10)
        append_two(out, minutes, 'm', seconds % 60, 's');
    else if (hours < 3)
        append_two(out, minutes, 'm', 0, 's');
    else if (hours < 8)
        append_two(out, hours, 'h', minutes % 60, 'm');
    else if (hours < 48)
        append_two(out, hours, 'h', 0, 'm');
    else if (days < 8)
        append_two(out, days, 'd', hours % 24, 'h');
    else if (days < 2 * 365)
        append_two(out, days, 'd', 0, 'h');
    else
        append_two(out, days / 365, 'y', days < 8 * 365 ? days % 365 : 0, 'd');
}

void dev_age_append_since(struct str time, int64_t now_ms, struct strbuf *out)
{
    int64_t us = 0;
    if (str_is_empty(time))
        strbuf_append_cstr(out, "<unknown>");
    else if (!rfc3339_parse_us(time, &us))
        strbuf_append_cstr(out, "<invalid>");
    else
        dev_age_append(now_ms - us / 1000, out);
}
