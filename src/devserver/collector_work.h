/* What the collector does to the object that it looks at. Part of the collector. */
#pragma once
#include <yyjson.h>

#include "devserver/api.h"
#include "devserver/owners.h"

struct dev_collector_ctx {
    struct dev_server *server;
    const struct dev_owners *owners;
    /* Look at that one (again) later. */
    void (*look)(void *ctx, const struct dev_key *key);
    void *ctx;
};
void dev_collector_look(const struct dev_collector_ctx *collector, const struct dev_key *key);
