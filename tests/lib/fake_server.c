#include "lib/fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/must.h"
#include "base/strbuf.h"

enum { READ_BYTES = 65536, BACKLOG = 64, URL_BYTES = 32 };

enum rule_type { RULE_REPLY, RULE_STREAM, RULE_RAW, RULE_CUT, RULE_SILENT };
struct rule {
    struct rule *next;
    enum rule_type type;
    const char *method; /* this and the other texts lie behind the rule */
    const char *prefix;
    int status;
    const char *text;
};

struct connection {
    uv_tcp_t tcp;
    struct fake_server *server;
    struct connection *next;
    size_t number;
    struct strbuf input;
};

struct exchange {
    struct fake_exchange public;   /* first: found from it by a cast where it is const */
    struct connection *connection; /* NULL: closed */
    char *head;                    /* owned; method, path and headers point into it */
    struct str headers;            /* the lines behind the first */
    char *body_text;               /* owned */
};

struct fake_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    bool is_up;
    size_t open_handles;
    int port; /* 0: not chosen yet */
    char url[URL_BYTES];
    struct rule *rules;
    struct connection *connections;
    size_t connection_count;
    struct exchange **exchanges;
    size_t exchange_count;
    fake_handler_fn *handler;
    void *handler_ctx;
    char read_buffer[READ_BYTES];
};

static void listener_closed(uv_handle_t *handle)
{
    struct fake_server *server = handle->data;
    server->open_handles--;
}

static void connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    connection->server->open_handles--;
    strbuf_fini(&connection->input);
    free(connection);
}

static void close_connection(struct connection *connection)
{
    struct fake_server *server = connection->server;
    struct connection **link = &server->connections;
    while (*link != NULL && *link != connection)
        link = &(*link)->next;
    if (*link == NULL)
        return; /* closing already */
    *link = connection->next;
    for (size_t i = 0; i < server->exchange_count; i++) {
        struct exchange *exchange = server->exchanges[i];
        if (exchange->connection == connection) {
            exchange->connection = NULL;
            exchange->public.is_open = false;
        }
    }
    uv_close((uv_handle_t *)&connection->tcp, connection_closed);
}

static void write_done(uv_write_t *write, int status)
{
    (void)status; /* a client that went away is seen by the reader */
    free(write);
}

static void send_bytes(struct connection *connection, struct str bytes)
{
    if (connection == NULL || bytes.len == 0)
        return;
    uv_write_t *write = mem_alloc(sizeof(*write) + bytes.len);
    char *copy = (char *)(write + 1);
    memcpy(copy, bytes.ptr, bytes.len);
    uv_buf_t buf = uv_buf_init(copy, (unsigned)bytes.len);
    if (uv_write(write, (uv_stream_t *)&connection->tcp, &buf, 1, write_done) != 0)
        free(write);
}

static struct exchange *exchange_of(struct fake_exchange *public)
{
    return container_of(public, struct exchange, public);
}

void fake_exchange_raw(struct fake_exchange *exchange, struct str bytes)
{
    send_bytes(exchange_of(exchange)->connection, bytes);
}

static void send_text(struct fake_exchange *exchange, const struct strbuf *text)
{
    fake_exchange_raw(exchange, strbuf_str(text));
}

static void answered(struct fake_exchange *exchange)
{
    exchange->is_answered = true;
    exchange->is_open = false;
}

void fake_exchange_reply_with(struct fake_exchange *exchange, int status, const char *headers,
                              const char *body)
{
    struct strbuf text cleanup_strbuf = {0};
    strbuf_printf(&text,
                  "HTTP/1.1 %d Fake\r\nContent-Type: application/json\r\n"
                  "Content-Length: %zu\r\n%s\r\n%s",
                  status, strlen(body), headers, body);
    send_text(exchange, &text);
    answered(exchange);
}

void fake_exchange_reply(struct fake_exchange *exchange, int status, const char *body)
{
    fake_exchange_reply_with(exchange, status, "", body);
}

void fake_exchange_begin(struct fake_exchange *exchange, int status)
{
    struct strbuf text cleanup_strbuf = {0};
    strbuf_printf(&text,
                  "HTTP/1.1 %d Fake\r\nContent-Type: application/json\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n",
                  status);
    send_text(exchange, &text);
}

void fake_exchange_chunk(struct fake_exchange *exchange, const char *data)
{
    if (*data == '\0')
        return; /* would be the end */
    struct strbuf text cleanup_strbuf = {0};
    strbuf_printf(&text, "%zx\r\n%s\r\n", strlen(data), data);
    send_text(exchange, &text);
}

void fake_exchange_end(struct fake_exchange *exchange)
{
    fake_exchange_raw(exchange, STR("0\r\n\r\n"));
    answered(exchange);
}

void fake_exchange_cut(struct fake_exchange *exchange)
{
    if (exchange_of(exchange)->connection != NULL)
        close_connection(exchange_of(exchange)->connection);
}

