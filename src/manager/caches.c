#include "manager/caches.h"

#include <stdlib.h>

#include "base/must.h"
#include "controllers/names.h"
#include "kube/reflector.h"
#include "kube/schema.h"

enum { SCHEMA_RETRY_FIRST_MS = 5000, SCHEMA_RETRY_MAX_MS = 300000 };

/* One kind. */
struct cache {
    struct caches *caches;
    struct kube_store *store;
    struct kube_reflector *reflector;
};

struct caches {
    struct kube_runtime *runtime;
    struct kube_client *client;
    struct world *world;
    struct kube_discovery *discovery;
    struct cache items[WORLD_KIND_COUNT];
    struct health_check checks[WORLD_KIND_COUNT];
    uv_timer_t schema_timer;
    int64_t schema_retry_ms;
    bool is_schema_asked; /* and answered, for better or worse */
    bool is_stopping;
    void (*changed)(void *ctx);
    void *changed_ctx;
    size_t open_parts;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static const char *const device_nameservers[] = {"spec", "network",     "devices",
                                                 "[]",   "nameservers", NULL};

static void ask_schema(struct caches *caches);

static void on_schema_timer(uv_timer_t *timer)
{
    ask_schema(timer->data);
}

/* The document may lag behind a CRD that was installed just now, so a failure is tried again. */
static void retry_schema_later(struct caches *caches, const struct error *err)
{
    log_debug(caches->runtime->log, 1, "ElfMachine's schema is not known, trying again later",
              LOG_ERR(err));
    must(uv_timer_start(&caches->schema_timer, on_schema_timer, (uint64_t)caches->schema_retry_ms,
                        0) == 0);
    caches->schema_retry_ms *= 2;
    if (caches->schema_retry_ms > SCHEMA_RETRY_MAX_MS)
        caches->schema_retry_ms = SCHEMA_RETRY_MAX_MS;
}

static void on_schema(void *ctx, bool has_field, const struct error *err)
{
    struct caches *caches = ctx;
    if (caches->is_stopping)
        return;
    if (err) {
        retry_schema_later(caches, err);
    } else {
        caches->schema_retry_ms = SCHEMA_RETRY_FIRST_MS;
        world_set_device_nameservers(caches->world, has_field
                                                        ? WORLD_DEVICE_NAMESERVERS_SUPPORTED
                                                        : WORLD_DEVICE_NAMESERVERS_UNSUPPORTED);
    }
    caches->is_schema_asked = true;
    caches->changed(caches->changed_ctx);
}

static void ask_schema(struct caches *caches)
{
    const struct kube_resource *resource = kube_discovery_find(caches->discovery, &elfmachine_kind);
    if (resource)
        kube_schema_ask(caches->client, resource, &elfmachine_kind, device_nameservers, on_schema,
                        caches);
}

static void on_discovered(void *ctx, const struct kube_kind *kind,
                          const struct kube_resource *resource)
{
    struct caches *caches = ctx;
    for (size_t i = 0; i < WORLD_KIND_COUNT; i++) {
        if (kube_store_kind(caches->items[i].store) == kind)
            kube_reflector_set_resource(caches->items[i].reflector, resource);
    }
    if (kind == &elfmachine_kind && resource)
        ask_schema(caches);
    caches->changed(caches->changed_ctx);
}

static void on_filled(void *ctx)
{
    const struct cache *cache = ctx;
    struct caches *caches = cache->caches;
    log_debug(caches->runtime->log, 1, "Cache filled",
              LOG_CSTR("kind", kube_store_kind(cache->store)->kind),
              LOG_INT("objects", (int64_t)kube_store_count(cache->store)),
              LOG_INT("bytes", (int64_t)kube_store_bytes(cache->store)));
    caches->changed(caches->changed_ctx);
}

static bool is_served(const struct cache *cache)
{
    return kube_discovery_find(cache->caches->discovery, kube_store_kind(cache->store)) != NULL;
}

static bool is_filled(void *ctx, struct strbuf *reason)
{
    const struct cache *cache = ctx;
    if (kube_store_is_filled(cache->store))
        return true;
    if (is_served(cache))
        strbuf_append_cstr(reason, "no complete list yet");
    else if (kube_discovery_is_complete(cache->caches->discovery))
        strbuf_printf(reason, "the API server has no such kind in %s: is its CRD installed?",
                      kube_store_kind(cache->store)->group);
    else
        strbuf_append_cstr(reason, "the API server has not said yet what it serves");
    return false;
}

static void init_cache(struct cache *cache, enum world_kind kind,
                       const struct caches_options *options)
{
    static const bool is_of_ipam[WORLD_KIND_COUNT] = {
        [WORLD_IPPOOLS] = true, [WORLD_IPCLAIMS] = true, [WORLD_IPADDRESSES] = true};
    const struct kube_reflector_handlers handlers = {.filled = on_filled};
    struct caches *caches = cache->caches;
    cleanup_strbuf struct strbuf selector = {0};
    if (kind == WORLD_ELFMACHINES && options->watch_filter[0] != '\0')
        strbuf_printf(&selector, LABEL_WATCH_FILTER "=%s", options->watch_filter);
    struct kube_reflector_options reflector_options = {
        .ns = is_of_ipam[kind] ? str_from(NULL) : str_from(options->ns),
        .label_selector = strbuf_str(&selector),
    };
    cache->reflector = kube_reflector_new(caches->runtime, caches->client, caches->discovery,
                                          cache->store, &reflector_options, &handlers, cache);
    kube_discovery_want(caches->discovery, kube_store_kind(cache->store));
}

struct caches *caches_new(struct kube_runtime *runtime, struct kube_client *client,
                          struct world *world, const struct caches_options *options)
{
    struct caches *caches = mem_alloc_zero(sizeof(*caches));
    caches->runtime = runtime;
    caches->client = client;
    caches->world = world;
    caches->changed = options->changed;
    caches->changed_ctx = options->ctx;
    caches->schema_retry_ms = SCHEMA_RETRY_FIRST_MS;
    caches->discovery = kube_discovery_new(runtime, client, on_discovered, caches);
    must(uv_timer_init(runtime->loop, &caches->schema_timer) == 0);
    caches->schema_timer.data = caches;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        struct cache *cache = &caches->items[kind];
        cache->caches = caches;
        cache->store = world_store(world, kind);
        init_cache(cache, kind, options);
        caches->checks[kind] =
            (struct health_check){kube_store_kind(cache->store)->plural, is_filled, cache};
    }
    return caches;
}

