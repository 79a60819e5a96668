/* The addresses that an IPPool's entries span, by M3IPAM's rules: an entry with `start` runs to
 * `end`, or to the end of `subnet`, or without bound, and only inside `subnet` where one is given;
 * one without `start` runs from the address behind the subnet's own to its last. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ipam/addr.h"

struct ipam_range {
    ipv4_addr first;
    ipv4_addr last; /* included; first <= last */
};

/* One entry of spec.pools[], as text; empty: not given. */
struct ipam_entry {
    struct str start;
    struct str end;
    struct str subnet;
};

/* ERROR_INVALID: the text says which field is wrong and why, without a position. *is_empty_out: the
 * entry is well-formed and spans nothing (its range lies outside its subnet). */
must_check bool ipam_entry_range(const struct ipam_entry *entry, struct ipam_range *out,
                                 bool *is_empty_out, struct error *err);

/* How many addresses lie in at least one of the ranges; sorts them. */
uint64_t ipam_ranges_count(struct ipam_range *ranges, size_t count);
