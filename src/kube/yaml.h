/* YAML, and so JSON, as a tree to be read. Only the first document of a text; anchors are followed,
 * tags are ignored, merge keys, double keys and keys that are no texts are refused, as is what is
 * nested deeper than 64 levels. */
#pragma once
#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

enum yaml_type { YAML_NULL, YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* A value; whatever it points to lives as long as the tree. */
struct yaml_node {
    enum yaml_type type;
    bool is_plain;                 /* a scalar without quotes, so that `true` is no text */
    int line;                      /* from 1 */
    int height;                    /* levels below it */
    struct str key;                /* in a mapping */
    struct str text;               /* of a scalar */
    const struct yaml_node *first; /* child of a sequence or mapping */
    const struct yaml_node *next;  /* sibling */
};

struct yaml;
/* The error says at which line and column. Nothing of `text` is kept. */
must_check bool yaml_parse(struct str text, struct yaml **out, struct error *err);
void yaml_free(struct yaml *yaml); /* NULL is fine; clears the texts, which may be secret */
const struct yaml_node *yaml_root(const struct yaml *yaml); /* YAML_NULL when there is nothing */

/* The value of `key`; NULL: none, null, or `mapping` (may be NULL) is something else. */
const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key);
must_check bool yaml_bool(const struct yaml_node *node, bool *out); /* false: it is none */
/* As JSON, appended; false: it would be longer than max_bytes (aliases can multiply). */
must_check bool yaml_to_json(const struct yaml_node *node, size_t max_bytes, struct strbuf *out);