struct kube_discovery *caches_discovery(const struct caches *caches)
{
    return caches->discovery;
}

void caches_start(struct caches *caches)
{
    kube_discovery_start(caches->discovery);
}

bool caches_are_filled(const struct caches *caches)
{
    return !world_first_unknown(caches->world);
}

bool caches_are_settled(const struct caches *caches)
{
    if (!kube_discovery_is_complete(caches->discovery))
        return false;
    for (size_t i = 0; i < WORLD_KIND_COUNT; i++) {
        const struct cache *cache = &caches->items[i];
        if (is_served(cache) && !kube_store_is_filled(cache->store))
            return false;
    }
    return caches->is_schema_asked || !is_served(&caches->items[WORLD_ELFMACHINES]);
}

const struct health_check *caches_checks(const struct caches *caches)
{
    return caches->checks;
}

static void part_closed(void *ctx)
{
    struct caches *caches = ctx;
    if (--caches->open_parts == 0)
        caches->closed(caches->closed_ctx);
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void caches_stop(struct caches *caches, void (*closed)(void *ctx), void *ctx)
{
    caches->is_stopping = true;
    caches->closed = closed;
    caches->closed_ctx = ctx;
    caches->open_parts = WORLD_KIND_COUNT + 2;
    for (size_t i = 0; i < WORLD_KIND_COUNT; i++)
        kube_reflector_stop(caches->items[i].reflector, part_closed, caches);
    kube_discovery_stop(caches->discovery, part_closed, caches);
    uv_close((uv_handle_t *)&caches->schema_timer, timer_closed);
}

void caches_free(struct caches *caches)
{
    free(caches);
}
