#include "base/must.h"
#include "base/utf8.h"
#include "devserver/regex_tree.h"

enum { DEPTH_MAX = 200, PATTERN_MAX_BYTES = 64 * 1024, SHOWN_MAX = 120 };

struct parser {
    struct arena *arena;
    struct str rest;
    int depth;
    struct error *err;
};

/* A set of characters while it grows. */
struct set {
    struct dev_regex_range *ranges;
    size_t count;
    size_t capacity;
    bool is_negated;
};

static bool fail(struct parser *p, const char *what, struct str where)
{
    where = utf8_cut(where, SHOWN_MAX);
    return error_set(p->err, ERROR_INVALID, "%s: `" STR_FMT "`", what, STR_ARG(where));
}

static bool take(struct parser *p, const char *literal)
{
    if (!str_starts_with(p->rest, str_from(literal)))
        return false;
    p->rest = str_skip(p->rest, strlen(literal));
    return true;
}

static bool take_rune(struct parser *p, uint32_t *rune)
{
    size_t size = utf8_decode(p->rest, rune);
    if (size == 0)
        return fail(p, "invalid UTF-8", p->rest);
    p->rest = str_skip(p->rest, size);
    return true;
}

static struct dev_regex_node *new_node(struct parser *p, enum dev_regex_type type)
{
    struct dev_regex_node *node = arena_new(p->arena, struct dev_regex_node);
    node->type = type;
    return node;
}

static void set_add(struct parser *p, struct set *set, uint32_t low, uint32_t high)
{
    if (set->count == set->capacity) {
        set->capacity = set->capacity > 0 ? 2 * set->capacity : 4;
        struct dev_regex_range *grown =
            arena_new_array(p->arena, struct dev_regex_range, set->capacity);
        if (set->count > 0)
            memcpy(grown, set->ranges, set->count * sizeof(*grown));
        set->ranges = grown;
    }
    set->ranges[set->count++] = (struct dev_regex_range){low, high};
}

static struct dev_regex_node *set_node(struct parser *p, const struct set *set)
{
    struct dev_regex_node *node = new_node(p, REGEX_SET);
    node->ranges = set->ranges;
    node->range_count = set->count;
    node->is_negated = set->is_negated;
    return node;
}

/* ---- classes --------------------------------------------------------------------------------- */

