#include "devserver/hold.h"

#include <stdlib.h>

#include "base/must.h"

struct dev_hold {
    struct dev_holds *all;
    struct dev_hold *next;
    struct dev_hold **link; /* what points at it */
    uv_timer_t timer;
    struct dev_http_request request; /* what it refers to lives until the answer */
    dev_http_fn *serve;
    void *ctx;
};

static void on_closed(uv_handle_t *timer)
{
    struct dev_hold *hold = timer->data;
    struct dev_holds *all = hold->all;
    *hold->link = hold->next;
    if (hold->next)
        hold->next->link = hold->link;
    free(hold);
    if (!all->first && all->closed)
        all->closed(all->closed_ctx);
}

static void on_timer(uv_timer_t *timer)
{
    struct dev_hold *hold = timer->data;
    uv_close((uv_handle_t *)timer, on_closed);
    hold->serve(hold->ctx, &hold->request);
}

void dev_hold(struct dev_holds *holds, uv_loop_t *loop, const struct dev_http_request *request,
              int64_t delay_ms, dev_http_fn *serve, void *ctx)
{
    struct dev_hold *hold = mem_alloc_zero(sizeof(*hold));
    *hold = (struct dev_hold){
        .all = holds,
        .next = holds->first,
        .link = &holds->first,
        .request = *request,
        .serve = serve,
        .ctx = ctx,
    };
    if (holds->first)
        holds->first->link = &hold->next;
    holds->first = hold;
    must(uv_timer_init(loop, &hold->timer) == 0);
    hold->timer.data = hold;
    uv_timer_start(&hold->timer, on_timer, delay_ms > 0 ? (uint64_t)delay_ms : 0, 0);
}

void dev_holds_stop(struct dev_holds *holds, void (*closed)(void *ctx), void *ctx)
{
    holds->closed = closed;
    holds->closed_ctx = ctx;
    for (struct dev_hold *hold = holds->first; hold; hold = hold->next) {
        if (uv_is_closing((uv_handle_t *)&hold->timer))
            continue; /* served */
        dev_http_cut(hold->request.exchange, STR(""));
        uv_close((uv_handle_t *)&hold->timer, on_closed);
    }
    if (!holds->first)
        closed(ctx);
}
