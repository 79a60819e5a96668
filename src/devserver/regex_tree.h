/* A regular expression as a tree: what the parser hands to the compiler. */
#pragma once
#include <stdint.h>

#include "devserver/regex.h"

struct regex_range {
    uint32_t low;
    uint32_t high;
};

enum regex_type {
    REGEX_EMPTY,
    REGEX_SET, /* one character */
    REGEX_CONCAT,
    REGEX_ALTERNATE,
    REGEX_REPEAT, /* its only child, min to max times */
    REGEX_BEGIN,  /* of the text */
    REGEX_END,
};

enum { REGEX_REPEAT_MAX = 1000, REGEX_UNBOUNDED = -1 };

struct regex_node {
    enum regex_type type;
    struct regex_node *first; /* child */
    struct regex_node *next;  /* sibling */
    struct regex_range *ranges;
    size_t range_count;
    bool is_negated;
    int min;
    int max; /* or REGEX_UNBOUNDED */
};

must_check bool regex_parse(struct arena *arena, struct str pattern, struct regex_node **out,
                            struct error *err);
