/* A hash table from 64-bit hashes to pointers, several values per hash allowed. It keeps no keys:
 * callers compare what they find with what they look for. Open addressing, 16 bytes a slot. Adding
 * and removing walk past all values of the same hash: for a handful each, not for thousands.
 *
 *     struct map_cursor at = map_seek(&map, hash);
 *     struct thing *thing;
 *     while ((thing = map_next(&map, &at)) != NULL)
 *         if (str_eq(thing->name, name)) ...
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t hash;
    void *value; /* NULL: free */
};

struct map {
    struct map_slot *slots; /* owned; NULL while empty */
    size_t capacity;        /* a power of two, or 0 */
    size_t count;
};

struct map_cursor {
    uint64_t hash;
    size_t index;
};

void map_init(struct map *map);
void map_fini(struct map *map);                            /* the values are the caller's */
void map_add(struct map *map, uint64_t hash, void *value); /* value not NULL */
bool map_remove(struct map *map, uint64_t hash, const void *value); /* false: not there */
/* Every change of the map ends the use of a cursor. */
struct map_cursor map_seek(const struct map *map, uint64_t hash);
void *map_next(const struct map *map, struct map_cursor *cursor); /* NULL: no more */
/* All values in no order, starting from *index = 0; NULL: no more. */
void *map_each(const struct map *map, size_t *index);
