#include "kube/reports.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/must.h"

/* What a key says beyond that nobody reads, and it is walked once for each. */
enum { REPORTS_MAX = 64 };

/* Reasons are few: our decisions name them. */
struct reason {
    char *text; /* owned */
    size_t keys;
};

/* A report that a key has. */
struct item {
    int64_t since_ms;
    uint32_t message_hash;
    uint32_t reason : 31; /* index */
    uint32_t is_told : 1;
};

struct waiting {
    uint32_t count;
    struct item items[];
};

struct kube_reports {
    struct map keys; /* struct waiting, owned, one for each hash */
    struct reason *reasons;
    size_t reason_count;
};

struct kube_reports *kube_reports_new(void)
{
    return mem_alloc_zero(sizeof(struct kube_reports));
}

void kube_reports_free(struct kube_reports *reports)
{
    if (!reports)
        return;
    size_t index = 0;
    struct waiting *waiting;
    while ((waiting = map_each(&reports->keys, &index)) != NULL)
        free(waiting);
    map_fini(&reports->keys);
    for (size_t i = 0; i < reports->reason_count; i++)
        free(reports->reasons[i].text);
    free(reports->reasons);
    free(reports);
}

static uint32_t find_or_add_reason(struct kube_reports *reports, struct str text)
{
    for (size_t i = 0; i < reports->reason_count; i++)
        if (str_eq_cstr(text, reports->reasons[i].text))
            return (uint32_t)i;
    must(reports->reason_count < INT32_MAX);
    reports->reasons =
        mem_grow_array(reports->reasons, reports->reason_count + 1, sizeof(struct reason));
    reports->reasons[reports->reason_count] = (struct reason){.text = str_dup_cstr(text)};
    return (uint32_t)reports->reason_count++;
}

static struct item *find_item(struct waiting *waiting, uint32_t reason, uint32_t message_hash)
{
    for (uint32_t i = 0; waiting && i < waiting->count; i++)
        if (waiting->items[i].reason == reason && waiting->items[i].message_hash == message_hash)
            return &waiting->items[i];
    return NULL;
}

/* Adds `by` for each reason that the key has, once where it has one several times. */
static void count_key(struct kube_reports *reports, const struct waiting *waiting, int by)
{
    for (uint32_t i = 0; i < waiting->count; i++) {
        uint32_t earlier = 0;
        while (waiting->items[earlier].reason != waiting->items[i].reason)
            earlier++;
        if (earlier == i)
            reports->reasons[waiting->items[i].reason].keys += (size_t)by;
    }
}

static void forget(struct kube_reports *reports, uint64_t hash, struct waiting *waiting)
{
    count_key(reports, waiting, -1);
    must(map_remove(&reports->keys, hash, waiting));
    free(waiting);
}

/* What a key's reports were and are. */
struct update {
    struct waiting *before; /* NULL: none */
    struct waiting *after;
    int64_t now_ms;
    int64_t look_at_ms; /* -1: no patience is running */
};

/* Whether the report is to be told now. */
static bool note(struct kube_reports *reports, struct update *update,
                 const struct kube_report *report)
{
    if (str_is_empty(report->reason) || update->after->count == REPORTS_MAX)
        return false;
    uint32_t reason = find_or_add_reason(reports, report->reason);
    uint32_t message_hash = (uint32_t)hash_stable(report->message);
    if (find_item(update->after, reason, message_hash))
        return false; /* said twice in one breath */
    const struct item *known = find_item(update->before, reason, message_hash);
    struct item *item = &update->after->items[update->after->count++];
    *item = known ? *known : (struct item){update->now_ms, message_hash, reason, false};
    if (item->is_told)
        return false;
    int64_t due_ms = item->since_ms + report->patience_ms;
    if (due_ms <= update->now_ms) {
        item->is_told = true;
        return true;
    }
    if (update->look_at_ms < 0 || due_ms < update->look_at_ms)
        update->look_at_ms = due_ms;
    return false;
}

static struct waiting *waiting_new(size_t count)
{
    size_t room = count < REPORTS_MAX ? count : REPORTS_MAX;
    struct waiting *waiting = mem_alloc(sizeof(*waiting) + room * sizeof(struct item));
    waiting->count = 0;
    return waiting;
}

int64_t kube_reports_update(struct kube_reports *reports, struct kube_key key,
                            const struct kube_report *now, size_t count, int64_t now_ms,
                            bool *is_due_out)
{
    uint64_t hash = hash_table_key(key.ns, key.name);
    struct map_cursor at = map_seek(&reports->keys, hash);
    struct update update = {
        .before = map_next(&reports->keys, &at),
        .after = waiting_new(count),
        .now_ms = now_ms,
        .look_at_ms = -1,
    };
    for (size_t i = 0; i < count; i++)
        is_due_out[i] = note(reports, &update, &now[i]);
    if (update.before)
        forget(reports, hash, update.before);
    if (update.after->count == 0) {
        free(update.after);
        return -1;
    }
    count_key(reports, update.after, 1);
    map_add(&reports->keys, hash, update.after);
    return update.look_at_ms;
}

size_t kube_reports_keys(const struct kube_reports *reports)
{
    return reports->keys.count;
}

bool kube_reports_next(const struct kube_reports *reports, size_t *position, struct str *reason_out,
                       size_t *keys_out)
{
    if (*position >= reports->reason_count)
        return false;
    const struct reason *reason = &reports->reasons[(*position)++];
    *reason_out = str_from(reason->text);
    *keys_out = reason->keys;
    return true;
}
