#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/must.h"

enum {
    ALIGN = 8,
    CHUNK_MIN_BYTES = 4 << 10,
    CHUNK_MAX_BYTES = 64 << 10,
};

struct arena_chunk {
    struct arena_chunk *older;
    size_t size_bytes; /* of data */
    _Alignas(ALIGN) char data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_init_fixed(struct arena *arena, void *block, size_t size_bytes)
{
    must((uintptr_t)block % ALIGN == 0);
    *arena = (struct arena){.next = block, .end = (char *)block + size_bytes, .is_fixed = true};
}

static void chunks_free(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void arena_fini(struct arena *arena)
{
    chunks_free(arena->chunks);
    *arena = (struct arena){0};
}

/* Takes the newest chunk of ordinary size out of the list, so that a single big request does not
 * stay for good. NULL: there is none. */
static struct arena_chunk *take_ordinary_chunk(struct arena *arena)
{
    struct arena_chunk **link = &arena->chunks;
    while (*link && (*link)->size_bytes > CHUNK_MAX_BYTES)
        link = &(*link)->older;
    struct arena_chunk *chunk = *link;
    if (chunk) {
        *link = chunk->older;
        chunk->older = NULL;
    }
    return chunk;
}

void arena_reset(struct arena *arena)
{
    if (arena->is_fixed) {
        arena->next -= arena->used_bytes;
        arena->used_bytes = 0;
        return;
    }
    struct arena_chunk *kept = take_ordinary_chunk(arena);
    arena_fini(arena);
    if (kept) {
        arena->chunks = kept;
        arena->next = kept->data;
        arena->end = kept->data + kept->size_bytes;
    }
}

static struct arena_chunk *chunk_new(size_t size_bytes)
{
    must(size_bytes < SIZE_MAX - sizeof(struct arena_chunk));
    struct arena_chunk *chunk = mem_alloc(sizeof(struct arena_chunk) + size_bytes);
    chunk->older = NULL;
    chunk->size_bytes = size_bytes;
    return chunk;
}

static size_t next_chunk_bytes(const struct arena *arena)
{
    size_t newest = arena->chunks ? arena->chunks->size_bytes : 0;
    if (newest < CHUNK_MIN_BYTES)
        return CHUNK_MIN_BYTES;
    return newest < CHUNK_MAX_BYTES / 2 ? newest * 2 : CHUNK_MAX_BYTES;
}

/* A piece from a new chunk. Big ones go behind the newest chunk, whose room is still to be used. */
static void *alloc_from_new_chunk(struct arena *arena, size_t size_bytes)
{
    size_t chunk_bytes = next_chunk_bytes(arena);
    bool is_big = size_bytes > (arena->chunks ? chunk_bytes / 4 : chunk_bytes);
    struct arena_chunk *chunk = chunk_new(is_big ? size_bytes : chunk_bytes);
    if (is_big && arena->chunks) {
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
        return chunk->data;
    }
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = chunk->data + size_bytes;
    arena->end = chunk->data + chunk->size_bytes;
    return chunk->data;
}

static size_t padding_to(uintptr_t position, size_t align)
{
    return (size_t)(-position & (align - 1));
}

/* Uninitialized memory; `align` is 1 or ALIGN. */
static void *take_bytes(struct arena *arena, size_t size_bytes, size_t align)
{
    size_t padding = padding_to((uintptr_t)arena->next, align);
    size_t room = (size_t)(arena->end - arena->next);
    arena->used_bytes += padding_to(arena->used_bytes, align) + size_bytes;
    if (!arena->next || room < padding || room - padding < size_bytes) {
        must(!arena->is_fixed);
        return alloc_from_new_chunk(arena, size_bytes);
    }
    char *piece = arena->next + padding;
    arena->next = piece + size_bytes;
    return piece;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    return memset(take_bytes(arena, size_bytes, ALIGN), 0, size_bytes);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total_bytes = 0;
    must(!__builtin_mul_overflow(count, size_bytes, &total_bytes));
    return arena_alloc(arena, total_bytes);
}

struct str arena_dup_str(struct arena *arena, struct str s)
{
    char *copy = take_bytes(arena, s.len + 1, 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return (struct str){copy, s.len};
}

struct str arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    must(len >= 0);
    char *text = take_bytes(arena, (size_t)len + 1, 1);
    va_start(args, fmt);
    must(vsnprintf(text, (size_t)len + 1, fmt, args) == len);
    va_end(args);
    return (struct str){text, (size_t)len};
}
