#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "base/utf8.h"
#include "devserver/schema_node.h"
#include "devserver/schema_value.h"

/* Checks come in the order of kube-apiserver, so that the causes do as well; among the fields of an
 * object its order is random, ours is the object's. */

static void validate(const struct dev_schema_node *node, yyjson_mut_val *value,
                     const struct dev_schema_path *path, struct dev_causes *out);

static void complain(struct dev_causes *out, const char *reason, const struct dev_schema_path *path,
                     const char *fmt, ...) format_printf(4, 5);
/* fmt is what follows after "FIELD in body ", the value is shown in front of it. */
static void complain_value(struct dev_causes *out, const char *reason,
                           const struct dev_schema_path *path, const char *shown, const char *fmt,
                           ...) format_printf(5, 6);

static void complain(struct dev_causes *out, const char *reason, const struct dev_schema_path *path,
                     const char *fmt, ...)
{
    cleanup_strbuf struct strbuf field = {0};
    cleanup_strbuf struct strbuf message = {0};
    va_list args;
    va_start(args, fmt);
    strbuf_vprintf(&message, fmt, args);
    va_end(args);
    dev_schema_path_append(path, &field);
    dev_causes_add(out, reason, strbuf_str(&field), strbuf_str(&message));
}

static void complain_value(struct dev_causes *out, const char *reason,
                           const struct dev_schema_path *path, const char *shown, const char *fmt,
                           ...)
{
    cleanup_strbuf struct strbuf field = {0};
    cleanup_strbuf struct strbuf message = {0};
    va_list args;
    dev_schema_path_append(path, &field);
    strbuf_printf(&message, "Invalid value: %s: " STR_FMT " in body ", shown,
                  STR_ARG(strbuf_str(&field)));
    va_start(args, fmt);
    strbuf_vprintf(&message, fmt, args);
    va_end(args);
    dev_causes_add(out, reason, strbuf_str(&field), strbuf_str(&message));
}

/* kube-apiserver has causes that name no field but in their text. */
static void complain_nowhere(struct dev_causes *out, const struct dev_schema_path *path,
                             const char *before, const char *after)
{
    cleanup_strbuf struct strbuf message = {0};
    strbuf_printf(&message, "Invalid value: \"\": %s", before);
    dev_schema_path_append(path, &message);
    strbuf_append_cstr(&message, after);
    dev_causes_add(out, "FieldValueInvalid", STR("<nil>"), strbuf_str(&message));
}

static void complain_type(struct dev_causes *out, const struct dev_schema_path *path,
                          const char *want, const char *got)
{
    cleanup_strbuf struct strbuf shown = {0};
    strbuf_printf(&shown, "\"%s\"", got);
    complain_value(out, "FieldValueTypeInvalid", path, shown.data, "must be of type %s: \"%s\"",
                   want, got);
}

/* ---- type ------------------------------------------------------------------------------------ */

static bool has_type(const struct dev_schema_node *node, yyjson_mut_val *value,
                     enum dev_schema_class class)
{
    if (node->is_int_or_string)
        return class == SCHEMA_CLASS_STRING || class == SCHEMA_CLASS_INTEGER ||
               (class == SCHEMA_CLASS_NUMBER && dev_schema_is_whole(dev_schema_number(value)));
    switch (node->type) {
    case SCHEMA_ANY:
        return true;
    case SCHEMA_OBJECT:
        return class == SCHEMA_CLASS_OBJECT;
    case SCHEMA_ARRAY:
        return class == SCHEMA_CLASS_ARRAY;
    case SCHEMA_STRING:
        return class == SCHEMA_CLASS_STRING;
    case SCHEMA_INTEGER:
        return class == SCHEMA_CLASS_INTEGER ||
               (class == SCHEMA_CLASS_NUMBER && dev_schema_is_whole(dev_schema_number(value)));
    case SCHEMA_NUMBER:
        return class == SCHEMA_CLASS_INTEGER || class == SCHEMA_CLASS_NUMBER;
    case SCHEMA_BOOLEAN:
        return class == SCHEMA_CLASS_BOOLEAN;
    }
    return false;
}

