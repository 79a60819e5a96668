/* A selector between its parsers and what it matches with. Everything lives in its arena. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum dev_label_operator {
    DEV_LABEL_EXISTS,
    DEV_LABEL_ABSENT,
    DEV_LABEL_IN,
    DEV_LABEL_NOT_IN, /* also of objects without the label */
    DEV_LABEL_GREATER,
    DEV_LABEL_LESS,
};

struct dev_label_value {
    struct str text;
    struct dev_label_value *next;
};
struct dev_label_requirement {
    struct str key;
    enum dev_label_operator op;
    struct dev_label_value *values; /* of GREATER and LESS one */
    uint64_t number;                /* of GREATER and LESS */
    struct dev_label_requirement *next;
};

struct dev_field_requirement {
    struct str path; /* "metadata.name" */
    struct str value;
    bool is_not;
    struct dev_field_requirement *next;
};

/* The texts live in `arena`. *out NULL: nothing is required. ERROR_INVALID. */
must_check bool dev_selector_parse_labels(struct str text, struct arena *arena,
                                          struct dev_label_requirement **out, struct error *err);
must_check bool dev_selector_parse_fields(struct str text, struct str resource_id,
                                          struct arena *arena, struct dev_field_requirement **out,
                                          struct error *err);
