#include "kube/model/store.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/hash.h"
#include "base/must.h"
#include "kube/model/index.h"

/* A tombstone lasts from our delete's answer to the watch event, so there are few. When there are
 * this many nevertheless, any one of them goes: at worst an old event shows a gone object until the
 * next event takes it away again. */
enum { TOMBSTONES_MAX = 4096 };

enum { NEVER_SEEN = 0 }; /* the epoch before the first list */

struct tombstone {
    uint32_t seen_epoch; /* the list that had it nevertheless */
    size_t uid_len;
    char uid[];
};

struct listener {
    kube_store_listener *fn;
    void *ctx;
};

struct kube_store {
    const struct kube_kind *kind;
    struct map objects;    /* by namespace and name; one reference each */
    struct map tombstones; /* by uid */
    struct kube_index indexes[KUBE_STORE_MAX_INDEXES];
    size_t index_count;
    struct listener *listeners;
    size_t listener_count;
    size_t size_bytes;
    uint64_t watched_version; /* how far the watch has come */
    uint32_t epoch;           /* number of the list that was begun last */
    bool is_listing;
    bool is_filled;
    bool is_notifying;
};

struct kube_store *kube_store_new(const struct kube_kind *kind)
{
    struct kube_store *store = mem_alloc_zero(sizeof(*store));
    store->kind = kind;
    store->epoch = NEVER_SEEN + 1;
    return store;
}

void kube_store_free(struct kube_store *store)
{
    if (!store)
        return;
    must(!store->is_notifying);
    for (size_t i = 0; i < store->index_count; i++)
        kube_index_fini(&store->indexes[i]);
    size_t position = 0;
    const struct kube_object *object;
    while ((object = kube_store_each(store, &position)) != NULL)
        kube_object_unref(object);
    position = 0;
    struct tombstone *tombstone;
    while ((tombstone = map_each(&store->tombstones, &position)) != NULL)
        free(tombstone);
    map_fini(&store->objects);
    map_fini(&store->tombstones);
    free(store->listeners);
    free(store);
}

const struct kube_kind *kube_store_kind(const struct kube_store *store)
{
    return store->kind;
}

void kube_store_listen(struct kube_store *store, kube_store_listener *listener, void *ctx)
{
    must(!store->is_notifying);
    store->listeners =
        mem_grow_array(store->listeners, store->listener_count + 1, sizeof(struct listener));
    store->listeners[store->listener_count++] = (struct listener){listener, ctx};
}

size_t kube_store_add_index(struct kube_store *store, kube_index_fn *fn)
{
    must(store->objects.count == 0 && store->index_count < KUBE_STORE_MAX_INDEXES);
    kube_index_init(&store->indexes[store->index_count], fn);
    return store->index_count++;
}

static uint64_t tombstone_hash(struct str uid)
{
    return hash_table_key(uid, STR(""));
}

static struct tombstone *tombstone_find(const struct kube_store *store, struct str uid)
{
    struct map_cursor at = map_seek(&store->tombstones, tombstone_hash(uid));
    struct tombstone *tombstone;
    while ((tombstone = map_next(&store->tombstones, &at)) != NULL)
        if (str_eq((struct str){tombstone->uid, tombstone->uid_len}, uid))
            return tombstone;
    return NULL;
}

static void tombstone_drop(struct kube_store *store, struct tombstone *tombstone)
{
    struct str uid = {tombstone->uid, tombstone->uid_len};
    must(map_remove(&store->tombstones, tombstone_hash(uid), tombstone));
    free(tombstone);
}

static void tombstone_add(struct kube_store *store, struct str uid)
{
    if (str_is_empty(uid) || tombstone_find(store, uid))
        return;
    if (store->tombstones.count >= TOMBSTONES_MAX) {
        size_t position = 0;
        tombstone_drop(store, map_each(&store->tombstones, &position));
    }
    struct tombstone *tombstone = mem_alloc(sizeof(struct tombstone) + uid.len);
    /* Younger than the list that is under way: its answer to come may still have the object. */
    tombstone->seen_epoch = store->epoch;
    tombstone->uid_len = uid.len;
    memcpy(tombstone->uid, uid.ptr, uid.len);
    map_add(&store->tombstones, tombstone_hash(uid), tombstone);
}

/* Lists have them no more, so neither will the watch that goes on from there. */
static void drop_unseen_tombstones(struct kube_store *store)
{
    if (store->tombstones.count == 0)
        return;
    struct tombstone **unseen = mem_alloc(store->tombstones.count * sizeof(*unseen));
    size_t count = 0;
    size_t position = 0;
    struct tombstone *tombstone;
    while ((tombstone = map_each(&store->tombstones, &position)) != NULL)
        if (tombstone->seen_epoch != store->epoch)
            unseen[count++] = tombstone;
    for (size_t i = 0; i < count; i++)
        tombstone_drop(store, unseen[i]);
    free(unseen);
}

static void notify(struct kube_store *store, const struct kube_object *before,
                   const struct kube_object *after)
{
    store->is_notifying = true;
    for (size_t i = 0; i < store->listener_count; i++)
        store->listeners[i].fn(store->listeners[i].ctx, before, after);
    store->is_notifying = false;
}

static uint64_t name_hash(const struct kube_object *object)
{
    return hash_table_key(object->meta.ns, object->meta.name);
}

/* One of before and after may be NULL. Takes the reference to `after`, gives up the one to
 * `before`. */
