/* What the compiler checks and does for us: unused results, scope-bound cleanup, formats. */
#pragma once
#include <stddef.h>
#include <stdlib.h>

#define must_check __attribute__((warn_unused_result))
#define format_printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define cleanup_with(fn) __attribute__((cleanup(fn)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The object that embeds `member` at `ptr`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Hands an owning pointer over: yields it and leaves NULL behind. */
#define steal_ptr(ptr)                                                                             \
    __extension__({                                                                                \
        __typeof__(ptr) stolen_ = (ptr);                                                           \
        (ptr) = NULL;                                                                              \
        stolen_;                                                                                   \
    })

static inline void attr_free(void *ptr)
{
    free(*(void **)ptr);
}
#define cleanup_free cleanup_with(attr_free) /* on a local owning a heap pointer */
