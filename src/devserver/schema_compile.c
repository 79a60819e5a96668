#include <stdarg.h>
#include <stdlib.h>

#include "base/must.h"
#include "base/utf8.h"
#include "devserver/schema_node.h"
#include "kube/model/json.h"

enum { DEPTH_MAX = 100 };

/* Where a schema stands decides what it has to say and what it must not. */
enum place { AT_ROOT, AT_PROPERTY, AT_ITEMS, AT_JUNCTOR /* of allOf, anyOf, oneOf, not */ };

struct compiler {
    struct dev_schema *schema;
    struct dev_causes *causes;
    struct strbuf field; /* of the schema that is being compiled */
    int depth;
};

static struct dev_schema_node *compile(struct compiler *c, yyjson_val *json, enum place place,
                                       bool is_int_or_string);

const char *dev_schema_type_name(enum dev_schema_type type)
{
    static const char *const names[] = {
        [SCHEMA_ANY] = "",           [SCHEMA_OBJECT] = "object",   [SCHEMA_ARRAY] = "array",
        [SCHEMA_STRING] = "string",  [SCHEMA_INTEGER] = "integer", [SCHEMA_NUMBER] = "number",
        [SCHEMA_BOOLEAN] = "boolean"};
    return names[type];
}

/* A cause about `member` of the schema that is being compiled; empty: the schema itself. */
static void complain(struct compiler *c, const char *reason, const char *member, const char *fmt,
                     ...) format_printf(4, 5);
static void complain(struct compiler *c, const char *reason, const char *member, const char *fmt,
                     ...)
{
    cleanup_strbuf struct strbuf message = {0};
    size_t len = c->field.len;
    va_list args;
    va_start(args, fmt);
    strbuf_vprintf(&message, fmt, args);
    va_end(args);
    if (member[0] != '\0')
        strbuf_printf(&c->field, ".%s", member);
    dev_causes_add(c->causes, reason, strbuf_str(&c->field), strbuf_str(&message));
    strbuf_truncate(&c->field, len);
}

static struct dev_schema_node *compile_at(struct compiler *c, yyjson_val *json, enum place place,
                                          bool is_int_or_string, const char *fmt, ...)
    format_printf(5, 6);
/* Compiles the schema at a field below the current one. */
static struct dev_schema_node *compile_at(struct compiler *c, yyjson_val *json, enum place place,
                                          bool is_int_or_string, const char *fmt, ...)
{
    size_t len = c->field.len;
    va_list args;
    va_start(args, fmt);
    strbuf_vprintf(&c->field, fmt, args);
    va_end(args);
    struct dev_schema_node *node = compile(c, json, place, is_int_or_string);
    strbuf_truncate(&c->field, len);
    return node;
}

static struct dev_schema_node *new_node(struct compiler *c)
{
    struct dev_schema_node *node = arena_new(&c->schema->arena, struct dev_schema_node);
    node->min_length = node->max_length = -1;
    node->min_items = node->max_items = -1;
    node->min_properties = node->max_properties = -1;
    return node;
}

/* ---- type ------------------------------------------------------------------------------------ */

static void compile_type(struct compiler *c, struct dev_schema_node *node, yyjson_val *json)
{
    struct str type = json_str(json, "type");
    for (enum dev_schema_type t = SCHEMA_OBJECT; t <= SCHEMA_BOOLEAN; t++) {
        if (str_eq_cstr(type, dev_schema_type_name(t)))
            node->type = t;
    }
    if (!str_is_empty(type) && node->type == SCHEMA_ANY) {
        complain(c, "FieldValueNotSupported", "type",
                 "Unsupported value: \"" STR_FMT "\": supported values: \"array\", \"boolean\", "
                 "\"integer\", \"number\", \"object\", \"string\"",
                 STR_ARG(utf8_cut(type, 100)));
        node->type = SCHEMA_OBJECT; /* said once is enough */
    }
}

static void check_type(struct compiler *c, const struct dev_schema_node *node, enum place place,
                       bool is_int_or_string)
{
    static const char *const needed[] = {
        [AT_ROOT] = "must not be empty at the root",
        [AT_PROPERTY] = "must not be empty for specified object fields",
        [AT_ITEMS] = "must not be empty for specified array items",
    };
    if (place == AT_JUNCTOR) {
        if (node->type != SCHEMA_ANY && !is_int_or_string)
            complain(c, "FieldValueForbidden", "type", "Forbidden: must be empty to be structural");
        return;
    }
    bool may_be_empty = node->is_int_or_string || node->keeps_unknown;
    if (node->type == SCHEMA_ANY && (place == AT_ROOT || !may_be_empty))
        complain(c, "FieldValueRequired", "type", "Required value: %s", needed[place]);
    if (place == AT_ROOT && node->type != SCHEMA_ANY && node->type != SCHEMA_OBJECT)
        complain(c, "FieldValueInvalid", "type",
                 "Invalid value: \"%s\": must be object at the root",
                 dev_schema_type_name(node->type));
}

