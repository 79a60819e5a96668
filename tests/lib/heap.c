#include "lib/heap.h"

#include <malloc.h>

/* There when the program is built with AddressSanitizer, whose mallinfo2 says nothing. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

size_t heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks;
}
