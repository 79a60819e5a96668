#include "devserver/stream.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/must.h"
#include "devserver/body.h"
#include "devserver/edit.h"
#include "devserver/read.h"
#include "devserver/selector.h"
#include "kube/model/json.h"

enum {
    PIECE_BYTES = 8 * 1024 * 1024,       /* of the initial objects, that wait for the client */
    MAX_UNSENT_BYTES = 32 * 1024 * 1024, /* beyond: the client does not read */
    PIECE_PAUSE_MS = 1,
    BOOKMARK_MS = 60 * 1000,
    BOOKMARK_BEFORE_END_MS = 2 * 1000,
    TIMEOUT_MIN_S = 30 * 60, /* where the client says nothing: by chance up to twice as long */
    TIMEOUT_MAX_S = 24 * 60 * 60,
    NUMBER_MAX = 24,
};

enum phase { INITIAL, LIVE, ENDED };

struct dev_stream {
    struct dev_streams *all;
    struct dev_stream *next;
    struct dev_stream **link; /* what points at it */
    struct dev_server *server;
    struct dev_http_exchange *exchange; /* until it is ENDED */
    const struct dev_resource *resource;
    struct dev_render render;
    struct dev_selector *selector;
    struct dev_watch *watch;
    uv_timer_t timer;
    enum phase phase;
    char *ns;               /* "": all */
    char *user_agent;       /* for faults */
    struct strbuf after_ns; /* INITIAL: the last object that was looked at */
    struct strbuf after_name;
    bool has_looked;
    uint64_t min_version; /* changes up to here are not for this client */
    bool wants_bookmarks;
    bool wants_initial_end;
    bool has_sent;  /* Tables describe their columns in the first event only */
    bool is_silent; /* a fault */
    int64_t bookmark_at_ms;
    int64_t end_at_ms;
    struct strbuf line;
    struct strbuf held; /* a line that a fault keeps back */
};

/* ---- end --------------------------------------------------------------------------------------
 */

static void stream_free(struct dev_stream *stream)
{
    struct dev_streams *all = stream->all;
    if (stream->watch)
        dev_watch_stop(stream->watch);
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    dev_selector_free(stream->selector);
    dev_resource_unref(stream->resource);
    free(stream->ns);
    free(stream->user_agent);
    strbuf_fini(&stream->after_ns);
    strbuf_fini(&stream->after_name);
    strbuf_fini(&stream->line);
    strbuf_fini(&stream->held);
    free(stream);
    if (!all->first && all->closed)
        all->closed(all->closed_ctx);
}

static void on_closed(uv_handle_t *timer)
{
    stream_free(timer->data);
}

/* The exchange is over. The watch is given back later: this may be one of its calls. */
static void finish(struct dev_stream *stream)
{
    must(stream->phase != ENDED);
    stream->phase = ENDED;
    stream->exchange = NULL;
    if (stream->held.len > 0)
        stream->all->held_count--;
    uv_close((uv_handle_t *)&stream->timer, on_closed);
}

static void end(struct dev_stream *stream)
{
    dev_http_end(stream->exchange);
    finish(stream);
}

