#include "devserver/field_table.h"

#include <stdlib.h>
#include <yyjson.h>

#include "base/must.h"

/* `element` is what a list or map consists of; NULL: the field is no list or map. */
static const struct shape {
    const char *type;
    const char *json_type;
    const char *format;
    const char *container; /* "items" or "additionalProperties"; NULL: neither */
    const char *element;
    bool keeps_unknown;
} shapes[] = {
    {"string", "string", NULL, NULL, NULL, false},
    {"bytes", "string", "byte", NULL, NULL, false},
    {"time", "string", "date-time", NULL, NULL, false},
    {"boolean", "boolean", NULL, NULL, NULL, false},
    {"integer", "integer", "int64", NULL, NULL, false},
    {"object", "object", NULL, NULL, NULL, false},
    {"anything", "object", NULL, NULL, NULL, true},
    {"strings", "array", NULL, "items", "string", false},
    {"objects", "array", NULL, "items", "object", false},
    {"string-map", "object", NULL, "additionalProperties", "string", false},
    {"bytes-map", "object", NULL, "additionalProperties", "bytes", false},
};

static const struct shape *shape_of(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        if (strcmp(shapes[i].type, type) == 0)
            return &shapes[i];
    }
    must_fail("a type that is known", __FILE__, __LINE__);
}

/* All texts are static or live as long as the document. */
static void fill(yyjson_mut_doc *doc, yyjson_mut_val *schema, const char *type)
{
    const struct shape *shape = shape_of(type);
    yyjson_mut_obj_add_str(doc, schema, "type", shape->json_type);
    if (shape->format)
        yyjson_mut_obj_add_str(doc, schema, "format", shape->format);
    if (shape->keeps_unknown)
        yyjson_mut_obj_add_bool(doc, schema, "x-kubernetes-preserve-unknown-fields", true);
    if (shape->container)
        fill(doc, yyjson_mut_obj_add_obj(doc, schema, shape->container), shape->element);
}

/* Where the fields of an object, or of the objects in a list, go. */
static yyjson_mut_val *properties_of(yyjson_mut_doc *doc, yyjson_mut_val *schema)
{
    yyjson_mut_val *items = yyjson_mut_obj_get(schema, "items");
    yyjson_mut_val *object = items ? items : schema;
    yyjson_mut_val *properties = yyjson_mut_obj_get(object, "properties");
    return properties ? properties : yyjson_mut_obj_add_obj(doc, object, "properties");
}

static void add_rows(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct dev_field_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct dev_field_row *row = &table->rows[i];
        yyjson_mut_val *parent = root;
        struct str rest = str_from(row->path);
        struct str name;
        while (str_split(&rest, '.', &name) && rest.len > 0) {
            parent = yyjson_mut_obj_getn(properties_of(doc, parent), name.ptr, name.len);
            must(parent);
        }
        yyjson_mut_val *schema = yyjson_mut_obj(doc);
        must(yyjson_mut_obj_add(properties_of(doc, parent),
                                yyjson_mut_strn(doc, name.ptr, name.len), schema));
        yyjson_mut_obj_add_str(doc, schema, "description", row->description);
        fill(doc, schema, row->type);
        if (row->fields)
            add_rows(doc, schema, row->fields);
    }
}

void dev_field_table_append(const struct dev_field_table *table, struct strbuf *out)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    size_t len = 0;
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "type", "object");
    yyjson_mut_obj_add_str(doc, root, "description", table->description);
    add_rows(doc, root, table);
    cleanup_free char *text = yyjson_mut_write(doc, 0, &len);
    must(text);
    strbuf_append(out, (struct str){text, len});
    yyjson_mut_doc_free(doc);
}
