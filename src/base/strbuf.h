/* Text that grows. Starts as {0}, is always NUL-terminated once anything was appended. What is
 * appended must not lie in the buffer itself, which may move. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct strbuf {
    char *data; /* owned; NULL while empty */
    size_t len;
    size_t capacity;
};

void strbuf_append(struct strbuf *buf, struct str s);
void strbuf_append_cstr(struct strbuf *buf, const char *cstr);
void strbuf_append_char(struct strbuf *buf, char c);
void strbuf_append_json(struct strbuf *buf, struct str s); /* quoted and escaped as a JSON string;
                                                              invalid UTF-8 becomes U+FFFD */
void strbuf_printf(struct strbuf *buf, const char *fmt, ...) format_printf(2, 3);
void strbuf_vprintf(struct strbuf *buf, const char *fmt, va_list args) format_printf(2, 0);
void strbuf_reserve(struct strbuf *buf, size_t extra_bytes);
void strbuf_consume(struct strbuf *buf, size_t count); /* drops the first count bytes */
void strbuf_truncate(struct strbuf *buf, size_t len);  /* keeps the first len bytes */
void strbuf_clear(struct strbuf *buf);                 /* keeps the memory */
struct str strbuf_str(const struct strbuf *buf);       /* valid until the next change */
char *strbuf_take(struct strbuf *buf);                 /* never NULL; buf is empty afterwards */
void strbuf_fini(struct strbuf *buf);
#define cleanup_strbuf cleanup_with(strbuf_fini)