static void on_gone(void *ctx)
{
    finish(ctx);
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static void send_line(struct dev_stream *stream, struct str line)
{
    dev_http_send(stream->exchange, line);
    if (dev_http_unsent_bytes(stream->exchange) > MAX_UNSENT_BYTES)
        end(stream);
}

/* Sends what was kept back. */
static void send_held(struct dev_stream *stream)
{
    struct strbuf held cleanup_strbuf = stream->held;
    stream->held = (struct strbuf){0};
    stream->all->held_count--;
    send_line(stream, strbuf_str(&held));
}

/* Lines wait for one of another kind. */
static void release_held(struct dev_streams *all, struct str sent_resource)
{
    for (struct dev_stream *stream = all->first; stream && all->held_count > 0;
         stream = stream->next) {
        if (stream->held.len > 0 && stream->phase != ENDED &&
            !str_eq(stream->resource->id, sent_resource))
            send_held(stream);
    }
}

static void hold(struct dev_stream *stream, struct str line)
{
    if (stream->held.len == 0)
        stream->all->held_count++;
    strbuf_append(&stream->held, line);
}

static void send_error(struct dev_stream *stream, struct dev_status *status)
{
    struct strbuf line cleanup_strbuf = {0};
    strbuf_append_cstr(&line, "{\"type\":\"ERROR\",\"object\":");
    dev_status_render(status, &line);
    strbuf_append_cstr(&line, "}\n");
    dev_http_send(stream->exchange, strbuf_str(&line));
    end(stream);
}

static void send_gone(struct dev_stream *stream, uint64_t version, uint64_t oldest)
{
    struct dev_status status = {0};
    dev_status_set(&status, 410, "Expired", "too old resource version: %" PRIu64 " (%" PRIu64 ")",
                   version, oldest);
    send_error(stream, &status);
    dev_status_fini(&status);
}

static struct dev_fault ask_fault(struct dev_stream *stream)
{
    const struct dev_fault_subject subject = {
        .verb = STR("watch"),
        .resource = stream->resource->plural,
        .ns = str_from(stream->ns),
        .user_agent = str_from(stream->user_agent),
        .is_event = true,
    };
    return dev_faults_ask(stream->server->faults, &subject);
}

/* True: the fault takes the place of the event. */
static bool suffer(struct dev_stream *stream, const struct dev_fault *fault, struct str line)
{
    uint64_t now = dev_store_version(stream->server->store);
    size_t cut_bytes =
        fault->cut_bytes > 0 && fault->cut_bytes < line.len ? fault->cut_bytes : line.len / 2;
    switch (fault->action) {
    case DEV_FAULT_DROP:
        stream->is_silent = true;
        return true;
    case DEV_FAULT_CLOSE:
        end(stream);
        return true;
    case DEV_FAULT_CUT:
        dev_http_cut(stream->exchange, (struct str){line.ptr, cut_bytes});
        finish(stream);
        return true;
    case DEV_FAULT_GONE:
        send_gone(stream, now, now);
        return true;
    case DEV_FAULT_GARBAGE:
        send_line(stream, STR("{\"type\":\"ADDED\",\"object\":\xff\xfe}}garbage\n"));
        return true;
    case DEV_FAULT_REORDER:
        hold(stream, line);
        return true;
    case DEV_FAULT_DUPLICATE:
        dev_http_send(stream->exchange, line);
        return false;
    default:
        return false;
    }
}

static void send_event(struct dev_stream *stream, struct str line)
{
    struct dev_fault fault = ask_fault(stream);
    if (stream->is_silent || suffer(stream, &fault, line))
        return;
    if (stream->held.len > 0) { /* within one kind the order stays */
        hold(stream, line);
        send_held(stream);
    } else {
        send_line(stream, line);
    }
    if (stream->all->held_count > 0)
        release_held(stream->all, stream->resource->id);
}

static void emit(struct dev_stream *stream, const char *type, struct str stored)
{
    strbuf_clear(&stream->line);
    strbuf_printf(&stream->line, "{\"type\":\"%s\",\"object\":", type);
    stream->render.now_ms = clock_wall_ms(&stream->server->clock);
    dev_render_event(&stream->render, stored, !stream->has_sent, &stream->line);
    strbuf_append_cstr(&stream->line, "}\n");
    stream->has_sent = true;
    send_event(stream, strbuf_str(&stream->line));
}

static void emit_bookmark(struct dev_stream *stream, bool is_initial_end)
{
    struct strbuf stored cleanup_strbuf = {0};
    strbuf_printf(&stored,
                  "{\"apiVersion\":\"" STR_FMT "\",\"kind\":\"" STR_FMT
                  "\",\"metadata\":{\"resourceVersion\":\"%" PRIu64 "\"%s}}",
                  STR_ARG(stream->resource->stored_api_version), STR_ARG(stream->resource->kind),
                  dev_store_version(stream->server->store),
                  is_initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}"
                                 : "");
    strbuf_clear(&stream->line);
    strbuf_append_cstr(&stream->line, "{\"type\":\"BOOKMARK\",\"object\":");
    dev_render_event(&stream->render, strbuf_str(&stored), !stream->has_sent, &stream->line);
    strbuf_append_cstr(&stream->line, "}\n");
    if (!stream->is_silent)
        send_line(stream, strbuf_str(&stream->line));
}

/* ---- changes ----------------------------------------------------------------------------------
 */

static bool matches(const struct dev_stream *stream, struct str json)
{
    struct error err = {0};
    if (json.len == 0)
        return false;
    if (dev_selector_is_empty(stream->selector))
        return true;
    yyjson_doc *doc cleanup_json_doc = json_read(json, &err);
    return doc && dev_selector_matches(stream->selector, yyjson_doc_get_root(doc));
}

/* An object that the client knows and that matches no longer: its last state that did, with the
 * resourceVersion of the change. */
