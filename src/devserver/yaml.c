#include "devserver/yaml.h"

#include <libfyaml.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/utf8.h"
#include "devserver/depth.h"
#include "devserver/yaml_list.h"
#include "devserver/yaml_scalar.h"
#include "kube/model/json.h"

enum {
    MAX_BYTES = 32 * 1024 * 1024,
    MAX_VALUES = 2000000, /* of a document; aliases multiply them */
};
#define MAX_TEXT ((size_t)2 * MAX_BYTES) /* the same, in bytes of text */
#define TAG_PREFIX "tag:yaml.org,2002:"

/* A mapping or sequence that has begun and not ended. */
struct frame {
    yyjson_mut_val *container;
    yyjson_mut_val *key;     /* of the value to come; NULL: a key comes */
    yyjson_mut_val *merging; /* what its merge key (<<) names; NULL: none */
    bool is_merge_key;       /* the value to come is named by the merge key */
};

struct anchor {
    struct str name;
    yyjson_mut_val *value;
    struct anchor *older;
};

/* What is known between two events of the parser. */
struct builder {
    yyjson_mut_doc *doc; /* of the document; NULL: between documents */
    yyjson_mut_val *root;
    struct arena arena; /* of the document */
    struct frame frames[DEV_JSON_MAX_DEPTH];
    size_t depth;
    struct anchor *anchors; /* the latest first: that of a name counts */
    size_t value_count;
    size_t text_bytes;
    int line; /* of the event, from 1 */
    int column;
    dev_yaml_fn *fn;
    void *ctx;
    struct error *err;
};

static bool refuse(struct builder *b, const char *fmt, ...) format_printf(2, 3);
static bool refuse(struct builder *b, const char *fmt, ...)
{
    char text[sizeof(b->err->text)];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return error_set(b->err, ERROR_INVALID, "line %d, column %d: %s", b->line, b->column, text);
}

static struct str token_text(struct fy_token *token)
{
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : NULL;
    return (struct str){text, text ? len : 0};
}

/* ---- what a document may hold ----------------------------------------------------------------*/

static bool count(struct builder *b, size_t text_len)
{
    b->value_count++;
    b->text_bytes += text_len;
    return (b->value_count <= MAX_VALUES && b->text_bytes <= MAX_TEXT) ||
           refuse(b, "too much for one document");
}

/* The same for what an alias copies; levels: how deep it may be. */
static bool count_copy(struct builder *b, yyjson_mut_val *value, size_t levels)
{
    if (!count(b, yyjson_mut_get_len(value)))
        return false;
    if (!yyjson_mut_is_ctn(value))
        return true;
    if (levels == 0)
        return refuse(b, "nested deeper than %d levels by aliases", DEV_JSON_MAX_DEPTH);
    size_t i, max;
    yyjson_mut_val *key, *child;
    yyjson_mut_arr_foreach(value, i, max, child)
    {
        if (!count_copy(b, child, levels - 1))
            return false;
    }
    yyjson_mut_obj_foreach(value, i, max, key, child)
    {
        if (!count(b, yyjson_mut_get_len(key)) || !count_copy(b, child, levels - 1))
            return false;
    }
    return true;
}

/* ---- keys ------------------------------------------------------------------------------------*/

/* JSON has texts for keys alone. */
static yyjson_mut_val *key_of(struct builder *b, yyjson_mut_val *value)
{
    if (yyjson_mut_is_str(value))
        return value;
    cleanup_free char *text = yyjson_mut_val_write(value, YYJSON_WRITE_NOFLAG, NULL);
    return text != NULL ? yyjson_mut_strcpy(b->doc, text) : NULL;
}

static bool take_key(struct builder *b, struct frame *frame, yyjson_mut_val *value)
{
    if (yyjson_mut_is_ctn(value) || yyjson_mut_is_null(value))
        return refuse(b, "a key that is no text");
    frame->key = key_of(b, value);
    return frame->key != NULL || refuse(b, "a key that is no text");
}

struct named {
    struct str key;
    size_t position;
};

static int compare_named(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    int order = str_cmp(left->key, right->key);
    return order != 0 ? order : left->position < right->position ? -1 : 1;
}

