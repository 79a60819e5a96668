#include "manager/manager.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "base/version.h"
#include "controllers/elfmachine_decide.h"
#include "controllers/provider.h"
#include "controllers/triggers.h"
#include "controllers/world.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/controller.h"
#include "kube/election.h"
#include "kube/recorder.h"
#include "kube/runtime.h"
#include "manager/caches.h"
#include "manager/health.h"
#include "manager/http_server.h"
#include "manager/memory.h"

/* From a signal to the end there are 10 s, which is also what Deployments of kubebuilder projects
 * allow before SIGKILL: these, and the 2 s in which an election gives the Lease up. */
enum { DRAIN_MS = 6500, FLUSH_MS = 1000, FLUSH_LOOK_MS = 20 };

/*   WAITING --elected, caches settled--> WORKING --signal--> DRAINING
 *   DRAINING --all is answered, or time is up--> RELEASING --the Lease is free--> FLUSHING
 *   FLUSHING --Events are written, or time is up--> CLOSING
 *
 *   WAITING --signal--> RELEASING
 *   WAITING, WORKING, DRAINING --the Lease is lost, nothing is written any more--> RELEASING */
enum phase { WAITING, WORKING, DRAINING, RELEASING, FLUSHING, CLOSING };

struct manager {
    const struct options *options;
    enum phase phase;
    int exit_code;
    bool is_elected;     /* or there is no election */
    bool is_filled_told; /* in the log */
    uv_loop_t loop;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_timer_t timer; /* of DRAINING and FLUSHING */
    uint64_t flush_until_ms;
    struct memory_trimmer trimmer;
    struct kube_runtime runtime;
    char *instance; /* name of this pod or host */

    /* In the order of their making: each uses those above it. NULL: not made, or stopped. */
    struct kube_config *config;
    struct http_server *http;
    struct kube_client *client;
    struct world *world;
    struct caches *caches;
    struct health health;
    struct kube_recorder *recorder;
    struct elfmachine_decider decider;
    struct kube_controller *controller;
    struct triggers *triggers;
    struct kube_election *election;

    size_t open_parts; /* of those that are being closed together */
};

/* ---- From waiting to working ---- */

static void tell_filled(struct manager *m)
{
    m->is_filled_told = true;
    size_t objects = 0;
    size_t bytes = 0;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        objects += kube_store_count(world_store(m->world, kind));
        bytes += kube_store_bytes(world_store(m->world, kind));
    }
    log_info(m->runtime.log, "All caches are filled", LOG_INT("objects", (int64_t)objects),
             LOG_INT("bytes", (int64_t)bytes));
}

/* Also when a kind is filled that was not served at first. */
static void on_changed(void *ctx)
{
    struct manager *m = ctx;
    memory_trimmer_touch(&m->trimmer);
    if (!m->is_filled_told && caches_are_filled(m->caches)) {
        tell_filled(m);
        if (m->phase == WORKING)
            triggers_wake_all(m->triggers);
    }
    if (m->phase == WAITING && m->is_elected && caches_are_settled(m->caches)) {
        m->phase = WORKING;
        log_info(m->runtime.log, "Working");
        kube_controller_start(m->controller);
    }
}

static void wake(void *ctx, struct kube_key key, enum kube_urgency urgency)
{
    struct manager *m = ctx;
    memory_trimmer_touch(&m->trimmer);
    if (m->controller)
        kube_controller_add(m->controller, key, urgency);
}

static void on_elected(void *ctx)
{
    struct manager *m = ctx;
    m->is_elected = true;
    on_changed(m);
}

/* ---- The end, step by step ---- */

/* They are part of struct manager, which outlives the loop. */
static void close_loop_handles(void *ctx)
{
    struct manager *m = ctx;
    uv_close((uv_handle_t *)&m->terminate, NULL);
    uv_close((uv_handle_t *)&m->interrupt, NULL);
    uv_close((uv_handle_t *)&m->timer, NULL);
    memory_trimmer_close(&m->trimmer);
}

static void part_closed(void *ctx)
{
    struct manager *m = ctx;
    if (--m->open_parts > 0)
        return;
    if (m->client)
        kube_client_stop(steal_ptr(m->client), close_loop_handles, m);
    else
        close_loop_handles(m);
}

/* What is left once nothing is to be written any more; also after half a start. */
static void close_parts(struct manager *m)
{
    m->phase = CLOSING;
    uv_timer_stop(&m->timer);
    m->open_parts = 1; /* this function */
    if (m->recorder) {
        m->open_parts++;
        kube_recorder_stop(steal_ptr(m->recorder), part_closed, m);
    }
    if (m->caches) {
        m->open_parts++;
        caches_stop(m->caches, part_closed, m);
    }
    if (m->http) {
        m->open_parts++;
        http_server_stop(steal_ptr(m->http), part_closed, m);
    }
    part_closed(m);
}

