/* Answers without an end, handed on line by line. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "kube/client_internal.h"

enum {
    REFUSAL_BYTES = 64 << 10, /* of an answer that is no stream: enough for any Status */
    UNREAD_BYTES = 4 << 20,   /* of whole lines that arrive together */
    KEPT_BYTES = 4 << 10,     /* an empty buffer that has grown beyond is given back */
};

struct kube_stream {
    struct kube_client *client;
    TAILQ_ENTRY(kube_stream) link;
    struct kube_streams *list; /* the one it is in; NULL: about to be told its end */
    const char *accept;
    struct kube_stream_handlers handlers;
    void *ctx;
    struct kube_exchange *exchange; /* while it is open */
    uint64_t serial;                /* of the credential it went with */
    size_t searched;                /* bytes at the start of the buffer that hold no newline */
    bool is_reauthorized;
    bool is_telling;   /* a line: the buffer is in use */
    bool is_cancelled; /* meanwhile */
    struct error err;  /* once it has ended */
    size_t path_len;
    char path[];
};

static struct str path_of(const struct kube_stream *stream)
{
    return (struct str){stream->path, stream->path_len};
}

void kube_streams_init(struct kube_client *client)
{
    TAILQ_INIT(&client->streams_waiting);
    TAILQ_INIT(&client->streams_open);
    TAILQ_INIT(&client->streams_ended);
}

static void move_to(struct kube_stream *stream, struct kube_streams *list)
{
    TAILQ_REMOVE(stream->list, stream, link);
    TAILQ_INSERT_TAIL(list, stream, link);
    stream->list = list;
}

struct kube_stream *kube_client_stream(struct kube_client *client, struct str path,
                                       enum kube_accept accept,
                                       const struct kube_stream_handlers *handlers, void *ctx)
{
    struct kube_stream *stream = mem_alloc_zero(sizeof(*stream) + path.len);
    stream->client = client;
    stream->accept = kube_accept_header(accept);
    stream->handlers = *handlers;
    stream->ctx = ctx;
    stream->path_len = path.len;
    memcpy(stream->path, path.ptr, path.len);
    stream->list = &client->streams_waiting;
    TAILQ_INSERT_TAIL(stream->list, stream, link);
    kube_client_kick(client);
    return stream;
}

/* The stream is told in the next turn of the loop. */
static void end_with(struct kube_stream *stream, const struct error *err)
{
    struct kube_client *client = stream->client;
    stream->err = *err;
    kube_client_wrap(&stream->err, "GET", path_of(stream));
    if (stream->list == NULL || stream->list == &client->streams_ended)
        return;
    if (stream->exchange != NULL)
        kube_exchange_cancel(stream->exchange);
    stream->exchange = NULL;
    move_to(stream, &client->streams_ended);
    kube_client_kick(client);
}

void kube_stream_cancel(struct kube_stream *stream)
{
    if (stream->is_telling) {
        stream->is_cancelled = true;
        return;
    }
    struct error err;
    error_set(&err, ERROR_CANCELLED, "cancelled");
    end_with(stream, &err);
}

void kube_streams_cancel(struct kube_client *client)
{
    while (!TAILQ_EMPTY(&client->streams_waiting))
        kube_stream_cancel(TAILQ_FIRST(&client->streams_waiting));
    while (!TAILQ_EMPTY(&client->streams_open))
        kube_stream_cancel(TAILQ_FIRST(&client->streams_open));
}

void kube_streams_fail_waiting(struct kube_client *client, const struct error *err)
{
    while (!TAILQ_EMPTY(&client->streams_waiting))
        end_with(TAILQ_FIRST(&client->streams_waiting), err);
}

void kube_streams_tell_ended(struct kube_client *client)
{
    struct kube_streams batch = TAILQ_HEAD_INITIALIZER(batch); /* not what callbacks add */
    struct kube_stream *stream;
    TAILQ_FOREACH(stream, &client->streams_ended, link)
    stream->list = NULL;
    TAILQ_CONCAT(&batch, &client->streams_ended, link);
    while ((stream = TAILQ_FIRST(&batch)) != NULL) {
        TAILQ_REMOVE(&batch, stream, link);
        stream->handlers.ended(stream->ctx, &stream->err);
        free(stream);
    }
}

bool kube_streams_are_gone(const struct kube_client *client)
{
    return TAILQ_EMPTY(&client->streams_waiting) && TAILQ_EMPTY(&client->streams_open) &&
           TAILQ_EMPTY(&client->streams_ended);
}

