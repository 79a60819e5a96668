/* UTF-8, read strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The character that `s` starts with and how many bytes it takes. 0: `s` is empty or does not start
 * with a valid character; *rune_out is then untouched, and one byte is to be skipped. */
size_t utf8_decode(struct str s, uint32_t *rune_out);

/* `s`, or what remains of it in at most max_len bytes without cutting a character in two. */
struct str utf8_cut(struct str s, size_t max_len);