static void replace(struct kube_store *store, const struct kube_object *before,
                    const struct kube_object *after)
{
    if (before) {
        must(map_remove(&store->objects, name_hash(before), before));
        for (size_t i = 0; i < store->index_count; i++)
            kube_index_remove(&store->indexes[i], before);
        store->size_bytes -= before->size_bytes;
    }
    if (after) {
        map_add(&store->objects, name_hash(after), (void *)(uintptr_t)after); /* never written to */
        for (size_t i = 0; i < store->index_count; i++)
            kube_index_insert(&store->indexes[i], after);
        store->size_bytes += after->size_bytes;
    }
    notify(store, before, after);
    kube_object_unref(before);
}

static bool is_same_object(const struct kube_object *object, struct str uid)
{
    return str_is_empty(uid) || str_eq(object->meta.uid, uid);
}

static bool is_behind(const struct kube_object *object, const struct kube_object *current)
{
    return current && object->meta.resource_version <= current->meta.resource_version;
}

bool kube_store_put(struct kube_store *store, const struct kube_object *object)
{
    must(!store->is_notifying && object->kind == store->kind);
    const struct kube_object *current = kube_store_find(store, object->meta.ns, object->meta.name);
    struct tombstone *tombstone = tombstone_find(store, object->meta.uid);
    if (tombstone)
        tombstone->seen_epoch = store->epoch;
    else if (current && is_same_object(current, object->meta.uid))
        kube_object_set_seen(current, store->epoch);
    if (tombstone || is_behind(object, current)) {
        kube_object_unref(object);
        return false;
    }
    kube_object_set_seen(object, store->epoch);
    replace(store, current, object);
    return true;
}

bool kube_store_put_answer(struct kube_store *store, const struct kube_object *object)
{
    must(!store->is_notifying && object->kind == store->kind);
    const struct kube_object *current = kube_store_find(store, object->meta.ns, object->meta.name);
    bool is_past =
        !current && !store->is_listing && object->meta.resource_version <= store->watched_version;
    if (is_past || tombstone_find(store, object->meta.uid) || is_behind(object, current)) {
        kube_object_unref(object);
        return false;
    }
    bool is_update = current && is_same_object(current, object->meta.uid);
    kube_object_set_seen(object, is_update ? current->seen_epoch : NEVER_SEEN);
    replace(store, current, object);
    return true;
}

void kube_store_saw(struct kube_store *store, uint64_t resource_version)
{
    if (resource_version > store->watched_version)
        store->watched_version = resource_version;
}

void kube_store_remove_known(struct kube_store *store, struct str ns, struct str name,
                             struct str uid)
{
    must(!store->is_notifying);
    const struct kube_object *current = kube_store_find(store, ns, name);
    if (!current || !is_same_object(current, uid))
        return;
    tombstone_add(store, current->meta.uid);
    replace(store, current, NULL);
}

void kube_store_remove_seen(struct kube_store *store, struct str ns, struct str name,
                            struct str uid)
{
    must(!store->is_notifying);
    struct tombstone *tombstone = tombstone_find(store, uid);
    if (tombstone)
        tombstone_drop(store, tombstone);
    const struct kube_object *current = kube_store_find(store, ns, name);
    if (current && is_same_object(current, uid))
        replace(store, current, NULL);
}

void kube_store_list_begin(struct kube_store *store)
{
    must(!store->is_notifying && store->epoch < UINT32_MAX);
    store->epoch++;
    store->is_listing = true;
}

/* Collected first: the map may not change while it is walked. NULL when there are none. */
static const struct kube_object **collect_gone(const struct kube_store *store,
                                               uint64_t list_version, size_t *count_out)
{
    const struct kube_object **gone = NULL;
    size_t capacity = 0;
    size_t position = 0;
    const struct kube_object *object;
    *count_out = 0;
    while ((object = kube_store_each(store, &position)) != NULL) {
        if (object->seen_epoch == store->epoch || object->meta.resource_version > list_version)
            continue;
        if (*count_out == capacity) {
            capacity = capacity > 0 ? capacity * 2 : 64;
            gone = mem_grow_array(gone, capacity, sizeof(*gone));
        }
        gone[(*count_out)++] = object;
    }
    return gone;
}

void kube_store_list_end(struct kube_store *store, uint64_t resource_version)
{
    must(store->is_listing && !store->is_notifying);
    size_t count = 0;
    cleanup_free const struct kube_object **gone = collect_gone(store, resource_version, &count);
    for (size_t i = 0; i < count; i++)
        replace(store, gone[i], NULL);
    drop_unseen_tombstones(store);
    kube_store_saw(store, resource_version);
    store->is_listing = false;
    store->is_filled = true;
}

bool kube_store_is_filled(const struct kube_store *store)
{
    return store->is_filled;
}

const struct kube_object *kube_store_find(const struct kube_store *store, struct str ns,
                                          struct str name)
{
    struct map_cursor at = map_seek(&store->objects, hash_table_key(ns, name));
    const struct kube_object *object;
    while ((object = map_next(&store->objects, &at)) != NULL)
        if (str_eq(object->meta.name, name) && str_eq(object->meta.ns, ns))
            return object;
    return NULL;
}

size_t kube_store_count(const struct kube_store *store)
{
    return store->objects.count;
}

size_t kube_store_bytes(const struct kube_store *store)
{
    return store->size_bytes;
}

struct kube_store_cursor kube_store_seek(const struct kube_store *store, size_t index, struct str a,
                                         struct str b)
{
    must(index < store->index_count);
    struct kube_store_cursor cursor = kube_index_seek(&store->indexes[index], a, b);
    cursor.index = index;
    return cursor;
}

const struct kube_object *kube_store_next(const struct kube_store *store,
                                          struct kube_store_cursor *cursor)
{
    return kube_index_next(&store->indexes[cursor->index], cursor);
}

const struct kube_object *kube_store_each(const struct kube_store *store, size_t *position)
{
    return map_each(&store->objects, position);
}