static void check_type(const struct dev_schema_node *node, yyjson_mut_val *value,
                       enum dev_schema_class class, const struct dev_schema_path *path,
                       struct dev_causes *out)
{
    if (has_type(node, value, class) || (class == SCHEMA_CLASS_NULL && node->is_nullable))
        return;
    bool is_scalar = class == SCHEMA_CLASS_INTEGER || class == SCHEMA_CLASS_NUMBER ||
                     class == SCHEMA_CLASS_BOOLEAN;
    if (!is_scalar || str_is_empty(node->format)) {
        complain_type(out, path,
                      node->is_int_or_string ? "integer,string" : dev_schema_type_name(node->type),
                      dev_schema_class_name(class));
        return;
    }
    char want[32]; /* a format that is known */
    snprintf(want, sizeof(want), STR_FMT, STR_ARG(node->format));
    complain_type(out, path, want,
                  class == SCHEMA_CLASS_INTEGER  ? "int64"
                  : class == SCHEMA_CLASS_NUMBER ? "float64"
                                                 : "");
}

/* ---- allOf and its kin ----------------------------------------------------------------------- */

/* How many of the schemas hold; *first takes the causes of the first that does not. */
static size_t count_valid(const struct dev_schema_nodes *nodes, yyjson_mut_val *value,
                          const struct dev_schema_path *path, struct dev_causes *first)
{
    size_t valid = 0;
    for (size_t i = 0; i < nodes->count; i++) {
        struct dev_causes causes = {0};
        validate(nodes->items[i], value, path, &causes);
        valid += causes.count == 0;
        if (causes.count > 0 && first->count == 0)
            *first = causes;
        else
            dev_causes_fini(&causes);
    }
    return valid;
}

static void move_causes(struct dev_causes *from, struct dev_causes *out)
{
    for (size_t i = 0; i < from->count; i++)
        dev_causes_add(out, from->items[i].reason.ptr, from->items[i].field,
                       from->items[i].message);
}

static void check_one_of(const struct dev_schema_node *node, yyjson_mut_val *value,
                         const struct dev_schema_path *path, struct dev_causes *out)
{
    struct dev_causes first = {0};
    size_t valid = count_valid(&node->one_of, value, path, &first);
    if (valid != 1) {
        char found[100];
        snprintf(found, sizeof(found), "\" must validate one and only one schema (oneOf). Found ");
        size_t len = strlen(found);
        if (valid == 0)
            snprintf(found + len, sizeof(found) - len, "none valid");
        else
            snprintf(found + len, sizeof(found) - len, "%zu valid alternatives", valid);
        complain_nowhere(out, path, "\"", found);
    }
    if (valid == 0)
        move_causes(&first, out);
    dev_causes_fini(&first);
}

static void check_junctors(const struct dev_schema_node *node, yyjson_mut_val *value,
                           const struct dev_schema_path *path, struct dev_causes *out)
{
    struct dev_causes first = {0};
    if (node->any_of.count > 0 && count_valid(&node->any_of, value, path, &first) == 0) {
        complain_nowhere(out, path, "\"", "\" must validate at least one schema (anyOf)");
        move_causes(&first, out);
    }
    dev_causes_fini(&first);
    if (node->one_of.count > 0)
        check_one_of(node, value, path, out);
    size_t before = out->count;
    for (size_t i = 0; i < node->all_of.count; i++)
        validate(node->all_of.items[i], value, path, out);
    if (out->count > before)
        complain_nowhere(out, path, "\"", "\" must validate all the schemas (allOf)");
    if (node->not_node) {
        struct dev_causes causes = {0};
        validate(node->not_node, value, path, &causes);
        if (causes.count == 0)
            complain_nowhere(out, path, "\"", "\" must not validate the schema (not)");
        dev_causes_fini(&causes);
    }
}

