#include "base/strbuf.h"
#include "devserver/names.h"
#include "devserver/selector_internal.h"

#define BINARY_OPERATORS "in, notin, =, ==, !=, gt, lt"

enum token {
    END,
    WORD, /* also "in" and "notin", which are names elsewhere */
    COMMA,
    NOT,
    EQUALS,
    NOT_EQUALS,
    GREATER,
    LESS,
    OPEN,
    CLOSE
};

struct parser {
    struct arena *arena;
    struct str rest; /* behind the current token */
    enum token token;
    struct str text; /* of the token */
    struct dev_label_value **tail;
    struct error *err;
};

/* ---- tokens ----------------------------------------------------------------------------------*/

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_symbol(char c)
{
    return c != '\0' && strchr("=!(),><", c) != NULL;
}

static enum token symbol_token(char c)
{
    switch (c) {
    case '=':
        return EQUALS;
    case '!':
        return NOT;
    case '(':
        return OPEN;
    case ')':
        return CLOSE;
    case ',':
        return COMMA;
    case '>':
        return GREATER;
    default:
        return LESS;
    }
}

static void take(struct parser *p, enum token token, size_t len)
{
    p->token = token;
    p->text = (struct str){p->rest.ptr, len};
    p->rest = str_skip(p->rest, len);
}

static void next(struct parser *p)
{
    while (p->rest.len > 0 && is_space(p->rest.ptr[0]))
        p->rest = str_skip(p->rest, 1);
    if (p->rest.len == 0 || p->rest.ptr[0] == '\0') { /* a NUL ends it too, as there */
        p->rest = STR("");
        take(p, END, 0);
        return;
    }
    if (str_starts_with(p->rest, STR("==")) || str_starts_with(p->rest, STR("!="))) {
        take(p, p->rest.ptr[0] == '=' ? EQUALS : NOT_EQUALS, 2);
        return;
    }
    if (is_symbol(p->rest.ptr[0])) {
        take(p, symbol_token(p->rest.ptr[0]), 1);
        return;
    }
    size_t len = 0;
    while (len < p->rest.len && p->rest.ptr[len] != '\0' && !is_symbol(p->rest.ptr[len]) &&
           !is_space(p->rest.ptr[len]))
        len++;
    take(p, WORD, len);
}

static bool expected(struct parser *p, const char *what)
{
    return error_set(p->err, ERROR_INVALID, "found '" STR_FMT "', expected: %s", STR_ARG(p->text),
                     what);
}

/* ---- requirements ----------------------------------------------------------------------------*/

static void add_value(struct parser *p, struct str text)
{
    *p->tail = arena_new(p->arena, struct dev_label_value);
    (*p->tail)->text = text;
    p->tail = &(*p->tail)->next;
}

/* "(a,b)", where either may be empty. */
static bool parse_values(struct parser *p)
{
    if (p->token != OPEN)
        return error_set(p->err, ERROR_INVALID, "found '" STR_FMT "' expected: '('",
                         STR_ARG(p->text));
    next(p);
    if (p->token != WORD && p->token != COMMA && p->token != CLOSE)
        return expected(p, "',', ')' or identifier");
    for (;;) {
        bool is_word = p->token == WORD;
        add_value(p, is_word ? p->text : STR(""));
        if (is_word)
            next(p);
        if (is_word && p->token != COMMA && p->token != CLOSE)
            return expected(p, "',' or ')'");
        if (p->token != COMMA && p->token != CLOSE)
            return expected(p, "',', or identifier");
        bool is_last = p->token == CLOSE;
        next(p);
        if (is_last)
            return true;
    }
}

/* One that may be empty at the end. */
static bool parse_value(struct parser *p)
{
    bool is_empty = p->token == END || p->token == COMMA;
    if (!is_empty && p->token != WORD)
        return expected(p, "identifier");
    add_value(p, is_empty ? STR("") : p->text);
    if (!is_empty)
        next(p);
    return true;
}

static bool parse_operator(struct parser *p, struct dev_label_requirement *r)
{
    switch (p->token) {
    case EQUALS:
        r->op = DEV_LABEL_IN;
        break;
    case NOT_EQUALS:
        r->op = DEV_LABEL_NOT_IN;
        break;
    case GREATER:
        r->op = DEV_LABEL_GREATER;
        break;
    case LESS:
        r->op = DEV_LABEL_LESS;
        break;
    default:
        if (p->token != WORD || !(str_eq_cstr(p->text, "in") || str_eq_cstr(p->text, "notin")))
            return expected(p, BINARY_OPERATORS);
        r->op = str_eq_cstr(p->text, "in") ? DEV_LABEL_IN : DEV_LABEL_NOT_IN;
    }
    next(p);
    return true;
}

static bool invalid(struct parser *p, const char *where, struct str value, const char *problem)
{
    cleanup_strbuf struct strbuf quoted = {0};
    strbuf_append_json(&quoted, value);
    return error_set(p->err, ERROR_INVALID, "%s: Invalid value: %s: %s", where, quoted.data,
                     problem);
}

static bool check_values(struct parser *p, struct dev_label_requirement *r)
{
    bool is_number = r->op == DEV_LABEL_GREATER || r->op == DEV_LABEL_LESS;
    if (is_number && (!str_to_u64(r->values->text, &r->number) || r->number > INT64_MAX))
        return invalid(p, "values[0]", r->values->text,
                       "for 'Gt', 'Lt' operators, the value must be an integer");
    size_t i = 0;
    for (const struct dev_label_value *value = r->values; value != NULL; value = value->next, i++) {
        const char *problem = dev_names_check_label_value(value->text);
        if (problem == NULL)
            continue;
        struct str where = arena_printf(p->arena, "values[%zu][" STR_FMT "]", i, STR_ARG(r->key));
        return invalid(p, where.ptr, value->text, problem);
    }
    return true;
}

static bool parse_requirement(struct parser *p, struct dev_label_requirement *r)
{
    bool is_not = p->token == NOT;
    if (is_not)
        next(p);
    if (p->token != WORD)
        return expected(p, "identifier");
    r->key = p->text;
    p->tail = &r->values;
    const char *problem = dev_names_check_qualified(r->key);
    if (problem != NULL)
        return invalid(p, "<nil>", r->key, problem);
    next(p);
    if (is_not || p->token == END || p->token == COMMA) {
        r->op = is_not ? DEV_LABEL_ABSENT : DEV_LABEL_EXISTS;
        return true;
    }
    bool has_list = p->token == WORD;
    return parse_operator(p, r) && (has_list ? parse_values(p) : parse_value(p)) &&
           check_values(p, r);
}

static bool parse_comma(struct parser *p)
{
    if (p->token == END)
        return true;
    if (p->token != COMMA)
        return expected(p, "',' or 'end of string'");
    next(p);
    return p->token == WORD || p->token == NOT || expected(p, "identifier after ','");
}

bool dev_selector_parse_labels(struct str text, struct arena *arena,
                               struct dev_label_requirement **out, struct error *err)
{
    struct parser p = {.arena = arena, .rest = arena_dup_str(arena, text), .err = err};
    *out = NULL;
    next(&p);
    if (p.token != END && p.token != WORD && p.token != NOT)
        return expected(&p, "!, identifier, or 'end of string'");
    while (p.token != END) {
        struct dev_label_requirement *r = arena_new(arena, struct dev_label_requirement);
        if (!parse_requirement(&p, r))
            return error_wrap(err, "unable to parse requirement");
        if (!parse_comma(&p))
            return false;
        r->next = *out;
        *out = r;
    }
    return true;
}
