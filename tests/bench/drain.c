#include "bench/drain.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "bench/bench.h"
#include "kube/model/watch_event.h"

struct drain {
    struct kube_client *client;
    const struct kube_resource *resource;
    enum kube_accept accept;
    struct strbuf last_line; /* says where to resume */
};

static void open_stream(struct drain *drain);

static bool on_line(void *ctx, struct str line)
{
    struct drain *drain = ctx;
    strbuf_clear(&drain->last_line);
    strbuf_append(&drain->last_line, line);
    return true;
}

/* The API server ends watches that lag, in order: usual in bursts. */
static void on_ended(void *ctx, const struct error *err)
{
    if (err)
        bench_fail("a watch broke", err);
    open_stream(ctx);
}

static uint64_t resume_at(const struct drain *drain)
{
    struct kube_watch_event event;
    struct error err;
    if (drain->last_line.len == 0 ||
        !kube_watch_event_parse(strbuf_str(&drain->last_line), &event, &err))
        return 0;
    uint64_t resource_version = event.resource_version;
    kube_watch_event_fini(&event);
    return resource_version;
}

static void open_stream(struct drain *drain)
{
    static const struct kube_stream_handlers handlers = {on_line, on_ended};
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct str path = kube_path(&arena, drain->resource, STR(""), STR(""));
    path = kube_path_query(&arena, path, "watch", STR("true"));
    path = kube_path_query(&arena, path, "allowWatchBookmarks", STR("true"));
    uint64_t resource_version = resume_at(drain);
    if (resource_version > 0) /* else it begins with what there is */
        path = kube_path_query(&arena, path, "resourceVersion",
                               arena_printf(&arena, "%" PRIu64, resource_version));
    kube_client_stream(drain->client, path, drain->accept, &handlers, drain);
}

void drain_start(struct kube_client *client, const struct kube_resource *resource,
                 enum kube_accept accept)
{
    struct drain *drain = mem_alloc_zero(sizeof(*drain));
    drain->client = client;
    drain->resource = resource;
    drain->accept = accept;
    open_stream(drain);
}