/* ---- strings and numbers --------------------------------------------------------------------- */

static int64_t count_characters(struct str text)
{
    int64_t count = 0;
    uint32_t rune = 0;
    for (; text.len > 0; count++) {
        size_t size = utf8_decode(text, &rune);
        text = str_skip(text, size > 0 ? size : 1);
    }
    return count;
}

static void check_string(const struct dev_schema_node *node, yyjson_mut_val *value,
                         const struct dev_schema_path *path, struct dev_causes *out)
{
    cleanup_strbuf struct strbuf shown = {0};
    struct str text = {yyjson_mut_get_str(value), yyjson_mut_get_len(value)};
    int64_t length = node->max_length >= 0 || node->min_length > 0 ? count_characters(text) : 0;
    dev_schema_value_append(value, &shown);
    if (node->max_length >= 0 && length > node->max_length)
        complain(out, "FieldValueTooLong", path, "Too long: may not be more than %lld bytes",
                 (long long)node->max_length);
    if (length < node->min_length)
        complain_value(out, "FieldValueInvalid", path, shown.data,
                       "should be at least %lld chars long", (long long)node->min_length);
    if (node->regex && !dev_regex_matches(node->regex, text))
        complain_value(out, "FieldValueInvalid", path, shown.data, "should match '" STR_FMT "'",
                       STR_ARG(node->pattern));
    if (!node->format_fn || node->format_fn(text))
        return;
    complain_value(out, "FieldValueTypeInvalid", path, shown.data,
                   "must be of type " STR_FMT ": %s", STR_ARG(node->format), shown.data);
}

static void check_range(const struct dev_schema_node *node, double number,
                        enum dev_schema_class class, const struct dev_schema_path *path,
                        struct dev_causes *out)
{
    cleanup_strbuf struct strbuf text = {0};
    bool is_int32 = str_eq(node->format, STR("int32"));
    if (node->type != SCHEMA_INTEGER)
        return;
    if ((class == SCHEMA_CLASS_INTEGER || dev_schema_is_whole(number)) &&
        (!is_int32 || (number >= INT32_MIN && number <= INT32_MAX)))
        return;
    strbuf_append_cstr(&text, "Checked value must be of type integer ");
    if (str_is_empty(node->format))
        strbuf_append_cstr(&text, "(default format) in ");
    else
        strbuf_printf(&text, "with format " STR_FMT " in ", STR_ARG(node->format));
    complain_nowhere(out, path, text.data, "");
}

static void check_bound(double bound, const char *words, const char *shown,
                        const struct dev_schema_path *path, struct dev_causes *out)
{
    cleanup_strbuf struct strbuf text = {0};
    dev_schema_number_append(bound, &text);
    complain_value(out, "FieldValueInvalid", path, shown, "should be %s %s", words, text.data);
}

static bool is_multiple(double number, double of)
{
    double quotient = number / of;
    return of == 0 || dev_schema_is_whole(quotient);
}

static void check_number(const struct dev_schema_node *node, yyjson_mut_val *value,
                         enum dev_schema_class class, const struct dev_schema_path *path,
                         struct dev_causes *out)
{
    cleanup_strbuf struct strbuf shown = {0};
    double number = dev_schema_number(value);
    dev_schema_value_append(value, &shown);
    check_range(node, number, class, path, out);
    if (node->multiple_of && !is_multiple(number, yyjson_get_num(node->multiple_of)))
        check_bound(yyjson_get_num(node->multiple_of), "a multiple of", shown.data, path, out);
    double maximum = node->maximum ? yyjson_get_num(node->maximum) : 0;
    double minimum = node->minimum ? yyjson_get_num(node->minimum) : 0;
    if (node->maximum && !node->is_maximum_exclusive && number > maximum)
        check_bound(maximum, "less than or equal to", shown.data, path, out);
    if (node->maximum && node->is_maximum_exclusive && number >= maximum)
        check_bound(maximum, "less than", shown.data, path, out);
    if (node->minimum && !node->is_minimum_exclusive && number < minimum)
        check_bound(minimum, "greater than or equal to", shown.data, path, out);
    if (node->minimum && node->is_minimum_exclusive && number <= minimum)
        check_bound(minimum, "greater than", shown.data, path, out);
}