static void emit_left(struct dev_stream *stream, const struct dev_change *change)
{
    struct error err = {0};
    char version[NUMBER_MAX];
    snprintf(version, sizeof(version), "%" PRIu64, change->version);
    yyjson_doc *old cleanup_json_doc = json_read(change->old_json, &err);
    must(old); /* we wrote it */
    yyjson_mut_doc *doc cleanup_mut_doc = yyjson_doc_mut_copy(old, NULL);
    must(doc);
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    dev_edit_put_str(doc, dev_edit_object(doc, object, "metadata"), "resourceVersion",
                     str_from(version));
    size_t len = 0;
    cleanup_free char *text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, &len);
    must(text);
    emit(stream, "DELETED", (struct str){text, len});
}

/* INITIAL: whether the object has had its turn. */
static bool is_behind(const struct dev_stream *stream, const struct dev_key *key)
{
    if (stream->phase == LIVE)
        return true;
    if (!stream->has_looked)
        return false;
    int order = str_cmp(key->ns, strbuf_str(&stream->after_ns));
    return order < 0 || (order == 0 && str_cmp(key->name, strbuf_str(&stream->after_name)) <= 0);
}

static void on_change(void *ctx, const struct dev_change *change)
{
    struct dev_stream *stream = ctx;
    if (stream->phase == ENDED || change->version <= stream->min_version ||
        (stream->ns[0] != '\0' && !str_eq_cstr(change->key.ns, stream->ns)) ||
        !is_behind(stream, &change->key))
        return;
    bool is_gone = change->type == DEV_DELETED;
    bool was_in = matches(stream, change->old_json);
    bool is_in = !is_gone && matches(stream, change->json);
    if (is_in)
        emit(stream, was_in ? "MODIFIED" : "ADDED", change->json);
    else if (was_in && is_gone)
        emit(stream, "DELETED", change->json);
    else if (was_in)
        emit_left(stream, change);
}

/* ---- initial objects --------------------------------------------------------------------------
 */

struct piece {
    struct dev_stream *stream;
    bool is_cut; /* there is more */
};

static bool send_initial(void *ctx, const struct dev_record *record)
{
    struct piece *piece = ctx;
    struct dev_stream *stream = piece->stream;
    if (stream->phase == ENDED || dev_http_unsent_bytes(stream->exchange) >= PIECE_BYTES) {
        piece->is_cut = true;
        return false;
    }
    strbuf_clear(&stream->after_ns);
    strbuf_append(&stream->after_ns, record->key.ns);
    strbuf_clear(&stream->after_name);
    strbuf_append(&stream->after_name, record->key.name);
    stream->has_looked = true;
    if (matches(stream, record->json))
        emit(stream, "ADDED", record->json);
    return true;
}

static void send_piece(struct dev_stream *stream)
{
    struct piece piece = {.stream = stream};
    cleanup_free char *after_ns = str_dup_cstr(strbuf_str(&stream->after_ns));
    cleanup_free char *after_name = str_dup_cstr(strbuf_str(&stream->after_name));
    dev_store_each(stream->server->store, stream->resource->id, str_from(stream->ns),
                   str_from(after_ns), str_from(after_name), send_initial, &piece);
    if (stream->phase == ENDED || piece.is_cut)
        return;
    stream->phase = LIVE;
    if (stream->wants_initial_end && stream->wants_bookmarks)
        emit_bookmark(stream, true);
}

/* ---- time -------------------------------------------------------------------------------------
 */

static void on_timer(uv_timer_t *timer);

static void wait(struct dev_stream *stream)
{
    int64_t now_ms = clock_mono_ms(&stream->server->clock);
    int64_t at_ms =
        stream->end_at_ms < stream->bookmark_at_ms ? stream->end_at_ms : stream->bookmark_at_ms;
    int64_t delay_ms = at_ms > now_ms ? at_ms - now_ms : 0;
    if (stream->phase == ENDED)
        return;
    if (stream->phase == INITIAL)
        delay_ms = PIECE_PAUSE_MS;
    uv_update_time(stream->server->loop);
    uv_timer_start(&stream->timer, on_timer, (uint64_t)delay_ms, 0);
}

static void plan_bookmark(struct dev_stream *stream, int64_t now_ms)
{
    int64_t last_ms = stream->end_at_ms - BOOKMARK_BEFORE_END_MS;
    stream->bookmark_at_ms = now_ms + BOOKMARK_MS;
    if (!stream->wants_bookmarks)
        stream->bookmark_at_ms = INT64_MAX;
    else if (stream->bookmark_at_ms > last_ms)
        stream->bookmark_at_ms = now_ms < last_ms ? last_ms : INT64_MAX;
}

