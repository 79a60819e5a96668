#include "base/flags.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/must.h"
#include "base/str.h"

enum { NAME_MAX_LEN = 63 }; /* longer ones are unknown in any case */

/* Arguments shown in messages are cut, so that what is expected still finds room behind them. */
enum { SHOWN_MAX_LEN = 64 };
#define SHOWN_FMT "\"%.64s%s\""
#define SHOWN_ARG(text) (text), strlen(text) > SHOWN_MAX_LEN ? "..." : ""

struct parser {
    const struct flag_set *set;
    const char *const *args; /* the next one */
    void *target;
    struct flags_seen *seen;
};

static bool parse_bool(const char *value, bool *out)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        bool is_yes = strcmp(value, yes[i]) == 0;
        if (is_yes || strcmp(value, no[i]) == 0) {
            *out = is_yes;
            return true;
        }
    }
    return false;
}

static bool parse_int(const char *value, int64_t *out)
{
    bool is_negative = value[0] == '-';
    const char *digits = value + (value[0] == '-' || value[0] == '+');
    uint64_t magnitude = 0;
    if (!str_to_u64(str_from(digits), &magnitude) || magnitude > INT64_MAX)
        return false;
    *out = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static bool parse_number(const char *value, double *out)
{
    if (value[0] == '\0' || strspn(value, "+-.0123456789eE") != strlen(value))
        return false; /* strtod also takes spaces, "inf", "nan" and hexadecimal numbers */
    char *end = NULL;
    double number = strtod(value, &end);
    if (*end != '\0' || !isfinite(number))
        return false;
    *out = number;
    return true;
}

static bool parse_choice(const char *const *choices, const char *value, int *out)
{
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool add_text(struct flag_texts *texts, const char *value)
{
    if (texts->count == FLAG_TEXTS_MAX)
        return false;
    texts->items[texts->count++] = value;
    return true;
}

static bool is_in_range(const struct flag *flag, int64_t number)
{
    return (flag->min == 0 && flag->max == 0) || (number >= flag->min && number <= flag->max);
}

/* Stores the value in the flag's field; false: not of its type, and the field is untouched. */
static bool store_value(const struct flag *flag, const char *value, void *target)
{
    union {
        bool boolean;
        int choice;
        int64_t integer;
        double number;
        const char *text;
    } nowhere;
    void *field = flag->no_effect ? (void *)&nowhere : (char *)target + flag->offset;
    int64_t number = 0;
    switch (flag->type) {
    case FLAG_BOOL:
        return parse_bool(value, field);
    case FLAG_NUMBER:
        return parse_number(value, field);
    case FLAG_CHOICE:
        return parse_choice(flag->choices, value, field);
    case FLAG_TEXT:
        *(const char **)field = value;
        return true;
    case FLAG_TEXTS:
        return add_text(field, value);
    case FLAG_INT:
        if (!parse_int(value, &number) || !is_in_range(flag, number))
            return false;
        break;
    case FLAG_DURATION:
        if (!duration_parse_ms(str_from(value), &number) || !is_in_range(flag, number))
            return false;
        break;
    }
    *(int64_t *)field = number;
    return true;
}

static void set_initial(const struct flag *flag, void *target)
{
    static const char *const zeros[] = {
        [FLAG_BOOL] = "false", [FLAG_INT] = "0", [FLAG_NUMBER] = "0",
        [FLAG_DURATION] = "0", [FLAG_TEXT] = "",
    };
    if (flag->type == FLAG_TEXTS) {
        must(!flag->initial && !flag->no_effect);
        *(struct flag_texts *)(void *)((char *)target + flag->offset) =
            (struct flag_texts){.count = 0};
        return;
    }
    must(flag->initial || flag->type < ARRAY_LEN(zeros));
    must(store_value(flag, flag->initial ? flag->initial : zeros[flag->type], target));
}

static void append_expected(const struct flag *flag, struct strbuf *out)
{
    char low[DURATION_MAX];
    char high[DURATION_MAX];
    bool has_range = flag->min != 0 || flag->max != 0;
    switch (flag->type) {
    case FLAG_BOOL:
        strbuf_append_cstr(out, "true or false");
        break;
    case FLAG_NUMBER:
        strbuf_append_cstr(out, "a number such as 20 or 0.5");
        break;
    case FLAG_INT:
        strbuf_append_cstr(out, "a whole number");
        if (has_range)
            strbuf_printf(out, " from %lld to %lld", (long long)flag->min, (long long)flag->max);
        break;
    case FLAG_DURATION:
        strbuf_append_cstr(out, "a duration such as 15s or 1m30s");
        if (has_range)
            strbuf_printf(out, ", from " STR_FMT " to " STR_FMT,
                          STR_ARG(duration_format_ms(flag->min, low)),
                          STR_ARG(duration_format_ms(flag->max, high)));
        break;
    case FLAG_CHOICE:
        for (size_t i = 0; flag->choices[i]; i++)
            strbuf_printf(out, "%s%s",
                          i == 0                 ? ""
                          : flag->choices[i + 1] ? ", "
                                                 : " or ",
                          flag->choices[i]);
        break;
    case FLAG_TEXT:
        strbuf_append_cstr(out, "text");
        break;
    case FLAG_TEXTS:
        strbuf_printf(out, "text, at most %d times", FLAG_TEXTS_MAX);
        break;
    }
}

static bool set_value(struct parser *parser, const struct flag *flag, const char *value,
                      struct error *err)
{
    if (store_value(flag, value, parser->target)) {
        parser->seen->given |= UINT64_C(1) << (flag - parser->set->flags);
        return true;
    }
    cleanup_strbuf struct strbuf expected = {0};
    append_expected(flag, &expected);
    return error_set(err, ERROR_INVALID, "--%s: " SHOWN_FMT " is not valid: expected %s",
                     flag->name, SHOWN_ARG(value), expected.data);
}

/* How many letters must be added, dropped or changed to turn one name into the other. */
static size_t edit_distance(struct str a, struct str b)
{
    size_t row[NAME_MAX_LEN + 1];
    must(b.len <= NAME_MAX_LEN);
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t changed = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            size_t shifted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = changed < shifted ? changed : shifted;
        }
    }
    return row[b.len];
}

