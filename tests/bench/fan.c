#include "bench/fan.h"

#include <stdlib.h>

#include "base/must.h"

struct fan_item {
    struct fan *fan;
    size_t number;
    size_t step;
};

struct fan {
    struct fan_plan plan;
    size_t begun;
    size_t ended;
    struct arena arena;
    struct fan_item *items;
};

static void advance(struct fan_item *item);

static void begin_items(struct fan *fan)
{
    const struct fan_plan *plan = &fan->plan;
    while (fan->begun < plan->count && (plan->width == 0 || fan->begun - fan->ended < plan->width))
        advance(&fan->items[fan->begun++]);
}

static void end_item(struct fan *fan)
{
    if (++fan->ended < fan->plan.count) {
        begin_items(fan);
        return;
    }
    const struct fan_plan plan = fan->plan;
    arena_fini(&fan->arena);
    free(fan->items);
    free(fan);
    if (plan.finished)
        plan.finished(plan.ctx);
}

static void on_answer(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct fan_item *item = ctx;
    const struct fan_plan *plan = &item->fan->plan;
    if (err && !(plan->takes_existing && err->code == ERROR_CONFLICT))
        bench_fail("a request failed", err);
    if (plan->answered)
        plan->answered(plan->ctx, item->number, item->step, response->body);
    item->step++;
    advance(item);
}

static void advance(struct fan_item *item)
{
    struct fan *fan = item->fan;
    struct kube_request request = {0};
    arena_reset(&fan->arena);
    if (fan->plan.request(fan->plan.ctx, item->number, item->step, &fan->arena, &request))
        kube_client_send(fan->plan.client, &request, on_answer, item);
    else
        end_item(fan);
}

void fan_start(const struct fan_plan *plan)
{
    must(plan->count > 0);
    struct fan *fan = mem_alloc_zero(sizeof(*fan));
    fan->plan = *plan;
    arena_init(&fan->arena);
    fan->items = mem_grow_array(NULL, plan->count, sizeof(*fan->items));
    for (size_t i = 0; i < plan->count; i++)
        fan->items[i] = (struct fan_item){.fan = fan, .number = i};
    begin_items(fan);
}
