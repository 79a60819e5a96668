#include "devserver/history.h"

#include <stdlib.h>

#include "base/must.h"

enum { MAX_CHANGES = 100000, CAPACITY_MIN = 64 };
#define MAX_BYTES ((size_t)256 * 1024 * 1024)

/* A remembered change: one block with its texts behind it. */
struct entry {
    struct dev_change change;
    size_t size_bytes;
    char texts[];
};

struct dev_watch {
    struct dev_history *history;
    struct str resource; /* owned */
    dev_store_listener *changed;
    void *ctx;
    bool is_stopped; /* to be freed once nobody is being told */
    struct dev_watch *next;
};

struct dev_history {
    size_t max_changes;
    size_t max_bytes;
    struct entry **ring; /* of `capacity`; the oldest at `first` */
    size_t capacity;
    size_t first;
    size_t count;
    size_t bytes;
    uint64_t compacted;        /* the version of the last change that is forgotten */
    struct dev_watch *watches; /* in the order of their beginning */
    struct dev_watch **tail;
    bool is_telling; /* watches are not freed meanwhile */
    bool has_stopped;
};

struct dev_history *dev_history_new(const struct dev_history_options *options,
                                    uint64_t first_version)
{
    struct dev_history *history = mem_alloc_zero(sizeof(*history));
    history->max_changes = options->max_changes > 0 ? options->max_changes : MAX_CHANGES;
    history->max_bytes = options->max_bytes > 0 ? options->max_bytes : MAX_BYTES;
    history->compacted = first_version;
    history->tail = &history->watches;
    return history;
}

uint64_t dev_history_oldest(const struct dev_history *history)
{
    return history->compacted;
}

/* ---- the ring --------------------------------------------------------------------------------*/

static struct entry *entry_at(const struct dev_history *history, size_t index)
{
    return history->ring[(history->first + index) % history->capacity];
}

static struct str put(char **at, struct str text)
{
    struct str copy = {*at, text.len};
    if (text.len > 0)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

static struct entry *entry_new(const struct dev_change *change)
{
    const struct dev_key *key = &change->key;
    size_t size_bytes = sizeof(struct entry) + key->resource.len + key->ns.len + key->name.len +
                        change->json.len + change->old_json.len;
    struct entry *entry = mem_alloc(size_bytes);
    char *at = entry->texts;
    entry->size_bytes = size_bytes;
    entry->change = *change;
    entry->change.key.resource = put(&at, key->resource);
    entry->change.key.ns = put(&at, key->ns);
    entry->change.key.name = put(&at, key->name);
    entry->change.json = put(&at, change->json);
    entry->change.old_json = put(&at, change->old_json);
    return entry;
}

static void forget_oldest(struct dev_history *history)
{
    struct entry *entry = entry_at(history, 0);
    history->first = (history->first + 1) % history->capacity;
    history->count--;
    history->bytes -= entry->size_bytes;
    history->compacted = entry->change.version;
    free(entry);
}

static void grow(struct dev_history *history)
{
    size_t capacity = history->capacity > 0 ? 2 * history->capacity : CAPACITY_MIN;
    struct entry **ring = mem_grow_array(NULL, capacity, sizeof(*ring));
    for (size_t i = 0; i < history->count; i++)
        ring[i] = entry_at(history, i);
    free(history->ring);
    history->ring = ring;
    history->capacity = capacity;
    history->first = 0;
}

static void remember(struct dev_history *history, const struct dev_change *change)
{
    if (history->count == history->capacity)
        grow(history);
    struct entry *entry = entry_new(change);
    history->ring[(history->first + history->count) % history->capacity] = entry;
    history->count++;
    history->bytes += entry->size_bytes;
    while (history->count > history->max_changes ||
           (history->bytes > history->max_bytes && history->count > 1))
        forget_oldest(history);
}

void dev_history_compact(struct dev_history *history, uint64_t version)
{
    while (history->count > 0 && entry_at(history, 0)->change.version <= version)
        forget_oldest(history);
    if (history->compacted < version)
        history->compacted = version;
}

/* How many changes are not newer than `version`. */
static size_t count_until(const struct dev_history *history, uint64_t version)
{
    size_t low = 0, high = history->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entry_at(history, middle)->change.version <= version)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool dev_history_replay(const struct dev_history *history, struct str resource, uint64_t version,
                        dev_store_listener *fn, void *ctx)
{
    if (version < history->compacted)
        return false;
    for (size_t i = count_until(history, version); i < history->count; i++) {
        const struct dev_change *change = &entry_at(history, i)->change;
        if (str_eq(change->key.resource, resource))
            fn(ctx, change);
    }
    return true;
}

/* ---- watches ---------------------------------------------------------------------------------*/

struct dev_watch *dev_history_watch(struct dev_history *history, struct str resource,
                                    dev_store_listener *changed, void *ctx)
{
    struct dev_watch *watch = mem_alloc_zero(sizeof(*watch));
    watch->history = history;
    watch->resource = (struct str){str_dup_cstr(resource), resource.len};
    watch->changed = changed;
    watch->ctx = ctx;
    *history->tail = watch;
    history->tail = &watch->next;
    return watch;
}

static void free_stopped(struct dev_history *history)
{
    struct dev_watch **at = &history->watches;
    while (*at != NULL) {
        struct dev_watch *watch = *at;
        if (!watch->is_stopped) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        free((char *)(uintptr_t)watch->resource.ptr); /* ours, from str_dup_cstr */
        free(watch);
    }
    history->tail = at;
    history->has_stopped = false;
}

void dev_watch_stop(struct dev_watch *watch)
{
    struct dev_history *history = watch->history;
    must(!watch->is_stopped);
    watch->is_stopped = true;
    history->has_stopped = true;
    if (!history->is_telling)
        free_stopped(history);
}

/* A watch that begins meanwhile hears of later changes only. */
static void tell_watches(struct dev_history *history, const struct dev_change *change)
{
    struct dev_watch **end = history->tail;
    must(!history->is_telling);
    history->is_telling = true;
    for (struct dev_watch **at = &history->watches; at != end; at = &(*at)->next) {
        struct dev_watch *watch = *at;
        if (!watch->is_stopped && str_eq(watch->resource, change->key.resource))
            watch->changed(watch->ctx, change);
    }
    history->is_telling = false;
    if (history->has_stopped)
        free_stopped(history);
}

void dev_history_add(struct dev_history *history, const struct dev_change *change)
{
    remember(history, change);
    tell_watches(history, change);
}

void dev_history_free(struct dev_history *history)
{
    if (history == NULL)
        return;
    must(history->watches == NULL);
    for (size_t i = 0; i < history->count; i++)
        free(entry_at(history, i));
    free(history->ring);
    free(history);
}
