#include "kube/reflector.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "kube/feed.h"
#include "kube/model/status.h"
#include "kube/reflector_state.h"

enum {
    PAGE_ITEMS = 500,
    WATCH_MIN_S = 5 * 60, /* then the server ends it; by chance up to twice as long */
    NUMBER_MAX = 24,
    HTTP_STATUS_MIN = 400, /* smaller details of an error are errnos and CURLcodes */
};

struct kube_reflector {
    struct kube_runtime *runtime;
    struct kube_client *client;
    struct kube_discovery *discovery; /* NULL: none */
    struct kube_store *store;
    char *ns;
    char *label_selector;
    char *field_selector;
    struct kube_reflector_handlers handlers;
    void *ctx;

    struct kube_reflector_state state;
    struct kube_feed feed;
    struct arena resource_arena;
    struct kube_resource resource; /* where it was served last, in resource_arena */
    struct kube_stream *stream;    /* at most one of these two is under way */
    struct kube_call *call;
    char *continue_token; /* of the next page */
    bool has_error_event; /* the stream is being ended because of error_event */
    struct error error_event;
    bool was_filled;
    uint64_t lists;
    uint64_t watches;

    uv_timer_t timer;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static const char *plural_of(const struct kube_reflector *reflector)
{
    return kube_store_kind(reflector->store)->plural;
}

struct kube_reflector *kube_reflector_new(struct kube_runtime *runtime, struct kube_client *client,
                                          struct kube_discovery *discovery,
                                          struct kube_store *store,
                                          const struct kube_reflector_options *options,
                                          const struct kube_reflector_handlers *handlers, void *ctx)
{
    struct kube_reflector *reflector = mem_alloc_zero(sizeof(*reflector));
    reflector->runtime = runtime;
    reflector->client = client;
    reflector->discovery = discovery;
    reflector->store = store;
    reflector->ns = str_dup_cstr(options->ns);
    reflector->label_selector = str_dup_cstr(options->label_selector);
    reflector->field_selector = str_dup_cstr(options->field_selector);
    reflector->handlers = *handlers;
    reflector->ctx = ctx;
    kube_reflector_state_init(&reflector->state);
    kube_feed_init(&reflector->feed, store, runtime->log);
    arena_init(&reflector->resource_arena);
    must(uv_timer_init(runtime->loop, &reflector->timer) == 0);
    reflector->timer.data = reflector;
    return reflector;
}

static void on_closed(uv_handle_t *timer)
{
    struct kube_reflector *reflector = timer->data;
    void (*closed)(void *ctx) = reflector->closed;
    void *closed_ctx = reflector->closed_ctx;
    kube_feed_fini(&reflector->feed);
    arena_fini(&reflector->resource_arena);
    free(reflector->ns);
    free(reflector->label_selector);
    free(reflector->field_selector);
    free(reflector->continue_token);
    free(reflector);
    if (closed)
        closed(closed_ctx);
}

static void step(struct kube_reflector *reflector, struct kube_reflector_event event,
                 const struct error *why);

static struct str query(struct arena *arena, struct str path, const char *key, const char *value)
{
    return value[0] == '\0' ? path : kube_path_query(arena, path, key, str_from(value));
}

static struct str collection_path(const struct kube_reflector *reflector, struct arena *arena)
{
    struct str path =
        kube_path(arena, &reflector->resource, str_from(reflector->ns), (struct str){NULL, 0});
    path = query(arena, path, "labelSelector", reflector->label_selector);
    return query(arena, path, "fieldSelector", reflector->field_selector);
}

static bool on_line(void *ctx, struct str line);
static void on_stream_ended(void *ctx, const struct error *err);
static void on_page(void *ctx, const struct kube_response *response, const struct error *err);

static void watch_at(struct kube_reflector *reflector, struct arena *arena, struct str path)
{
    static const struct kube_stream_handlers handlers = {on_line, on_stream_ended};
    bool is_metadata_only = kube_store_kind(reflector->store)->is_metadata_only;
    char seconds[NUMBER_MAX];
    snprintf(seconds, sizeof(seconds), "%" PRIu64,
             WATCH_MIN_S + random_below(&reflector->runtime->random, WATCH_MIN_S));
    path = query(arena, path, "watch", "true");
    path = query(arena, path, "allowWatchBookmarks", "true");
    path = query(arena, path, "timeoutSeconds", seconds);
    reflector->has_error_event = false;
    reflector->watches++;
    reflector->stream = kube_client_stream(
        reflector->client, path, is_metadata_only ? KUBE_ACCEPT_PARTIAL_METADATA : KUBE_ACCEPT_JSON,
        &handlers, reflector);
}

static void start_streamed_list(struct kube_reflector *reflector)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    struct str path = collection_path(reflector, &arena);
    path = query(&arena, path, "sendInitialEvents", "true");
    path = query(&arena, path, "resourceVersionMatch", "NotOlderThan");
    reflector->lists++;
    kube_store_list_begin(reflector->store);
    watch_at(reflector, &arena, path);
}

