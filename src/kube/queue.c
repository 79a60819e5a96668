#include "kube/queue.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/must.h"

enum {
    BACKOFF_FIRST_MS = 10,
    BACKOFF_MAX_MS = 5 * 60 * 1000,
    HEAP_MIN_CAPACITY = 16,
};

enum lane_name { LANE_URGENT, LANE_NORMAL, LANE_COUNT, LANE_NONE = LANE_COUNT };

/* What is known of a key. It exists while the key waits, is delayed, is worked on or has failures;
 * the rest of the keys cost nothing. */
struct entry {
    struct entry *prev; /* neighbours in the lane */
    struct entry *next;
    uint64_t hash;
    int64_t ready_since_ms;
    int64_t due_ms;
    uint32_t heap_place; /* index in the heap + 1; 0: not delayed */
    uint32_t failures;
    uint32_t ns_len;
    uint32_t name_len;
    uint8_t lane;    /* enum lane_name: where it waits, or will once it is no longer worked on */
    bool is_working; /* handed out: in no lane */
    char text[];     /* namespace, name */
};

/* First in, first out. */
struct lane {
    struct entry *first;
    struct entry *last;
    size_t count;
};

struct kube_queue {
    struct kube_queue_options options;
    struct random *random; /* borrowed */
    struct map entries;    /* struct entry, owned */
    struct lane lanes[LANE_COUNT];
    struct entry **heap; /* the delayed, a binary heap: the next one due comes first */
    size_t heap_count;
    size_t heap_capacity;
    size_t working;
    uint64_t adds;
    uint64_t retries;
};

struct kube_queue *kube_queue_new(const struct kube_queue_options *options, struct random *random)
{
    struct kube_queue *queue = mem_alloc_zero(sizeof(*queue));
    queue->options = *options;
    if (queue->options.backoff_first_ms <= 0)
        queue->options.backoff_first_ms = BACKOFF_FIRST_MS;
    if (queue->options.backoff_max_ms <= 0)
        queue->options.backoff_max_ms = BACKOFF_MAX_MS;
    queue->random = random;
    map_init(&queue->entries);
    return queue;
}

void kube_queue_free(struct kube_queue *queue)
{
    if (!queue)
        return;
    size_t index = 0;
    struct entry *entry;
    while ((entry = map_each(&queue->entries, &index)) != NULL)
        free(entry);
    map_fini(&queue->entries);
    free(queue->heap);
    free(queue);
}

static struct kube_key entry_key(const struct entry *entry)
{
    return (struct kube_key){{entry->text, entry->ns_len},
                             {entry->text + entry->ns_len, entry->name_len}};
}

static struct entry *find(const struct kube_queue *queue, struct kube_key key)
{
    struct map_cursor at = map_seek(&queue->entries, hash_table_key(key.ns, key.name));
    struct entry *entry;
    while ((entry = map_next(&queue->entries, &at)) != NULL) {
        struct kube_key found = entry_key(entry);
        if (str_eq(found.ns, key.ns) && str_eq(found.name, key.name))
            return entry;
    }
    return NULL;
}

static struct entry *find_or_add(struct kube_queue *queue, struct kube_key key)
{
    struct entry *entry = find(queue, key);
    if (entry)
        return entry;
    must(key.ns.len <= UINT32_MAX && key.name.len <= UINT32_MAX);
    entry = mem_alloc(sizeof(*entry) + key.ns.len + key.name.len);
    *entry = (struct entry){
        .hash = hash_table_key(key.ns, key.name),
        .ns_len = (uint32_t)key.ns.len,
        .name_len = (uint32_t)key.name.len,
        .lane = LANE_NONE,
    };
    if (key.ns.len > 0)
        memcpy(entry->text, key.ns.ptr, key.ns.len);
    if (key.name.len > 0)
        memcpy(entry->text + key.ns.len, key.name.ptr, key.name.len);
    map_add(&queue->entries, entry->hash, entry);
    return entry;
}

static void free_if_idle(struct kube_queue *queue, struct entry *entry)
{
    if (entry->is_working || entry->lane != LANE_NONE || entry->heap_place > 0 ||
        entry->failures > 0)
        return;
    must(map_remove(&queue->entries, entry->hash, entry));
    free(entry);
}

