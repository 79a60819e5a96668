/* Why something failed, as a value without heap memory. Functions that can fail return bool and
 * take a `struct error *` last: never NULL, written only on failure. */
#pragma once
#include <stdbool.h>

#include "base/attr.h"

/* What the caller can do about it. */
enum error_code {
    ERROR_NONE = 0,
    ERROR_INVALID,     /* what was given is wrong; the same call fails again */
    ERROR_NOT_FOUND,   /* the thing named is not there */
    ERROR_CONFLICT,    /* somebody else was quicker; look again and decide anew */
    ERROR_GONE,        /* too old (410): start from a fresh list */
    ERROR_DENIED,      /* not allowed (401, 403) */
    ERROR_UNAVAILABLE, /* not now; trying again later may work */
    ERROR_CANCELLED,   /* we stopped it ourselves */
};

struct error {
    enum error_code code;
    int detail;     /* errno, CURLcode or HTTP status; 0: none */
    char text[256]; /* for people; cut with "..." when longer */
};

/* All three return false, so that `return error_set(...)` reads well. */
bool error_set(struct error *err, enum error_code code, const char *fmt, ...) format_printf(3, 4);
bool error_set_errno(struct error *err, int errno_value, const char *fmt, ...) format_printf(3, 4);
/* Puts "<fmt>: " in front of the text; code and detail stay. */
bool error_wrap(struct error *err, const char *fmt, ...) format_printf(2, 3);
const char *error_code_name(enum error_code code); /* "conflict" */
