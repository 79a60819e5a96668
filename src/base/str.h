/* A borrowed piece of text: a pointer and a length, not necessarily NUL-terminated. Whoever holds
 * one says in whose memory it lives. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct str {
    const char *ptr; /* NULL only when len is 0 */
    size_t len;      /* bytes */
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_FMT "%.*s" /* for printf, with STR_ARG */
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline struct str str_from(const char *cstr)
{
    return cstr ? (struct str){cstr, strlen(cstr)} : (struct str){NULL, 0};
}

static inline bool str_is_empty(struct str s)
{
    return s.len == 0;
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_eq_cstr(struct str a, const char *b)
{
    return str_eq(a, str_from(b));
}

int str_cmp(struct str a, struct str b); /* bytewise; shorter first */
bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);
struct str str_skip(struct str s, size_t count);     /* without the first count bytes */
struct str str_trim(struct str s);                   /* without spaces, tabs, CR, LF at the ends */
struct str str_before(struct str s, char separator); /* all of it where there is no separator */
/* Splits off the part before `separator` and moves *rest behind it; false when *rest was empty. */
bool str_split(struct str *rest, char separator, struct str *part);
bool str_find(struct str s, char wanted, size_t *index_out);
/* Decimal digits only, no sign, no overflow; false otherwise and *out is untouched. */
must_check bool str_to_u64(struct str s, uint64_t *out);
char *str_dup_cstr(struct str s); /* heap, NUL-terminated */
