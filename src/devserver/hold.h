/* Requests that a fault delays: kept on the loop for a while, then served. */
#pragma once
#include <stdint.h>
#include <uv.h>

#include "devserver/http.h"

struct dev_hold;
struct dev_holds {
    struct dev_hold *first;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* `serve` is called after delay_ms, unless they are stopped before. */
void dev_hold(struct dev_holds *holds, uv_loop_t *loop, const struct dev_http_request *request,
              int64_t delay_ms, dev_http_fn *serve, void *ctx);
/* Cuts the connections of all. `closed` comes when they are freed: from the loop, or at once when
 * there are none. */
void dev_holds_stop(struct dev_holds *holds, void (*closed)(void *ctx), void *ctx);
