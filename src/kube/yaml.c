#include "kube/yaml.h"

#include <libfyaml.h>
#include <string.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/utf8.h"

enum {
    MAX_DEPTH = 64,
    MAX_NODES = 100000,
    MAX_ANCHORS = 1000,
    MAX_BYTES = 16 * 1024 * 1024,
    IS_OPEN = -1, /* height of what has not ended yet */
};

struct yaml {
    struct arena nodes;
    struct yaml_node root;
    char *texts; /* of all scalars, each followed by a NUL */
    size_t texts_len;
    size_t texts_capacity;
};

/* A sequence or mapping that has begun and not ended. */
struct frame {
    struct yaml_node *container;
    const struct yaml_node **tail;
    size_t count;
    struct str key; /* of the value to come */
    bool has_key;
};

struct anchor {
    struct str name;
    const struct yaml_node *node;
};

/* What is known between two events of the parser. */
struct builder {
    struct yaml *yaml;
    struct frame frames[MAX_DEPTH];
    int depth;
    size_t node_count;
    struct anchor anchors[MAX_ANCHORS];
    size_t anchor_count;
    int line; /* of the event, from 1 */
    int column;
};

#define build_error(builder, err, fmt, ...)                                                        \
    error_set(err, ERROR_INVALID, "line %d, column %d: " fmt, (builder)->line, (builder)->column,  \
              ##__VA_ARGS__)

static struct yaml *yaml_new(size_t text_len)
{
    struct yaml *yaml = mem_alloc_zero(sizeof(*yaml));
    arena_init(&yaml->nodes);
    /* An escape such as "\L" makes three bytes of two; with its quotes and the NUL behind the
     * result no scalar takes more than double its source. */
    yaml->texts_capacity = 2 * text_len + 2;
    yaml->texts = mem_alloc(yaml->texts_capacity);
    return yaml;
}

void yaml_free(struct yaml *yaml)
{
    if (yaml == NULL)
        return;
    arena_fini(&yaml->nodes);
    explicit_bzero(yaml->texts, yaml->texts_len);
    free(yaml->texts);
    free(yaml);
}

static void yaml_cleanup(struct yaml **yaml)
{
    yaml_free(*yaml);
}

const struct yaml_node *yaml_root(const struct yaml *yaml)
{
    return &yaml->root;
}

static bool dup_text(struct builder *b, struct fy_token *token, struct str *out, struct error *err)
{
    struct yaml *yaml = b->yaml;
    size_t len = 0;
    const char *text = fy_token_get_text(token, &len);
    if (text == NULL)
        return build_error(b, err, "text that cannot be read");
    if (len >= yaml->texts_capacity - yaml->texts_len)
        return build_error(b, err, "too much text");
    char *copy = yaml->texts + yaml->texts_len;
    memcpy(copy, text, len);
    copy[len] = '\0';
    yaml->texts_len += len + 1;
    *out = (struct str){copy, len};
    return true;
}

static bool new_node(struct builder *b, enum yaml_type type, struct yaml_node **out,
                     struct error *err)
{
    if (++b->node_count > MAX_NODES)
        return build_error(b, err, "more than %d values", MAX_NODES);
    struct yaml_node *node = arena_new(&b->yaml->nodes, struct yaml_node);
    node->type = type;
    node->line = b->line;
    *out = node;
    return true;
}

static bool is_null(struct str text)
{
    return text.len == 0 || str_eq_cstr(text, "~") || str_eq_cstr(text, "null") ||
           str_eq_cstr(text, "Null") || str_eq_cstr(text, "NULL");
}

static bool take_key(struct builder *b, struct frame *frame, const struct yaml_node *node,
                     struct error *err)
{
    if (node->type != YAML_SCALAR && node->type != YAML_NULL)
        return build_error(b, err, "a key that is no text");
    if (node->is_plain && str_eq_cstr(node->text, "<<"))
        return build_error(b, err, "merge keys (<<) are not supported: write the values out");
    frame->key = node->text;
    frame->has_key = true;
    return true;
}

/* Puts `node` where it belongs: the root, a key, a value or an element. */
static bool place(struct builder *b, struct yaml_node *node, struct error *err)
{
    if (b->depth == 0) {
        b->yaml->root = *node;
        return true;
    }
    struct frame *frame = &b->frames[b->depth - 1];
    if (frame->container->type == YAML_MAPPING) {
        if (!frame->has_key)
            return take_key(b, frame, node, err);
        node->key = frame->key;
        frame->has_key = false;
    }
    *frame->tail = node;
    frame->tail = &node->next;
    frame->count++;
    return true;
}

static bool add_anchor(struct builder *b, struct fy_token *token, const struct yaml_node *node,
                       struct error *err)
{
    if (token == NULL)
        return true;
    if (b->anchor_count == MAX_ANCHORS)
        return build_error(b, err, "more than %d anchors", MAX_ANCHORS);
    struct anchor *anchor = &b->anchors[b->anchor_count++];
    anchor->node = node;
    size_t len = 0;
    const char *name = fy_token_get_text(token, &len);
    anchor->name = arena_dup_str(&b->yaml->nodes, (struct str){name, name ? len : 0});
    return true;
}

static bool on_scalar(struct builder *b, struct fy_event *event, struct error *err)
{
    struct yaml_node *node = NULL;
    if (!new_node(b, YAML_SCALAR, &node, err))
        return false;
    struct fy_token *token = event->scalar.value;
    node->is_plain = fy_token_scalar_style(token) == FYSS_PLAIN;
    node->text = STR("");
    if (token != NULL && !dup_text(b, token, &node->text, err))
        return false;
    if (node->is_plain && is_null(node->text))
        node->type = YAML_NULL;
    return add_anchor(b, event->scalar.anchor, node, err) && place(b, node, err);
}

static bool on_alias(struct builder *b, struct fy_event *event, struct error *err)
{
    size_t len = 0;
    const char *text = fy_token_get_text(event->alias.anchor, &len);
    struct str name = {text, text ? len : 0};
    size_t i = b->anchor_count;
    while (i > 0 && !str_eq(b->anchors[i - 1].name, name)) /* the latest of a name counts */
        i--;
    if (i == 0)
        return build_error(b, err, "*" STR_FMT " names no anchor before it", STR_ARG(name));
    const struct yaml_node *target = b->anchors[i - 1].node;
    if (target->height == IS_OPEN)
        return build_error(b, err, "*" STR_FMT " contains itself", STR_ARG(name));
    struct yaml_node *node = NULL;
    if (!new_node(b, target->type, &node, err))
        return false;
    *node = *target;
    node->next = NULL;
    node->key = (struct str){0};
    return place(b, node, err);
}

static bool on_start(struct builder *b, enum yaml_type type, struct fy_token *anchor,
                     struct error *err)
{
    if (b->depth == MAX_DEPTH)
        return build_error(b, err, "nested deeper than %d levels", MAX_DEPTH);
    struct yaml_node *node = NULL;
    if (!new_node(b, type, &node, err))
        return false;
    node->height = IS_OPEN;
    if (!add_anchor(b, anchor, node, err) || !place(b, node, err))
        return false;
    b->frames[b->depth++] = (struct frame){.container = node, .tail = &node->first};
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct yaml_node *const *left = a;
    const struct yaml_node *const *right = b;
    return str_cmp((*left)->key, (*right)->key);
}

static bool check_keys(struct builder *b, const struct frame *frame, struct error *err)
{
    cleanup_free const struct yaml_node **nodes =
        mem_grow_array(NULL, frame->count, sizeof(struct yaml_node *));
    size_t count = 0;
    for (const struct yaml_node *n = frame->container->first; n != NULL; n = n->next)
        nodes[count++] = n;
    qsort(nodes, count, sizeof(struct yaml_node *), compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (str_eq(nodes[i - 1]->key, nodes[i]->key))
            return build_error(b, err, "key \"%.64s\" is there twice", nodes[i]->key.ptr);
    }
    return true;
}

static bool on_end(struct builder *b, struct error *err)
{
    const struct frame *frame = &b->frames[--b->depth];
    struct yaml_node *container = frame->container;
    int height = 0;
    for (const struct yaml_node *n = container->first; n != NULL; n = n->next)
        height = n->height >= height ? n->height + 1 : height;
    if (height > MAX_DEPTH)
        return build_error(b, err, "nested deeper than %d levels by aliases", MAX_DEPTH);
    container->height = height;
    if (b->depth == 0)
        b->yaml->root = *container;
    return container->type != YAML_MAPPING || check_keys(b, frame, err);
}

static bool on_event(struct builder *b, struct fy_event *event, struct error *err)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark != NULL) {
        b->line = mark->line + 1;
        b->column = mark->column + 1;
    }
    switch (event->type) {
    case FYET_SCALAR:
        return on_scalar(b, event, err);
    case FYET_ALIAS:
        return on_alias(b, event, err);
    case FYET_SEQUENCE_START:
        return on_start(b, YAML_SEQUENCE, event->sequence_start.anchor, err);
    case FYET_MAPPING_START:
        return on_start(b, YAML_MAPPING, event->mapping_start.anchor, err);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        return on_end(b, err);
    default:
        return true;
    }
}

