/* Hashes of text: for tables (seeded per process against chosen keys) and for names (stable). */
#pragma once
#include <stdint.h>

#include "base/str.h"

/* The same on every machine and in every release (FNV-1a, 64 bits): for names and comparisons. */
uint64_t hash_stable(struct str s);
uint64_t hash_stable_more(uint64_t so_far, struct str s); /* goes on; separates the parts */

/* For hash tables; differs from process to process. */
uint64_t hash_table_key(struct str a, struct str b);
