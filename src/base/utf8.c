#include "base/utf8.h"

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* How many bytes a character has that starts with `first`; 0: none does. */
static size_t length_from_first(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC0 && first < 0xE0)
        return 2;
    if (first >= 0xE0 && first < 0xF0)
        return 3;
    return first >= 0xF0 && first < 0xF8 ? 4 : 0;
}

size_t utf8_decode(struct str s, uint32_t *rune_out)
{
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s.len > 0 ? length_from_first((unsigned char)s.ptr[0]) : 0;
    if (len == 0 || len > s.len)
        return 0;
    uint32_t rune = (unsigned char)s.ptr[0] & first_bits[len];
    for (size_t i = 1; i < len; i++) {
        if (!is_continuation(s.ptr[i]))
            return 0;
        rune = rune << 6 | ((unsigned char)s.ptr[i] & 0x3F);
    }
    if (rune < smallest[len] || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
        return 0;
    *rune_out = rune;
    return len;
}

struct str utf8_cut(struct str s, size_t max_len)
{
    if (s.len <= max_len)
        return s;
    size_t len = max_len;
    while (len > 0 && max_len - len < 3 && is_continuation(s.ptr[len]))
        len--;
    /* Longer runs of continuation bytes are no UTF-8, so there is nothing to keep together. */
    return (struct str){s.ptr, is_continuation(s.ptr[len]) ? max_len : len};
}