static bool syntax_error(struct fy_diag *diag, struct error *err)
{
    void *iterator = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iterator);
    if (first == NULL)
        return error_set(err, ERROR_INVALID, "not YAML");
    return error_set(err, ERROR_INVALID, "line %d, column %d: %s", first->line, first->column,
                     first->msg);
}

/* Turns the events of the first document into nodes. */
static bool build(struct builder *b, struct fy_parser *parser, struct fy_diag *diag,
                  struct error *err)
{
    for (;;) {
        struct fy_event *event = fy_parser_parse(parser);
        if (event == NULL)
            return fy_parser_get_stream_error(parser) ? syntax_error(diag, err) : true;
        bool is_last = event->type == FYET_DOCUMENT_END || event->type == FYET_STREAM_END;
        bool is_fine = on_event(b, event, err);
        fy_parser_event_free(parser, event);
        if (!is_fine || is_last)
            return is_fine;
    }
}

static bool build_from_text(struct builder *b, struct str text, struct error *err)
{
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL; /* what it has to say goes into our error, not to stderr */
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    must(diag != NULL);
    fy_diag_set_collect_errors(diag, true);
    const struct fy_parse_cfg cfg = {.flags = FYPCF_COLLECT_DIAG, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&cfg);
    must(parser != NULL);
    bool is_fine = fy_parser_set_string(parser, text.ptr, text.len) == 0
                       ? build(b, parser, diag, err)
                       : error_set(err, ERROR_INVALID, "not YAML");
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return is_fine;
}

