#include "devserver/json_path.h"

#include <stdlib.h>
#include <string.h>

#include "kube/model/json.h"

enum { TEXT_MAX_BYTES = 4096 };

enum step_type { STEP_FIELD, STEP_INDEX, STEP_EACH, STEP_FILTER };

/* Longer operators first, so that "<=" is not read as "<". */
enum compare {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LE,
    COMPARE_GE,
    COMPARE_LT,
    COMPARE_GT,
    COMPARE_HAS
};
static const char *const compare_texts[] = {"==", "!=", "<=", ">=", "<", ">"};

struct step {
    struct step *next; /* NULL: the last */
    enum step_type type;
    struct str name;   /* FIELD */
    int64_t index;     /* INDEX; negative: from the end */
    struct step *left; /* FILTER: what is compared, from the item on */
    enum compare compare;
    bool is_number; /* what with: a number or a text */
    double number;
    struct str text;
};

struct dev_json_path {
    struct step *first;
    bool is_strange; /* kube-apiserver takes it, we do not know it: finds nothing */
};

/* ---- reading --------------------------------------------------------------------------------- */

struct parser {
    struct arena *arena;
    struct str rest;
};

static bool take(struct parser *p, const char *literal)
{
    if (!str_starts_with(p->rest, str_from(literal)))
        return false;
    p->rest = str_skip(p->rest, strlen(literal));
    return true;
}

/* Up to one of `ends`, outside of backslashes, which are taken off. */
static struct str take_until(struct parser *p, const char *ends)
{
    char *text = arena_alloc(p->arena, p->rest.len + 1);
    size_t len = 0;
    while (p->rest.len > 0 && !strchr(ends, p->rest.ptr[0])) {
        if (p->rest.ptr[0] == '\\' && p->rest.len > 1)
            p->rest = str_skip(p->rest, 1);
        text[len++] = p->rest.ptr[0];
        p->rest = str_skip(p->rest, 1);
    }
    return (struct str){text, len};
}

static bool take_quoted(struct parser *p, struct str *out)
{
    const char *quote = take(p, "\"") ? "\"" : take(p, "'") ? "'" : NULL;
    if (!quote)
        return false;
    *out = take_until(p, quote);
    return take(p, quote);
}

static bool parse_steps(struct parser *p, const char *ends, struct step **out);

static bool parse_literal(struct parser *p, struct step *step)
{
    p->rest = str_trim(p->rest);
    if (take_quoted(p, &step->text))
        return true;
    step->text = str_trim(take_until(p, ")"));
    char *copy = str_dup_cstr(step->text);
    char *end = NULL;
    step->number = strtod(copy, &end);
    step->is_number = end != copy && *end == '\0';
    free(copy);
    return step->text.len > 0; /* true and false are compared as texts */
}

/* "(@.type=="Ready")]", behind the question mark. */
static bool parse_filter(struct parser *p, struct step *step)
{
    step->type = STEP_FILTER;
    step->compare = COMPARE_HAS;
    if (!take(p, "(@") || !parse_steps(p, "=!<>) ", &step->left))
        return false;
    p->rest = str_trim(p->rest);
    for (size_t i = 0; i < ARRAY_LEN(compare_texts); i++) {
        if (!take(p, compare_texts[i]))
            continue;
        step->compare = (enum compare)i;
        if (!parse_literal(p, step))
            return false;
        break;
    }
    p->rest = str_trim(p->rest);
    return take(p, ")]");
}

static bool parse_bracket(struct parser *p, struct step *step)
{
    if (take(p, "?"))
        return parse_filter(p, step);
    if (take(p, "*")) {
        step->type = STEP_EACH;
        return take(p, "]");
    }
    if (take_quoted(p, &step->name)) {
        step->type = STEP_FIELD;
        return take(p, "]");
    }
    uint64_t index = 0;
    bool is_negative = take(p, "-");
    step->type = STEP_INDEX;
    if (!str_to_u64(take_until(p, "]"), &index) || index > INT32_MAX)
        return false;
    step->index = is_negative ? -(int64_t)index : (int64_t)index;
    return take(p, "]");
}

