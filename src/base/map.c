#include "base/map.h"

#include <stdlib.h>

#include "base/must.h"

/* Four fifths: searches look at some ten slots where there is least room, and tables are a cache's
 * largest cost beside the objects. */
enum { CAPACITY_MIN = 8, MAX_LOAD_PERCENT = 80 };

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_fini(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

/* Where the probing for `hash` starts: the top bits of a product with 2^64 / golden ratio, so that
 * hashes that differ in few bits spread too. The capacity is a power of two of at least 8. */
static size_t home_of(const struct map *map, uint64_t hash)
{
    int bits = __builtin_ctzll(map->capacity);
    return (size_t)(hash * 0x9E3779B97F4A7C15u >> (64 - bits));
}

static size_t index_after(const struct map *map, size_t index)
{
    return (index + 1) & (map->capacity - 1);
}

/* How many slots lie between where the probing for `hash` starts and `index`. */
static size_t distance_from_home(const struct map *map, uint64_t hash, size_t index)
{
    return (index - home_of(map, hash)) & (map->capacity - 1);
}

static void put(struct map *map, uint64_t hash, void *value)
{
    size_t index = home_of(map, hash);
    while (map->slots[index].value)
        index = index_after(map, index);
    map->slots[index] = (struct map_slot){hash, value};
}

static void resize(struct map *map, size_t capacity)
{
    struct map old = *map;
    size_t size_bytes = 0;
    must(!__builtin_mul_overflow(capacity, sizeof(struct map_slot), &size_bytes));
    map->slots = mem_alloc_zero(size_bytes);
    map->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].value)
            put(map, old.slots[i].hash, old.slots[i].value);
    free(old.slots);
}

void map_add(struct map *map, uint64_t hash, void *value)
{
    must(value != NULL);
    if (map->capacity == 0)
        resize(map, CAPACITY_MIN);
    else if (map->count + 1 > map->capacity * MAX_LOAD_PERCENT / 100)
        resize(map, map->capacity * 2);
    put(map, hash, value);
    map->count++;
}

/* Moves what was pushed past `hole` back into it, until there is nothing more to move: searches
 * end at the first free slot and so need no tombstones. */
static void close_hole(struct map *map, size_t hole)
{
    size_t index = index_after(map, hole);
    while (map->slots[index].value) {
        size_t distance = distance_from_home(map, map->slots[index].hash, index);
        if (distance >= ((index - hole) & (map->capacity - 1))) {
            map->slots[hole] = map->slots[index];
            hole = index;
        }
        index = index_after(map, index);
    }
    map->slots[hole] = (struct map_slot){0};
}

/* Memory goes back after a burst; a quarter full afterwards, so that it does not go to and fro. */
static void shrink_if_sparse(struct map *map)
{
    if (map->count == 0)
        map_fini(map);
    else if (map->capacity > CAPACITY_MIN && map->count <= map->capacity / 8)
        resize(map, map->capacity / 2);
}

bool map_remove(struct map *map, uint64_t hash, const void *value)
{
    struct map_cursor at = map_seek(map, hash);
    const void *found;
    while ((found = map_next(map, &at)) != NULL && found != value)
        ;
    if (!found)
        return false;
    close_hole(map, (at.index - 1) & (map->capacity - 1));
    map->count--;
    shrink_if_sparse(map);
    return true;
}

struct map_cursor map_seek(const struct map *map, uint64_t hash)
{
    return (struct map_cursor){hash, map->capacity > 0 ? home_of(map, hash) : 0};
}

void *map_next(const struct map *map, struct map_cursor *cursor)
{
    if (map->capacity == 0)
        return NULL;
    while (map->slots[cursor->index].value) {
        const struct map_slot *slot = &map->slots[cursor->index];
        cursor->index = index_after(map, cursor->index);
        if (slot->hash == cursor->hash)
            return slot->value;
    }
    return NULL;
}

void *map_each(const struct map *map, size_t *index)
{
    while (*index < map->capacity) {
        void *value = map->slots[(*index)++].value;
        if (value)
            return value;
    }
    return NULL;
}
