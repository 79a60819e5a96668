#include "controllers/claim_name.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"

enum { HASH_DIGITS = 10 };

/* What fits: the API server lets no longer names in, and a longer one then finds nothing. */
static struct str put(char *buf, size_t size, const char *fmt, ...) format_printf(3, 4);
static struct str put(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(buf, size, fmt, args);
    va_end(args);
    if (len < 0)
        return STR("");
    return (struct str){buf, (size_t)len < size ? (size_t)len : size - 1};
}

struct str claim_stem(struct str ns, struct str name, char buf[CLAIM_STEM_MAX])
{
    return put(buf, CLAIM_STEM_MAX, STR_FMT "-" STR_FMT, STR_ARG(ns), STR_ARG(name));
}

/* The documented name, cut so that the hash fits behind it; a name may not end in "-" or "." before
 * the dash of the hash either. */
static struct str hashed_name(struct str ns, struct str name, uint32_t device_index,
                              char buf[CLAIM_NAME_MAX])
{
    char full[CLAIM_STEM_MAX + 16];
    struct str cut = put(full, sizeof(full), STR_FMT "-" STR_FMT "-%u", STR_ARG(ns), STR_ARG(name),
                         device_index);
    uint64_t hash = hash_stable_more(hash_stable(ns), name);
    hash = hash_stable_more(hash, put(buf, CLAIM_NAME_MAX, "%u", device_index));
    if (cut.len > CLAIM_NAME_MAX - 1 - (HASH_DIGITS + 1))
        cut.len = CLAIM_NAME_MAX - 1 - (HASH_DIGITS + 1);
    while (cut.len > 0 && (cut.ptr[cut.len - 1] == '-' || cut.ptr[cut.len - 1] == '.'))
        cut.len--;
    return put(buf, CLAIM_NAME_MAX, STR_FMT "-%0*llx", STR_ARG(cut), HASH_DIGITS,
               (unsigned long long)(hash & ((1ULL << 4 * HASH_DIGITS) - 1)));
}

struct str claim_name(struct str ns, struct str name, uint32_t device_index,
                      char buf[CLAIM_NAME_MAX])
{
    char full[CLAIM_STEM_MAX + 16];
    struct str whole = put(full, sizeof(full), STR_FMT "-" STR_FMT "-%u", STR_ARG(ns),
                           STR_ARG(name), device_index);
    if (whole.len > CLAIM_NAME_MAX - 1)
        return hashed_name(ns, name, device_index, buf);
    return put(buf, CLAIM_NAME_MAX, STR_FMT, STR_ARG(whole));
}

struct str claim_name_unique(struct str ns, struct str name, uint32_t device_index,
                             char buf[CLAIM_NAME_MAX])
{
    return hashed_name(ns, name, device_index, buf);
}

bool claim_name_split(struct str claim, struct str *stem, uint32_t *device_index)
{
    size_t dash = claim.len;
    while (dash > 0 && claim.ptr[dash - 1] != '-')
        dash--;
    uint64_t number;
    if (dash < 2 || !str_to_u64(str_skip(claim, dash), &number) || number > UINT32_MAX)
        return false;
    *stem = (struct str){claim.ptr, dash - 1};
    *device_index = (uint32_t)number;
    return true;
}

struct str claim_address_name(struct str prefix, struct str address, char *buf, size_t size)
{
    struct str name = put(buf, size, STR_FMT "-" STR_FMT, STR_ARG(prefix), STR_ARG(address));
    for (size_t i = prefix.len < name.len ? prefix.len : name.len; i < name.len; i++)
        if (buf[i] == '.' || buf[i] == ':')
            buf[i] = '-';
    while (name.len > 0 && buf[name.len - 1] == '-')
        name.len--;
    return name;
}
