#include "devserver/http_connection.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/must.h"

enum { CHUNK_LINE_MAX = 24 };

/* What the socket did not take at once. */
struct unsent {
    uv_write_t req;
    struct dev_http_exchange *exchange;
    char data[];
};

static void on_written(uv_write_t *req, int status)
{
    struct unsent *unsent = container_of(req, struct unsent, req);
    struct dev_http_exchange *x = unsent->exchange;
    free(unsent);
    if (status < 0)
        dev_http_connection_leave(x);
    else
        dev_http_connection_proceed(x);
}

static size_t total_of(const struct str *parts, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += parts[i].len;
    return total;
}

static void queue(struct dev_http_exchange *x, const struct str *parts, size_t count,
                  size_t skipped)
{
    size_t total = total_of(parts, count) - skipped;
    struct unsent *unsent = mem_alloc(sizeof(*unsent) + total);
    size_t len = 0;
    unsent->exchange = x;
    for (size_t i = 0; i < count; i++) {
        struct str rest = str_skip(parts[i], skipped);
        skipped -= parts[i].len - rest.len;
        if (rest.len > 0)
            memcpy(unsent->data + len, rest.ptr, rest.len);
        len += rest.len;
    }
    must(len == total);
    uv_buf_t buf = {.base = unsent->data, .len = len};
    if (uv_write(&unsent->req, (uv_stream_t *)&x->tcp, &buf, 1, on_written) == 0)
        return;
    free(unsent);
    dev_http_connection_leave(x);
}

/* libuv has one type for both ways; it only reads this one. */
static uv_buf_t buf_of(struct str s)
{
    union {
        const char *in;
        char *out;
    } base = {.in = s.ptr};
    return (uv_buf_t){.base = base.out, .len = s.len};
}

/* Only queued bytes are told to on_written, which is the way to go on with a request that waits
 * behind an answer made outside the handler. */
void dev_http_send_wire(struct dev_http_exchange *x, const struct str *parts, size_t count)
{
    bool has_next = !x->is_in_handler && x->in.len > 0;
    uv_buf_t bufs[DEV_HTTP_MAX_PARTS] = {{0}};
    must(count <= DEV_HTTP_MAX_PARTS);
    if (x->is_closing || x->has_left)
        return;
    for (size_t i = 0; i < count; i++)
        bufs[i] = buf_of(parts[i]);
    int sent = has_next ? 0 : uv_try_write((uv_stream_t *)&x->tcp, bufs, (unsigned)count);
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0)
        dev_http_connection_leave(x);
    else if ((size_t)sent < total_of(parts, count))
        queue(x, parts, count, (size_t)sent);
}

static void send_parts(struct dev_http_exchange *x, const struct str *parts, size_t count)
{
    struct dev_http *http = x->http;
    if (!x->tls) {
        dev_http_send_wire(x, parts, count);
        return;
    }
    strbuf_clear(&http->plain);
    for (size_t i = 0; i < count; i++)
        strbuf_append(&http->plain, parts[i]);
    strbuf_clear(&http->wire);
    if (!dev_tls_send(x->tls, strbuf_str(&http->plain), &http->wire)) {
        dev_http_connection_leave(x);
        return;
    }
    struct str packed = strbuf_str(&http->wire);
    dev_http_send_wire(x, &packed, 1);
    dev_http_shrink(&http->plain);
    dev_http_shrink(&http->wire);
}

