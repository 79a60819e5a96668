#include "devserver/http_connection.h"

#include <string.h>

#include "base/attr.h"
#include "base/must.h"

enum {
    HEAD_MS = 32000,
    BODY_MS = 60000,
    IDLE_MS = 90000,
    LINGER_MS = 2000,
    PIPELINE_BYTES = 64 << 10,
    KEPT_BYTES = 64 << 10,
};

void dev_http_shrink(struct strbuf *buf)
{
    if (buf->capacity > KEPT_BYTES)
        strbuf_fini(buf);
    else
        strbuf_clear(buf);
}

void dev_http_connection_set_time(struct dev_http_exchange *x, uint64_t wait_ms)
{
    x->deadline_ms = uv_now(x->http->loop) + wait_ms;
}

static void on_closed(uv_handle_t *handle)
{
    struct dev_http_exchange *x = container_of(handle, struct dev_http_exchange, tcp);
    if (x->gone)
        x->gone(x->gone_ctx);
    dev_tls_free(x->tls);
    dev_http_head_fini(&x->head);
    dev_http_chunks_fini(&x->chunks);
    strbuf_fini(&x->in);
    strbuf_fini(&x->head_text);
    strbuf_fini(&x->body);
    arena_fini(&x->arena);
    dev_http_connection_closed(x);
}

void dev_http_connection_close(struct dev_http_exchange *x)
{
    if (x->is_closing)
        return;
    x->is_closing = true;
    uv_close((uv_handle_t *)&x->tcp, on_closed);
}

void dev_http_connection_leave(struct dev_http_exchange *x)
{
    x->has_left = true;
    if (x->state == DEV_HTTP_SERVING)
        (void)uv_read_stop((uv_stream_t *)&x->tcp);
    else
        dev_http_connection_close(x);
}

/* The request's head becomes a text of its own, so that what comes later does not move it. */
static void set_head_apart(struct dev_http_exchange *x)
{
    struct strbuf text = x->in;
    x->in = x->head_text;
    x->head_text = text;
    strbuf_clear(&x->in);
    strbuf_append(&x->in, str_skip(strbuf_str(&text), x->head.len));
    strbuf_truncate(&x->head_text, x->head.len);
}

static bool begin_body(struct dev_http_exchange *x)
{
    struct str text = strbuf_str(&x->head_text);
    x->closes_after = !x->head.keeps_alive;
    x->request = (struct dev_http_request){
        .method = dev_http_span_of(text, x->head.method),
        .query = dev_http_span_of(text, x->head.query),
        .exchange = x,
    };
    if (!dev_http_decode(dev_http_span_of(text, x->head.path), &x->arena, &x->request.path))
        dev_http_refuse(x, 400, "malformed request target");
    else if (x->head.body_bytes > x->http->max_body_bytes)
        dev_http_refuse(x, 413, NULL);
    else if (x->head.wants_continue && x->in.len == 0)
        dev_http_send_continue(x);
    return true;
}

static bool read_head(struct dev_http_exchange *x)
{
    enum dev_http_progress progress = dev_http_head_read(&x->head, strbuf_str(&x->in));
    if (progress == DEV_HTTP_REFUSED) {
        dev_http_refuse(x, x->head.status, x->head.why);
        return true;
    }
    if (progress == DEV_HTTP_MORE) {
        if (x->has_ended)
            dev_http_connection_close(x);
        return false;
    }
    set_head_apart(x);
    x->state = DEV_HTTP_BODY;
    dev_http_connection_set_time(x, BODY_MS);
    return begin_body(x);
}

static enum dev_http_progress take_body(struct dev_http_exchange *x)
{
    struct str data = strbuf_str(&x->in);
    size_t used = 0;
    enum dev_http_progress progress = DEV_HTTP_MORE;
    if (x->head.is_chunked) {
        progress = dev_http_chunks_read(&x->chunks, data, x->http->max_body_bytes, &x->body, &used);
    } else {
        size_t missing = (size_t)x->head.body_bytes - x->body.len;
        used = data.len < missing ? data.len : missing;
        strbuf_append(&x->body, (struct str){data.ptr, used});
        progress = used == missing ? DEV_HTTP_DONE : DEV_HTTP_MORE;
    }
    if (progress != DEV_HTTP_REFUSED)
        strbuf_consume(&x->in, used);
    return progress;
}

static bool read_body(struct dev_http_exchange *x)
{
    switch (take_body(x)) {
    case DEV_HTTP_REFUSED:
        dev_http_refuse(x, x->chunks.status, x->chunks.why);
        return true;
    case DEV_HTTP_MORE:
        if (x->has_ended)
            dev_http_connection_close(x);
        return false;
    case DEV_HTTP_DONE:
        break;
    }
    x->state = DEV_HTTP_SERVING;
    x->deadline_ms = 0;
    x->request.body = strbuf_str(&x->body);
    x->is_in_handler = true;
    x->http->fn(x->http->ctx, &x->request);
    x->is_in_handler = false;
    return true;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)req; /* the linger's deadline or the client's end closes */
    (void)status;
}

static void linger(struct dev_http_exchange *x)
{
    x->state = DEV_HTTP_LINGERING;
    dev_http_connection_set_time(x, LINGER_MS);
    if (x->has_ended || uv_shutdown(&x->shutdown, (uv_stream_t *)&x->tcp, on_shutdown) != 0)
        dev_http_connection_close(x);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

static void give_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct dev_http_exchange *x = container_of(handle, struct dev_http_exchange, tcp);
    *buf = uv_buf_init(x->http->read_buffer, sizeof(x->http->read_buffer));
}