static void check_count(int64_t count, int64_t min, int64_t max, const char *what,
                        const struct dev_schema_path *path, struct dev_causes *out)
{
    char shown[32];
    snprintf(shown, sizeof(shown), "%lld", (long long)count);
    if (count < min)
        complain_value(out, "FieldValueInvalid", path, shown, "should have at least %lld %s",
                       (long long)min, what);
    if (max >= 0 && count > max)
        complain(out, "FieldValueTooMany", path, "Too many: %lld: must have at most %lld item%s",
                 (long long)count, (long long)max, max == 1 ? "" : "s");
}

/* ---- lists that are sets or maps ------------------------------------------------------------- */

struct list_item {
    char *key; /* JSON of what has to differ; owned */
    size_t index;
    bool is_second;
};

/* The value itself, or an object of its keys. */
static char *list_key(const struct dev_schema_node *node, yyjson_mut_val *item)
{
    struct strbuf key = {0};
    if (node->list_type == SCHEMA_LIST_SET) {
        dev_schema_value_append(item, &key);
        return strbuf_take(&key);
    }
    strbuf_append_char(&key, '{');
    for (size_t i = 0; i < node->list_key_count; i++) {
        struct str name = node->list_keys[i];
        yyjson_mut_val *value = yyjson_mut_obj_getn(item, name.ptr, name.len);
        if (!value)
            continue;
        if (key.len > 1)
            strbuf_append_char(&key, ',');
        strbuf_append_json(&key, name);
        strbuf_append_char(&key, ':');
        dev_schema_value_append(value, &key);
    }
    strbuf_append_char(&key, '}');
    return strbuf_take(&key);
}