struct str fake_exchange_header(const struct fake_exchange *exchange, const char *name)
{
    struct str rest = ((const struct exchange *)exchange)->headers;
    struct str line;
    while (str_split(&rest, '\n', &line)) {
        struct str key = str_before(line, ':');
        if (key.len == strlen(name) && strncasecmp(key.ptr, name, key.len) == 0)
            return str_trim(str_skip(line, key.len + 1));
    }
    return (struct str){0};
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool matches(const struct fake_exchange *exchange, const char *method, const char *prefix)
{
    return (*method == '\0' || strcmp(exchange->method, method) == 0) &&
           starts_with(exchange->path, prefix);
}

static struct rule *take_rule(struct fake_server *server, const struct fake_exchange *exchange)
{
    struct rule **link = &server->rules;
    while (*link != NULL && !matches(exchange, (*link)->method, (*link)->prefix))
        link = &(*link)->next;
    struct rule *found = *link;
    if (found != NULL)
        *link = found->next;
    return found;
}

static void obey(const struct rule *rule, struct fake_exchange *exchange)
{
    switch (rule->type) {
    case RULE_REPLY:
        fake_exchange_reply(exchange, rule->status, rule->text);
        break;
    case RULE_STREAM:
        fake_exchange_begin(exchange, 200);
        fake_exchange_chunk(exchange, rule->text);
        break;
    case RULE_RAW:
        fake_exchange_raw(exchange, str_from(rule->text));
        break;
    case RULE_CUT:
        fake_exchange_cut(exchange);
        break;
    case RULE_SILENT:
        break;
    }
}

static void answer(struct fake_server *server, struct fake_exchange *exchange)
{
    struct rule *rule = take_rule(server, exchange);
    if (rule != NULL) {
        obey(rule, exchange);
        free(rule);
    } else if (server->handler != NULL) {
        server->handler(server->handler_ctx, exchange);
    } else {
        fake_exchange_reply(exchange, 404,
                            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
                            "\"message\":\"the server could not find the requested resource\","
                            "\"reason\":\"NotFound\",\"code\":404}");
    }
}

/* `head`: the request line and the headers, up to the empty line. Owned from here on. */
static struct exchange *exchange_new(struct connection *connection, char *head)
{
    struct exchange *exchange = mem_alloc_zero(sizeof(*exchange));
    exchange->connection = connection;
    exchange->head = head;
    char *line_end = strstr(head, "\r\n");
    exchange->headers = str_from(line_end != NULL ? line_end + 2 : "");
    char *rest = head;
    exchange->public.method = strsep(&rest, " ");
    exchange->public.path = rest != NULL ? strsep(&rest, " ") : "";
    exchange->public.connection_number = connection->number;
    exchange->public.is_open = true;
    return exchange;
}

static void remember(struct fake_server *server, struct exchange *exchange)
{
    server->exchanges =
        mem_grow_array(server->exchanges, server->exchange_count + 1, sizeof(struct exchange *));
    server->exchanges[server->exchange_count++] = exchange;
}

/* NULL: not complete yet. */
static struct exchange *take_request(struct connection *connection)
{
    struct strbuf *input = &connection->input;
    char *end = input->len > 0 ? strstr(input->data, "\r\n\r\n") : NULL;
    if (end == NULL)
        return NULL;
    size_t head_bytes = (size_t)(end - input->data) + 4;
    char *head = str_dup_cstr((struct str){input->data, head_bytes - 2});
    struct exchange *exchange = exchange_new(connection, head);
    uint64_t body_bytes = 0;
    if (!str_to_u64(fake_exchange_header(&exchange->public, "content-length"), &body_bytes))
        body_bytes = 0;
    if (input->len < head_bytes + body_bytes) {
        free(exchange->head);
        free(exchange);
        return NULL;
    }
    exchange->body_text = str_dup_cstr((struct str){input->data + head_bytes, body_bytes});
    exchange->public.body = (struct str){exchange->body_text, body_bytes};
    strbuf_consume(input, head_bytes + body_bytes);
    return exchange;
}

static void read_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct connection *connection = handle->data;
    *buf = uv_buf_init(connection->server->read_buffer, READ_BYTES);
}

static void read_some(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    struct fake_server *server = connection->server;
    if (size < 0) {
        close_connection(connection);
        return;
    }
    strbuf_append(&connection->input, (struct str){buf->base, (size_t)size});
    struct exchange *exchange = NULL;
    while (!uv_is_closing((uv_handle_t *)stream) && (exchange = take_request(connection)) != NULL) {
        remember(server, exchange);
        answer(server, &exchange->public);
    }
}

