#include "kube/model/index.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/hash.h"
#include "base/must.h"

/* With this many entries of one hash, its key becomes a crowd. */
enum { FEW_MAX = 16 };

struct crowd {
    struct map members; /* address of the object -> the object */
    struct str a;       /* the key; both texts in the crowd's own block */
    struct str b;
    char text[];
};

/* What is done with each key that the index function tells. */
struct kube_index_keys {
    void (*visit)(struct kube_index_keys *keys, struct str a, struct str b);
};

void kube_index_add(struct kube_index_keys *keys, struct str a, struct str b)
{
    keys->visit(keys, a, b);
}

struct comparison {
    struct kube_index_keys keys;
    struct str a;
    struct str b;
    bool is_equal;
};

static void compare_key(struct kube_index_keys *keys, struct str a, struct str b)
{
    struct comparison *comparison = container_of(keys, struct comparison, keys);
    if (str_eq(a, comparison->a) && str_eq(b, comparison->b))
        comparison->is_equal = true;
}

static bool files_under(const struct kube_index *index, const struct kube_object *object,
                        struct str a, struct str b)
{
    struct comparison comparison = {.keys = {compare_key}, .a = a, .b = b};
    index->fn(object, &comparison.keys);
    return comparison.is_equal;
}

/* Maps hold objects without ever writing to them. */
static void *as_value(const struct kube_object *object)
{
    return (void *)(uintptr_t)object;
}

static uint64_t address_hash(const struct kube_object *object)
{
    return (uintptr_t)object;
}

static struct crowd *crowd_new(struct str a, struct str b)
{
    struct crowd *crowd = mem_alloc_zero(sizeof(struct crowd) + a.len + b.len);
    if (a.len > 0)
        memcpy(crowd->text, a.ptr, a.len);
    if (b.len > 0)
        memcpy(crowd->text + a.len, b.ptr, b.len);
    crowd->a = (struct str){crowd->text, a.len};
    crowd->b = (struct str){crowd->text + a.len, b.len};
    return crowd;
}

static void crowd_free(struct crowd *crowd)
{
    map_fini(&crowd->members);
    free(crowd);
}

static struct crowd *crowd_find(const struct kube_index *index, uint64_t hash, struct str a,
                                struct str b)
{
    struct map_cursor at = map_seek(&index->crowds, hash);
    struct crowd *crowd;
    while ((crowd = map_next(&index->crowds, &at)) != NULL)
        if (str_eq(crowd->a, a) && str_eq(crowd->b, b))
            return crowd;
    return NULL;
}

static bool map_has(const struct map *map, uint64_t hash, const struct kube_object *object)
{
    struct map_cursor at = map_seek(map, hash);
    const struct kube_object *found;
    while ((found = map_next(map, &at)) != NULL)
        if (found == object)
            return true;
    return false;
}

/* An object may tell the same key twice. */
static void add_once(struct map *map, uint64_t hash, const struct kube_object *object)
{
    if (!map_has(map, hash, object))
        map_add(map, hash, as_value(object));
}

void kube_index_init(struct kube_index *index, kube_index_fn *fn)
{
    *index = (struct kube_index){.fn = fn};
}

void kube_index_fini(struct kube_index *index)
{
    size_t position = 0;
    struct crowd *crowd;
    while ((crowd = map_each(&index->crowds, &position)) != NULL)
        crowd_free(crowd);
    map_fini(&index->crowds);
    map_fini(&index->few);
}

static size_t count_entries(const struct map *map, uint64_t hash)
{
    size_t count = 0;
    struct map_cursor at = map_seek(map, hash);
    while (map_next(map, &at))
        count++;
    return count;
}

/* Moves the key's entries into a crowd. Entries of another key with the same hash stay. */
static void make_crowd(struct kube_index *index, uint64_t hash, struct str a, struct str b)
{
    const struct kube_object *moved[FEW_MAX];
    size_t count = 0;
    struct map_cursor at = map_seek(&index->few, hash);
    const struct kube_object *object;
    while (count < FEW_MAX && (object = map_next(&index->few, &at)) != NULL)
        if (files_under(index, object, a, b))
            moved[count++] = object;

    struct crowd *crowd = crowd_new(a, b);
    map_add(&index->crowds, hash, crowd);
    for (size_t i = 0; i < count; i++) {
        must(map_remove(&index->few, hash, moved[i]));
        map_add(&crowd->members, address_hash(moved[i]), as_value(moved[i]));
    }
}

struct change {
    struct kube_index_keys keys;
    struct kube_index *index;
    const struct kube_object *object;
};

static void insert_key(struct kube_index_keys *keys, struct str a, struct str b)
{
    struct change *change = container_of(keys, struct change, keys);
    struct kube_index *index = change->index;
    uint64_t hash = hash_table_key(a, b);
    struct crowd *crowd = crowd_find(index, hash, a, b);
    if (!crowd && count_entries(&index->few, hash) >= FEW_MAX) {
        make_crowd(index, hash, a, b);
        crowd = crowd_find(index, hash, a, b);
    }
    if (crowd)
        add_once(&crowd->members, address_hash(change->object), change->object);
    else
        add_once(&index->few, hash, change->object);
}

static void remove_key(struct kube_index_keys *keys, struct str a, struct str b)
{
    struct change *change = container_of(keys, struct change, keys);
    struct kube_index *index = change->index;
    uint64_t hash = hash_table_key(a, b);
    struct crowd *crowd = crowd_find(index, hash, a, b);
    if (!crowd) {
        (void)map_remove(&index->few, hash, change->object); /* false: a key told twice */
        return;
    }
    (void)map_remove(&crowd->members, address_hash(change->object), change->object);
    if (crowd->members.count == 0) {
        must(map_remove(&index->crowds, hash, crowd));
        crowd_free(crowd);
    }
}

void kube_index_insert(struct kube_index *index, const struct kube_object *object)
{
    struct change change = {{insert_key}, index, object};
    index->fn(object, &change.keys);
}

void kube_index_remove(struct kube_index *index, const struct kube_object *object)
{
    struct change change = {{remove_key}, index, object};
    index->fn(object, &change.keys);
}

struct kube_store_cursor kube_index_seek(const struct kube_index *index, struct str a, struct str b)
{
    uint64_t hash = hash_table_key(a, b);
    struct kube_store_cursor cursor = {.a = a, .b = b};
    const struct crowd *crowd = crowd_find(index, hash, a, b);
    if (crowd)
        cursor.crowd = &crowd->members;
    else
        cursor.map = map_seek(&index->few, hash);
    return cursor;
}

const struct kube_object *kube_index_next(const struct kube_index *index,
                                          struct kube_store_cursor *cursor)
{
    if (cursor->crowd)
        return map_each(cursor->crowd, &cursor->map.index);
    const struct kube_object *object;
    while ((object = map_next(&index->few, &cursor->map)) != NULL)
        if (files_under(index, object, cursor->a, cursor->b))
            return object;
    return NULL;
}