static void start_watch(struct kube_reflector *reflector)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    char version[NUMBER_MAX];
    snprintf(version, sizeof(version), "%" PRIu64, reflector->state.resource_version);
    struct str path = collection_path(reflector, &arena);
    path = query(&arena, path, "resourceVersion", version);
    watch_at(reflector, &arena, path);
}

static void start_page(struct kube_reflector *reflector)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    bool is_metadata_only = kube_store_kind(reflector->store)->is_metadata_only;
    char limit[NUMBER_MAX];
    snprintf(limit, sizeof(limit), "%d", PAGE_ITEMS);
    struct str path = collection_path(reflector, &arena);
    path = query(&arena, path, "limit", limit);
    if (reflector->continue_token)
        path = query(&arena, path, "continue", reflector->continue_token);
    const struct kube_request request = {
        .verb = KUBE_GET,
        .accept = is_metadata_only ? KUBE_ACCEPT_PARTIAL_METADATA_LIST : KUBE_ACCEPT_JSON,
        .priority = KUBE_PRIORITY_NORMAL,
        .path = path,
        .resource = plural_of(reflector),
    };
    reflector->call = kube_client_send(reflector->client, &request, on_page, reflector);
}

static void start_first_page(struct kube_reflector *reflector)
{
    free(steal_ptr(reflector->continue_token));
    reflector->lists++;
    kube_store_list_begin(reflector->store);
    start_page(reflector);
}

static void cancel_request(struct kube_reflector *reflector)
{
    if (reflector->stream)
        kube_stream_cancel(reflector->stream);
    if (reflector->call)
        kube_call_cancel(reflector->call);
}

static void on_timer(uv_timer_t *timer)
{
    struct kube_reflector *reflector = timer->data;
    step(reflector, (struct kube_reflector_event){.type = KUBE_REFLECTOR_TIME_IS_UP}, NULL);
}

static void act(struct kube_reflector *reflector, const struct kube_reflector_effect *effect)
{
    if (reflector->state.phase != KUBE_REFLECTOR_PAUSING)
        uv_timer_stop(&reflector->timer);
    switch (effect->act) {
    case KUBE_REFLECTOR_KEEP:
        break;
    case KUBE_REFLECTOR_STREAM:
        start_streamed_list(reflector);
        break;
    case KUBE_REFLECTOR_FIRST_PAGE:
        start_first_page(reflector);
        break;
    case KUBE_REFLECTOR_NEXT_PAGE:
        start_page(reflector);
        break;
    case KUBE_REFLECTOR_WATCH:
        start_watch(reflector);
        break;
    case KUBE_REFLECTOR_PAUSE:
        uv_timer_start(&reflector->timer, on_timer, (uint64_t)effect->pause_ms, 0);
        break;
    case KUBE_REFLECTOR_CANCEL:
        cancel_request(reflector);
        break;
    case KUBE_REFLECTOR_CLOSE:
        uv_close((uv_handle_t *)&reflector->timer, on_closed);
        break;
    }
}

