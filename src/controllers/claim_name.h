/* How claims and addresses are named. The Go manager and M3IPAM name them in the same way, so that
 * either finds what the other made. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    CLAIM_NAME_MAX = 253 + 1, /* a Kubernetes name and a NUL */
    CLAIM_STEM_MAX = 2 * CLAIM_NAME_MAX,
};

/* "<namespace>-<name>": claims of a machine begin with it. */
struct str claim_stem(struct str ns, struct str name, char buf[CLAIM_STEM_MAX]);

/* "<namespace>-<name>-<index>", the documented name; cut and hashed where it would be longer than a
 * name may be. Not unique: "a-b"/"c" and "a"/"b-c" have the same. */
struct str claim_name(struct str ns, struct str name, uint32_t device_index,
                      char buf[CLAIM_NAME_MAX]);

/* The name for a machine whose documented name is taken by another machine's claim: with a short
 * hash of namespace, name and index, which no other machine shares. Always the same. */
struct str claim_name_unique(struct str ns, struct str name, uint32_t device_index,
                             char buf[CLAIM_NAME_MAX]);

/* Splits "<stem>-<index>" at the last dash; false: no such name. */
must_check bool claim_name_split(struct str claim, struct str *stem, uint32_t *device_index);

/* M3IPAM's name of an IPAddress: "<prefix>-<address>" with . and : as -, trailing dashes cut. */
struct str claim_address_name(struct str prefix, struct str address, char *buf, size_t size);
