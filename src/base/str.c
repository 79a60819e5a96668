#include "base/str.h"

#include "base/must.h"

int str_cmp(struct str a, struct str b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared > 0 ? memcmp(a.ptr, b.ptr, shared) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq((struct str){s.ptr, prefix.len}, prefix);
}

bool str_ends_with(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix);
}

struct str str_skip(struct str s, size_t count)
{
    if (count == 0)
        return s; /* NULL + 0 is undefined in C17 */
    if (count > s.len)
        count = s.len;
    return s.ptr ? (struct str){s.ptr + count, s.len - count} : s;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_space(s.ptr[0]))
        s = str_skip(s, 1);
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct str str_before(struct str s, char separator)
{
    size_t index = s.len;
    (void)str_find(s, separator, &index);
    return (struct str){s.ptr, index};
}

bool str_split(struct str *rest, char separator, struct str *part)
{
    if (rest->len == 0)
        return false;
    *part = str_before(*rest, separator);
    *rest = str_skip(*rest, part->len + 1);
    return true;
}

bool str_find(struct str s, char wanted, size_t *index_out)
{
    const char *found = s.len > 0 ? memchr(s.ptr, wanted, s.len) : NULL;
    if (found == NULL)
        return false;
    *index_out = (size_t)(found - s.ptr);
    return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t value = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

char *str_dup_cstr(struct str s)
{
    char *copy = mem_alloc(s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}
