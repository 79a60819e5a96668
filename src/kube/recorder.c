#include "kube/recorder.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/must.h"
#include "base/utf8.h"
#include "kube/event.h"
#include "kube/event_correlator.h"
#include "kube/model/json.h"
#include "kube/path.h"

enum {
    WAITING_MAX = 5000,
    FLYING_MAX = 8,
    TRIES_MAX = 8, /* with their pauses a minute and a half */
    PAUSE_FIRST_MS = 1000,
    PAUSE_MAX_MS = 30 * 1000,
};

/* An Event on its way. Thousands may wait, so each is one block. */
struct item {
    TAILQ_ENTRY(item) link;
    struct kube_recorder *recorder;
    struct kube_call *call;  /* while it flies */
    struct kube_event event; /* its texts lie in `texts` or are static */
    bool is_repeat;          /* is to be counted up on the server; else to be created */
    unsigned tries;
    char texts[];
};
TAILQ_HEAD(items, item);

struct kube_recorder {
    struct kube_runtime *runtime;
    struct kube_client *client;
    const char *component;
    char *instance;
    struct kube_correlator *correlator;
    struct items waiting;
    struct items flying;
    size_t waiting_count;
    size_t flying_count;
    unsigned failures;     /* in a row: the server does not answer */
    bool is_overflow_told; /* until the queue is empty */
    bool is_denial_told;   /* until an Event is let through */
    bool is_stopping;
    uv_timer_t timer;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

struct kube_recorder *kube_recorder_new(struct kube_runtime *runtime, struct kube_client *client,
                                        const struct kube_recorder_options *options)
{
    struct kube_recorder *recorder = mem_alloc_zero(sizeof(*recorder));
    recorder->runtime = runtime;
    recorder->client = client;
    recorder->component = options->component;
    recorder->instance = mem_dup_cstr(options->instance ? options->instance : "");
    recorder->correlator = kube_correlator_new(&(struct kube_correlator_options){0});
    TAILQ_INIT(&recorder->waiting);
    TAILQ_INIT(&recorder->flying);
    must(uv_timer_init(runtime->loop, &recorder->timer) == 0);
    recorder->timer.data = recorder;
    return recorder;
}

static void on_closed(uv_handle_t *timer)
{
    struct kube_recorder *recorder = timer->data;
    void (*closed)(void *ctx) = recorder->closed;
    void *closed_ctx = recorder->closed_ctx;
    kube_correlator_free(recorder->correlator);
    free(recorder->instance);
    free(recorder);
    if (closed)
        closed(closed_ctx);
}

static void close_when_landed(struct kube_recorder *recorder)
{
    if (recorder->is_stopping && recorder->flying_count == 0)
        uv_close((uv_handle_t *)&recorder->timer, on_closed);
}

static void append(struct kube_recorder *recorder, struct item *item)
{
    TAILQ_INSERT_TAIL(&recorder->waiting, item, link);
    recorder->waiting_count++;
}

static void put_back(struct kube_recorder *recorder, struct item *item)
{
    TAILQ_INSERT_HEAD(&recorder->waiting, item, link);
    recorder->waiting_count++;
}

static void take_out(struct kube_recorder *recorder, struct item *item)
{
    TAILQ_REMOVE(&recorder->waiting, item, link);
    recorder->waiting_count--;
    if (recorder->waiting_count == 0)
        recorder->is_overflow_told = false;
}

static void on_answer(void *ctx, const struct kube_response *response, const struct error *err);

static void send_item(struct item *item)
{
    static const struct kube_resource events = {
        .version = {"v1", 2}, .plural = {"events", 6}, .is_namespaced = true};
    struct arena arena cleanup_arena;
    struct strbuf body cleanup_strbuf = {0};
    char name[KUBE_EVENT_NAME_MAX + 1];
    arena_init(&arena);
    if (item->is_repeat)
        kube_event_write_count(&body, &item->event);
    else
        kube_event_write(&body, &item->event);
    const struct kube_request request = {
        .verb = item->is_repeat ? KUBE_PATCH_MERGE : KUBE_POST,
        .priority = KUBE_PRIORITY_BACKGROUND,
        .path = kube_path(&arena, &events, kube_event_namespace(&item->event),
                          item->is_repeat ? kube_event_name(&item->event, name) : STR("")),
        .body = strbuf_str(&body),
        .resource = "events",
    };
    item->call = kube_client_send(item->recorder->client, &request, on_answer, item);
}

static bool is_flying(const struct kube_recorder *recorder, uint64_t id)
{
    const struct item *item;
    TAILQ_FOREACH(item, &recorder->flying, link)
    {
        if (item->event.id == id)
            return true;
    }
    return false;
}

/* The first that does not have to wait for another request about the same Event. */
static struct item *next_to_send(const struct kube_recorder *recorder)
{
    struct item *item;
    TAILQ_FOREACH(item, &recorder->waiting, link)
    {
        if (!is_flying(recorder, item->event.id))
            return item;
    }
    return NULL;
}

static void send_waiting(struct kube_recorder *recorder)
{
    struct item *item;
    while (!recorder->is_stopping && !uv_is_active((const uv_handle_t *)&recorder->timer) &&
           recorder->flying_count < FLYING_MAX && (item = next_to_send(recorder)) != NULL) {
        take_out(recorder, item);
        TAILQ_INSERT_TAIL(&recorder->flying, item, link);
        recorder->flying_count++;
        send_item(item);
    }
}

static void on_timer(uv_timer_t *timer)
{
    send_waiting(timer->data);
}

static void pause_sending(struct kube_recorder *recorder)
{
    int64_t pause_ms = PAUSE_FIRST_MS;
    for (unsigned i = 0; i < recorder->failures && pause_ms < PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    recorder->failures++;
    if (pause_ms > PAUSE_MAX_MS)
        pause_ms = PAUSE_MAX_MS;
    uv_timer_start(&recorder->timer, on_timer, (uint64_t)pause_ms, 0);
}

/* Whether the namespace does not take new objects any more because it is being deleted. */
static bool is_namespace_ending(const struct kube_response *response)
{
    struct error not_json;
    cleanup_json_doc yyjson_doc *doc = json_read(response->body, &not_json);
    yyjson_val *details = json_object(doc ? yyjson_doc_get_root(doc) : NULL, "details");
    size_t i, max;
    yyjson_val *cause;
    yyjson_arr_foreach(json_array(details, "causes"), i, max, cause)
    {
        if (str_eq(json_str(cause, "reason"), STR("NamespaceTerminating")))
            return true;
    }
    return false;
}

static void tell_dropped(struct kube_recorder *recorder, const struct item *item,
                         const struct kube_response *response, const struct error *err)
{
    bool is_quiet = err->code == ERROR_NOT_FOUND || err->code == ERROR_CANCELLED ||
                    (err->code == ERROR_DENIED && response && is_namespace_ending(response));
    if (is_quiet || (err->code == ERROR_DENIED && recorder->is_denial_told)) {
        log_debug(recorder->runtime->log, 4, "An Event was not written",
                  LOG_STR("namespace", item->event.about.ns),
                  LOG_STR("name", item->event.about.name), LOG_STR("reason", item->event.reason),
                  LOG_ERR(err));
        return;
    }
    if (err->code == ERROR_DENIED)
        recorder->is_denial_told = true;
    log_warning(recorder->runtime->log, "An Event could not be written",
                LOG_STR("namespace", item->event.about.ns), LOG_STR("name", item->event.about.name),
                LOG_STR("reason", item->event.reason), LOG_ERR(err));
}

/* Whether the item is to be sent once more; err says why it failed. */
static bool wants_another_try(struct kube_recorder *recorder, struct item *item,
                              const struct error *err)
{
    if (recorder->is_stopping)
        return false;
    if (err->code == ERROR_NOT_FOUND && item->is_repeat) {
        item->is_repeat = false; /* it is as old as its time to live on the server */
        return true;
    }
    if (err->code != ERROR_UNAVAILABLE || ++item->tries >= TRIES_MAX)
        return false;
    log_debug(recorder->runtime->log, 4, "An Event is tried again",
              LOG_STR("namespace", item->event.about.ns), LOG_STR("name", item->event.about.name),
              LOG_ERR(err));
    if (!uv_is_active((uv_handle_t *)&recorder->timer)) /* those in flight fail together */
        pause_sending(recorder);
    return true;
}

static void on_answer(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct item *item = ctx;
    struct kube_recorder *recorder = item->recorder;
    item->call = NULL;
    TAILQ_REMOVE(&recorder->flying, item, link);
    recorder->flying_count--;
    /* An Event of this name is there: an earlier try of this one got through. */
    bool is_there = err && err->code == ERROR_CONFLICT && !item->is_repeat;
    if (err && !is_there && wants_another_try(recorder, item, err)) {
        put_back(recorder, item);
    } else {
        if (err && !is_there)
            tell_dropped(recorder, item, response, err);
        free(item);
    }
    if (!err) {
        recorder->failures = 0;
        recorder->is_denial_told = false;
    }
    send_waiting(recorder);
    close_when_landed(recorder);
}

static struct str keep_text(char **end, struct str s)
{
    char *kept = *end;
    if (s.len > 0)
        memcpy(kept, s.ptr, s.len);
    *end += s.len;
    return (struct str){kept, s.len};
}

static struct item *item_new(struct kube_recorder *recorder, const struct kube_object *about,
                             struct str version, const struct kube_report *report)
{
    const struct kube_meta *meta = &about->meta;
    struct str message = utf8_cut(report->message, KUBE_EVENT_MESSAGE_MAX);
    struct item *item = mem_alloc_zero(sizeof(*item) + version.len + meta->ns.len + meta->name.len +
                                       meta->uid.len + report->reason.len + message.len);
    char *end = item->texts;
    item->recorder = recorder;
    item->event = (struct kube_event){
        .about =
            {
                .group = about->kind->group,
                .version = keep_text(&end, version),
                .kind = about->kind->kind,
                .ns = keep_text(&end, meta->ns),
                .name = keep_text(&end, meta->name),
                .uid = keep_text(&end, meta->uid),
                .resource_version = meta->resource_version,
            },
        .type = report->type,
        .reason = keep_text(&end, report->reason),
        .message = keep_text(&end, message),
        .component = recorder->component,
        .instance = recorder->instance,
    };
    return item;
}

static void drop_oldest(struct kube_recorder *recorder)
{
    struct item *item = TAILQ_FIRST(&recorder->waiting);
    take_out(recorder, item);
    free(item);
    if (recorder->is_overflow_told)
        return;
    recorder->is_overflow_told = true;
    log_warning(recorder->runtime->log, "Too many Events wait: the oldest are dropped",
                LOG_INT("waiting", WAITING_MAX));
}

/* A repeat of what has not been sent yet needs no request of its own. */
static bool count_on_waiting(const struct kube_recorder *recorder,
                             const struct kube_event_verdict *verdict, int64_t wall_ms)
{
    struct item *item;
    TAILQ_FOREACH(item, &recorder->waiting, link)
    {
        if (item->event.id == verdict->id) {
            item->event.count = verdict->count;
            item->event.last_ms = wall_ms;
            return true;
        }
    }
    return false;
}

static struct kube_event_verdict judge(struct kube_recorder *recorder,
                                       const struct kube_object *about,
                                       const struct kube_report *report, int64_t wall_ms)
{
    struct kube_runtime *runtime = recorder->runtime;
    const struct kube_event_facts facts = {
        .kind = str_from(about->kind->kind),
        .ns = about->meta.ns,
        .name = about->meta.name,
        .uid = about->meta.uid,
        .type = report->type,
        .reason = report->reason,
        .message = utf8_cut(report->message, KUBE_EVENT_MESSAGE_MAX),
    };
    return kube_correlator_judge(recorder->correlator, &facts, clock_mono_ms(&runtime->clock),
                                 wall_ms, &runtime->random);
}

void kube_recorder_event(struct kube_recorder *recorder, const struct kube_object *about,
                         struct str version, const struct kube_report *report)
{
    if (str_is_empty(report->reason) || report->is_log_only || recorder->is_stopping)
        return;
    int64_t wall_ms = clock_wall_ms(&recorder->runtime->clock);
    struct kube_event_verdict verdict = judge(recorder, about, report, wall_ms);
    if (verdict.is_dropped) {
        log_debug(recorder->runtime->log, 4, "An object has too many Events: one is left out",
                  LOG_STR("namespace", about->meta.ns), LOG_STR("name", about->meta.name),
                  LOG_STR("reason", report->reason));
        return;
    }
    if (verdict.is_repeat && count_on_waiting(recorder, &verdict, wall_ms))
        return;
    struct item *item = item_new(recorder, about, version, report);
    item->is_repeat = verdict.is_repeat;
    item->event.id = verdict.id;
    item->event.count = verdict.count;
    item->event.first_ms = verdict.first_ms;
    item->event.last_ms = wall_ms;
    append(recorder, item);
    if (recorder->waiting_count > WAITING_MAX)
        drop_oldest(recorder);
    send_waiting(recorder);
}

size_t kube_recorder_pending(const struct kube_recorder *recorder)
{
    return recorder->waiting_count + recorder->flying_count;
}

void kube_recorder_stop(struct kube_recorder *recorder, void (*closed)(void *ctx), void *ctx)
{
    must(!recorder->is_stopping);
    recorder->is_stopping = true;
    recorder->closed = closed;
    recorder->closed_ctx = ctx;
    uv_timer_stop(&recorder->timer);
    struct item *item;
    while ((item = TAILQ_FIRST(&recorder->waiting)) != NULL) {
        take_out(recorder, item); /* NOLINT(clang-analyzer-unix.Malloc): it follows no TAILQ */
        free(item);
    }
    TAILQ_FOREACH(item, &recorder->flying, link)
    kube_call_cancel(item->call);
    close_when_landed(recorder);
}
