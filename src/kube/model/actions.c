#include "kube/model/actions.h"

#include <inttypes.h>
#include <string.h>

#include "base/must.h"
#include "base/strbuf.h"

enum { CAPACITY_MIN = 4 };

void kube_actions_init(struct kube_actions *actions, struct arena *arena)
{
    *actions = (struct kube_actions){.arena = arena};
}

/* The array itself while it has room, else a copy with twice as much. */
static void *with_room(struct arena *arena, void *items, size_t count, size_t *capacity,
                       size_t item_bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity > 0 ? *capacity * 2 : CAPACITY_MIN;
    void *larger = arena_alloc_array(arena, *capacity, item_bytes);
    if (count > 0)
        memcpy(larger, items, count * item_bytes);
    return larger;
}

struct kube_action *kube_actions_add(struct kube_actions *actions, struct kube_action action)
{
    actions->items = with_room(actions->arena, actions->items, actions->count, &actions->capacity,
                               sizeof(action));
    action.ns = arena_dup_str(actions->arena, action.ns);
    action.name = arena_dup_str(actions->arena, action.name);
    action.uid = arena_dup_str(actions->arena, action.uid);
    actions->items[actions->count] = action;
    return &actions->items[actions->count++];
}

struct kube_report *kube_actions_report(struct kube_actions *actions, struct kube_report report)
{
    must(!str_is_empty(report.reason));
    actions->reports = with_room(actions->arena, actions->reports, actions->report_count,
                                 &actions->report_capacity, sizeof(report));
    actions->reports[actions->report_count] = report;
    return &actions->reports[actions->report_count++];
}

void kube_actions_look_again(struct kube_actions *actions, int64_t wall_ms)
{
    if (actions->look_again_ms == 0 || wall_ms < actions->look_again_ms)
        actions->look_again_ms = wall_ms;
}

static void append_part(struct strbuf *text, const char *verb, struct str part)
{
    if (text->len > 0)
        strbuf_append_cstr(text, "; ");
    strbuf_append_cstr(text, verb);
    strbuf_append(text, part);
}

struct str kube_actions_text(const struct kube_actions *actions)
{
    cleanup_strbuf struct strbuf text = {0};
    for (size_t i = 0; i < actions->count; i++)
        append_part(&text, "", actions->items[i].what);
    for (size_t i = 0; i < actions->report_count; i++)
        append_part(&text, "wait ", actions->reports[i].reason);
    if (actions->look_again_ms != 0) {
        append_part(&text, "again at ", STR(""));
        strbuf_printf(&text, "%" PRId64, actions->look_again_ms);
    }
    return arena_dup_str(actions->arena, strbuf_str(&text));
}