static void on_flush_timer(uv_timer_t *timer)
{
    struct manager *m = timer->data;
    if (kube_recorder_pending(m->recorder) == 0 || uv_now(&m->loop) >= m->flush_until_ms)
        close_parts(m);
}

static void flush(void *ctx)
{
    struct manager *m = ctx;
    m->phase = FLUSHING;
    m->flush_until_ms = uv_now(&m->loop) + FLUSH_MS;
    if (m->exit_code == 0 && kube_recorder_pending(m->recorder) > 0)
        must(uv_timer_start(&m->timer, on_flush_timer, FLUSH_LOOK_MS, FLUSH_LOOK_MS) == 0);
    else
        close_parts(m);
}

static void on_controller_closed(void *ctx)
{
    struct manager *m = ctx;
    if (m->election)
        kube_election_stop(steal_ptr(m->election), flush, m);
    else
        flush(m);
}

static void release(struct manager *m)
{
    m->phase = RELEASING;
    uv_timer_stop(&m->timer);
    kube_controller_stop(steal_ptr(m->controller), on_controller_closed, m);
}

static void on_drained(void *ctx)
{
    struct manager *m = ctx;
    if (m->phase == DRAINING)
        release(m);
}

static void on_drain_timer(uv_timer_t *timer)
{
    struct manager *m = timer->data;
    log_warning(m->runtime.log, "Some requests are not answered: not waiting any longer",
                LOG_INT("requests", (int64_t)kube_client_pending(m->client)));
    release(m);
}

static void on_lost(void *ctx)
{
    struct manager *m = ctx;
    log_info(m->runtime.log, "Ending", LOG_CSTR("because", "the Lease is lost"));
    kube_client_forbid_writes(m->client);
    m->exit_code = 1;
    if (m->phase < RELEASING)
        release(m);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct manager *m = handle->data;
    const char *name = number == SIGTERM ? "SIGTERM" : "SIGINT";
    if (m->phase > WORKING) {
        log_warning(m->runtime.log, "Ending at once", LOG_CSTR("because", name));
        _exit(1);
    }
    log_info(m->runtime.log, "Ending", LOG_CSTR("because", name));
    if (m->phase == WAITING) {
        release(m);
        return;
    }
    m->phase = DRAINING;
    must(uv_timer_start(&m->timer, on_drain_timer, DRAIN_MS, 0) == 0);
    kube_controller_drain(m->controller, on_drained, m);
}

/* ---- The start ---- */

static void init_loop(struct manager *m)
{
    must(uv_loop_init(&m->loop) == 0);
    must(uv_timer_init(&m->loop, &m->timer) == 0);
    must(uv_signal_init(&m->loop, &m->terminate) == 0);
    must(uv_signal_init(&m->loop, &m->interrupt) == 0);
    m->timer.data = m;
    m->terminate.data = m;
    m->interrupt.data = m;
    memory_trimmer_init(&m->trimmer, &m->loop);
}

static char *instance_name(const struct options *options)
{
    char host[UV_MAXHOSTNAMESIZE];
    size_t size_bytes = sizeof(host);
    if (options->pod_name[0] != '\0')
        return mem_dup_cstr(options->pod_name);
    return mem_dup_cstr(uv_os_gethostname(host, &size_bytes) == 0 ? host : "unknown");
}

static void answer_health(void *ctx, const struct http_request *request, struct http_answer *answer)
{
    const struct manager *m = ctx;
    health_answer(&m->health, request->path, http_request_has_query(request, "verbose"), answer);
}

static bool serve_health(struct manager *m, struct error *err)
{
    const char *address = m->options->health_addr;
    if (str_eq_cstr(str_from(address), "0") || address[0] == '\0')
        return true;
    if (!http_server_new(&m->loop, address, answer_health, m, &m->http, err))
        return error_wrap(err, "--health-addr");
    log_debug(m->runtime.log, 1, "Serving /healthz and /readyz", LOG_CSTR("address", address),
              LOG_INT("port", http_server_port(m->http)));
    return true;
}

static bool connect_client(struct manager *m, struct error *err)
{
    cleanup_strbuf struct strbuf user_agent = {0};
    strbuf_append_cstr(&user_agent, "cape-ip-manager/");
    version_append(&user_agent);
    const struct kube_client_options options = {
        .config = m->config,
        .user_agent = user_agent.data,
        .flow = {.qps = m->options->kube_api_qps, .burst = m->options->kube_api_burst},
    };
    return kube_client_new(&m->runtime, &options, &m->client, err);
}