/* Of a key that is there several times the last counts. */
static void drop_doubles(yyjson_mut_val *mapping)
{
    size_t i, size = yyjson_mut_obj_size(mapping), dropped = 0;
    cleanup_free struct named *named = mem_grow_array(NULL, size + 1, sizeof(*named));
    cleanup_free bool *is_double = mem_alloc_zero(size + 1);
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(mapping, i, size, key, value)
    {
        named[i] = (struct named){{yyjson_mut_get_str(key), yyjson_mut_get_len(key)}, i};
    }
    qsort(named, size, sizeof(*named), compare_named);
    for (i = 1; i < size; i++) {
        bool is_same = str_eq(named[i - 1].key, named[i].key);
        is_double[named[i - 1].position] = is_same;
        dropped += is_same;
    }
    yyjson_mut_obj_iter at = yyjson_mut_obj_iter_with(mapping);
    for (i = 0; dropped > 0 && yyjson_mut_obj_iter_next(&at) != NULL; i++) {
        if (is_double[i])
            yyjson_mut_obj_iter_remove(&at);
    }
}

/* ---- merge keys ------------------------------------------------------------------------------*/

/* What the mapping has itself, or had from an earlier source, wins. */
static bool merge_from(struct builder *b, yyjson_mut_val *mapping, yyjson_mut_val *source)
{
    size_t i, max;
    yyjson_mut_val *key, *value;
    if (!yyjson_mut_is_obj(source))
        return refuse(b, "a merge key (<<) needs a mapping or a sequence of mappings");
    yyjson_mut_obj_foreach(source, i, max, key, value)
    {
        const char *name = yyjson_mut_get_str(key);
        size_t len = yyjson_mut_get_len(key);
        if (yyjson_mut_obj_getn(mapping, name, len) != NULL)
            continue;
        if (!count(b, len) || !count_copy(b, value, DEV_JSON_MAX_DEPTH - b->depth))
            return false;
        must(yyjson_mut_obj_add(mapping, yyjson_mut_strncpy(b->doc, name, len),
                                yyjson_mut_val_mut_copy(b->doc, value)));
    }
    return true;
}

static bool merge(struct builder *b, yyjson_mut_val *mapping, yyjson_mut_val *sources)
{
    size_t i, max;
    yyjson_mut_val *source;
    if (!yyjson_mut_is_arr(sources))
        return merge_from(b, mapping, sources);
    yyjson_mut_arr_foreach(sources, i, max, source)
    {
        if (!merge_from(b, mapping, source))
            return false;
    }
    return true;
}

/* ---- events ----------------------------------------------------------------------------------*/

/* Puts `value` where it belongs: the root, a key, a value or an element. */
static bool place(struct builder *b, yyjson_mut_val *value)
{
    if (b->depth == 0) {
        b->root = value;
        return true;
    }
    struct frame *frame = &b->frames[b->depth - 1];
    if (yyjson_mut_is_arr(frame->container)) {
        must(yyjson_mut_arr_append(frame->container, value));
        return true;
    }
    if (frame->is_merge_key) {
        frame->is_merge_key = false;
        frame->merging = value;
        return true;
    }
    if (frame->key == NULL)
        return take_key(b, frame, value);
    must(yyjson_mut_obj_add(frame->container, frame->key, value));
    frame->key = NULL;
    return true;
}

static void add_anchor(struct builder *b, struct fy_token *token, yyjson_mut_val *value)
{
    if (token == NULL)
        return;
    struct anchor *anchor = arena_new(&b->arena, struct anchor);
    *anchor = (struct anchor){arena_dup_str(&b->arena, token_text(token)), value, b->anchors};
    b->anchors = anchor;
}

static yyjson_mut_val *number_value(struct builder *b, const struct dev_yaml_scalar *scalar)
{
    if (scalar->type == DEV_YAML_INT && scalar->is_negative)
        return yyjson_mut_sint(b->doc, (int64_t)(0 - scalar->integer));
    if (scalar->type == DEV_YAML_INT)
        return yyjson_mut_uint(b->doc, scalar->integer);
    if (scalar->real == trunc(scalar->real) && fabs(scalar->real) < 0x1p63) /* 1.0 is 1 in Go */
        return yyjson_mut_sint(b->doc, (int64_t)scalar->real);
    return yyjson_mut_real(b->doc, scalar->real);
}

