#include "devserver/regex.h"

#include <stdlib.h>

#include "base/must.h"
#include "base/utf8.h"
#include "devserver/regex_tree.h"

/* The tree becomes a program for a machine that is at several instructions at once (Thompson), so
 * that each character of the text is looked at once. */
enum { PROGRAM_MAX = 20000, STEPS_MAX = 10 * PROGRAM_MAX };

enum op { OP_SET, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_MATCH };

struct instruction {
    enum op op;
    bool is_negated;
    uint32_t a; /* SPLIT, JUMP: goes on there */
    uint32_t b; /* SPLIT: and there */
    const struct dev_regex_range *ranges;
    size_t range_count;
};

struct dev_regex {
    struct instruction *program; /* ends with MATCH */
    uint32_t count;
};

/* ---- compiling ------------------------------------------------------------------------------- */

struct compiler {
    struct instruction *program; /* heap while it grows */
    uint32_t count;
    uint32_t capacity;
    uint32_t steps; /* repeating nothing a thousand times costs time as well */
    bool is_too_large;
};

static uint32_t emit(struct compiler *c, enum op op)
{
    if (c->count == PROGRAM_MAX) {
        c->is_too_large = true;
        return c->count - 1;
    }
    if (c->count == c->capacity) {
        c->capacity = c->capacity > 0 ? 2 * c->capacity : 32;
        c->program = mem_grow_array(c->program, c->capacity, sizeof(*c->program));
    }
    c->program[c->count] = (struct instruction){.op = op};
    return c->count++;
}

static void compile(struct compiler *c, const struct dev_regex_node *node);

static void compile_alternate(struct compiler *c, const struct dev_regex_node *node)
{
    if (!node->next) {
        compile(c, node);
        return;
    }
    /* Each alternative but the last: split, its program, jump behind all of them. The jumps are
     * chained through their own targets until it is known where that is. */
    uint32_t last_jump = UINT32_MAX;
    for (; node->next && !c->is_too_large; node = node->next) {
        uint32_t split = emit(c, OP_SPLIT);
        c->program[split].a = c->count;
        compile(c, node);
        uint32_t jump = emit(c, OP_JUMP);
        c->program[jump].a = last_jump;
        last_jump = jump;
        c->program[split].b = c->count;
    }
    compile(c, node);
    while (last_jump != UINT32_MAX && !c->is_too_large) {
        uint32_t next = c->program[last_jump].a;
        c->program[last_jump].a = c->count;
        last_jump = next;
    }
}

static void compile_repeat(struct compiler *c, const struct dev_regex_node *node)
{
    for (int i = 0; i < node->min && !c->is_too_large; i++)
        compile(c, node->first);
    if (node->max == REGEX_UNBOUNDED) {
        uint32_t split = emit(c, OP_SPLIT);
        c->program[split].a = c->count;
        compile(c, node->first);
        uint32_t jump = emit(c, OP_JUMP);
        c->program[jump].a = split;
        c->program[split].b = c->count;
        return;
    }
    for (int i = node->min; i < node->max && !c->is_too_large; i++) {
        uint32_t split = emit(c, OP_SPLIT);
        c->program[split].a = c->count;
        compile(c, node->first);
        c->program[split].b = c->count;
    }
}

static void compile(struct compiler *c, const struct dev_regex_node *node)
{
    uint32_t at = 0;
    c->is_too_large = c->is_too_large || ++c->steps > STEPS_MAX;
    switch (node->type) {
    case REGEX_EMPTY:
        break;
    case REGEX_SET:
        at = emit(c, OP_SET);
        c->program[at].ranges = node->ranges;
        c->program[at].range_count = node->range_count;
        c->program[at].is_negated = node->is_negated;
        break;
    case REGEX_CONCAT:
        for (const struct dev_regex_node *n = node->first; n && !c->is_too_large; n = n->next)
            compile(c, n);
        break;
    case REGEX_ALTERNATE:
        compile_alternate(c, node->first);
        break;
    case REGEX_REPEAT:
        compile_repeat(c, node);
        break;
    case REGEX_BEGIN:
        (void)emit(c, OP_BEGIN);
        break;
    case REGEX_END:
        (void)emit(c, OP_END);
        break;
    }
}