static void lane_append(struct lane *lane, struct entry *entry)
{
    entry->prev = lane->last;
    entry->next = NULL;
    if (lane->last)
        lane->last->next = entry;
    else
        lane->first = entry;
    lane->last = entry;
    lane->count++;
}

static void lane_remove(struct lane *lane, struct entry *entry)
{
    if (entry->prev)
        entry->prev->next = entry->next;
    else
        lane->first = entry->next;
    if (entry->next)
        entry->next->prev = entry->prev;
    else
        lane->last = entry->prev;
    lane->count--;
}

static void heap_set(struct kube_queue *queue, size_t index, struct entry *entry)
{
    queue->heap[index] = entry;
    entry->heap_place = (uint32_t)index + 1;
}

static void heap_sift_up(struct kube_queue *queue, size_t index)
{
    struct entry *entry = queue->heap[index];
    while (index > 0) {
        struct entry *parent = queue->heap[(index - 1) / 2];
        if (parent->due_ms <= entry->due_ms)
            break;
        heap_set(queue, index, parent);
        index = (index - 1) / 2;
    }
    heap_set(queue, index, entry);
}

static void heap_sift_down(struct kube_queue *queue, size_t index)
{
    struct entry *entry = queue->heap[index];
    for (;;) {
        size_t child = index * 2 + 1;
        if (child >= queue->heap_count)
            break;
        if (child + 1 < queue->heap_count &&
            queue->heap[child + 1]->due_ms < queue->heap[child]->due_ms)
            child++;
        if (entry->due_ms <= queue->heap[child]->due_ms)
            break;
        heap_set(queue, index, queue->heap[child]);
        index = child;
    }
    heap_set(queue, index, entry);
}

static void heap_resize(struct kube_queue *queue, size_t capacity)
{
    queue->heap = mem_grow_array(queue->heap, capacity, sizeof(struct entry *));
    queue->heap_capacity = capacity;
}

static void heap_add(struct kube_queue *queue, struct entry *entry)
{
    must(queue->heap_count < UINT32_MAX);
    if (queue->heap_count == queue->heap_capacity)
        heap_resize(queue, queue->heap_capacity > 0 ? queue->heap_capacity * 2 : HEAP_MIN_CAPACITY);
    queue->heap[queue->heap_count++] = entry;
    heap_sift_up(queue, queue->heap_count - 1);
}

static void heap_remove(struct kube_queue *queue, struct entry *entry)
{
    size_t hole = entry->heap_place - 1;
    struct entry *last = queue->heap[--queue->heap_count];
    entry->heap_place = 0;
    if (last != entry) {
        heap_set(queue, hole, last);
        heap_sift_up(queue, hole);
        heap_sift_down(queue, last->heap_place - 1);
    }
    if (queue->heap_capacity > HEAP_MIN_CAPACITY && queue->heap_count <= queue->heap_capacity / 4)
        heap_resize(queue, queue->heap_capacity / 2);
}

static void make_ready(struct kube_queue *queue, struct entry *entry, enum lane_name lane,
                       int64_t now_ms)
{
    if (entry->lane <= lane)
        return; /* waits there already, or where it is served earlier */
    if (entry->lane == LANE_NONE) {
        queue->adds++;
        entry->ready_since_ms = now_ms;
    } else if (!entry->is_working) {
        lane_remove(&queue->lanes[LANE_NORMAL], entry); /* the only one that can be left */
    }
    entry->lane = (uint8_t)lane;
    if (!entry->is_working)
        lane_append(&queue->lanes[lane], entry);
}

void kube_queue_add(struct kube_queue *queue, struct kube_key key, enum kube_urgency urgency,
                    int64_t now_ms)
{
    enum lane_name lane = urgency == KUBE_URGENT ? LANE_URGENT : LANE_NORMAL;
    make_ready(queue, find_or_add(queue, key), lane, now_ms);
}

static void delay_entry(struct kube_queue *queue, struct entry *entry, int64_t at_ms)
{
    if (entry->heap_place > 0) {
        if (entry->due_ms <= at_ms)
            return;
        entry->due_ms = at_ms;
        heap_sift_up(queue, entry->heap_place - 1);
        return;
    }
    entry->due_ms = at_ms;
    heap_add(queue, entry);
}