static bool is_unicode(struct str text)
{
    uint32_t rune = 0;
    size_t len = 1;
    while (text.len > 0 && (len = utf8_decode(text, &rune)) > 0)
        text = str_skip(text, len);
    return len > 0;
}

static bool make_scalar(struct builder *b, struct fy_token *token, struct str tag,
                        yyjson_mut_val **out)
{
    struct str text = token_text(token);
    bool is_plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    bool is_typed = str_starts_with(tag, STR(TAG_PREFIX)) && !str_eq_cstr(tag, TAG_PREFIX "str");
    struct dev_yaml_scalar scalar = {.type = DEV_YAML_TEXT};
    if (is_typed || (is_plain && str_is_empty(tag)))
        scalar = dev_yaml_resolve(text);
    if (is_typed && scalar.type == DEV_YAML_TEXT && !str_eq_cstr(tag, TAG_PREFIX "timestamp"))
        return refuse(b, "a text whose tag says something else (!!binary is not supported)");
    if (!is_unicode(text)) /* escaped halves of pairs */
        return refuse(b, "text that is no Unicode");
    if (scalar.type == DEV_YAML_FLOAT && !isfinite(scalar.real))
        return refuse(b, "a number that JSON does not have");
    if (scalar.type == DEV_YAML_NULL)
        *out = yyjson_mut_null(b->doc);
    else if (scalar.type == DEV_YAML_BOOL)
        *out = yyjson_mut_bool(b->doc, scalar.is_true);
    else if (scalar.type == DEV_YAML_TEXT)
        *out = yyjson_mut_strncpy(b->doc, text.len > 0 ? text.ptr : "", text.len);
    else
        *out = number_value(b, &scalar);
    return count(b, text.len);
}

static bool on_scalar(struct builder *b, struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    struct str tag = token_text(event->scalar.tag);
    struct frame *frame = b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
    bool is_key = frame != NULL && yyjson_mut_is_obj(frame->container) && frame->key == NULL &&
                  !frame->is_merge_key;
    if (is_key && str_is_empty(tag) && token != NULL &&
        fy_token_scalar_style(token) == FYSS_PLAIN && str_eq_cstr(token_text(token), "<<")) {
        frame->is_merge_key = true;
        return true;
    }
    yyjson_mut_val *value = NULL;
    if (!make_scalar(b, token, tag, &value))
        return false;
    add_anchor(b, event->scalar.anchor, value);
    return place(b, value);
}

static bool is_open(const struct builder *b, const yyjson_mut_val *value)
{
    for (size_t i = 0; i < b->depth; i++) {
        if (b->frames[i].container == value)
            return true;
    }
    return false;
}

static bool on_alias(struct builder *b, struct fy_event *event)
{
    struct str name = token_text(event->alias.anchor);
    const struct anchor *anchor = b->anchors;
    while (anchor != NULL && !str_eq(anchor->name, name))
        anchor = anchor->older;
    if (anchor == NULL)
        return refuse(b, "*" STR_FMT " names no anchor before it", STR_ARG(name));
    if (is_open(b, anchor->value))
        return refuse(b, "*" STR_FMT " contains itself", STR_ARG(name));
    return count_copy(b, anchor->value, DEV_JSON_MAX_DEPTH - b->depth) &&
           place(b, yyjson_mut_val_mut_copy(b->doc, anchor->value));
}

static bool on_start(struct builder *b, yyjson_mut_val *container, struct fy_token *anchor)
{
    if (b->depth == DEV_JSON_MAX_DEPTH)
        return refuse(b, "nested deeper than %d levels", DEV_JSON_MAX_DEPTH);
    add_anchor(b, anchor, container);
    if (!count(b, 0) || !place(b, container))
        return false;
    b->frames[b->depth++] = (struct frame){.container = container};
    return true;
}

