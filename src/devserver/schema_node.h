/* A compiled schema: what stands behind struct dev_schema. */
#pragma once
#include "base/arena.h"
#include "devserver/format.h"
#include "devserver/regex.h"
#include "devserver/schema.h"

enum dev_schema_type {
    SCHEMA_ANY, /* no type is said */
    SCHEMA_OBJECT,
    SCHEMA_ARRAY,
    SCHEMA_STRING,
    SCHEMA_INTEGER,
    SCHEMA_NUMBER,
    SCHEMA_BOOLEAN,
};
const char *dev_schema_type_name(enum dev_schema_type type); /* "object" */

enum dev_schema_list_type { SCHEMA_LIST_ATOMIC, SCHEMA_LIST_SET, SCHEMA_LIST_MAP };

struct dev_schema_node;
struct dev_schema_property {
    struct str name;
    struct dev_schema_node *node;
};
struct dev_schema_nodes { /* of allOf and its kin */
    struct dev_schema_node **items;
    size_t count;
};

/* Limits that are not given are -1. */
struct dev_schema_node {
    enum dev_schema_type type;
    bool is_nullable;
    bool is_int_or_string;
    bool is_embedded; /* apiVersion, kind and metadata are there without being specified */
    bool keeps_unknown;
    struct dev_schema_property *properties; /* sorted by name */
    size_t property_count;
    struct dev_schema_node *additional; /* additionalProperties; {} for true; NULL: none */
    struct dev_schema_node *items;
    struct str *required;
    size_t required_count;
    yyjson_val *default_value;   /* NULL: none */
    yyjson_mut_val *enum_values; /* an array in enum_doc; NULL: anything */
    struct str pattern;
    const struct dev_regex *regex;
    struct str format;
    dev_format_fn *format_fn;
    yyjson_val *minimum;
    yyjson_val *maximum;
    yyjson_val *multiple_of;
    bool is_minimum_exclusive;
    bool is_maximum_exclusive;
    int64_t min_length, max_length;
    int64_t min_items, max_items;
    int64_t min_properties, max_properties;
    enum dev_schema_list_type list_type;
    struct str *list_keys;
    size_t list_key_count;
    struct dev_schema_nodes all_of, any_of, one_of;
    struct dev_schema_node *not_node;
};

struct dev_schema {
    yyjson_doc *doc;          /* owned: the schema as it was given */
    yyjson_mut_doc *enum_doc; /* owned: values that are compared with mutable ones */
    struct arena arena;
    struct dev_schema_node *root;
    size_t cel_rules;
};

struct dev_schema_node *dev_schema_node_property(const struct dev_schema_node *node,
                                                 struct str name);

/* Where a value is in an object or a schema: a chain from the leaf to the root, on the stack. */
struct dev_schema_path {
    const struct dev_schema_path *parent; /* NULL: the root */
    struct str name;                      /* empty: an index */
    size_t index;
};
/* "spec.list[0].name"; the root is empty. */
void dev_schema_path_append(const struct dev_schema_path *path, struct strbuf *out);