static void on_timer(uv_timer_t *timer)
{
    struct dev_stream *stream = timer->data;
    int64_t now_ms = clock_mono_ms(&stream->server->clock);
    if (stream->phase == INITIAL)
        send_piece(stream);
    if (stream->phase == LIVE && now_ms >= stream->bookmark_at_ms) {
        emit_bookmark(stream, false);
        plan_bookmark(stream, now_ms);
    }
    if (stream->phase != ENDED && now_ms >= stream->end_at_ms)
        end(stream);
    wait(stream);
}

/* ---- beginning --------------------------------------------------------------------------------
 */

static struct dev_stream *stream_new(struct dev_streams *streams, struct dev_call *call,
                                     const struct dev_list_options *options)
{
    struct dev_stream *stream = mem_alloc_zero(sizeof(*stream));
    struct dev_server *server = call->server;
    int64_t now_ms = clock_mono_ms(&server->clock);
    int64_t timeout_s = options->timeout_s > 0
                            ? options->timeout_s
                            : TIMEOUT_MIN_S + (int64_t)random_below(&server->random, TIMEOUT_MIN_S);
    if (timeout_s > TIMEOUT_MAX_S)
        timeout_s = TIMEOUT_MAX_S;
    stream->all = streams;
    stream->server = server;
    stream->exchange = call->request->exchange;
    stream->resource = dev_resource_ref(call->target.resource);
    stream->render = dev_call_render(call);
    stream->ns = str_dup_cstr(call->route.ns);
    stream->user_agent = str_dup_cstr(dev_http_header(call->request, "User-Agent"));
    stream->wants_bookmarks = options->wants_bookmarks;
    stream->wants_initial_end = options->is_send_initial;
    stream->end_at_ms = now_ms + timeout_s * 1000;
    plan_bookmark(stream, now_ms);
    must(uv_timer_init(server->loop, &stream->timer) == 0);
    stream->timer.data = stream;
    stream->next = streams->first;
    stream->link = &streams->first;
    if (streams->first)
        streams->first->link = &stream->next;
    streams->first = stream;
    return stream;
}

static void resume(struct dev_stream *stream, uint64_t version)
{
    stream->phase = LIVE;
    stream->min_version = version;
    if (version < dev_store_version(stream->server->store) &&
        !dev_history_replay(stream->server->history, stream->resource->id, version, on_change,
                            stream)) {
        send_gone(stream, version, dev_history_oldest(stream->server->history));
        return;
    }
    if (stream->phase == LIVE)
        stream->watch =
            dev_history_watch(stream->server->history, stream->resource->id, on_change, stream);
}

static void refuse_future(struct dev_stream *stream, uint64_t version)
{
    struct dev_status status = {0};
    dev_read_refuse_future(&status, version, dev_store_version(stream->server->store));
    send_error(stream, &status);
    dev_status_fini(&status);
}

static void begin(struct dev_stream *stream, const struct dev_list_options *options)
{
    bool is_with_objects = options->has_send_initial
                               ? options->is_send_initial
                               : !options->has_version || options->version == 0;
    uint64_t now = dev_store_version(stream->server->store);
    if (options->is_send_initial && options->version > now) {
        refuse_future(stream, options->version);
    } else if (is_with_objects) {
        stream->phase = INITIAL;
        stream->watch =
            dev_history_watch(stream->server->history, stream->resource->id, on_change, stream);
        send_piece(stream);
    } else {
        resume(stream, options->has_version && options->version > 0 ? options->version : now);
    }
    wait(stream);
}

bool dev_stream_serve(struct dev_streams *streams, struct dev_call *call,
                      const struct dev_list_options *options)
{
    struct dev_selector *selector = NULL;
    struct error err = {0};
    if (!dev_selector_parse(options->labels, options->fields, call->target.resource->id, &selector,
                            &err))
        return dev_status_bad_request(&call->status, "%s", err.text);
    struct dev_stream *stream = stream_new(streams, call, options);
    stream->selector = selector;
    dev_http_stream(stream->exchange, 200, "application/json", on_gone, stream);
    begin(stream, options);
    return true;
}

void dev_streams_end_resource(struct dev_streams *streams, struct str resource_id)
{
    for (struct dev_stream *stream = streams->first; stream; stream = stream->next) {
        if (stream->phase != ENDED && str_eq(stream->resource->id, resource_id))
            end(stream);
    }
}

void dev_streams_stop(struct dev_streams *streams, void (*closed)(void *ctx), void *ctx)
{
    streams->closed = closed;
    streams->closed_ctx = ctx;
    for (struct dev_stream *stream = streams->first; stream; stream = stream->next) {
        if (stream->phase != ENDED)
            end(stream);
    }
    if (!streams->first)
        closed(ctx);
}