static bool on_end(struct builder *b)
{
    const struct frame *frame = &b->frames[--b->depth];
    if (yyjson_mut_is_obj(frame->container))
        drop_doubles(frame->container);
    return frame->merging == NULL || merge(b, frame->container, frame->merging);
}

static void on_document_start(struct builder *b)
{
    b->doc = yyjson_mut_doc_new(NULL);
    must(b->doc != NULL);
    b->root = NULL;
    b->anchors = NULL;
    b->depth = 0;
    b->value_count = 0;
    b->text_bytes = 0;
}

static void drop_document(struct builder *b)
{
    yyjson_mut_doc_free(b->doc);
    b->doc = NULL;
    arena_reset(&b->arena);
}

static bool on_document_end(struct builder *b)
{
    bool is_fine = true;
    if (b->root != NULL) {
        yyjson_doc *doc = yyjson_mut_val_imut_copy(b->root, NULL);
        must(doc != NULL);
        is_fine = dev_yaml_each_item(yyjson_doc_get_root(doc), b->fn, b->ctx, b->err);
        yyjson_doc_free(doc);
    }
    drop_document(b);
    return is_fine;
}

static bool on_event(struct builder *b, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark != NULL) {
        b->line = mark->line + 1;
        b->column = mark->column + 1;
    }
    switch (event->type) {
    case FYET_DOCUMENT_START:
        on_document_start(b);
        return true;
    case FYET_DOCUMENT_END:
        return on_document_end(b);
    case FYET_SCALAR:
        return on_scalar(b, event);
    case FYET_ALIAS:
        return on_alias(b, event);
    case FYET_SEQUENCE_START:
        return on_start(b, yyjson_mut_arr(b->doc), event->sequence_start.anchor);
    case FYET_MAPPING_START:
        return on_start(b, yyjson_mut_obj(b->doc), event->mapping_start.anchor);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        return on_end(b);
    default:
        return true;
    }
}

/* ---- the text --------------------------------------------------------------------------------*/

static bool syntax_error(struct fy_diag *diag, struct error *err)
{
    void *iterator = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iterator);
    if (first == NULL)
        return error_set(err, ERROR_INVALID, "not YAML");
    return error_set(err, ERROR_INVALID, "line %d, column %d: %s", first->line, first->column,
                     first->msg);
}

static bool parse(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
    for (;;) {
        struct fy_event *event = fy_parser_parse(parser);
        if (event == NULL)
            return fy_parser_get_stream_error(parser) ? syntax_error(diag, b->err) : true;
        bool is_fine = on_event(b, event);
        fy_parser_event_free(parser, event);
        if (!is_fine)
            return false;
    }
}

static bool parse_yaml(struct builder *b, struct str text)
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
                       ? parse(b, parser, diag)
                       : error_set(b->err, ERROR_INVALID, "not YAML");
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

static yyjson_doc *read_json(struct str text)
{
    struct error ignored = {0};
    bool may_be = str_starts_with(text, STR("{")) || str_starts_with(text, STR("["));
    return may_be ? json_read(text, &ignored) : NULL;
}

bool dev_yaml_each(struct str text, dev_yaml_fn *fn, void *ctx, struct error *err)
{
    if (text.len > MAX_BYTES)
        return error_set(err, ERROR_INVALID, "longer than %d bytes", MAX_BYTES);
    cleanup_json_doc yyjson_doc *json = read_json(str_trim(text)); /* most is, and it is quicker */
    if (json != NULL) {
        yyjson_val *root = yyjson_doc_get_root(json);
        return dev_json_fits(root, DEV_JSON_MAX_DEPTH)
                   ? dev_yaml_each_item(root, fn, ctx, err)
                   : error_set(err, ERROR_INVALID, DEV_JSON_TOO_DEEP);
    }
    if (str_is_empty(text))
        return true;
    if (!check_characters(text, err))
        return false;
    cleanup_free struct builder *b = mem_alloc_zero(sizeof(*b));
    *b = (struct builder){.line = 1, .column = 1, .fn = fn, .ctx = ctx, .err = err};
    arena_init(&b->arena);
    bool is_fine = parse_yaml(b, text);
    drop_document(b);
    arena_fini(&b->arena);
    return is_fine;
}
