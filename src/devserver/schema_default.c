#include "base/must.h"
#include "devserver/schema_node.h"
#include "devserver/schema_value.h"

static yyjson_mut_val *default_of(const struct dev_schema_node *node, yyjson_mut_doc *doc)
{
    yyjson_mut_val *value = yyjson_val_mut_copy(doc, node->default_value);
    must(value);
    return value;
}

static const struct dev_schema_node *known_field(const struct dev_schema_node *node,
                                                 yyjson_mut_val *key)
{
    struct str name = {yyjson_mut_get_str(key), yyjson_mut_get_len(key)};
    const struct dev_schema_node *known = dev_schema_node_property(node, name);
    return known ? known : node->additional;
}

/* A null where none is allowed counts as missing. */
static void drop_nulls(const struct dev_schema_node *node, yyjson_mut_val *object)
{
    yyjson_mut_obj_iter iter;
    yyjson_mut_val *key;
    must(yyjson_mut_obj_iter_init(object, &iter));
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        const struct dev_schema_node *known = known_field(node, key);
        if (known && !known->is_nullable && yyjson_mut_is_null(yyjson_mut_obj_iter_get_val(key)))
            (void)yyjson_mut_obj_iter_remove(&iter);
    }
}

static void default_value(const struct dev_schema_node *node, yyjson_mut_doc *doc,
                          yyjson_mut_val *value);

static void default_object(const struct dev_schema_node *node, yyjson_mut_doc *doc,
                           yyjson_mut_val *object)
{
    size_t i, max;
    yyjson_mut_val *key, *value;
    drop_nulls(node, object);
    for (size_t p = 0; p < node->property_count; p++) {
        const struct dev_schema_property *property = &node->properties[p];
        if (property->node->default_value &&
            !yyjson_mut_obj_getn(object, property->name.ptr, property->name.len))
            must(yyjson_mut_obj_add(object,
                                    yyjson_mut_strncpy(doc, property->name.ptr, property->name.len),
                                    default_of(property->node, doc)));
    }
    yyjson_mut_obj_foreach(object, i, max, key, value)
    {
        const struct dev_schema_node *known = known_field(node, key);
        if (known)
            default_value(known, doc, value);
    }
}

static void default_value(const struct dev_schema_node *node, yyjson_mut_doc *doc,
                          yyjson_mut_val *value)
{
    if (yyjson_mut_is_obj(value)) {
        default_object(node, doc, value);
        return;
    }
    /* 1.0 and 1e3 are stored as 1 and 1000: readers in Go take nothing else as integers. */
    if (node->type == SCHEMA_INTEGER && yyjson_mut_is_real(value) &&
        dev_schema_is_whole(yyjson_mut_get_real(value)))
        must(yyjson_mut_set_sint(value, (int64_t)yyjson_mut_get_real(value)));
    if (!yyjson_mut_is_arr(value) || !node->items)
        return;
    size_t i, max;
    yyjson_mut_val *item;
    yyjson_mut_arr_foreach(value, i, max, item)
    {
        default_value(node->items, doc, item);
    }
}

void dev_schema_default(const struct dev_schema *schema, yyjson_mut_doc *doc,
                        yyjson_mut_val *object)
{
    default_value(schema->root, doc, object);
}
