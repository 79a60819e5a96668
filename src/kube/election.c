#include "kube/election.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/must.h"
#include "kube/election_state.h"
#include "kube/lease_kind.h"
#include "kube/model/json.h"
#include "kube/reflector.h"

static const int64_t LEASE_DURATION_MAX_MS = INT32_MAX * INT64_C(1000); /* by the API */

struct kube_election {
    struct kube_runtime *runtime;
    struct kube_client *client;
    char *ns;
    char *name;
    char *identity;
    struct kube_election_handlers handlers;
    void *ctx;

    struct kube_election_state state;
    struct kube_call *call;     /* the one under way */
    enum kube_verb asking;      /* its verb */
    yyjson_doc *seen;           /* the Lease as the server answered last; NULL: not yet */
    enum error_code told;       /* the trouble that was logged last */
    struct kube_store *watched; /* the Lease as the watch has it, while standing by */
    struct kube_reflector *watch;

    uv_timer_t timer;
    size_t open_parts; /* the timer and watches: what is to be closed before it is freed */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

bool kube_election_options_check(const struct kube_election_options *options, struct error *err)
{
    if (str_is_empty(options->ns) || str_is_empty(options->name) || str_is_empty(options->identity))
        return error_set(err, ERROR_INVALID,
                         "leader election needs a namespace, a name and an identity");
    if (options->lease_duration_ms < 1000 || options->lease_duration_ms > LEASE_DURATION_MAX_MS)
        return error_set(err, ERROR_INVALID,
                         "the lease duration must be at least 1s and fit into "
                         "32 bits of seconds");
    if (options->retry_period_ms < 1)
        return error_set(err, ERROR_INVALID, "the retry period must be greater than 0");
    if (options->lease_duration_ms <= options->renew_deadline_ms)
        return error_set(err, ERROR_INVALID,
                         "the lease duration must be greater than the renew deadline");
    if (options->renew_deadline_ms <= options->retry_period_ms ||
        options->renew_deadline_ms * 5 <= options->retry_period_ms * 6)
        return error_set(err, ERROR_INVALID,
                         "the renew deadline must be greater than 1.2 retry periods");
    return true;
}

struct kube_election *kube_election_new(struct kube_runtime *runtime, struct kube_client *client,
                                        const struct kube_election_options *options,
                                        const struct kube_election_handlers *handlers, void *ctx)
{
    struct error err;
    must(kube_election_options_check(options, &err));
    const struct kube_election_timing timing = {
        .lease_duration_ms = options->lease_duration_ms,
        .renew_deadline_ms = options->renew_deadline_ms,
        .retry_period_ms = options->retry_period_ms,
    };
    struct kube_election *election = mem_alloc_zero(sizeof(*election));
    election->runtime = runtime;
    election->client = client;
    election->ns = str_dup_cstr(options->ns);
    election->name = str_dup_cstr(options->name);
    election->identity = str_dup_cstr(options->identity);
    election->handlers = *handlers;
    election->ctx = ctx;
    kube_election_state_init(&election->state, &timing, str_from(election->identity));
    must(uv_timer_init(runtime->loop, &election->timer) == 0);
    election->timer.data = election;
    election->open_parts = 1;
    return election;
}

static void part_closed(struct kube_election *election)
{
    if (--election->open_parts > 0)
        return;
    void (*closed)(void *ctx) = election->closed;
    void *closed_ctx = election->closed_ctx;
    yyjson_doc_free(election->seen);
    free(election->ns);
    free(election->name);
    free(election->identity);
    free(election);
    if (closed)
        closed(closed_ctx);
}

static void timer_closed(uv_handle_t *timer)
{
    part_closed(timer->data);
}

static void step(struct kube_election *election, struct kube_election_event event);

static void lease_changed(void *ctx, const struct kube_object *before,
                          const struct kube_object *after)
{
    (void)before;
    struct kube_election_event event = {.type = KUBE_ELECTION_DELETED};
    if (after) {
        event.type = KUBE_ELECTION_SEEN;
        event.lease = kube_lease_of(after);
        event.resource_version = after->meta.resource_version;
    }
    step(ctx, event);
}

static void start_watch(struct kube_election *election)
{
    struct strbuf selector cleanup_strbuf = {0};
    strbuf_printf(&selector, "metadata.name=%s", election->name);
    const struct kube_reflector_options options = {
        .ns = str_from(election->ns),
        .field_selector = strbuf_str(&selector),
    };
    const struct kube_reflector_handlers handlers = {0};
    election->watched = kube_store_new(&kube_lease_kind);
    kube_store_listen(election->watched, lease_changed, election);
    election->watch = kube_reflector_new(election->runtime, election->client, NULL,
                                         election->watched, &options, &handlers, election);
    election->open_parts++;
    kube_reflector_set_resource(election->watch, &kube_lease_resource);
}

static void watch_closed(void *ctx)
{
    struct kube_election *election = ctx;
    kube_store_free(steal_ptr(election->watched));
    part_closed(election);
}

static void stop_watch(struct kube_election *election)
{
    if (election->watch)
        kube_reflector_stop(steal_ptr(election->watch), watch_closed, election);
}

static void on_answer(void *ctx, const struct kube_response *response, const struct error *err);

static void ask(struct kube_election *election, enum kube_verb verb, const struct kube_lease *lease)
{
    struct arena arena cleanup_arena;
    struct strbuf body cleanup_strbuf = {0};
    arena_init(&arena);
    struct str ns = str_from(election->ns);
    struct str name = str_from(election->name);
    if (verb == KUBE_POST)
        kube_lease_write_new(&body, ns, name, lease);
    else if (verb == KUBE_PUT)
        kube_lease_write_over(&body, yyjson_doc_get_root(election->seen), lease);
    const struct kube_request request = {
        .verb = verb,
        .priority = KUBE_PRIORITY_LEASE,
        .path = kube_path(&arena, &kube_lease_resource, ns, verb == KUBE_POST ? STR("") : name),
        .body = strbuf_str(&body),
        .resource = "leases",
    };
    election->asking = verb;
    election->call = kube_client_send(election->client, &request, on_answer, election);
}

static void act(struct kube_election *election, const struct kube_election_effect *effect)
{
    switch (effect->act) {
    case KUBE_ELECTION_KEEP:
        break;
    case KUBE_ELECTION_GET:
        ask(election, KUBE_GET, NULL);
        break;
    case KUBE_ELECTION_PUT:
        ask(election, KUBE_PUT, &effect->lease);
        break;
    case KUBE_ELECTION_POST:
        ask(election, KUBE_POST, &effect->lease);
        break;
    case KUBE_ELECTION_CANCEL:
        kube_call_cancel(election->call);
        break;
    case KUBE_ELECTION_CLOSE:
        stop_watch(election);
        uv_close((uv_handle_t *)&election->timer, timer_closed);
        break;
    }
}

static void on_timer(uv_timer_t *timer)
{
    step(timer->data, (struct kube_election_event){.type = KUBE_ELECTION_TICK});
}

static void set_timer(struct kube_election *election, int64_t now_ms)
{
    int64_t wake_ms = kube_election_state_wake_ms(&election->state);
    if (election->state.phase == KUBE_ELECTION_CLOSED)
        return;
    if (wake_ms == INT64_MAX)
        uv_timer_stop(&election->timer);
    else
        uv_timer_start(&election->timer, on_timer,
                       wake_ms > now_ms ? (uint64_t)(wake_ms - now_ms) : 0, 0);
}

/* A standby watches the Lease; a leader knows what is in it. */
static void set_watch(struct kube_election *election)
{
    const struct kube_election_state *state = &election->state;
    if (state->is_stopping || kube_election_state_is_leader(state))
        stop_watch(election);
    else if (state->phase == KUBE_ELECTION_STANDBY && !election->watch && !election->watched)
        start_watch(election);
}

static void tell(struct kube_election *election, const struct kube_election_effect *effect,
                 const struct kube_election_event *event)
{
    struct log *log = election->runtime->log;
    if (election->state.is_stopping)
        return;
    if (effect->is_other_leader) {
        must(event->lease); /* that is where it says so */
        log_info(log, "Another is the leader", LOG_CSTR("lease", election->name),
                 LOG_STR("leader", event->lease->holder));
        if (election->handlers.other_leads)
            election->handlers.other_leads(election->ctx, event->lease->holder);
    }
    if (effect->is_elected) {
        log_info(log, "Became the leader", LOG_CSTR("lease", election->name),
                 LOG_CSTR("identity", election->identity));
        election->handlers.elected(election->ctx);
    }
    if (effect->is_lost) {
        log_error(log, "Is the leader no longer: the Lease was not renewed in time or was taken",
                  LOG_CSTR("lease", election->name), LOG_CSTR("identity", election->identity));
        election->handlers.lost(election->ctx);
    }
}

static void step(struct kube_election *election, struct kube_election_event event)
{
    event.now_ms = clock_mono_ms(&election->runtime->clock);
    event.wall_us = clock_wall_us(&election->runtime->clock);
    struct kube_election_effect effect =
        kube_election_step(&election->state, &event, &election->runtime->random);
    act(election, &effect);
    set_timer(election, event.now_ms);
    set_watch(election);
    tell(election, &effect, &event); /* last: our side may stop the election */
}

static void log_trouble(struct kube_election *election, const struct error *err)
{
    struct log *log = election->runtime->log;
    bool is_news = err->code != election->told && err->code != ERROR_CONFLICT;
    if (is_news && err->code != ERROR_CANCELLED)
        log_warning(log, "Cannot read or write the Lease", LOG_CSTR("namespace", election->ns),
                    LOG_CSTR("lease", election->name), LOG_ERR(err));
    else
        log_debug(log, 2, "A request for the Lease failed", LOG_CSTR("lease", election->name),
                  LOG_ERR(err));
    if (is_news)
        election->told = err->code;
}

/* The answer's Lease becomes the one that the next PUT goes over. */
static bool read_answer(struct kube_election *election, struct str body,
                        uint64_t *resource_version_out, struct error *err)
{
    cleanup_json_doc yyjson_doc *doc = json_read(body, err);
    if (!doc)
        return error_wrap(err, "Lease");
    yyjson_val *metadata = json_object(yyjson_doc_get_root(doc), "metadata");
    if (!str_to_u64(json_str(metadata, "resourceVersion"), resource_version_out))
        return error_set(err, ERROR_INVALID, "Lease: no decimal resourceVersion");
    yyjson_doc_free(election->seen);
    election->seen = steal_ptr(doc);
    return true;
}

static void request_failed(struct kube_election *election, const struct error *err)
{
    if (err->code == ERROR_NOT_FOUND && election->asking == KUBE_GET) {
        step(election, (struct kube_election_event){.type = KUBE_ELECTION_ABSENT});
        return;
    }
    if (!election->state.is_stopping)
        log_trouble(election, err);
    step(election, (struct kube_election_event){.type = KUBE_ELECTION_FAILED, .code = err->code});
}

static void on_answer(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct kube_election *election = ctx;
    struct kube_election_event event = {.type = KUBE_ELECTION_WRITTEN};
    struct kube_lease lease;
    struct error garbled;
    election->call = NULL;
    if (err) {
        request_failed(election, err);
        return;
    }
    if (!read_answer(election, response->body, &event.resource_version, &garbled)) {
        garbled.code = ERROR_UNAVAILABLE; /* it may have been done all the same */
        request_failed(election, &garbled);
        return;
    }
    election->told = ERROR_NONE;
    if (election->asking == KUBE_GET) {
        kube_lease_read(yyjson_doc_get_root(election->seen), &lease);
        event.type = KUBE_ELECTION_FOUND;
        event.lease = &lease;
    }
    step(election, event);
}

void kube_election_start(struct kube_election *election)
{
    step(election, (struct kube_election_event){.type = KUBE_ELECTION_START});
}

void kube_election_stop(struct kube_election *election, void (*closed)(void *ctx), void *ctx)
{
    must(!election->state.is_stopping);
    election->closed = closed;
    election->closed_ctx = ctx;
    step(election, (struct kube_election_event){.type = KUBE_ELECTION_STOP});
}
