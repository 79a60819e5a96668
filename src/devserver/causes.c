#include <stdlib.h>

#include "base/must.h"
#include "devserver/schema.h"

enum { CAUSES_MAX = 1000 };

static struct str dup_str(struct str s)
{
    return (struct str){str_dup_cstr(s), s.len};
}

static void free_str(struct str s)
{
    free((char *)(uintptr_t)s.ptr); /* ours, from dup_str */
}

void dev_causes_add(struct dev_causes *causes, const char *reason, struct str field,
                    struct str message)
{
    if (causes->count == CAUSES_MAX)
        return;
    if (causes->count == causes->capacity) {
        causes->capacity = causes->capacity > 0 ? 2 * causes->capacity : 4;
        causes->items = mem_grow_array(causes->items, causes->capacity, sizeof(*causes->items));
    }
    causes->items[causes->count++] = (struct dev_cause){
        .reason = dup_str(str_from(reason)), .field = dup_str(field), .message = dup_str(message)};
}

void dev_causes_fini(struct dev_causes *causes)
{
    for (size_t i = 0; i < causes->count; i++) {
        free_str(causes->items[i].reason);
        free_str(causes->items[i].field);
        free_str(causes->items[i].message);
    }
    free(causes->items);
    *causes = (struct dev_causes){0};
}