/* The known flag that was most likely meant; NULL: none is near. */
static const struct flag *find_nearest(const struct flag_set *set, struct str name)
{
    const struct flag *nearest = NULL;
    size_t nearest_distance = name.len / 2 + 1;
    for (size_t i = 0; name.len <= NAME_MAX_LEN && i < set->count; i++) {
        struct str known = str_from(set->flags[i].name);
        size_t distance = edit_distance(name, known);
        if (distance < nearest_distance) {
            nearest = &set->flags[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

static const struct flag *find_flag(const struct flag_set *set, struct str name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (str_eq_cstr(name, set->flags[i].name))
            return &set->flags[i];
    }
    return NULL;
}

static const struct flag *find_letter(const struct flag_set *set, char letter)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->flags[i].letter == letter)
            return &set->flags[i];
    }
    return NULL;
}

static bool refuse_unknown(const struct flag_set *set, const char *arg, struct str name,
                           struct error *err)
{
    const struct flag *nearest = find_nearest(set, name);
    if (nearest)
        return error_set(err, ERROR_INVALID, "unknown flag " SHOWN_FMT ": did you mean --%s?",
                         SHOWN_ARG(arg), nearest->name);
    return error_set(err, ERROR_INVALID, "unknown flag " SHOWN_FMT ": --help lists all flags",
                     SHOWN_ARG(arg));
}

/* The value written behind the flag: in `attached` (NULL: not there) or as the next argument. */
static bool read_value(struct parser *parser, const struct flag *flag, const char *attached,
                       struct error *err)
{
    if (attached)
        return set_value(parser, flag, attached, err);
    if (flag->type == FLAG_BOOL)
        return set_value(parser, flag, "true", err);
    if (*parser->args)
        return set_value(parser, flag, *parser->args++, err);
    cleanup_strbuf struct strbuf expected = {0};
    append_expected(flag, &expected);
    return error_set(err, ERROR_INVALID, "--%s: the value is missing: expected %s", flag->name,
                     expected.data);
}

static bool parse_long(struct parser *parser, const char *arg, struct error *err)
{
    struct str name = str_before(str_from(arg + 2), '=');
    const char *attached = arg[2 + name.len] == '=' ? arg + 2 + name.len + 1 : NULL;
    char normal[NAME_MAX_LEN];
    if (name.len <= sizeof(normal)) {
        for (size_t i = 0; i < name.len; i++)
            normal[i] = name.ptr[i] == '_' ? '-' : name.ptr[i];
        name.ptr = normal;
    }
    const struct flag *flag = find_flag(parser->set, name);
    if (flag)
        return read_value(parser, flag, attached, err);
    if (str_eq_cstr(name, "help")) {
        parser->seen->wants_help = true;
        return true;
    }
    return refuse_unknown(parser->set, arg, name, err);
}