static const struct named_class {
    const char *name;
    struct dev_regex_range ranges[4]; /* ascending; {0, 0}: no more */
} perl_classes[] =
    {
        {"d", {{'0', '9'}}},
        {"s", {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
        {"w", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
},
  posix_classes[] = {
      {"[:alnum:]", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"[:alpha:]", {{'A', 'Z'}, {'a', 'z'}}},
      {"[:blank:]", {{'\t', '\t'}, {' ', ' '}}},
      {"[:digit:]", {{'0', '9'}}},
      {"[:graph:]", {{'!', '~'}}},
      {"[:lower:]", {{'a', 'z'}}},
      {"[:print:]", {{' ', '~'}}},
      {"[:punct:]", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"[:space:]", {{'\t', '\r'}, {' ', ' '}}},
      {"[:upper:]", {{'A', 'Z'}}},
      {"[:word:]", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
      {"[:xdigit:]", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
};

static void set_add_class(struct parser *p, struct set *set, const struct named_class *class,
                          bool is_negated)
{
    uint32_t low = 0;
    for (size_t i = 0; i < ARRAY_LEN(class->ranges) && class->ranges[i].high > 0; i++) {
        if (!is_negated)
            set_add(p, set, class->ranges[i].low, class->ranges[i].high);
        else
            set_add(p, set, low, class->ranges[i].low - 1);
        low = class->ranges[i].high + 1;
    }
    if (is_negated)
        set_add(p, set, low, UINT32_MAX);
}

/* \d, \W and the like. */
static bool take_perl_class(struct parser *p, struct set *set)
{
    if (p->rest.len < 2 || p->rest.ptr[0] != '\\')
        return false;
    char letter = p->rest.ptr[1];
    for (size_t i = 0; i < ARRAY_LEN(perl_classes); i++) {
        if ((letter | 0x20) != perl_classes[i].name[0])
            continue;
        p->rest = str_skip(p->rest, 2);
        set_add_class(p, set, &perl_classes[i], (letter & 0x20) == 0);
        return true;
    }
    return false;
}

static bool take_posix_class(struct parser *p, struct set *set)
{
    for (size_t i = 0; i < ARRAY_LEN(posix_classes); i++) {
        if (take(p, posix_classes[i].name)) {
            set_add_class(p, set, &posix_classes[i], false);
            return true;
        }
    }
    return false;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char letter = (char)(c | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* \x41 and \x{10FFFF}, behind the x. */
static bool take_hex(struct parser *p, struct str start, uint32_t *rune)
{
    bool has_brace = take(p, "{");
    uint32_t value = 0;
    size_t digits = 0;
    while (p->rest.len > 0 && digits < (has_brace ? 6 : 2) && hex_value(p->rest.ptr[0]) >= 0) {
        value = value * 16 + (uint32_t)hex_value(p->rest.ptr[0]);
        p->rest = str_skip(p->rest, 1);
        digits++;
    }
    if (digits < (has_brace ? 1 : 2) || (has_brace && !take(p, "}")) || value > 0x10FFFF)
        return fail(p, "invalid escape sequence", start);
    *rune = value;
    return true;
}

/* One character, perhaps written with a backslash. */
static bool take_character(struct parser *p, uint32_t *rune)
{
    static const char controls[] = "a\af\ft\tn\nr\rv\v"; /* letter, what it means */
    struct str start = p->rest;
    if (!take(p, "\\"))
        return take_rune(p, rune);
    if (p->rest.len == 0)
        return fail(p, "trailing backslash at end of expression", p->rest);
    uint32_t c = 0;
    if (!take_rune(p, &c))
        return false;
    start.len -= p->rest.len;
    if (c == 'x')
        return take_hex(p, start, rune);
    for (size_t i = 0; controls[i] != '\0'; i += 2) {
        if (c == (unsigned char)controls[i]) {
            *rune = (unsigned char)controls[i + 1];
            return true;
        }
    }
    bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_word || c >= 0x80)
        return fail(p, "invalid escape sequence", start);
    *rune = c;
    return true;
}

/* a, a-z, \d, [:alpha:] within brackets. */
static bool parse_bracket_item(struct parser *p, struct set *set)
{
    struct str start = p->rest;
    uint32_t low = 0;
    uint32_t high = 0;
    if (take_posix_class(p, set) || take_perl_class(p, set))
        return true;
    if (!take_character(p, &low))
        return false;
    high = low;
    if (p->rest.len >= 2 && p->rest.ptr[0] == '-' && p->rest.ptr[1] != ']') {
        p->rest = str_skip(p->rest, 1);
        if (!take_character(p, &high))
            return false;
    }
    start.len -= p->rest.len;
    if (high < low)
        return fail(p, "invalid character class range", start);
    set_add(p, set, low, high);
    return true;
}

static bool parse_bracket(struct parser *p, struct dev_regex_node **out)
{
    struct str start = p->rest;
    struct set set = {0};
    must(take(p, "["));
    set.is_negated = take(p, "^");
    for (bool is_first = true; is_first || !take(p, "]"); is_first = false) {
        if (p->rest.len == 0)
            return fail(p, "missing closing ]", start);
        if (!parse_bracket_item(p, &set))
            return false;
    }
    *out = set_node(p, &set);
    return true;
}

/* ---- expressions ----------------------------------------------------------------------------- */

static bool parse_alternatives(struct parser *p, struct dev_regex_node **out);

/* "(?:", "(?P<name>", "(?<name>" or "(". */
static bool take_group_start(struct parser *p)
{
    struct str start = p->rest;
    must(take(p, "("));
    if (!take(p, "?") || take(p, ":"))
        return true;
    (void)take(p, "P");
    size_t end = 0;
    if (!take(p, "<") || !str_find(p->rest, '>', &end) || end == 0)
        return fail(p, "invalid or unsupported Perl syntax", utf8_cut(start, 3));
    p->rest = str_skip(p->rest, end + 1);
    return true;
}

static bool parse_group(struct parser *p, struct str whole, struct dev_regex_node **out)
{
    if (!take_group_start(p))
        return false;
    if (++p->depth > DEPTH_MAX)
        return fail(p, "expression nests too deeply", whole);
    if (!parse_alternatives(p, out))
        return false;
    p->depth--;
    return take(p, ")") ? true : fail(p, "missing closing )", whole);
}

static struct dev_regex_node *any_but_newline(struct parser *p)
{
    struct set set = {.is_negated = true};
    set_add(p, &set, '\n', '\n');
    return set_node(p, &set);
}

static bool parse_atom(struct parser *p, struct str whole, struct dev_regex_node **out)
{
    struct set set = {0};
    uint32_t rune = 0;
    switch (p->rest.ptr[0]) {
    case '(':
        return parse_group(p, whole, out);
    case '[':
        return parse_bracket(p, out);
    case '*':
    case '+':
    case '?':
        return fail(p, "missing argument to repetition operator", utf8_cut(p->rest, 1));
    default:
        break;
    }
    if (take(p, "^") || take(p, "\\A")) {
        *out = new_node(p, REGEX_BEGIN);
        return true;
    }
    if (take(p, "$") || take(p, "\\z")) {
        *out = new_node(p, REGEX_END);
        return true;
    }
    if (take(p, ".")) {
        *out = any_but_newline(p);
        return true;
    }
    if (!take_perl_class(p, &set)) {
        if (!take_character(p, &rune))
            return false;
        set_add(p, &set, rune, rune);
    }
    *out = set_node(p, &set);
    return true;
}

static bool take_number(struct parser *p, int *out)
{
    size_t digits = 0;
    int value = 0;
    while (digits < p->rest.len && p->rest.ptr[digits] >= '0' && p->rest.ptr[digits] <= '9') {
        if (value <= REGEX_REPEAT_MAX)
            value = value * 10 + (p->rest.ptr[digits] - '0');
        digits++;
    }
    p->rest = str_skip(p->rest, digits);
    *out = value;
    return digits > 0;
}

/* "{2}", "{2,}", "{2,5}"; what only looks like it is an ordinary character, as in Go. */
static bool take_braces(struct parser *p, int *min, int *max)
{
    struct str start = p->rest;
    if (take(p, "{") && take_number(p, min)) {
        *max = *min;
        if (take(p, ",") && !take_number(p, max))
            *max = REGEX_UNBOUNDED;
        if (take(p, "}"))
            return true;
    }
    p->rest = start;
    return false;
}

static bool take_operator(struct parser *p, int *min, int *max)
{
    *min = 0;
    *max = REGEX_UNBOUNDED;
    if (take(p, "*"))
        return true;
    if (take(p, "+")) {
        *min = 1;
        return true;
    }
    if (take(p, "?")) {
        *max = 1;
        return true;
    }
    return take_braces(p, min, max);
}

static bool parse_repeat(struct parser *p, struct str whole, struct dev_regex_node **out)
{
    struct dev_regex_node *atom = NULL;
    int min = 0;
    int max = 0;
    if (!parse_atom(p, whole, &atom))
        return false;
    struct str start = p->rest;
    *out = atom;
    if (!take_operator(p, &min, &max))
        return true;
    (void)take(p, "?"); /* lazy: matches the same texts */
    struct str repetition = start;
    repetition.len -= p->rest.len;
    if (min > REGEX_REPEAT_MAX || max > REGEX_REPEAT_MAX || (max >= 0 && max < min))
        return fail(p, "invalid repeat count", repetition);
    int ignored = 0;
    if (take_operator(p, &ignored, &ignored)) {
        start.len -= p->rest.len;
        return fail(p, "invalid nested repetition operator", start);
    }
    *out = new_node(p, REGEX_REPEAT);
    (*out)->first = atom;
    (*out)->min = min;
    (*out)->max = max;
    return true;
}

static bool parse_concat(struct parser *p, struct dev_regex_node **out)
{
    struct str whole = p->rest;
    struct dev_regex_node *concat = new_node(p, REGEX_CONCAT);
    struct dev_regex_node **tail = &concat->first;
    while (p->rest.len > 0 && p->rest.ptr[0] != '|' && p->rest.ptr[0] != ')') {
        if (!parse_repeat(p, whole, tail))
            return false;
        tail = &(*tail)->next;
    }
    *out = concat;
    return true;
}

static bool parse_alternatives(struct parser *p, struct dev_regex_node **out)
{
    struct dev_regex_node *alternate = new_node(p, REGEX_ALTERNATE);
    struct dev_regex_node **tail = &alternate->first;
    do {
        if (!parse_concat(p, tail))
            return false;
        tail = &(*tail)->next;
    } while (take(p, "|"));
    *out = alternate;
    return true;
}

bool dev_regex_parse(struct arena *arena, struct str pattern, struct dev_regex_node **out,
                     struct error *err)
{
    struct parser p = {.arena = arena, .rest = pattern, .err = err};
    if (pattern.len > PATTERN_MAX_BYTES)
        return fail(&p, "expression too large", pattern);
    if (!parse_alternatives(&p, out))
        return false;
    return p.rest.len == 0 ? true : fail(&p, "unexpected )", pattern);
}
