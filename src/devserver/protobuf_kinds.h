/* Which field has which number in the protobuf form of the built-in kinds. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum proto_type {
    PROTO_TEXT,
    PROTO_BYTES,
    PROTO_BOOL,
    PROTO_INT,
    PROTO_TIME,       /* metav1.Time, an empty one is absent */
    PROTO_MICRO_TIME, /* metav1.MicroTime, the same */
    PROTO_MESSAGE,
    PROTO_TEXT_MAP,
    PROTO_BYTES_MAP,
};

struct proto_message;
struct proto_field {
    uint32_t number;
    const char *name;
    enum proto_type type;
    const struct proto_message *message;
    bool is_repeated;
    bool is_optional; /* a pointer in Go: zero and empty values are said */
};
struct proto_message {
    const struct proto_field *fields;
    size_t count;
};

/* NULL: none of that kind. */
const struct proto_message *dev_protobuf_message(struct str api_version, struct str kind);