static bool load_config(struct manager *m, struct error *err)
{
    const struct kube_config_options options = {
        .kubeconfig = m->options->kubeconfig,
        .context = m->options->context,
    };
    if (!kube_config_load(&options, &m->config, err))
        return false;
    log_info(m->runtime.log, "Starting cape-ip-manager", LOG_CSTR("version", version_text()),
             LOG_CSTR("server", m->config->server), LOG_CSTR("config", m->config->source),
             LOG_CSTR("context", m->config->context),
             LOG_CSTR("ipam", options_ipam_name(m->options)));
    options_log_ignored(m->options, m->runtime.log);
    return true;
}

static void make_controller(struct manager *m)
{
    const struct caches_options caches_options = {
        .ns = m->options->ns,
        .watch_filter = m->options->watch_filter,
        .changed = on_changed,
        .ctx = m,
    };
    m->world = world_new(&(struct world_options){.clock = m->runtime.clock});
    m->caches = caches_new(&m->runtime, m->client, m->world, &caches_options);
    m->health = (struct health){caches_checks(m->caches), WORLD_KIND_COUNT};
    m->recorder = kube_recorder_new(
        &m->runtime, m->client,
        &(struct kube_recorder_options){.component = "cape-ip-manager", .instance = m->instance});
    m->decider = (struct elfmachine_decider){
        .world = m->world,
        .provider = &provider_metal3,
        .watch_filter = m->options->watch_filter,
    };
    const struct kube_controller_options options = {
        .name = "elfmachine",
        .subjects = world_store(m->world, WORLD_ELFMACHINES),
        .stores = world_stores(m->world),
        .concurrency = (size_t)m->options->elfmachine_concurrency,
        .sync_period_ms = m->options->sync_period_ms,
        .decide = elfmachine_decide,
        .ctx = &m->decider,
    };
    m->controller = kube_controller_new(&m->runtime, m->client, caches_discovery(m->caches),
                                        m->recorder, &options);
    m->triggers = triggers_new(m->world, wake, m);
}

/* As client-go's: the host, and a random UUID for each life of the process. */
static void append_identity(struct manager *m, struct strbuf *out)
{
    uint64_t high = random_next(&m->runtime.random);
    uint64_t low = random_next(&m->runtime.random);
    strbuf_printf(out, "%s_%08x-%04x-4%03x-%04x-%012llx", m->instance, (unsigned)(high >> 32),
                  (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
                  (unsigned)((low >> 48 & 0x3fff) | 0x8000),
                  (unsigned long long)(low & 0xffffffffffff));
}

static void make_election(struct manager *m)
{
    static const struct kube_election_handlers handlers = {.elected = on_elected, .lost = on_lost};
    const struct options *options = m->options;
    m->is_elected = !options->leader_elect;
    if (!options->leader_elect)
        return;
    cleanup_strbuf struct strbuf identity = {0};
    append_identity(m, &identity);
    const char *ns = options->leader_election_namespace;
    const struct kube_election_options election_options = {
        .ns = str_from(ns[0] != '\0' ? ns : m->config->namespace_),
        .name = str_from(options->leader_election_id),
        .identity = strbuf_str(&identity),
        .lease_duration_ms = options->lease_duration_ms,
        .renew_deadline_ms = options->renew_deadline_ms,
        .retry_period_ms = options->retry_period_ms,
    };
    m->election = kube_election_new(&m->runtime, m->client, &election_options, &handlers, m);
}

static bool start(struct manager *m, struct error *err)
{
    if (!load_config(m, err) || !serve_health(m, err) || !connect_client(m, err))
        return false;
    make_controller(m);
    make_election(m);
    must(uv_signal_start(&m->terminate, on_signal, SIGTERM) == 0);
    must(uv_signal_start(&m->interrupt, on_signal, SIGINT) == 0);
    caches_start(m->caches);
    if (m->election)
        kube_election_start(m->election);
    return true;
}

static void free_all(struct manager *m)
{
    if (m->triggers)
        triggers_free(m->triggers);
    if (m->caches)
        caches_free(m->caches);
    if (m->world)
        world_free(m->world);
    kube_config_free(m->config);
    free(m->instance);
}

int manager_run(const struct options *options, struct log *log)
{
    struct manager m = {.options = options};
    m.runtime = (struct kube_runtime){.loop = &m.loop, .log = log, .clock = clock_system()};
    random_init(&m.runtime.random, random_seed_from_system());
    m.instance = instance_name(options);
    init_loop(&m);
    struct error err = {0};
    if (!start(&m, &err)) {
        log_error(log, "Cannot start", LOG_ERR(&err));
        m.exit_code = 1;
        close_parts(&m);
    }
    must(uv_run(&m.loop, UV_RUN_DEFAULT) == 0);
    must(uv_loop_close(&m.loop) == 0);
    free_all(&m);
    if (m.exit_code == 0)
        log_info(log, "Ended");
    return m.exit_code;
}