/* ---- values ---------------------------------------------------------------------------------- */

static int64_t limit(yyjson_val *json, const char *key)
{
    int64_t value = json_int(json, key, -1);
    return value < 0 ? -1 : value;
}

static yyjson_val *number(yyjson_val *json, const char *key)
{
    yyjson_val *value = yyjson_obj_get(json, key);
    return yyjson_is_num(value) ? value : NULL;
}

static void compile_pattern(struct compiler *c, struct dev_schema_node *node, yyjson_val *json)
{
    struct error err = {0};
    cleanup_strbuf struct strbuf quoted = {0};
    node->pattern = json_str(json, "pattern");
    if (str_is_empty(node->pattern) ||
        dev_regex_compile(&c->schema->arena, node->pattern, &node->regex, &err))
        return;
    strbuf_append_json(&quoted, node->pattern);
    complain(c, "FieldValueInvalid", "pattern",
             "Invalid value: %s: must be a valid regular expression, but isn't: error parsing "
             "regexp: %s",
             quoted.data, err.text);
}

/* Formats that are not known to kube-apiserver are as if they were not there. */
static void compile_format(struct dev_schema_node *node, yyjson_val *json)
{
    static const char *const of_numbers[] = {"int32", "int64", "float", "double"};
    struct str format = json_str(json, "format");
    node->format_fn = dev_format_find(format);
    bool is_known = node->format_fn != NULL;
    for (size_t i = 0; i < ARRAY_LEN(of_numbers); i++)
        is_known = is_known || str_eq_cstr(format, of_numbers[i]);
    if (is_known)
        node->format = format;
}

static void compile_limits(struct compiler *c, struct dev_schema_node *node, yyjson_val *json)
{
    node->minimum = number(json, "minimum");
    node->maximum = number(json, "maximum");
    node->multiple_of = number(json, "multipleOf");
    node->is_minimum_exclusive = json_bool(json, "exclusiveMinimum");
    node->is_maximum_exclusive = json_bool(json, "exclusiveMaximum");
    node->min_length = limit(json, "minLength");
    node->max_length = limit(json, "maxLength");
    node->min_items = limit(json, "minItems");
    node->max_items = limit(json, "maxItems");
    node->min_properties = limit(json, "minProperties");
    node->max_properties = limit(json, "maxProperties");
    yyjson_val *values = json_array(json, "enum");
    if (yyjson_arr_size(values) > 0)
        node->enum_values = yyjson_val_mut_copy(c->schema->enum_doc, values);
}

static void compile_default(struct compiler *c, struct dev_schema_node *node, yyjson_val *json)
{
    yyjson_val *value = yyjson_obj_get(json, "default");
    if (!value || yyjson_is_null(value))
        return;
    node->default_value = value;
    /* It is validated with the defaults that lie within it, as it will be met in objects. */
    struct dev_causes causes = {0};
    struct dev_schema alone = {.root = node};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *copy = yyjson_val_mut_copy(doc, value);
    must(copy);
    dev_schema_default(&alone, doc, copy);
    dev_schema_validate(&alone, copy, &causes);
    for (size_t i = 0; i < causes.count; i++) {
        cleanup_strbuf struct strbuf field = {0};
        const struct dev_cause *cause = &causes.items[i];
        bool is_deeper = !str_is_empty(cause->field) && !str_eq(cause->field, STR("<nil>"));
        strbuf_printf(&field, STR_FMT ".default%s" STR_FMT, STR_ARG(strbuf_str(&c->field)),
                      is_deeper ? "." : "", STR_ARG(is_deeper ? cause->field : STR("")));
        dev_causes_add(c->causes, cause->reason.ptr, strbuf_str(&field), cause->message);
    }
    dev_causes_fini(&causes);
    yyjson_mut_doc_free(doc);
}

/* ---- objects and lists ----------------------------------------------------------------------- */

static int compare_properties(const void *a, const void *b)
{
    return str_cmp(((const struct dev_schema_property *)a)->name,
                   ((const struct dev_schema_property *)b)->name);
}

