#include "kube/event_correlator.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/must.h"

enum {
    MAX_ENTRIES = 1024,
    WINDOW_MS = 10 * 60 * 1000,
    REFILL_MS = 5 * 60 * 1000,
    BURST = 25,
};

/* A series of equal Events, or the bucket of an object. Hashes stand for what they were made of:
 * should two of 2^64 ever be equal, an Event is counted on another one. */
struct entry {
    struct entry *older;
    struct entry *newer;
    uint64_t hash;
    int64_t expires_ms; /* of a bucket: when it is full again, which says how full it is now */
    uint64_t id;        /* the rest is a series' */
    int64_t first_ms;
    int64_t count;
};

/* Entries by hash and by last use. */
struct shelf {
    struct map map;
    struct entry *oldest;
    struct entry *newest;
};

struct kube_correlator {
    struct kube_correlator_options options;
    struct shelf series;
    struct shelf buckets;
};

struct kube_correlator *kube_correlator_new(const struct kube_correlator_options *options)
{
    struct kube_correlator *correlator = mem_alloc_zero(sizeof(*correlator));
    correlator->options = (struct kube_correlator_options){
        .max_entries = options->max_entries > 0 ? options->max_entries : MAX_ENTRIES,
        .window_ms = options->window_ms > 0 ? options->window_ms : WINDOW_MS,
        .refill_ms = options->refill_ms > 0 ? options->refill_ms : REFILL_MS,
        .burst = options->burst > 0 ? options->burst : BURST,
    };
    map_init(&correlator->series.map);
    map_init(&correlator->buckets.map);
    return correlator;
}

static void unlink_entry(struct shelf *shelf, struct entry *entry)
{
    must(entry);
    *(entry->older ? &entry->older->newer : &shelf->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &shelf->newest) = entry->older;
}

static void link_as_newest(struct shelf *shelf, struct entry *entry)
{
    entry->older = shelf->newest;
    entry->newer = NULL;
    *(shelf->newest ? &shelf->newest->newer : &shelf->oldest) = entry;
    shelf->newest = entry;
}

static void drop_oldest(struct shelf *shelf)
{
    struct entry *entry = shelf->oldest;
    unlink_entry(shelf, entry);
    must(map_remove(&shelf->map, entry->hash, entry));
    free(entry);
}

static void shelf_fini(struct shelf *shelf)
{
    while (shelf->oldest)
        drop_oldest(shelf);
    map_fini(&shelf->map);
}

void kube_correlator_free(struct kube_correlator *correlator)
{
    if (!correlator)
        return;
    shelf_fini(&correlator->series);
    shelf_fini(&correlator->buckets);
    free(correlator);
}

/* The entry, now the newest: an expired or a new one has nothing but its hash. */
static struct entry *use(struct shelf *shelf, uint64_t hash, size_t max_entries, int64_t now_ms)
{
    while (shelf->oldest && shelf->oldest->expires_ms <= now_ms)
        drop_oldest(shelf);
    struct map_cursor at = map_seek(&shelf->map, hash);
    struct entry *entry = map_next(&shelf->map, &at);
    if (entry) {
        unlink_entry(shelf, entry);
    } else {
        if (shelf->map.count >= max_entries)
            drop_oldest(shelf);
        entry = mem_alloc_zero(sizeof(*entry));
        entry->hash = hash;
        entry->expires_ms = now_ms;
        map_add(&shelf->map, hash, entry);
    }
    if (entry->expires_ms < now_ms)
        entry->expires_ms = now_ms;
    link_as_newest(shelf, entry);
    return entry;
}

static bool take_token(struct kube_correlator *correlator, uint64_t object_hash, int64_t now_ms)
{
    const struct kube_correlator_options *options = &correlator->options;
    struct entry *bucket = use(&correlator->buckets, object_hash, options->max_entries, now_ms);
    if (bucket->expires_ms - now_ms > (options->burst - 1) * options->refill_ms)
        return false;
    bucket->expires_ms += options->refill_ms;
    return true;
}

struct kube_event_verdict kube_correlator_judge(struct kube_correlator *correlator,
                                                const struct kube_event_facts *facts,
                                                int64_t now_ms, int64_t wall_ms,
                                                struct random *random)
{
    uint64_t hash = hash_stable(facts->kind);
    hash = hash_stable_more(hash, facts->ns);
    hash = hash_stable_more(hash, facts->name);
    hash = hash_stable_more(hash, facts->uid);
    if (!take_token(correlator, hash, now_ms))
        return (struct kube_event_verdict){.is_dropped = true};

    hash = hash_stable_more(hash, facts->type == KUBE_EVENT_NORMAL ? STR("N") : STR("W"));
    hash = hash_stable_more(hash, facts->reason);
    hash = hash_stable_more(hash, facts->message);
    struct entry *series = use(&correlator->series, hash, correlator->options.max_entries, now_ms);
    if (series->expires_ms <= now_ms) {
        series->id = random_next(random);
        series->first_ms = wall_ms;
        series->count = 0;
    }
    series->expires_ms = now_ms + correlator->options.window_ms;
    series->count++;
    return (struct kube_event_verdict){
        .is_repeat = series->count > 1,
        .id = series->id,
        .count = series->count,
        .first_ms = series->first_ms,
    };
}

size_t kube_correlator_count(const struct kube_correlator *correlator)
{
    return correlator->series.map.count + correlator->buckets.map.count;
}
