#include "devserver/fault.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/must.h"
#include "base/random.h"

enum { RULES_MAX = 1000, RULE_MAX_BYTES = 1000, DELAY_MAX_MS = 3600 * 1000 };

struct rule {
    char *text; /* owned; what follows points into it */
    struct dev_fault fault;
    struct str verb;
    struct str resource;
    struct str ns;
    struct str name;
    struct str user_agent;
    uint64_t skip;
    uint64_t count; /* 0: always */
    double probability;
    struct random random;
    uint64_t matched;
    uint64_t acted;
};

struct dev_faults {
    struct rule *rules;
    size_t count;
};

static const struct {
    const char *name;
    enum dev_fault_action action;
} actions[] = {
    {"status", DEV_FAULT_STATUS},
    {"delay", DEV_FAULT_DELAY},
    {"cut", DEV_FAULT_CUT},
    {"garbage", DEV_FAULT_GARBAGE},
    {"drop", DEV_FAULT_DROP},
    {"close", DEV_FAULT_CLOSE},
    {"duplicate", DEV_FAULT_DUPLICATE},
    {"reorder", DEV_FAULT_REORDER},
    {"crash-before", DEV_FAULT_CRASH_BEFORE},
    {"crash-after", DEV_FAULT_CRASH_AFTER},
    {"gone", DEV_FAULT_GONE},
};

struct dev_faults *dev_faults_new(void)
{
    return mem_alloc_zero(sizeof(struct dev_faults));
}

static void keep_first(struct dev_faults *faults, size_t count)
{
    while (faults->count > count)
        free(faults->rules[--faults->count].text);
}

void dev_faults_clear(struct dev_faults *faults)
{
    keep_first(faults, 0);
}

void dev_faults_free(struct dev_faults *faults)
{
    if (!faults)
        return;
    dev_faults_clear(faults);
    free(faults->rules);
    free(faults);
}

static bool parse_action(struct str name, enum dev_fault_action *out)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (str_eq_cstr(name, actions[i].name)) {
            *out = actions[i].action;
            return true;
        }
    }
    return false;
}

static bool parse_number(struct str value, uint64_t max, uint64_t *out)
{
    return str_to_u64(value, out) && *out <= max;
}

static bool parse_probability(struct str value, double *out)
{
    cleanup_free char *text = str_dup_cstr(value);
    char *end = NULL;
    if (strspn(text, "0123456789.") != strlen(text))
        return false; /* strtod takes more than that */
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out <= 1;
}

static bool is_status(uint64_t code)
{
    return code == 409 || code == 410 || code == 429 || code == 500 || code == 503;
}

/* The keys that say which requests: where the value goes; NULL: another key. */
static struct str *filter_of(struct rule *rule, struct str key)
{
    if (str_eq(key, STR("verb")))
        return &rule->verb;
    if (str_eq(key, STR("resource")))
        return &rule->resource;
    if (str_eq(key, STR("namespace")))
        return &rule->ns;
    if (str_eq(key, STR("name")))
        return &rule->name;
    if (str_eq(key, STR("user-agent")))
        return &rule->user_agent;
    return NULL;
}

static bool set_number(struct rule *rule, struct str key, struct str value, bool *is_known)
{
    uint64_t number = 0;
    bool is_number = parse_number(value, INT64_MAX, &number);
    *is_known = true;
    if (str_eq(key, STR("skip")))
        rule->skip = number;
    else if (str_eq(key, STR("count")))
        rule->count = number;
    else if (str_eq(key, STR("seed")))
        random_init(&rule->random, number);
    else if (str_eq(key, STR("bytes")))
        rule->fault.cut_bytes = (size_t)number;
    else if (str_eq(key, STR("ms")) && number <= DELAY_MAX_MS)
        rule->fault.delay_ms = (int64_t)number;
    else if (str_eq(key, STR("retry-after")) && number <= INT32_MAX)
        rule->fault.retry_after_s = (int)number;
    else if (str_eq(key, STR("code")) && is_status(number))
        rule->fault.status = (int)number;
    else
        *is_known = false;
    return is_number;
}

static bool set_key(struct rule *rule, struct str part, struct error *err)
{
    bool is_known = false;
    struct str key = str_before(part, '=');
    struct str value = str_skip(part, key.len + 1);
    struct str *filter = filter_of(rule, key);
    if (filter && value.len > 0)
        *filter = value;
    else if (str_eq(key, STR("probability")) && parse_probability(value, &rule->probability))
        return true;
    else if (!set_number(rule, key, value, &is_known) || !is_known)
        return error_set(err, ERROR_INVALID, "\"%.*s\" is no KEY=VALUE of a fault",
                         (int)(part.len < 64 ? part.len : 64), part.ptr);
    return true;
}

