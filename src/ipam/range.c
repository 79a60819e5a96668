#include "ipam/range.h"

#include <stdlib.h>

static bool parse_field(const char *field, struct str text, ipv4_addr *out, struct error *err)
{
    if (ipv4_parse(text, out))
        return true;
    return error_set(err, ERROR_INVALID, "%s \"" STR_FMT "\" is not an IPv4 address", field,
                     STR_ARG(text));
}

/* Narrows *range to the subnet, whose own address is only used when `start` names it. */
static bool clip_to_subnet(const struct ipam_entry *entry, struct ipam_range *range,
                           bool *is_empty_out, struct error *err)
{
    ipv4_addr network;
    unsigned prefix;
    if (!ipv4_parse_subnet(entry->subnet, &network, &prefix))
        return error_set(err, ERROR_INVALID, "subnet \"" STR_FMT "\" is not an IPv4 subnet",
                         STR_ARG(entry->subnet));
    ipv4_addr first = str_is_empty(entry->start) && network < UINT32_MAX ? network + 1 : network;
    ipv4_addr last = network | ~ipv4_netmask(prefix);
    if (range->first < first)
        range->first = first;
    if (range->last > last)
        range->last = last;
    *is_empty_out = range->first > range->last;
    return true;
}

bool ipam_entry_range(const struct ipam_entry *entry, struct ipam_range *out, bool *is_empty_out,
                      struct error *err)
{
    struct ipam_range range = {0, UINT32_MAX};
    bool is_empty = false;
    if (str_is_empty(entry->start) && str_is_empty(entry->subnet))
        return error_set(err, ERROR_INVALID, "neither start nor subnet is given");
    if (!str_is_empty(entry->start) && !parse_field("start", entry->start, &range.first, err))
        return false;
    if (!str_is_empty(entry->end) && !parse_field("end", entry->end, &range.last, err))
        return false;
    if (range.first > range.last)
        return error_set(err, ERROR_INVALID, "start " STR_FMT " is after end " STR_FMT,
                         STR_ARG(entry->start), STR_ARG(entry->end));
    if (!str_is_empty(entry->subnet) && !clip_to_subnet(entry, &range, &is_empty, err))
        return false;
    *out = range;
    *is_empty_out = is_empty;
    return true;
}

static int cmp_first(const void *a, const void *b)
{
    const struct ipam_range *left = a;
    const struct ipam_range *right = b;
    return left->first < right->first ? -1 : left->first > right->first;
}

uint64_t ipam_ranges_count(struct ipam_range *ranges, size_t count)
{
    uint64_t total = 0;
    uint64_t next = 0; /* everything below is counted */
    if (count > 1)
        qsort(ranges, count, sizeof(*ranges), cmp_first);
    for (size_t i = 0; i < count; i++) {
        uint64_t first = ranges[i].first > next ? ranges[i].first : next;
        uint64_t behind = (uint64_t)ranges[i].last + 1;
        if (behind > first)
            total += behind - first;
        if (behind > next)
            next = behind;
    }
    return total;
}