static void tell(const struct kube_reflector *reflector, const struct kube_reflector_effect *effect,
                 const struct error *why)
{
    struct log *log = reflector->runtime->log;
    if (effect->is_recovery)
        log_info(log, "Listed and watched again", LOG_CSTR("resource", plural_of(reflector)));
    if (!why)
        return;
    if (!effect->is_news)
        log_debug(log, 2, "A list or watch failed and is tried again",
                  LOG_CSTR("resource", plural_of(reflector)), LOG_ERR(why),
                  LOG_INT("pauseMs", effect->pause_ms));
    else if (why->code == ERROR_GONE) /* as after every restart of an API server */
        log_info(log, "The server has forgotten where the watch was: listing anew",
                 LOG_CSTR("resource", plural_of(reflector)), LOG_ERR(why));
    else if (why->code == ERROR_DENIED)
        log_warning(log, "Cannot list or watch: check RBAC and credentials",
                    LOG_CSTR("resource", plural_of(reflector)), LOG_ERR(why));
    else
        log_warning(log, "Cannot list or watch: trying again and again",
                    LOG_CSTR("resource", plural_of(reflector)), LOG_ERR(why));
}

/* `why` is the failure that the event tells of; NULL: none. */
static void step(struct kube_reflector *reflector, struct kube_reflector_event event,
                 const struct error *why)
{
    event.now_ms = clock_mono_ms(&reflector->runtime->clock);
    struct kube_reflector_effect effect =
        kube_reflector_step(&reflector->state, &event, &reflector->runtime->random);
    tell(reflector, &effect, why);
    act(reflector, &effect);
    if (effect.doubts_kind && reflector->discovery)
        kube_discovery_doubt(reflector->discovery, kube_store_kind(reflector->store));
}

static bool is_streaming(const struct kube_reflector *reflector)
{
    return reflector->state.phase == KUBE_REFLECTOR_STREAMING ||
           reflector->state.phase == KUBE_REFLECTOR_WATCHING;
}

static void list_is_whole(struct kube_reflector *reflector, uint64_t resource_version)
{
    kube_store_list_end(reflector->store, resource_version);
    if (reflector->state.phase != KUBE_REFLECTOR_STREAMING &&
        reflector->state.phase != KUBE_REFLECTOR_PAGING)
        return; /* a listener has stopped it */
    step(reflector,
         (struct kube_reflector_event){.type = KUBE_REFLECTOR_LISTED,
                                       .resource_version = resource_version},
         NULL);
    bool is_first = !reflector->was_filled;
    reflector->was_filled = true;
    if (is_first && reflector->handlers.filled)
        reflector->handlers.filled(reflector->ctx);
}

static void has_come_to(struct kube_reflector *reflector, uint64_t resource_version)
{
    if (reflector->state.phase != KUBE_REFLECTOR_WATCHING)
        return;
    kube_store_saw(reflector->store, resource_version);
    step(reflector,
         (struct kube_reflector_event){.type = KUBE_REFLECTOR_PROGRESS,
                                       .resource_version = resource_version},
         NULL);
}

static bool on_line(void *ctx, struct str line)
{
    struct kube_reflector *reflector = ctx;
    uint64_t resource_version = 0;
    struct error err = {0};
    if (!is_streaming(reflector))
        return false; /* cancelled */
    switch (kube_feed_line(&reflector->feed, line, &resource_version, &err)) {
    case KUBE_FEED_UNREADABLE:
        break;
    case KUBE_FEED_OBJECT:
    case KUBE_FEED_BOOKMARK:
        has_come_to(reflector, resource_version);
        break;
    case KUBE_FEED_INITIAL_END:
        if (reflector->state.phase == KUBE_REFLECTOR_STREAMING && resource_version > 0)
            list_is_whole(reflector, resource_version);
        break;
    case KUBE_FEED_ERROR:
        reflector->error_event = err;
        reflector->has_error_event = true;
        return false;
    }
    return is_streaming(reflector);
}