static bool parse_step(struct parser *p, const char *ends, struct step *step)
{
    char stop[16] = ".[";
    strncat(stop, ends, sizeof(stop) - 3);
    if (take(p, "["))
        return parse_bracket(p, step);
    if (!take(p, "."))
        return false;
    if (take(p, "*")) {
        step->type = STEP_EACH;
        return true;
    }
    step->type = STEP_FIELD;
    step->name = take_until(p, stop);
    /* A bracket may follow a dot at once: ".[0]" */
    return step->name.len > 0 || (p->rest.len > 0 && p->rest.ptr[0] == '[');
}

static bool parse_steps(struct parser *p, const char *ends, struct step **out)
{
    while (p->rest.len > 0 && !strchr(ends, p->rest.ptr[0])) {
        struct step *step = arena_new(p->arena, struct step);
        if (!parse_step(p, ends, step))
            return false;
        if (step->type == STEP_FIELD && step->name.len == 0)
            continue;
        *out = step;
        out = &step->next;
    }
    return true;
}

bool dev_json_path_compile(struct arena *arena, struct str text, struct dev_json_path **out,
                           struct error *err)
{
    struct parser p = {.arena = arena, .rest = arena_dup_str(arena, text)};
    struct dev_json_path *path = arena_new(arena, struct dev_json_path);
    if (!str_starts_with(text, STR(".")))
        return error_set(err, ERROR_INVALID, "must be a simple json path starting with .");
    path->is_strange = text.len > TEXT_MAX_BYTES || !parse_steps(&p, "", &path->first);
    *out = path;
    return true;
}

/* ---- finding --------------------------------------------------------------------------------- */

static yyjson_val *find(const struct step *step, yyjson_val *value);

static bool compare_order(enum compare compare, double order)
{
    switch (compare) {
    case COMPARE_EQ:
        return order == 0;
    case COMPARE_NE:
        return order != 0;
    case COMPARE_LE:
        return order <= 0;
    case COMPARE_GE:
        return order >= 0;
    case COMPARE_LT:
        return order < 0;
    default:
        return order > 0;
    }
}

/* Items of another type than the literal's, or without the field, are no match. */
static bool holds(const struct step *step, yyjson_val *item)
{
    yyjson_val *left = find(step->left, item);
    if (!left)
        return false;
    if (step->compare == COMPARE_HAS)
        return true;
    if (yyjson_is_num(left))
        return step->is_number && compare_order(step->compare, yyjson_get_num(left) - step->number);
    struct str text = json_value_str(left);
    if (yyjson_is_bool(left))
        text = yyjson_is_true(left) ? STR("true") : STR("false");
    else if (!yyjson_is_str(left))
        return false;
    return compare_order(step->compare, str_cmp(text, step->text));
}

/* The first that the rest of the path leads to, from any child that the step allows. */
static yyjson_val *find_among(const struct step *step, yyjson_val *parent)
{
    yyjson_val *key, *child;
    size_t i, max;
    if (yyjson_is_arr(parent)) {
        yyjson_arr_foreach(parent, i, max, child)
        {
            if (step->type == STEP_FILTER && !holds(step, child))
                continue;
            yyjson_val *found = find(step->next, child);
            if (found)
                return found;
        }
    }
    if (yyjson_is_obj(parent) && step->type == STEP_EACH) {
        yyjson_obj_foreach(parent, i, max, key, child)
        {
            yyjson_val *found = find(step->next, child);
            if (found)
                return found;
        }
    }
    return NULL;
}

static yyjson_val *item_at(yyjson_val *array, int64_t index)
{
    int64_t size = (int64_t)yyjson_arr_size(array);
    if (index < 0)
        index += size;
    return index >= 0 && index < size ? yyjson_arr_get(array, (size_t)index) : NULL;
}

static yyjson_val *find(const struct step *step, yyjson_val *value)
{
    for (; step && value; step = step->next) {
        if (step->type == STEP_EACH || step->type == STEP_FILTER)
            return find_among(step, value);
        value = step->type == STEP_FIELD ? yyjson_obj_getn(value, step->name.ptr, step->name.len)
                                         : item_at(value, step->index);
    }
    return value;
}

yyjson_val *dev_json_path_find(const struct dev_json_path *path, yyjson_val *root)
{
    return path->is_strange ? NULL : find(path->first, root);
}