bool dev_regex_compile(struct arena *arena, struct str pattern, const struct dev_regex **out,
                       struct error *err)
{
    struct dev_regex_node *root = NULL;
    struct compiler c = {0};
    if (!dev_regex_parse(arena, pattern, &root, err))
        return false;
    compile(&c, root);
    (void)emit(&c, OP_MATCH);
    cleanup_free struct instruction *program = c.program;
    if (c.is_too_large)
        return error_set(err, ERROR_INVALID, "expression too large");
    struct dev_regex *regex = arena_new(arena, struct dev_regex);
    regex->program = arena_new_array(arena, struct instruction, c.count);
    memcpy(regex->program, program, c.count * sizeof(*program));
    regex->count = c.count;
    *out = regex;
    return true;
}

/* ---- matching -------------------------------------------------------------------------------- */

/* Instructions that the machine is at, each once. */
struct places {
    uint32_t *at;
    uint32_t count;
};

struct machine {
    const struct dev_regex *regex;
    struct places now;
    struct places next;
    uint64_t *seen; /* by instruction: the round in which it was entered last */
    uint64_t round;
    uint32_t *stack;
    bool is_match;
};

/* Enters `start` and all that is reached from it without a character. */
static void enter(struct machine *m, struct places *places, uint32_t start, bool is_begin,
                  bool is_end)
{
    uint32_t depth = 0;
    m->stack[depth++] = start;
    while (depth > 0) {
        uint32_t at = m->stack[--depth];
        const struct instruction *i = &m->regex->program[at];
        if (m->seen[at] == m->round)
            continue;
        m->seen[at] = m->round;
        if (i->op == OP_SET)
            places->at[places->count++] = at;
        else if (i->op == OP_MATCH)
            m->is_match = true;
        else if (i->op == OP_JUMP)
            m->stack[depth++] = i->a;
        else if (i->op == OP_SPLIT) {
            m->stack[depth++] = i->b;
            m->stack[depth++] = i->a;
        } else if (i->op == OP_BEGIN ? is_begin : is_end)
            m->stack[depth++] = at + 1;
    }
}

static bool set_has(const struct instruction *i, uint32_t rune)
{
    for (size_t r = 0; r < i->range_count; r++) {
        if (rune >= i->ranges[r].low && rune <= i->ranges[r].high)
            return !i->is_negated;
    }
    return i->is_negated;
}

static void step(struct machine *m, uint32_t rune, bool is_end)
{
    m->round++;
    m->next.count = 0;
    for (uint32_t i = 0; i < m->now.count; i++) {
        uint32_t at = m->now.at[i];
        if (set_has(&m->regex->program[at], rune))
            enter(m, &m->next, at + 1, false, is_end);
    }
    enter(m, &m->next, 0, false, is_end); /* a match may begin here */
    struct places swapped = m->now;
    m->now = m->next;
    m->next = swapped;
}

bool dev_regex_matches(const struct dev_regex *regex, struct str text)
{
    uint32_t count = regex->count;
    cleanup_free uint32_t *memory = mem_grow_array(NULL, count, 4 * sizeof(uint32_t));
    cleanup_free uint64_t *seen = mem_alloc_zero(count * sizeof(uint64_t));
    struct machine m = {.regex = regex,
                        .now.at = memory,
                        .next.at = memory + count,
                        .stack =
                            memory + 2 * (size_t)count, /* each entered once adds one at most */
                        .seen = seen,
                        .round = 1};
    enter(&m, &m.now, 0, true, text.len == 0);
    while (text.len > 0 && !m.is_match) {
        uint32_t rune = 0xFFFD; /* what Go reads in place of invalid UTF-8 */
        size_t size = utf8_decode(text, &rune);
        text = str_skip(text, size > 0 ? size : 1);
        step(&m, rune, text.len == 0);
    }
    return m.is_match;
}