void dev_http_send_continue(struct dev_http_exchange *x)
{
    static const struct str go_on[] = {STR("HTTP/1.1 100 Continue\r\n\r\n")};
    send_parts(x, go_on, ARRAY_LEN(go_on));
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Request Entity Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Entity"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

/* A warning may quote what a client sent: nothing in it begins a line. */
static void append_header(struct strbuf *head, const char *line)
{
    size_t start = head->len;
    strbuf_append_cstr(head, line);
    for (size_t i = start; i < head->len; i++) {
        if ((unsigned char)head->data[i] < 0x20 || head->data[i] == 0x7F)
            head->data[i] = '?';
    }
    strbuf_append_cstr(head, "\r\n");
}

/* All but what says how long the body is. */
static void begin_head(struct dev_http_exchange *x, int status, const char *content_type)
{
    struct strbuf *head = &x->http->head;
    strbuf_clear(head);
    strbuf_printf(head, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
    if (content_type)
        strbuf_printf(head, "Content-Type: %s\r\n", content_type);
    if (x->closes_after)
        strbuf_append_cstr(head, "Connection: close\r\n");
    else if (x->head.minor_version == 0)
        strbuf_append_cstr(head, "Connection: keep-alive\r\n");
}

static bool is_head_request(const struct dev_http_exchange *x)
{
    return str_eq(x->request.method, STR("HEAD"));
}

/* The answer is complete as far as we are concerned. */
static void finish(struct dev_http_exchange *x)
{
    x->gone = NULL;
    x->state = DEV_HTTP_SENT;
    x->unsent_bytes = uv_stream_get_write_queue_size((uv_stream_t *)&x->tcp);
    dev_http_connection_set_time(x, DEV_HTTP_SEND_MS);
    if (x->has_left)
        dev_http_connection_close(x);
    else if (!x->is_in_handler && x->unsent_bytes == 0 && (x->in.len == 0 || x->closes_after))
        dev_http_connection_proceed(x);
}

static void send_answer(struct dev_http_exchange *x, int status, const char *content_type,
                        struct str body, const char *const *headers)
{
    struct strbuf *head = &x->http->head;
    begin_head(x, status, content_type);
    for (; headers && *headers; headers++)
        append_header(head, *headers);
    strbuf_printf(head, "Content-Length: %zu\r\n\r\n", body.len);
    const struct str parts[] = {strbuf_str(head), is_head_request(x) ? STR("") : body};
    send_parts(x, parts, ARRAY_LEN(parts));
}

void dev_http_answer(struct dev_http_exchange *x, int status, const char *content_type,
                     struct str body, const char *const *headers)
{
    must(x->state == DEV_HTTP_SERVING);
    x->state = DEV_HTTP_SENT;
    send_answer(x, status, content_type, body, headers);
    finish(x);
}

/* HTTP/1.0 knows no chunks: there a stream ends with the connection. */
static bool is_chunked_out(const struct dev_http_exchange *x)
{
    return x->head.minor_version > 0;
}

static void send_stream_head(struct dev_http_exchange *x, int status, const char *content_type)
{
    struct strbuf *head = &x->http->head;
    x->closes_after = x->closes_after || !is_chunked_out(x) || is_head_request(x);
    begin_head(x, status, content_type);
    if (is_chunked_out(x))
        strbuf_append_cstr(head, "Transfer-Encoding: chunked\r\n");
    strbuf_append_cstr(head, "\r\n");
    const struct str parts[] = {strbuf_str(head)};
    send_parts(x, parts, ARRAY_LEN(parts));
}

void dev_http_stream(struct dev_http_exchange *x, int status, const char *content_type,
                     void (*gone)(void *ctx), void *ctx)
{
    must(x->state == DEV_HTTP_SERVING);
    x->state = DEV_HTTP_STREAMING;
    x->gone = gone;
    x->gone_ctx = ctx;
    if (x->has_left)
        dev_http_connection_close(x);
    send_stream_head(x, status, content_type);
}

void dev_http_send(struct dev_http_exchange *x, struct str data)
{
    char line[CHUNK_LINE_MAX];
    must(x->state == DEV_HTTP_STREAMING);
    if (data.len == 0 || is_head_request(x))
        return;
    if (!is_chunked_out(x)) {
        send_parts(x, &data, 1);
        return;
    }
    int len = snprintf(line, sizeof(line), "%zx\r\n", data.len);
    const struct str parts[] = {{line, (size_t)len}, data, STR("\r\n")};
    send_parts(x, parts, ARRAY_LEN(parts));
}

size_t dev_http_unsent_bytes(const struct dev_http_exchange *x)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&x->tcp);
}

void dev_http_end(struct dev_http_exchange *x)
{
    static const struct str last[] = {STR("0\r\n\r\n")};
    must(x->state == DEV_HTTP_STREAMING);
    if (is_chunked_out(x) && !is_head_request(x))
        send_parts(x, last, ARRAY_LEN(last));
    finish(x);
}

void dev_http_cut(struct dev_http_exchange *x, struct str body)
{
    char line[CHUNK_LINE_MAX];
    must(x->state == DEV_HTTP_SERVING || x->state == DEV_HTTP_STREAMING);
    if (x->state == DEV_HTTP_SERVING && body.len > 0)
        send_stream_head(x, 200, "application/json");
    x->state = DEV_HTTP_SENT;
    x->closes_after = true;
    if (body.len > 0) { /* a chunk that is longer than what comes of it */
        int len = snprintf(line, sizeof(line), "%zx\r\n", body.len + 1);
        const struct str parts[] = {{line, is_chunked_out(x) ? (size_t)len : 0}, body};
        send_parts(x, parts, ARRAY_LEN(parts));
    }
    finish(x);
}

/* As apimachinery writes it, because it is the API's own limit and not HTTP's. */
static void append_too_large(struct strbuf *out, size_t limit)
{
    strbuf_printf(out,
                  "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
                  "\"Failure\",\"message\":\"Request entity too large: limit is %zu\",\"reason\":"
                  "\"RequestEntityTooLarge\",\"code\":413}\n",
                  limit);
}

void dev_http_refuse(struct dev_http_exchange *x, int status, const char *why)
{
    cleanup_strbuf struct strbuf body = {0};
    x->closes_after = true;
    x->lingers = true;
    strbuf_fini(&x->in);
    x->state = DEV_HTTP_SENT;
    if (status == 413)
        append_too_large(&body, x->http->max_body_bytes);
    else
        strbuf_printf(&body, "%d %s: %s\n", status, reason_of(status), why);
    send_answer(x, status, status == 413 ? "application/json" : "text/plain; charset=utf-8",
                strbuf_str(&body), NULL);
    x->unsent_bytes = dev_http_unsent_bytes(x);
    dev_http_connection_set_time(x, DEV_HTTP_SEND_MS);
}