static void compile_properties(struct compiler *c, struct dev_schema_node *node, yyjson_val *json,
                               enum place place)
{
    yyjson_val *properties = json_object(json, "properties");
    yyjson_val *key, *value;
    size_t i, max;
    if (yyjson_obj_size(properties) == 0)
        return;
    node->properties =
        arena_new_array(&c->schema->arena, struct dev_schema_property, yyjson_obj_size(properties));
    yyjson_obj_foreach(properties, i, max, key, value)
    {
        struct str name = json_value_str(key);
        struct dev_schema_property *property = &node->properties[node->property_count++];
        /* What the root says of metadata can only narrow names down. */
        enum place below = place == AT_JUNCTOR ? AT_JUNCTOR : AT_PROPERTY;
        property->name = name;
        property->node =
            compile_at(c, value, below, false, ".properties[" STR_FMT "]", STR_ARG(name));
    }
    qsort(node->properties, node->property_count, sizeof(*node->properties), compare_properties);
}

static void compile_additional(struct compiler *c, struct dev_schema_node *node, yyjson_val *json,
                               enum place place)
{
    yyjson_val *additional = yyjson_obj_get(json, "additionalProperties");
    if (yyjson_is_true(additional))
        node->additional = new_node(c);
    else if (yyjson_is_obj(additional))
        node->additional = compile_at(c, additional, place == AT_JUNCTOR ? place : AT_PROPERTY,
                                      false, ".additionalProperties");
}

static void compile_items(struct compiler *c, struct dev_schema_node *node, yyjson_val *json,
                          enum place place)
{
    yyjson_val *items = json_object(json, "items");
    if (items)
        node->items = compile_at(c, items, place == AT_JUNCTOR ? place : AT_ITEMS, false, ".items");
    else if (node->type == SCHEMA_ARRAY && place != AT_JUNCTOR)
        complain(c, "FieldValueRequired", "items", "Required value: must be specified");
}

static struct str *strs(struct compiler *c, yyjson_val *json, const char *key, size_t *count)
{
    yyjson_val *array = json_array(json, key);
    yyjson_val *value;
    size_t i, max;
    *count = 0;
    struct str *out = yyjson_arr_size(array) > 0
                          ? arena_new_array(&c->schema->arena, struct str, yyjson_arr_size(array))
                          : NULL;
    yyjson_arr_foreach(array, i, max, value)
    {
        if (yyjson_is_str(value))
            out[(*count)++] = json_value_str(value);
    }
    return out;
}