static void go_on_reading(struct dev_http_exchange *x)
{
    x->is_paused = false;
    if (uv_read_start((uv_stream_t *)&x->tcp, give_read_buffer, on_read) != 0)
        dev_http_connection_close(x);
}

static void forget_request(struct dev_http_exchange *x)
{
    x->request = (struct dev_http_request){0};
    dev_http_head_clear(&x->head);
    dev_http_chunks_clear(&x->chunks);
    dev_http_shrink(&x->head_text);
    dev_http_shrink(&x->body);
    arena_reset(&x->arena);
}

/* All is answered; true: on to the next request. */
static bool end_exchange(struct dev_http_exchange *x)
{
    if (dev_http_unsent_bytes(x) > 0)
        return false;
    if (x->closes_after) {
        if (x->lingers)
            linger(x);
        else
            dev_http_connection_close(x);
        return false;
    }
    forget_request(x);
    x->state = DEV_HTTP_HEAD;
    dev_http_connection_set_time(x, x->in.len > 0 ? HEAD_MS : IDLE_MS);
    if (x->is_paused)
        go_on_reading(x);
    return true;
}

static bool step(struct dev_http_exchange *x)
{
    switch (x->state) {
    case DEV_HTTP_HEAD:
        return read_head(x);
    case DEV_HTTP_BODY:
        return read_body(x);
    case DEV_HTTP_SENT:
        return end_exchange(x);
    case DEV_HTTP_SERVING:
    case DEV_HTTP_STREAMING:
    case DEV_HTTP_LINGERING:
        break;
    }
    return false;
}

void dev_http_connection_proceed(struct dev_http_exchange *x)
{
    while (!x->is_closing && step(x))
        ;
}

static void feed(struct dev_http_exchange *x, struct str data)
{
    if (data.len == 0 || x->is_closing || x->state == DEV_HTTP_LINGERING)
        return;
    if (x->state == DEV_HTTP_HEAD && x->in.len == 0)
        dev_http_connection_set_time(x, HEAD_MS);
    strbuf_append(&x->in, data);
    if (x->state == DEV_HTTP_HEAD || x->state == DEV_HTTP_BODY) {
        dev_http_connection_proceed(x);
    } else if (x->in.len > PIPELINE_BYTES) {
        x->is_paused = true;
        (void)uv_read_stop((uv_stream_t *)&x->tcp);
    }
}

static void feed_tls(struct dev_http_exchange *x, struct str data, bool *has_ended)
{
    struct dev_http *http = x->http;
    strbuf_clear(&http->plain);
    strbuf_clear(&http->wire);
    *has_ended = !dev_tls_receive(x->tls, data, &http->plain, &http->wire);
    struct str wire = strbuf_str(&http->wire);
    if (wire.len > 0)
        dev_http_send_wire(x, &wire, 1);
    feed(x, strbuf_str(&http->plain));
}

/* The client sends nothing more, but may wait for what it asked for. */
static void note_end(struct dev_http_exchange *x)
{
    x->has_ended = true;
    (void)uv_read_stop((uv_stream_t *)&x->tcp);
    if (x->state != DEV_HTTP_SERVING && x->state != DEV_HTTP_SENT)
        dev_http_connection_leave(x);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct dev_http_exchange *x = container_of(stream, struct dev_http_exchange, tcp);
    bool has_ended = count == UV_EOF;
    if (count < 0 && !has_ended) {
        dev_http_connection_leave(x);
        return;
    }
    struct str data = {buf->base, count > 0 ? (size_t)count : 0};
    if (x->tls && count > 0)
        feed_tls(x, data, &has_ended);
    else if (count > 0)
        feed(x, data);
    if (has_ended && !x->is_closing)
        note_end(x);
}

void dev_http_connection_start(struct dev_http_exchange *x)
{
    x->tls = x->http->tls ? dev_tls_new(x->http->tls) : NULL;
    dev_http_connection_set_time(x, HEAD_MS);
    (void)uv_tcp_nodelay(&x->tcp, 1);
    go_on_reading(x);
}

void dev_http_connection_check_time(struct dev_http_exchange *x, uint64_t now_ms)
{
    size_t unsent_bytes = dev_http_unsent_bytes(x);
    if (x->is_closing || x->deadline_ms == 0)
        return;
    if (x->state == DEV_HTTP_SENT && unsent_bytes != x->unsent_bytes) {
        x->unsent_bytes = unsent_bytes;
        dev_http_connection_set_time(x, DEV_HTTP_SEND_MS);
    }
    if (now_ms < x->deadline_ms)
        return;
    if (x->state == DEV_HTTP_BODY || (x->state == DEV_HTTP_HEAD && x->in.len > 0)) {
        dev_http_refuse(x, 408, "the request did not come whole in time");
        dev_http_connection_proceed(x);
    } else {
        dev_http_connection_leave(x);
    }
}

struct str dev_http_header(const struct dev_http_request *request, const char *name)
{
    const struct dev_http_exchange *x = request->exchange;
    return dev_http_head_find(&x->head, strbuf_str(&x->head_text), str_from(name));
}

bool dev_http_query(const struct dev_http_request *request, const char *name, struct str *value)
{
    return dev_http_query_find(request->query, str_from(name), &request->exchange->arena, value);
}
