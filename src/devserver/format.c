#include "devserver/format.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/base64.h"
#include "base/clock.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_date_time(struct str value)
{
    int64_t us = 0;
    return rfc3339_parse_us(value, &us);
}

static bool is_date(struct str value)
{
    char text[32];
    if (value.len != strlen("2006-01-02"))
        return false;
    int len = snprintf(text, sizeof(text), STR_FMT "T00:00:00Z", STR_ARG(value));
    return is_date_time((struct str){text, (size_t)len});
}

/* Zeros in front are allowed, as kube-apiserver still has it. */
static bool is_ipv4(struct str value)
{
    int parts = 0;
    struct str part;
    while (str_split(&value, '.', &part)) {
        uint64_t number = 0;
        if (!str_to_u64(part, &number) || number > 255 || ++parts > 4)
            return false;
    }
    return parts == 4;
}

static bool is_ipv6(struct str value)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    if (value.len >= sizeof(text) || str_is_empty(value))
        return false;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    return inet_pton(AF_INET6, text, &addr) == 1;
}

static bool is_cidr(struct str value)
{
    struct str addr = str_before(value, '/');
    uint64_t prefix = 0;
    if (!str_to_u64(str_skip(value, addr.len + 1), &prefix))
        return false;
    return (is_ipv4(addr) && prefix <= 32) || (is_ipv6(addr) && prefix <= 128);
}

static bool is_byte(struct str value)
{
    struct error err;
    cleanup_free char *data = NULL;
    size_t size = 0;
    return value.len % 4 == 0 && base64_decode(value, &data, &size, &err);
}

/* An absolute URI or an absolute path. */
static bool is_uri(struct str value)
{
    size_t colon = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= ' ' || value.ptr[i] == 0x7f)
            return false;
    }
    if (str_starts_with(value, STR("/")))
        return true;
    if (!str_find(value, ':', &colon) || colon == 0 || !is_letter(value.ptr[0]))
        return false;
    for (size_t i = 1; i < colon; i++) {
        char c = value.ptr[i];
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
            return false;
    }
    return true;
}

static bool is_uuid(struct str value)
{
    if (value.len != 36)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? value.ptr[i] != '-' : !is_hex(value.ptr[i]))
            return false;
    }
    return true;
}

/* Six or eight pairs of hex digits, separated by colons or by dashes. */
static bool is_mac(struct str value)
{
    if (value.len != 17 && value.len != 23)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        bool is_separator = i % 3 == 2;
        if (is_separator ? value.ptr[i] != value.ptr[2] : !is_hex(value.ptr[i]))
            return false;
    }
    return value.ptr[2] == ':' || value.ptr[2] == '-';
}

/* "1h5m" as Go writes it, or a number and a unit's name, "3 days". */
static bool is_duration(struct str value)
{
    static const char *const units[] = {"ns", "us",     "ms",     "s",    "m",   "h",   "d",
                                        "w",  "second", "minute", "hour", "day", "week"};
    int64_t ms = 0;
    uint64_t count = 0;
    size_t digits = 0;
    if (duration_parse_ms(value, &ms))
        return true;
    while (digits < value.len && is_digit(value.ptr[digits]))
        digits++;
    struct str unit = str_trim(str_skip(value, digits));
    if (!str_to_u64((struct str){value.ptr, digits}, &count))
        return false;
    if (unit.len > 2 && unit.ptr[unit.len - 1] == 's')
        unit.len--;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (str_eq_cstr(unit, units[i]))
            return true;
    }
    return false;
}

/* Labels of letters, digits and dashes; the last of several is a top-level domain, so letters. */
static bool is_hostname(struct str value)
{
    struct str label;
    int labels = 0;
    bool is_alphabetic = false;
    if (str_is_empty(value) || value.len > 255 || value.ptr[value.len - 1] == '.')
        return false;
    for (; str_split(&value, '.', &label); labels++) {
        is_alphabetic = label.len >= 2;
        if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' ||
            label.ptr[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++) {
            char c = label.ptr[i];
            is_alphabetic = is_alphabetic && is_letter(c);
            if (!is_letter(c) && !is_digit(c) && c != '-')
                return false;
        }
    }
    return labels == 1 || is_alphabetic;
}

/* "a@b" or "Name <a@b>". */
static bool is_email(struct str value)
{
    size_t start = 0;
    size_t at = 0;
    if (str_find(value, '<', &start) && str_ends_with(value, STR(">"))) {
        value = str_skip(value, start + 1);
        value.len--;
    }
    if (!str_find(value, '@', &at) || at == 0 || at + 1 == value.len)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= ' ' || strchr("<>(),;:\\\"[]", value.ptr[i]) ||
            (value.ptr[i] == '@' && i != at))
            return false;
    }
    return true;
}

dev_format_fn *dev_format_find(struct str name)
{
    static const struct {
        const char *name;
        dev_format_fn *fn;
    } formats[] = {
        {"date-time", is_date_time}, {"datetime", is_date_time},
        {"date", is_date},           {"ipv4", is_ipv4},
        {"ipv6", is_ipv6},           {"cidr", is_cidr},
        {"byte", is_byte},           {"uri", is_uri},
        {"uuid", is_uuid},           {"mac", is_mac},
        {"duration", is_duration},   {"hostname", is_hostname},
        {"email", is_email},
    };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (str_eq_cstr(name, formats[i].name))
            return formats[i].fn;
    }
    return NULL;
}