static void connection_made(uv_stream_t *listener, int status)
{
    struct fake_server *server = listener->data;
    if (status != 0)
        return;
    struct connection *connection = mem_alloc_zero(sizeof(*connection));
    connection->server = server;
    connection->number = server->connection_count++;
    connection->next = server->connections;
    server->connections = connection;
    must(uv_tcp_init(server->loop, &connection->tcp) == 0);
    connection->tcp.data = connection;
    server->open_handles++;
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) != 0 ||
        uv_read_start((uv_stream_t *)&connection->tcp, read_alloc, read_some) != 0)
        close_connection(connection);
    else
        uv_tcp_nodelay(&connection->tcp, 1);
}

void fake_server_up(struct fake_server *server)
{
    must(!server->is_up);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    must(uv_tcp_init(server->loop, &server->listener) == 0);
    server->listener.data = server;
    must(uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0) == 0);
    must(uv_listen((uv_stream_t *)&server->listener, BACKLOG, connection_made) == 0);
    int size = sizeof(address);
    must(uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size) == 0);
    server->port = ntohs(address.sin_port);
    server->open_handles++;
    server->is_up = true;
}

void fake_server_down(struct fake_server *server)
{
    must(server->is_up);
    server->is_up = false;
    uv_close((uv_handle_t *)&server->listener, listener_closed);
    while (server->connections != NULL)
        close_connection(server->connections);
    while (server->open_handles > 0)
        uv_run(server->loop, UV_RUN_ONCE);
}

struct fake_server *fake_server_new(uv_loop_t *loop)
{
    struct fake_server *server = mem_alloc_zero(sizeof(*server));
    server->loop = loop;
    fake_server_up(server);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", server->port);
    return server;
}

const char *fake_server_url(const struct fake_server *server)
{
    return server->url;
}

void fake_server_free(struct fake_server *server)
{
    if (server->is_up)
        fake_server_down(server);
    while (server->rules != NULL) {
        struct rule *rule = server->rules;
        server->rules = rule->next;
        free(rule);
    }
    for (size_t i = 0; i < server->exchange_count; i++) {
        free(server->exchanges[i]->head);
        free(server->exchanges[i]->body_text);
        free(server->exchanges[i]);
    }
    free(server->exchanges);
    free(server);
}

/* The texts of a rule, one behind the other. */
static const char *keep_text(char **end, const char *text)
{
    char *kept = *end;
    *end = stpcpy(kept, text) + 1;
    return kept;
}

static void add_rule(struct fake_server *server, const char *method, const char *prefix,
                     struct rule given)
{
    const char *text = given.text != NULL ? given.text : "";
    struct rule *rule =
        mem_alloc(sizeof(*rule) + strlen(method) + strlen(prefix) + strlen(text) + 3);
    char *end = (char *)(rule + 1);
    *rule = given;
    rule->method = keep_text(&end, method);
    rule->prefix = keep_text(&end, prefix);
    rule->text = keep_text(&end, text);
    struct rule **link = &server->rules;
    while (*link != NULL)
        link = &(*link)->next;
    *link = rule;
}

void fake_server_reply(struct fake_server *server, const char *method, const char *prefix,
                       int status, const char *body)
{
    add_rule(server, method, prefix,
             (struct rule){.type = RULE_REPLY, .status = status, .text = body});
}

void fake_server_stream(struct fake_server *server, const char *method, const char *prefix,
                        const char *text)
{
    add_rule(server, method, prefix, (struct rule){.type = RULE_STREAM, .text = text});
}

void fake_server_raw(struct fake_server *server, const char *method, const char *prefix,
                     const char *bytes)
{
    add_rule(server, method, prefix, (struct rule){.type = RULE_RAW, .text = bytes});
}

void fake_server_cut(struct fake_server *server, const char *method, const char *prefix)
{
    add_rule(server, method, prefix, (struct rule){.type = RULE_CUT});
}

void fake_server_silent(struct fake_server *server, const char *method, const char *prefix)
{
    add_rule(server, method, prefix, (struct rule){.type = RULE_SILENT});
}

void fake_server_on_request(struct fake_server *server, fake_handler_fn *handler, void *ctx)
{
    server->handler = handler;
    server->handler_ctx = ctx;
}

size_t fake_server_count(const struct fake_server *server)
{
    return server->exchange_count;
}

struct fake_exchange *fake_server_exchange(const struct fake_server *server, size_t index)
{
    must(index < server->exchange_count);
    return &server->exchanges[index]->public;
}

struct fake_exchange *fake_server_last(const struct fake_server *server, const char *method,
                                       const char *prefix)
{
    for (size_t i = server->exchange_count; i-- > 0;)
        if (matches(&server->exchanges[i]->public, method, prefix))
            return &server->exchanges[i]->public;
    return NULL;
}

size_t fake_server_count_of(const struct fake_server *server, const char *method,
                            const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < server->exchange_count; i++)
        count += matches(&server->exchanges[i]->public, method, prefix);
    return count;
}

size_t fake_server_connections(const struct fake_server *server)
{
    return server->connection_count;
}