void kube_queue_add_at(struct kube_queue *queue, struct kube_key key, int64_t at_ms)
{
    delay_entry(queue, find_or_add(queue, key), at_ms);
}

/* Half of the wait is left to chance, so that what failed together does not return together. */
static int64_t backoff_ms(struct kube_queue *queue, uint32_t failures)
{
    int64_t wait_ms = queue->options.backoff_first_ms;
    for (uint32_t i = 1; i < failures && wait_ms < queue->options.backoff_max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > queue->options.backoff_max_ms)
        wait_ms = queue->options.backoff_max_ms;
    int64_t sure_ms = (wait_ms + 1) / 2;
    return sure_ms + (int64_t)random_below(queue->random, (uint64_t)(wait_ms - sure_ms) + 1);
}

int64_t kube_queue_add_failed(struct kube_queue *queue, struct kube_key key, int64_t now_ms)
{
    struct entry *entry = find_or_add(queue, key);
    if (entry->failures < UINT32_MAX)
        entry->failures++;
    queue->retries++;
    int64_t wait_ms = backoff_ms(queue, entry->failures);
    delay_entry(queue, entry, now_ms + wait_ms);
    return wait_ms;
}

void kube_queue_forget_failures(struct kube_queue *queue, struct kube_key key)
{
    struct entry *entry = find(queue, key);
    if (!entry)
        return;
    entry->failures = 0;
    free_if_idle(queue, entry);
}

static void wake_due(struct kube_queue *queue, int64_t now_ms)
{
    while (queue->heap_count > 0 && queue->heap[0]->due_ms <= now_ms) {
        struct entry *entry = queue->heap[0];
        heap_remove(queue, entry);
        make_ready(queue, entry, LANE_NORMAL, now_ms);
    }
}

bool kube_queue_take(struct kube_queue *queue, int64_t now_ms, struct kube_key *out)
{
    wake_due(queue, now_ms);
    struct entry *entry = queue->lanes[LANE_URGENT].first;
    if (!entry)
        entry = queue->lanes[LANE_NORMAL].first;
    if (!entry)
        return false;
    lane_remove(&queue->lanes[entry->lane], entry);
    if (entry->heap_place > 0)
        heap_remove(queue, entry);
    entry->lane = LANE_NONE;
    entry->is_working = true;
    queue->working++;
    *out = entry_key(entry);
    return true;
}

void kube_queue_done(struct kube_queue *queue, struct kube_key key, int64_t now_ms)
{
    struct entry *entry = find(queue, key);
    must(entry && entry->is_working);
    entry->is_working = false;
    queue->working--;
    if (entry->lane == LANE_NONE) {
        free_if_idle(queue, entry);
        return;
    }
    entry->ready_since_ms = now_ms;
    lane_append(&queue->lanes[entry->lane], entry);
}

int64_t kube_queue_next_due_ms(const struct kube_queue *queue)
{
    return queue->heap_count > 0 ? queue->heap[0]->due_ms : -1;
}

struct kube_queue_figures kube_queue_figures(const struct kube_queue *queue, int64_t now_ms)
{
    const struct lane *lanes = queue->lanes;
    struct kube_queue_figures figures = {
        .depth = lanes[LANE_URGENT].count + lanes[LANE_NORMAL].count,
        .delayed = queue->heap_count,
        .working = queue->working,
        .known = queue->entries.count,
        .adds = queue->adds,
        .retries = queue->retries,
    };
    int64_t oldest_ms = now_ms;
    if (lanes[LANE_NORMAL].first)
        oldest_ms = lanes[LANE_NORMAL].first->ready_since_ms;
    /* Not in the order of age: some came over from the normal lane, where they had waited. */
    for (const struct entry *entry = lanes[LANE_URGENT].first; entry; entry = entry->next)
        if (entry->ready_since_ms < oldest_ms)
            oldest_ms = entry->ready_since_ms;
    figures.longest_wait_ms = now_ms > oldest_ms ? now_ms - oldest_ms : 0;
    return figures;
}