static void compile_list_type(struct compiler *c, struct dev_schema_node *node, yyjson_val *json)
{
    struct str type = json_str(json, "x-kubernetes-list-type");
    if (str_eq(type, STR("set")))
        node->list_type = SCHEMA_LIST_SET;
    else if (str_eq(type, STR("map")))
        node->list_type = SCHEMA_LIST_MAP;
    else if (!str_is_empty(type) && !str_eq(type, STR("atomic")))
        complain(c, "FieldValueNotSupported", "x-kubernetes-list-type",
                 "Unsupported value: \"" STR_FMT
                 "\": supported values: \"atomic\", \"set\", \"map\"",
                 STR_ARG(utf8_cut(type, 100)));
    node->list_keys = strs(c, json, "x-kubernetes-list-map-keys", &node->list_key_count);
    if (node->list_type != SCHEMA_LIST_MAP)
        return;
    if (node->list_key_count == 0)
        complain(c, "FieldValueRequired", "x-kubernetes-list-map-keys",
                 "Required value: must not be empty if x-kubernetes-list-type is map");
    for (size_t i = 0; i < node->list_key_count; i++) {
        if (!node->items || dev_schema_node_property(node->items, node->list_keys[i]))
            continue;
        char *text = yyjson_val_write(json_array(json, "x-kubernetes-list-map-keys"), 0, NULL);
        must(text);
        complain(c, "FieldValueInvalid", "x-kubernetes-list-map-keys",
                 "Invalid value: %s: entries must all be names of item properties", text);
        free(text);
        return;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct dev_schema_nodes compile_junctor(struct compiler *c, yyjson_val *json,
                                               const char *key, bool is_int_or_string)
{
    yyjson_val *array = json_array(json, key);
    yyjson_val *value;
    struct dev_schema_nodes nodes = {0};
    size_t i, max;
    if (yyjson_arr_size(array) > 0)
        nodes.items =
            arena_new_array(&c->schema->arena, struct dev_schema_node *, yyjson_arr_size(array));
    yyjson_arr_foreach(array, i, max, value)
    {
        nodes.items[nodes.count++] =
            compile_at(c, value, AT_JUNCTOR, is_int_or_string, ".%s[%zu]", key, i);
    }
    return nodes;
}

static void compile_junctors(struct compiler *c, struct dev_schema_node *node, yyjson_val *json,
                             bool is_int_or_string)
{
    yyjson_val *negated = json_object(json, "not");
    /* Only below x-kubernetes-int-or-string may they name types. */
    is_int_or_string = is_int_or_string || node->is_int_or_string;
    node->all_of = compile_junctor(c, json, "allOf", is_int_or_string);
    node->any_of = compile_junctor(c, json, "anyOf", is_int_or_string);
    node->one_of = compile_junctor(c, json, "oneOf", is_int_or_string);
    if (negated)
        node->not_node = compile_at(c, negated, AT_JUNCTOR, is_int_or_string, ".not");
}

static void check_forbidden(struct compiler *c, const struct dev_schema_node *node,
                            yyjson_val *json)
{
    if (yyjson_obj_get(json, "$ref"))
        complain(c, "FieldValueForbidden", "$ref", "Forbidden: $ref is not supported");
    if (json_bool(json, "uniqueItems"))
        complain(
            c, "FieldValueForbidden", "uniqueItems",
            "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes "
            "quadratic");
    if (node->is_embedded && !node->keeps_unknown && node->property_count == 0)
        complain(c, "FieldValueRequired", "properties",
                 "Required value: must not be empty if x-kubernetes-embedded-resource is true "
                 "without x-kubernetes-preserve-unknown-fields");
}

static struct dev_schema_node *compile(struct compiler *c, yyjson_val *json, enum place place,
                                       bool is_int_or_string)
{
    struct dev_schema_node *node = new_node(c);
    if (++c->depth > DEPTH_MAX) {
        complain(c, "FieldValueInvalid", "", "Invalid value: \"\": nests too deeply");
        c->depth--;
        return node;
    }
    node->is_nullable = json_bool(json, "nullable");
    node->is_int_or_string = json_bool(json, "x-kubernetes-int-or-string");
    node->is_embedded = json_bool(json, "x-kubernetes-embedded-resource");
    node->keeps_unknown = json_bool(json, "x-kubernetes-preserve-unknown-fields");
    c->schema->cel_rules += yyjson_arr_size(json_array(json, "x-kubernetes-validations"));
    compile_type(c, node, json);
    check_type(c, node, place, is_int_or_string);
    compile_pattern(c, node, json);
    compile_format(node, json);
    compile_limits(c, node, json);
    node->required = strs(c, json, "required", &node->required_count);
    compile_properties(c, node, json, place);
    compile_additional(c, node, json, place);
    compile_items(c, node, json, place);
    compile_list_type(c, node, json);
    compile_junctors(c, node, json, is_int_or_string);
    check_forbidden(c, node, json);
    compile_default(c, node, json);
    c->depth--;
    return node;
}

/* metadata is known without being specified: its name may be narrowed down, nothing else. */
static void check_metadata(struct compiler *c)
{
    const struct dev_schema_node *metadata =
        dev_schema_node_property(c->schema->root, STR("metadata"));
    for (size_t i = 0; metadata && i < metadata->property_count; i++) {
        struct str name = metadata->properties[i].name;
        if (!str_eq(name, STR("name")) && !str_eq(name, STR("generateName"))) {
            complain(c, "FieldValueForbidden", "properties[metadata]",
                     "Forbidden: must not specify anything other than name and generateName, but "
                     "metadata is implicitly specified");
            return;
        }
    }
}

struct dev_schema *dev_schema_compile(yyjson_val *json, struct str field, struct dev_causes *causes)
{
    struct dev_schema *schema = mem_alloc_zero(sizeof(*schema));
    struct compiler c = {.schema = schema, .causes = causes};
    size_t causes_before = causes->count;
    yyjson_mut_doc *copy = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(copy, yyjson_val_mut_copy(copy, json));
    schema->doc = yyjson_mut_doc_imut_copy(copy, NULL);
    yyjson_mut_doc_free(copy);
    must(schema->doc);
    schema->enum_doc = yyjson_mut_doc_new(NULL);
    arena_init(&schema->arena);
    strbuf_append(&c.field, field);
    schema->root = compile(&c, yyjson_doc_get_root(schema->doc), AT_ROOT, false);
    check_metadata(&c);
    strbuf_fini(&c.field);
    if (causes->count == causes_before)
        return schema;
    dev_schema_free(schema);
    return NULL;
}

void dev_schema_free(struct dev_schema *schema)
{
    if (!schema)
        return;
    yyjson_doc_free(schema->doc);
    yyjson_mut_doc_free(schema->enum_doc);
    arena_fini(&schema->arena);
    free(schema);
}

size_t dev_schema_cel_rules(const struct dev_schema *schema)
{
    return schema->cel_rules;
}

yyjson_val *dev_schema_json(const struct dev_schema *schema)
{
    return yyjson_doc_get_root(schema->doc);
}

struct dev_schema_node *dev_schema_node_property(const struct dev_schema_node *node,
                                                 struct str name)
{
    size_t low = 0;
    size_t high = node->property_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(name, node->properties[middle].name);
        if (order == 0)
            return node->properties[middle].node;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
