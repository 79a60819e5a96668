#include "base/base64.h"

#include <stdint.h>

#include "base/must.h"

/* The six bits that a character stands for; -1: it is not in the alphabet. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct decoder {
    char *data;
    size_t size_bytes;
    uint32_t bits; /* of the group of four so far; above them what is done with */
    int sextets;   /* in the group of four */
    int padding;
};

static bool take_char(struct decoder *d, char c, size_t at, struct error *err)
{
    int value = c == '=' ? 0 : sextet(c);
    if (value < 0)
        return error_set(err, ERROR_INVALID, "base64: byte 0x%02x at %zu is not of the alphabet",
                         (unsigned char)c, at);
    if (c != '=' && d->padding > 0)
        return error_set(err, ERROR_INVALID, "base64: more after the padding, at %zu", at);
    if (c == '=' && d->sextets < 2)
        return error_set(err, ERROR_INVALID, "base64: padding in the wrong place, at %zu", at);
    d->padding += c == '=';
    d->bits = d->bits << 6 | (uint32_t)value;
    if (++d->sextets < 4)
        return true;
    for (int i = 0; i < 3 - d->padding; i++)
        d->data[d->size_bytes++] = (char)(d->bits >> (16 - 8 * i));
    if ((d->bits & ((1u << 8 * d->padding) - 1)) != 0)
        return error_set(err, ERROR_INVALID, "base64: stray bits before the padding");
    d->sextets = 0;
    return true;
}

bool base64_decode(struct str text, char **data_out, size_t *size_out, struct error *err)
{
    cleanup_free char *data = mem_alloc(text.len / 4 * 3 + 4); /* one more, for the NUL */
    struct decoder decoder = {.data = data};
    for (size_t i = 0; i < text.len; i++)
        if (!is_space(text.ptr[i]) && !take_char(&decoder, text.ptr[i], i, err))
            return false;
    if (decoder.sextets != 0)
        return error_set(err, ERROR_INVALID, "base64: ends in the middle of a group of four");
    data[decoder.size_bytes] = '\0';
    *size_out = decoder.size_bytes;
    *data_out = steal_ptr(data);
    return true;
}

void base64_encode(struct str data, struct strbuf *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < data.len; i += 3) {
        uint32_t bits = 0;
        for (size_t n = 0; n < 3; n++)
            bits = bits << 8 | (i + n < data.len ? (unsigned char)data.ptr[i + n] : 0);
        strbuf_append_char(out, alphabet[bits >> 18]);
        strbuf_append_char(out, alphabet[bits >> 12 & 63]);
        strbuf_append_char(out, i + 1 < data.len ? alphabet[bits >> 6 & 63] : '=');
        strbuf_append_char(out, i + 2 < data.len ? alphabet[bits & 63] : '=');
    }
}
