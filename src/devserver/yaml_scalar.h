/* What a YAML scalar without quotes is, as sigs.k8s.io/yaml (and so kubectl) reads it: YAML 1.1,
 * where yes and on are true, 010 is eight and 1_000 a thousand. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum dev_yaml_type {
    DEV_YAML_TEXT, /* what is nothing else; dates are too */
    DEV_YAML_NULL,
    DEV_YAML_BOOL,
    DEV_YAML_INT,
    DEV_YAML_FLOAT,
};

struct dev_yaml_scalar {
    enum dev_yaml_type type;
    bool is_true;     /* BOOL */
    bool is_negative; /* INT */
    uint64_t integer; /* INT, without its sign */
    double real;      /* FLOAT; may be infinite or no number, which JSON has not */
};

struct dev_yaml_scalar dev_yaml_resolve(struct str text);
