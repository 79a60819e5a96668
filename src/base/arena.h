/* Memory that is given back all at once. */
#pragma once
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks; /* newest first; NULL: a fixed block or nothing yet */
    char *next;
    char *end;
    size_t used_bytes; /* what was asked for, with alignment, as if it lay in one block: the size
                          of a fixed block that the same requests in the same order fill exactly */
    bool is_fixed;
};

void arena_init(struct arena *arena);
/* Hands out `block` (borrowed, 8-byte aligned) only and aborts when it is full: for sizes measured
 * beforehand, as used_bytes of another arena. */
void arena_init_fixed(struct arena *arena, void *block, size_t size_bytes);
void arena_reset(struct arena *arena); /* everything handed out is gone; keeps one chunk */
void arena_fini(struct arena *arena);
#define cleanup_arena cleanup_with(arena_fini)

void *arena_alloc(struct arena *arena, size_t size_bytes); /* zeroed, 8-byte aligned, never NULL */
#define arena_new(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define arena_new_array(arena, type, count) ((type *)arena_alloc_array(arena, count, sizeof(type)))
void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes);
/* A copy in the arena, followed by a NUL (unaligned, so texts pack tightly). */
struct str arena_dup_str(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *fmt, ...) format_printf(2, 3);