/* libfyaml takes a NUL or a broken character for the end of the text. */
static bool check_characters(struct str text, struct error *err)
{
    int line = 1;
    for (struct str rest = text; rest.len > 0;) {
        uint32_t rune = 0;
        size_t len = utf8_decode(rest, &rune);
        if (len == 0 || rune == 0)
            return error_set(err, ERROR_INVALID, "line %d: not UTF-8 text", line);
        line += rune == '\n';
        rest = str_skip(rest, len);
    }
    return true;
}

bool yaml_parse(struct str text, struct yaml **out, struct error *err)
{
    if (text.len > MAX_BYTES)
        return error_set(err, ERROR_INVALID, "longer than %d bytes", MAX_BYTES);
    if (!check_characters(text, err))
        return false;
    cleanup_with(yaml_cleanup) struct yaml *yaml = yaml_new(text.len);
    if (!str_is_empty(text)) {
        cleanup_free struct builder *builder = mem_alloc_zero(sizeof(*builder));
        builder->yaml = yaml;
        if (!build_from_text(builder, text, err))
            return false;
    }
    *out = steal_ptr(yaml);
    return true;
}

const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key)
{
    if (mapping == NULL || mapping->type != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *n = mapping->first; n != NULL; n = n->next) {
        if (str_eq_cstr(n->key, key))
            return n->type == YAML_NULL ? NULL : n;
    }
    return NULL;
}

bool yaml_bool(const struct yaml_node *node, bool *out)
{
    if (node->type != YAML_SCALAR || !node->is_plain)
        return false;
    bool is_true = str_eq_cstr(node->text, "true") || str_eq_cstr(node->text, "True") ||
                   str_eq_cstr(node->text, "TRUE");
    bool is_false = str_eq_cstr(node->text, "false") || str_eq_cstr(node->text, "False") ||
                    str_eq_cstr(node->text, "FALSE");
    if (is_true || is_false)
        *out = is_true;
    return is_true || is_false;
}

/* The digits at the start of `s`. */
static size_t digits(struct str s)
{
    size_t count = 0;
    while (count < s.len && s.ptr[count] >= '0' && s.ptr[count] <= '9')
        count++;
    return count;
}

static bool is_json_number(struct str s)
{
    s = str_skip(s, str_starts_with(s, STR("-")));
    size_t count = digits(s);
    if (count == 0 || (count > 1 && s.ptr[0] == '0'))
        return false;
    s = str_skip(s, count);
    if (str_starts_with(s, STR("."))) {
        count = digits(str_skip(s, 1));
        if (count == 0)
            return false;
        s = str_skip(s, 1 + count);
    }
    if (str_starts_with(s, STR("e")) || str_starts_with(s, STR("E"))) {
        s = str_skip(s, 1);
        s = str_skip(s, str_starts_with(s, STR("-")) || str_starts_with(s, STR("+")));
        count = digits(s);
        if (count == 0)
            return false;
        s = str_skip(s, count);
    }
    return str_is_empty(s);
}

static void scalar_to_json(const struct yaml_node *node, struct strbuf *out)
{
    bool value = false;
    if (yaml_bool(node, &value))
        strbuf_append_cstr(out, value ? "true" : "false");
    else if (node->is_plain && is_json_number(node->text))
        strbuf_append(out, node->text);
    else
        strbuf_append_json(out, node->text);
}

/* Recursion is bounded by the height of the tree. */
bool yaml_to_json(const struct yaml_node *node, size_t max_bytes, struct strbuf *out)
{
    if (node->type == YAML_NULL) {
        strbuf_append_cstr(out, "null");
        return out->len <= max_bytes;
    }
    if (node->type == YAML_SCALAR) {
        scalar_to_json(node, out);
        return out->len <= max_bytes;
    }
    bool is_mapping = node->type == YAML_MAPPING;
    strbuf_append_char(out, is_mapping ? '{' : '[');
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        if (n != node->first)
            strbuf_append_char(out, ',');
        if (is_mapping) {
            strbuf_append_json(out, n->key);
            strbuf_append_char(out, ':');
        }
        if (!yaml_to_json(n, max_bytes, out))
            return false;
    }
    strbuf_append_char(out, is_mapping ? '}' : ']');
    return out->len <= max_bytes;
}
