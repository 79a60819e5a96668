/* Checks of our own reasoning and the allocation of memory, both of which abort when they fail:
 * all state lives in the API server, so a restart is the best recovery. Never for outside input. */
#pragma once
#include <stddef.h>

#define must(cond) ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))

_Noreturn void must_fail(const char *condition, const char *file, int line);

/* Never NULL; sizes from outside are capped by the caller first. Free with free(). */
void *mem_alloc(size_t size_bytes);      /* contents undefined */
void *mem_alloc_zero(size_t size_bytes); /* all zero */
void *mem_grow(void *ptr, size_t size_bytes);
/* An array of `count` elements of `size_bytes` each; aborts on overflow of the product. */
void *mem_grow_array(void *ptr, size_t count, size_t size_bytes);
char *mem_dup_cstr(const char *text);
