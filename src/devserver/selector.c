#include "devserver/selector.h"

#include <stdlib.h>

#include "base/must.h"
#include "devserver/selector_internal.h"
#include "kube/model/json.h"

struct dev_selector {
    struct arena arena;
    struct dev_label_requirement *labels;
    struct dev_field_requirement *fields;
};

bool dev_selector_parse(struct str labels, struct str fields, struct str resource_id,
                        struct dev_selector **out, struct error *err)
{
    struct dev_selector *selector = mem_alloc_zero(sizeof(*selector));
    arena_init(&selector->arena);
    if (!dev_selector_parse_labels(labels, &selector->arena, &selector->labels, err) ||
        !dev_selector_parse_fields(fields, resource_id, &selector->arena, &selector->fields, err)) {
        dev_selector_free(selector);
        return false;
    }
    *out = selector;
    return true;
}

void dev_selector_free(struct dev_selector *selector)
{
    if (selector == NULL)
        return;
    arena_fini(&selector->arena);
    free(selector);
}

bool dev_selector_is_empty(const struct dev_selector *selector)
{
    return selector->labels == NULL && selector->fields == NULL;
}

static bool has_value(const struct dev_label_requirement *r, struct str value)
{
    for (const struct dev_label_value *v = r->values; v != NULL; v = v->next) {
        if (str_eq(v->text, value))
            return true;
    }
    return false;
}

static bool label_matches(const struct dev_label_requirement *r, yyjson_val *labels)
{
    yyjson_val *label = yyjson_obj_getn(labels, r->key.ptr, r->key.len);
    struct str value = json_value_str(label);
    uint64_t number = 0;
    switch (r->op) {
    case DEV_LABEL_EXISTS:
        return label != NULL;
    case DEV_LABEL_ABSENT:
        return label == NULL;
    case DEV_LABEL_IN:
        return label != NULL && has_value(r, value);
    case DEV_LABEL_NOT_IN:
        return label == NULL || !has_value(r, value);
    case DEV_LABEL_GREATER:
        return str_to_u64(value, &number) && number <= INT64_MAX && number > r->number;
    case DEV_LABEL_LESS:
        return str_to_u64(value, &number) && number < r->number;
    }
    must(false);
    return false;
}

static struct str field_of(yyjson_val *object, struct str path)
{
    struct str name;
    if (str_eq_cstr(path, "source")) { /* an Event's */
        struct str component = json_str(json_object(object, "source"), "component");
        return str_is_empty(component) ? json_str(object, "reportingComponent") : component;
    }
    while (str_split(&path, '.', &name))
        object = yyjson_obj_getn(object, name.ptr, name.len);
    return json_value_str(object);
}

bool dev_selector_matches(const struct dev_selector *selector, yyjson_val *object)
{
    const struct dev_field_requirement *field = selector->fields;
    for (; field != NULL; field = field->next) {
        if (str_eq(field_of(object, field->path), field->value) == field->is_not)
            return false;
    }
    if (selector->labels == NULL)
        return true;
    yyjson_val *labels = json_object(json_object(object, "metadata"), "labels");
    for (const struct dev_label_requirement *r = selector->labels; r != NULL; r = r->next) {
        if (!label_matches(r, labels))
            return false;
    }
    return true;
}