static void request_ended(struct kube_reflector *reflector, const struct error *why,
                          int64_t retry_after_ms, bool is_error_event)
{
    struct kube_reflector_event event = {
        .type = KUBE_REFLECTOR_ENDED,
        .retry_after_ms = retry_after_ms,
        .is_error_event = is_error_event,
    };
    if (why) {
        event.code = why->code;
        event.http_status = why->detail >= HTTP_STATUS_MIN ? why->detail : 0;
    }
    step(reflector, event, reflector->state.phase == KUBE_REFLECTOR_CLOSING ? NULL : why);
}

static void on_stream_ended(void *ctx, const struct error *err)
{
    struct kube_reflector *reflector = ctx;
    reflector->stream = NULL;
    if (reflector->has_error_event)
        request_ended(reflector, &reflector->error_event, 0, true);
    else
        request_ended(reflector, err, 0, false);
}

static void on_page(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct kube_reflector *reflector = ctx;
    struct kube_feed_page page = {0};
    struct error bad_page = {0};
    reflector->call = NULL;
    if (err || reflector->state.phase == KUBE_REFLECTOR_CLOSING) {
        request_ended(reflector, err, response ? kube_status_retry_after_ms(response->body) : 0,
                      false);
        return;
    }
    if (!kube_feed_page(&reflector->feed, response->body, &page, &bad_page)) {
        request_ended(reflector, &bad_page, 0, false);
        return;
    }
    free(reflector->continue_token);
    reflector->continue_token = page.continue_token;
    if (!page.continue_token)
        list_is_whole(reflector, page.resource_version);
    else if (reflector->state.phase == KUBE_REFLECTOR_PAGING)
        step(reflector, (struct kube_reflector_event){.type = KUBE_REFLECTOR_PAGE}, NULL);
    if (reflector->state.phase == KUBE_REFLECTOR_CLOSING && !reflector->call && !reflector->stream)
        request_ended(reflector, NULL, 0, false); /* a listener has stopped it */
}

static bool is_same_resource(const struct kube_resource *a, const struct kube_resource *b)
{
    return str_eq(a->group, b->group) && str_eq(a->version, b->version) &&
           str_eq(a->plural, b->plural) && a->is_namespaced == b->is_namespaced;
}

static void keep_resource(struct kube_reflector *reflector, const struct kube_resource *resource)
{
    struct arena *arena = &reflector->resource_arena;
    arena_reset(arena);
    reflector->resource = (struct kube_resource){
        .group = arena_dup_str(arena, resource->group),
        .version = arena_dup_str(arena, resource->version),
        .plural = arena_dup_str(arena, resource->plural),
        .is_namespaced = resource->is_namespaced,
    };
}

void kube_reflector_set_resource(struct kube_reflector *reflector,
                                 const struct kube_resource *resource)
{
    struct kube_reflector_event event = {.type = KUBE_REFLECTOR_WITHDRAWN};
    if (resource) {
        event.type = KUBE_REFLECTOR_SERVED;
        event.is_same_resource = is_same_resource(&reflector->resource, resource);
        if (!event.is_same_resource)
            keep_resource(reflector, resource);
    }
    step(reflector, event, NULL);
}

struct kube_reflector_figures kube_reflector_figures(const struct kube_reflector *reflector)
{
    return (struct kube_reflector_figures){
        .lists = reflector->lists,
        .watches = reflector->watches,
        .events = reflector->feed.events,
        .bad_lines = reflector->feed.bad_lines,
    };
}

void kube_reflector_stop(struct kube_reflector *reflector, void (*closed)(void *ctx), void *ctx)
{
    must(!reflector->state.is_stopping);
    reflector->closed = closed;
    reflector->closed_ctx = ctx;
    step(reflector, (struct kube_reflector_event){.type = KUBE_REFLECTOR_STOP}, NULL);
}