/* One argument of short flags, which may stand together as long as they take no value: "-v2". */
static bool parse_short(struct parser *parser, const char *arg, struct error *err)
{
    for (const char *at = arg + 1; *at != '\0'; at++) {
        const struct flag *flag = find_letter(parser->set, *at);
        if (!flag && *at == 'h') {
            parser->seen->wants_help = true;
            return true;
        }
        if (!flag) /* a long flag with one dash, as Go's flag package writes them, is likely */
            return refuse_unknown(parser->set, arg, str_before(str_from(arg + 1), '='), err);
        if (at[1] == '=')
            return set_value(parser, flag, at + 2, err);
        if (flag->type != FLAG_BOOL)
            return read_value(parser, flag, at[1] != '\0' ? at + 1 : NULL, err);
        if (!set_value(parser, flag, "true", err))
            return false;
    }
    return true;
}

static void leave_over(struct parser *parser, const char *arg)
{
    if (!parser->seen->left_over)
        parser->seen->left_over = arg;
}

bool flags_parse(const struct flag_set *set, const char *const *args, void *target,
                 struct flags_seen *seen, struct error *err)
{
    must(set->count <= FLAGS_MAX);
    struct parser parser = {.set = set, .args = args, .target = target, .seen = seen};
    *seen = (struct flags_seen){0};
    for (size_t i = 0; i < set->count; i++)
        set_initial(&set->flags[i], target);
    while (*parser.args && !seen->wants_help) {
        const char *arg = *parser.args++;
        if (arg[0] != '-' || arg[1] == '\0') {
            leave_over(&parser, arg);
        } else if (strcmp(arg, "--") == 0) {
            if (*parser.args)
                leave_over(&parser, *parser.args);
            break;
        } else if (arg[1] == '-' ? !parse_long(&parser, arg, err)
                                 : !parse_short(&parser, arg, err)) {
            return false;
        }
    }
    return true;
}

enum { HELP_WIDTH = 100, HELP_COLUMN = 42 };

static const char *value_name(const struct flag *flag)
{
    static const char *const by_type[] = {
        [FLAG_BOOL] = "",         [FLAG_INT] = "NUMBER", [FLAG_NUMBER] = "NUMBER",
        [FLAG_DURATION] = "TIME", [FLAG_TEXT] = "TEXT",  [FLAG_CHOICE] = "WORD",
        [FLAG_TEXTS] = "TEXT",
    };
    return flag->value_name ? flag->value_name : by_type[flag->type];
}

static void append_description(const struct flag *flag, struct strbuf *out)
{
    strbuf_append_cstr(out, flag->help);
    if (flag->type == FLAG_CHOICE) {
        strbuf_append_cstr(out, ": ");
        append_expected(flag, out);
    }
    if (flag->initial)
        strbuf_printf(out, " (default %s)", flag->initial);
    if (flag->type == FLAG_TEXTS)
        strbuf_append_cstr(out, " (may be repeated)");
}

/* The words of `text` from HELP_COLUMN on, in as many lines as they need; the cursor is there. */
static void append_wrapped(struct strbuf *out, struct str text)
{
    size_t column = HELP_COLUMN;
    struct str word;
    while (str_split(&text, ' ', &word)) {
        if (column > HELP_COLUMN && column + 1 + word.len > HELP_WIDTH) {
            strbuf_printf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        if (column > HELP_COLUMN) {
            strbuf_append_char(out, ' ');
            column++;
        }
        strbuf_append(out, word);
        column += word.len;
    }
    strbuf_append_char(out, '\n');
}

static void append_flag_help(const struct flag *flag, struct strbuf *out)
{
    size_t start = out->len;
    if (flag->letter != '\0')
        strbuf_printf(out, "  -%c, ", flag->letter);
    else
        strbuf_append_cstr(out, "      ");
    strbuf_printf(out, "--%s", flag->name);
    if (value_name(flag)[0] != '\0')
        strbuf_printf(out, " %s", value_name(flag));
    size_t width = out->len - start;
    if (width + 2 > HELP_COLUMN)
        strbuf_printf(out, "\n%*s", HELP_COLUMN, "");
    else
        strbuf_printf(out, "%*s", (int)(HELP_COLUMN - width), "");
    cleanup_strbuf struct strbuf description = {0};
    append_description(flag, &description);
    append_wrapped(out, strbuf_str(&description));
}

void flags_append_help(const struct flag_set *set, struct strbuf *out)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->flags[i].heading)
            strbuf_printf(out, "\n%s:\n", set->flags[i].heading);
        append_flag_help(&set->flags[i], out);
    }
}