bool kube_streams_want_start(const struct kube_client *client)
{
    return !TAILQ_EMPTY(&client->streams_waiting);
}

/* The next whole line from *begin on, which moves behind it. */
static bool next_line(const struct kube_stream *stream, const struct strbuf *body, size_t *begin,
                      struct str *line)
{
    size_t from = *begin > stream->searched ? *begin : stream->searched;
    const char *newline = memchr(body->data + from, '\n', body->len - from);
    if (newline == NULL)
        return false;
    size_t end = (size_t)(newline - body->data);
    *line = (struct str){body->data + *begin, end - *begin};
    *begin = end + 1;
    return true;
}

/* False: the stream has been ended. */
static bool tell_lines(struct kube_stream *stream, const struct strbuf *body, size_t *consumed)
{
    size_t max_bytes = stream->client->options.max_line_bytes;
    struct str line = {0};
    bool goes_on = true;
    stream->is_telling = true;
    while (goes_on && next_line(stream, body, consumed, &line) && line.len <= max_bytes)
        if (!str_is_empty(line))
            goes_on = stream->handlers.line(stream->ctx, line) && !stream->is_cancelled;
    stream->is_telling = false;
    if (!goes_on) {
        kube_stream_cancel(stream);
        return false;
    }
    if (body->len - *consumed <= max_bytes && line.len <= max_bytes)
        return true;
    struct error err;
    error_set(&err, ERROR_INVALID, "a line is longer than %zu bytes", max_bytes);
    end_with(stream, &err);
    return false;
}

static void exchange_data(void *ctx)
{
    struct kube_stream *stream = ctx;
    struct strbuf *body = kube_exchange_body(stream->exchange);
    if (kube_exchange_status(stream->exchange) / 100 != 2) {
        if (body->len > REFUSAL_BYTES)
            strbuf_truncate(body, REFUSAL_BYTES);
        return;
    }
    size_t consumed = 0;
    if (!tell_lines(stream, body, &consumed))
        return;
    strbuf_consume(body, consumed);
    stream->searched = body->len;
    if (body->len == 0 && body->capacity > KEPT_BYTES)
        strbuf_fini(body);
}

/* False: *err says how it ended. */
static bool ended_in_order(const struct kube_exchange_result *result, struct error *err)
{
    if (result->err != NULL) {
        *err = *result->err;
        return false;
    }
    if (result->http_status / 100 != 2)
        return kube_client_answer_to_error(result, err);
    if (!str_is_empty(result->body))
        return error_set(err, ERROR_UNAVAILABLE, "the stream ended within a line");
    return true;
}

static void exchange_done(void *ctx, const struct kube_exchange_result *result)
{
    struct kube_stream *stream = ctx;
    struct kube_client *client = stream->client;
    stream->exchange = NULL;
    kube_client_count_answer(client, result->http_status);
    if (result->err == NULL && result->http_status == 401 && !stream->is_reauthorized) {
        stream->is_reauthorized = true;
        kube_credentials_reject(client->credentials, stream->serial);
        client->figures.retries++;
        move_to(stream, &client->streams_waiting);
        kube_client_kick(client);
        return;
    }
    TAILQ_REMOVE(stream->list, stream, link);
    stream->list = NULL;
    struct error err;
    bool is_fine = ended_in_order(result, &err);
    if (!is_fine)
        kube_client_wrap(&err, "GET", path_of(stream));
    stream->handlers.ended(stream->ctx, is_fine ? NULL : &err);
    free(stream);
}

static void stream_start(struct kube_stream *stream, const struct kube_credential *credential)
{
    static const struct kube_exchange_handlers handlers = {.data = exchange_data,
                                                           .done = exchange_done};
    struct kube_client *client = stream->client;
    struct kube_exchange_request request = {
        .method = "GET",
        .path = path_of(stream),
        .accept = stream->accept,
        .max_body_bytes = client->options.max_line_bytes + UNREAD_BYTES,
        .credential = credential,
    };
    move_to(stream, &client->streams_open);
    stream->serial = credential->serial;
    stream->searched = 0;
    client->figures.requests++;
    client->figures.requests_by_verb[KUBE_GET]++;
    stream->exchange = kube_exchange_start(client->transport, &request, &handlers, stream);
}

void kube_streams_start(struct kube_client *client, const struct kube_credential *credential)
{
    struct kube_stream *stream;
    while ((stream = TAILQ_FIRST(&client->streams_waiting)) != NULL)
        stream_start(stream, credential);
}
