/* Many alike: each item is a chain of requests, one after the other; the items go side by side. A
 * refused request ends the program. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "bench/bench.h"
#include "kube/client.h"

struct fan_plan {
    size_t count;
    size_t width;        /* items at a time; 0: all */
    bool takes_existing; /* 409 is as good as an answer */
    struct kube_client *client;
    /* Fills the request of this step; what it points at lives in the arena, or until it has been
     * answered. False: the item has no such step. Steps count from 0. */
    bool (*request)(void *ctx, size_t item, size_t step, struct arena *arena,
                    struct kube_request *out);
    void (*answered)(void *ctx, size_t item, size_t step, struct str body); /* NULL: nobody asks */
    void (*finished)(void *ctx); /* all items; NULL: nobody asks */
    void *ctx;
};

void fan_start(const struct fan_plan *plan); /* copied; count > 0 */
