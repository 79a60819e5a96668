#include "devserver/yaml_scalar.h"

#include <math.h>
#include <stdlib.h>

#include "base/strbuf.h"

/* Longer than any number that is worth the name; what is longer is text. */
enum { NUMBER_MAX = 400 };

static bool is_one_of(struct str text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (str_eq_cstr(text, *words))
            return true;
    }
    return false;
}

/* Words that mean something, in small, Capital and CAPITAL letters. */
static bool resolve_word(struct str text, struct dev_yaml_scalar *out)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                        "True", "TRUE", "on",  "On",  "ON",  NULL};
    static const char *const falses[] = {"n",     "N",     "no",  "No",  "NO",  "false",
                                         "False", "FALSE", "off", "Off", "OFF", NULL};
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
    static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
    bool has_sign = str_starts_with(text, STR("+")) || str_starts_with(text, STR("-"));
    if (is_one_of(text, nulls))
        *out = (struct dev_yaml_scalar){.type = DEV_YAML_NULL};
    else if (is_one_of(text, trues))
        *out = (struct dev_yaml_scalar){.type = DEV_YAML_BOOL, .is_true = true};
    else if (is_one_of(text, falses))
        *out = (struct dev_yaml_scalar){.type = DEV_YAML_BOOL};
    else if (is_one_of(text, nans) || is_one_of(str_skip(text, has_sign), infinities))
        *out = (struct dev_yaml_scalar){.type = DEV_YAML_FLOAT, .real = NAN};
    else
        return false;
    return true;
}

/* 2001-1-1 with anything behind it: a date, which stays text. */
static bool is_date(struct str text)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    return digits == 4 && text.len > 4 && text.ptr[4] == '-';
}

/* 16, 8 or 2 for 0x, 0o or 0, 0b, which are skipped; else 10. */
static unsigned skip_base(struct str *digits)
{
    char second = digits->len > 1 ? digits->ptr[1] : '\0';
    if (digits->len < 2 || digits->ptr[0] != '0')
        return 10;
    bool has_letter = strchr("xXoObB", second) != NULL && second != '\0';
    *digits = str_skip(*digits, has_letter ? 2 : 1);
    if (second == 'x' || second == 'X')
        return 16;
    return second == 'b' || second == 'B' ? 2 : 8;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 16;
}

/* From -2^63 to 2^64 - 1. */
static bool resolve_integer(struct str text, struct dev_yaml_scalar *out)
{
    bool is_negative = str_starts_with(text, STR("-"));
    bool has_sign = is_negative || str_starts_with(text, STR("+"));
    struct str digits = str_skip(text, has_sign);
    unsigned base = skip_base(&digits);
    uint64_t number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = digit_value(digits.ptr[i]);
        if (digit >= base || __builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    uint64_t most = is_negative ? (uint64_t)INT64_MAX + 1 : has_sign ? INT64_MAX : UINT64_MAX;
    if (digits.len == 0 || number > most)
        return false;
    *out = (struct dev_yaml_scalar){
        .type = DEV_YAML_INT, .is_negative = is_negative, .integer = number};
    return true;
}

static size_t count_digits(struct str s)
{
    size_t count = 0;
    while (count < s.len && s.ptr[count] >= '0' && s.ptr[count] <= '9')
        count++;
    return count;
}

/* [-+]?(.D+|D+(.D*)?)([eE][-+]?D+)? */
static bool is_real(struct str s)
{
    s = str_skip(s, str_starts_with(s, STR("-")) || str_starts_with(s, STR("+")));
    size_t before = count_digits(s), behind = 0;
    s = str_skip(s, before);
    if (str_starts_with(s, STR("."))) {
        behind = count_digits(str_skip(s, 1));
        s = str_skip(s, 1 + behind);
    }
    if (before + behind == 0)
        return false;
    if (str_starts_with(s, STR("e")) || str_starts_with(s, STR("E"))) {
        s = str_skip(s, 1);
        s = str_skip(s, str_starts_with(s, STR("-")) || str_starts_with(s, STR("+")));
        size_t exponent = count_digits(s);
        return exponent > 0 && exponent == s.len;
    }
    return str_is_empty(s);
}

static bool resolve_real(struct str text, struct dev_yaml_scalar *out)
{
    char number[NUMBER_MAX + 1];
    if (!is_real(text))
        return false;
    memcpy(number, text.ptr, text.len);
    number[text.len] = '\0';
    *out = (struct dev_yaml_scalar){.type = DEV_YAML_FLOAT, .real = strtod(number, NULL)};
    return isfinite(out->real);
}

struct dev_yaml_scalar dev_yaml_resolve(struct str text)
{
    struct dev_yaml_scalar found = {.type = DEV_YAML_TEXT};
    char kept[NUMBER_MAX];
    size_t len = 0;
    if (resolve_word(text, &found))
        return found;
    bool is_number = text.len <= NUMBER_MAX && strchr("+-.0123456789", text.ptr[0]) != NULL;
    if (!is_number || is_date(text))
        return found;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '_' || text.ptr[0] == '.')
            kept[len++] = text.ptr[i];
    }
    const struct str number = {kept, len};
    if (resolve_integer(number, &found) || resolve_real(number, &found))
        return found;
    return (struct dev_yaml_scalar){.type = DEV_YAML_TEXT};
}