static int compare_keys(const void *a, const void *b)
{
    const struct list_item *x = a;
    const struct list_item *y = b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int compare_indexes(const void *a, const void *b)
{
    const struct list_item *x = a;
    const struct list_item *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* Of several that are the same the second is named. */
static void check_duplicates(const struct dev_schema_node *node, yyjson_mut_val *array,
                             const struct dev_schema_path *path, struct dev_causes *out)
{
    size_t count = yyjson_mut_arr_size(array);
    cleanup_free struct list_item *items = mem_grow_array(NULL, count, sizeof(*items));
    yyjson_mut_val *item;
    size_t i, max;
    yyjson_mut_arr_foreach(array, i, max, item)
    {
        items[i] = (struct list_item){.key = list_key(node, item), .index = i};
    }
    qsort(items, count, sizeof(*items), compare_keys);
    for (size_t n = 1; n < count; n++) {
        bool is_same = strcmp(items[n].key, items[n - 1].key) == 0;
        items[n].is_second = is_same && (n < 2 || strcmp(items[n].key, items[n - 2].key) != 0);
    }
    qsort(items, count, sizeof(*items), compare_indexes);
    for (size_t n = 0; n < count; n++) {
        struct dev_schema_path at = {.parent = path, .index = n};
        if (items[n].is_second)
            complain(out, "FieldValueDuplicate", &at, "Duplicate value: %s", items[n].key);
        free(items[n].key);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void check_enum(const struct dev_schema_node *node, yyjson_mut_val *value,
                       const struct dev_schema_path *path, struct dev_causes *out)
{
    cleanup_strbuf struct strbuf shown = {0};
    cleanup_strbuf struct strbuf supported = {0};
    yyjson_mut_val *allowed;
    size_t i, max;
    yyjson_mut_arr_foreach(node->enum_values, i, max, allowed)
    {
        cleanup_strbuf struct strbuf text = {0};
        if (yyjson_mut_equals(allowed, value))
            return;
        dev_schema_value_append(allowed, &text);
        strbuf_append_cstr(&supported, i > 0 ? ", " : "");
        if (yyjson_mut_is_str(allowed))
            strbuf_append(&supported, strbuf_str(&text));
        else
            strbuf_append_json(&supported, strbuf_str(&text));
    }
    dev_schema_value_append(value, &shown);
    complain(out, "FieldValueNotSupported", path, "Unsupported value: %s: supported values: %s",
             shown.data, supported.data);
}

static void check_array(const struct dev_schema_node *node, yyjson_mut_val *array,
                        const struct dev_schema_path *path, struct dev_causes *out)
{
    yyjson_mut_val *item;
    size_t i, max;
    size_t count = yyjson_mut_arr_size(array);
    if (node->items) {
        yyjson_mut_arr_foreach(array, i, max, item)
        {
            struct dev_schema_path at = {.parent = path, .index = i};
            validate(node->items, item, &at, out);
        }
    }
    check_count((int64_t)count, node->min_items, node->max_items, "items", path, out);
    if (node->list_type != SCHEMA_LIST_ATOMIC && count > 1)
        check_duplicates(node, array, path, out);
}

static void check_embedded(yyjson_mut_val *object, const struct dev_schema_path *path,
                           struct dev_causes *out)
{
    static const char *const needed[] = {"apiVersion", "kind"};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        struct dev_schema_path at = {.parent = path, .name = str_from(needed[i])};
        yyjson_mut_val *value = yyjson_mut_obj_get(object, needed[i]);
        if (!value)
            complain(out, "FieldValueRequired", &at, "Required value");
        else if (!yyjson_mut_is_str(value))
            complain_type(out, &at, "string", dev_schema_class_name(dev_schema_class_of(value)));
        else if (yyjson_mut_get_len(value) == 0)
            complain(out, "FieldValueInvalid", &at, "Invalid value: \"\": must not be empty");
    }
}

static void check_object(const struct dev_schema_node *node, yyjson_mut_val *object,
                         const struct dev_schema_path *path, struct dev_causes *out)
{
    yyjson_mut_val *key, *value;
    size_t i, max;
    check_count((int64_t)yyjson_mut_obj_size(object), node->min_properties, node->max_properties,
                "properties", path, out);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a member has a value */
    yyjson_mut_obj_foreach(object, i, max, key, value)
    {
        struct dev_schema_path at = {.parent = path,
                                     .name = {yyjson_mut_get_str(key), yyjson_mut_get_len(key)}};
        const struct dev_schema_node *known = dev_schema_node_property(node, at.name);
        if (!known)
            known = node->additional;
        if (known)
            validate(known, value, &at, out);
    }
    for (size_t n = 0; n < node->required_count; n++) {
        struct dev_schema_path at = {.parent = path, .name = node->required[n]};
        if (!yyjson_mut_obj_getn(object, at.name.ptr, at.name.len))
            complain(out, "FieldValueRequired", &at, "Required value");
    }
    if (node->is_embedded)
        check_embedded(object, path, out);
}

static void validate(const struct dev_schema_node *node, yyjson_mut_val *value,
                     const struct dev_schema_path *path, struct dev_causes *out)
{
    enum dev_schema_class class = dev_schema_class_of(value);
    check_type(node, value, class, path, out);
    if (class != SCHEMA_CLASS_NULL)
        check_junctors(node, value, path, out);
    if (class == SCHEMA_CLASS_STRING)
        check_string(node, value, path, out);
    if (class == SCHEMA_CLASS_INTEGER || class == SCHEMA_CLASS_NUMBER)
        check_number(node, value, class, path, out);
    if (class == SCHEMA_CLASS_ARRAY)
        check_array(node, value, path, out);
    if (node->enum_values)
        check_enum(node, value, path, out);
    if (class == SCHEMA_CLASS_OBJECT)
        check_object(node, value, path, out);
}

void dev_schema_validate(const struct dev_schema *schema, yyjson_mut_val *object,
                         struct dev_causes *out)
{
    validate(schema->root, object, NULL, out);
}
