#include "base/must.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void must_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: must hold: %s\n", file, line, condition);
    abort();
}

void *mem_alloc(size_t size_bytes)
{
    return mem_grow(NULL, size_bytes);
}

void *mem_alloc_zero(size_t size_bytes)
{
    void *ptr = calloc(1, size_bytes > 0 ? size_bytes : 1);
    must(ptr != NULL);
    return ptr;
}

void *mem_grow(void *ptr, size_t size_bytes)
{
    /* realloc(ptr, 0) frees and may return NULL, which would look like being out of memory. */
    void *grown = realloc(ptr, size_bytes > 0 ? size_bytes : 1);
    must(grown != NULL);
    return grown;
}

void *mem_grow_array(void *ptr, size_t count, size_t size_bytes)
{
    size_t total_bytes = 0;
    must(!__builtin_mul_overflow(count, size_bytes, &total_bytes));
    return mem_grow(ptr, total_bytes);
}

char *mem_dup_cstr(const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    return memcpy(mem_alloc(size_bytes), text, size_bytes);
}
