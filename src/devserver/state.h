/* What the API keeps on the loop from dev_api_start to dev_api_stop. */
#pragma once
#include "devserver/api.h"
#include "devserver/collector.h"
#include "devserver/hold.h"
#include "devserver/stream.h"

struct dev_api {
    struct dev_collector *collector;
    struct dev_streams streams;
    struct dev_holds holds;
    bool is_stopping;
    size_t open_parts; /* of a stop */
    void (*closed)(void *ctx);
    void *closed_ctx;
};