static bool check_rule(const struct rule *rule, struct error *err)
{
    if (rule->fault.action == DEV_FAULT_STATUS && rule->fault.status == 0)
        return error_set(err, ERROR_INVALID, "status needs code=409, 410, 429, 500 or 503");
    if (rule->fault.action == DEV_FAULT_DELAY && rule->fault.delay_ms == 0)
        return error_set(err, ERROR_INVALID, "delay needs ms=N, at most an hour");
    return true;
}

static bool parse_rule(struct rule *rule, struct error *err)
{
    struct str rest = str_from(rule->text);
    struct str part;
    if (!str_split(&rest, ',', &part) || !parse_action(part, &rule->fault.action))
        return error_set(err, ERROR_INVALID,
                         "expected status, delay, cut, garbage, drop, close, duplicate, reorder, "
                         "crash-before, crash-after or gone");
    while (str_split(&rest, ',', &part)) {
        if (!set_key(rule, part, err))
            return false;
    }
    return check_rule(rule, err);
}

bool dev_faults_add(struct dev_faults *faults, struct str text, struct error *err)
{
    text = str_trim(text);
    if (faults->count == RULES_MAX || text.len > RULE_MAX_BYTES)
        return error_set(err, ERROR_INVALID, "too many faults or one that is too long");
    cleanup_free char *copy = str_dup_cstr(text);
    struct rule rule = {.text = copy, .count = 1, .probability = 1};
    random_init(&rule.random, 1);
    if (!parse_rule(&rule, err))
        return error_wrap(err, "fault \"%.64s\"", copy);
    faults->rules = mem_grow_array(faults->rules, faults->count + 1, sizeof(rule));
    faults->rules[faults->count++] = rule;
    copy = NULL;
    return true;
}

bool dev_faults_add_lines(struct dev_faults *faults, struct str lines, struct error *err)
{
    size_t before = faults->count;
    struct str line;
    while (str_split(&lines, '\n', &line)) {
        if (str_trim(line).len > 0 && !dev_faults_add(faults, line, err)) {
            keep_first(faults, before);
            return false;
        }
    }
    return true;
}

void dev_faults_list(const struct dev_faults *faults, struct strbuf *out)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct rule *rule = &faults->rules[i];
        strbuf_printf(out, "%s matched=%" PRIu64 " acted=%" PRIu64 "\n", rule->text, rule->matched,
                      rule->acted);
    }
}

static bool acts_on(enum dev_fault_action action, const struct dev_fault_subject *subject)
{
    switch (action) {
    case DEV_FAULT_DROP:
    case DEV_FAULT_CLOSE:
    case DEV_FAULT_DUPLICATE:
    case DEV_FAULT_REORDER:
        return subject->is_event;
    case DEV_FAULT_CUT:
    case DEV_FAULT_GARBAGE:
        return subject->is_event || !str_eq(subject->verb, STR("watch"));
    default:
        return !subject->is_event;
    }
}

static bool fits(struct str wanted, struct str actual)
{
    return wanted.len == 0 || str_eq(wanted, actual);
}

static bool contains(struct str text, struct str part)
{
    return part.len == 0 ||
           (text.len >= part.len && memmem(text.ptr, text.len, part.ptr, part.len) != NULL);
}

static bool matches(const struct rule *rule, const struct dev_fault_subject *subject)
{
    return acts_on(rule->fault.action, subject) && fits(rule->verb, subject->verb) &&
           fits(rule->resource, subject->resource) && fits(rule->ns, subject->ns) &&
           fits(rule->name, subject->name) && contains(subject->user_agent, rule->user_agent);
}

static bool is_drawn(struct rule *rule)
{
    return rule->probability >= 1 ||
           ldexp((double)(random_next(&rule->random) >> 11), -53) < rule->probability;
}

struct dev_fault dev_faults_ask(struct dev_faults *faults, const struct dev_fault_subject *subject)
{
    for (size_t i = 0; i < faults->count; i++) {
        struct rule *rule = &faults->rules[i];
        if (!matches(rule, subject))
            continue;
        rule->matched++;
        bool has_left = rule->count == 0 || rule->acted < rule->count;
        if (rule->matched <= rule->skip || !has_left || !is_drawn(rule))
            continue;
        rule->acted++;
        return rule->fault;
    }
    return (struct dev_fault){.action = DEV_FAULT_NONE};
}
