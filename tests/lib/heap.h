/* How much heap memory is in use, with and without sanitizers. */
#pragma once
#include <stddef.h>

size_t heap_bytes(void); /* some small blocks that were freed may still count */
