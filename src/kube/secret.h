/* Text that is cleared before its memory is given back. */
#pragma once
#include <stddef.h>

#include "base/attr.h"

void secret_free(char *text); /* NUL-terminated; NULL is fine */
void secret_free_bytes(char *data, size_t size_bytes);

static inline void secret_cleanup(char **text)
{
    secret_free(*text);
}
#define cleanup_secret cleanup_with(secret_cleanup)
