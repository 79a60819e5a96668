#include "base/strbuf.h"

#include <stdint.h>
#include <stdio.h>

#include "base/must.h"
#include "base/utf8.h"

enum { CAPACITY_MIN = 64 };

void strbuf_reserve(struct strbuf *buf, size_t extra_bytes)
{
    size_t needed = 0;
    must(!__builtin_add_overflow(buf->len, extra_bytes, &needed));
    must(needed < SIZE_MAX / 2);
    needed++; /* the NUL */
    if (needed <= buf->capacity)
        return;
    size_t capacity = buf->capacity > 0 ? buf->capacity : CAPACITY_MIN;
    while (capacity < needed)
        capacity *= 2;
    buf->data = mem_grow(buf->data, capacity);
    buf->capacity = capacity;
    buf->data[buf->len] = '\0';
}

void strbuf_append(struct strbuf *buf, struct str s)
{
    strbuf_reserve(buf, s.len);
    if (s.len > 0)
        memcpy(buf->data + buf->len, s.ptr, s.len);
    buf->len += s.len;
    buf->data[buf->len] = '\0';
}

void strbuf_append_cstr(struct strbuf *buf, const char *cstr)
{
    strbuf_append(buf, str_from(cstr));
}

void strbuf_append_char(struct strbuf *buf, char c)
{
    strbuf_append(buf, (struct str){&c, 1});
}

static void append_json_escape(struct strbuf *buf, unsigned char c)
{
    static const char names[] = {
        ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
        ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
    };
    if (names[c] != '\0')
        strbuf_printf(buf, "\\%c", names[c]);
    else
        strbuf_printf(buf, "\\u%04x", c);
}

/* How many bytes `s` starts with that a JSON string takes as they are. */
static size_t count_plain_json(struct str s)
{
    size_t count = 0;
    while (count < s.len) {
        unsigned char c = (unsigned char)s.ptr[count];
        uint32_t rune = c;
        size_t len = c < 0x80 ? 1 : utf8_decode(str_skip(s, count), &rune);
        if (len == 0 || c < 0x20 || c == '"' || c == '\\')
            break;
        count += len;
    }
    return count;
}

void strbuf_append_json(struct strbuf *buf, struct str s)
{
    strbuf_reserve(buf, s.len + 2);
    strbuf_append_char(buf, '"');
    while (s.len > 0) {
        size_t plain = count_plain_json(s);
        strbuf_append(buf, (struct str){s.ptr, plain});
        s = str_skip(s, plain);
        if (s.len == 0)
            break;
        if ((unsigned char)s.ptr[0] < 0x80)
            append_json_escape(buf, (unsigned char)s.ptr[0]);
        else
            strbuf_append_cstr(buf, "\xEF\xBF\xBD"); /* one U+FFFD a byte, as Go does it */
        s = str_skip(s, 1);
    }
    strbuf_append_char(buf, '"');
}

void strbuf_printf(struct strbuf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    strbuf_vprintf(buf, fmt, args);
    va_end(args);
}

void strbuf_vprintf(struct strbuf *buf, const char *fmt, va_list args)
{
    strbuf_reserve(buf, 0);
    va_list again;
    va_copy(again, args);
    size_t room = buf->capacity - buf->len;
    int len = vsnprintf(buf->data + buf->len, room, fmt, args);
    must(len >= 0);
    if ((size_t)len >= room) {
        buf->data[buf->len] = '\0';
        strbuf_reserve(buf, (size_t)len);
        must(vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again) == len);
    }
    va_end(again);
    buf->len += (size_t)len;
}

void strbuf_consume(struct strbuf *buf, size_t count)
{
    must(count <= buf->len);
    if (count == 0)
        return;
    memmove(buf->data, buf->data + count, buf->len - count);
    strbuf_truncate(buf, buf->len - count);
}

void strbuf_truncate(struct strbuf *buf, size_t len)
{
    must(len <= buf->len);
    buf->len = len;
    if (buf->data)
        buf->data[len] = '\0';
}

void strbuf_clear(struct strbuf *buf)
{
    strbuf_truncate(buf, 0);
}

struct str strbuf_str(const struct strbuf *buf)
{
    return (struct str){buf->data, buf->len};
}

char *strbuf_take(struct strbuf *buf)
{
    strbuf_reserve(buf, 0);
    char *data = steal_ptr(buf->data);
    *buf = (struct strbuf){0};
    return data;
}

void strbuf_fini(struct strbuf *buf)
{
    free(buf->data);
    *buf = (struct strbuf){0};
}
