/* A regular expression as a tree: what the parser hands to the compiler. */
#pragma once
#include <stdint.h>

#include "devserver/regex.h"

struct dev_regex_range {
    uint32_t low;
    uint32_t high;
};

enum dev_regex_type {
    REGEX_EMPTY,
    REGEX_SET, /* one character */
    REGEX_CONCAT,
    REGEX_ALTERNATE,
    REGEX_REPEAT, /* its only child, min to max times */
    REGEX_BEGIN,  /* of the text */
    REGEX_END,
};

enum { REGEX_REPEAT_MAX = 1000, REGEX_UNBOUNDED = -1 };

struct dev_regex_node {
    enum dev_regex_type type;
    struct dev_regex_node *first; /* child */
    struct dev_regex_node *next;  /* sibling */
    struct dev_regex_range *ranges;
    size_t range_count;
    bool is_negated;
    int min;
    int max; /* or REGEX_UNBOUNDED */
};

must_check bool dev_regex_parse(struct arena *arena, struct str pattern,
                                struct dev_regex_node **out, struct error *err);
