#include "manager/http_server.h"

#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/listen.h"
#include "base/must.h"

enum { MAX_CONNECTIONS = 64, CONNECTION_BYTES = 4096, VISIT_MS = 5000 };

/* A connection, from its acceptance to its end. */
struct visit {
    struct http_server *server;
    struct visit *prev, *next; /* older, younger */
    int fd;                    /* libmicrohttpd's */
    uint64_t deadline_ms;      /* loop time */
    bool is_cut;               /* out of time: no longer in the list */
};

struct http_server {
    struct MHD_Daemon *daemon;
    int port;
    uv_poll_t poll;   /* of the daemon's epoll descriptor */
    uv_timer_t timer; /* the oldest visit's deadline, or what the daemon asks for */
    struct visit *oldest, *youngest;
    bool has_closed_some; /* since the daemon ran last */
    http_handler_fn *handler;
    void *ctx;
    size_t open_handles;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static void link_visit(struct visit *visit)
{
    struct http_server *server = visit->server;
    visit->prev = server->youngest;
    if (visit->prev)
        visit->prev->next = visit;
    else
        server->oldest = visit;
    server->youngest = visit;
}

static void unlink_visit(struct visit *visit)
{
    struct http_server *server = visit->server;
    *(visit->prev ? &visit->prev->next : &server->oldest) = visit->next;
    *(visit->next ? &visit->next->prev : &server->youngest) = visit->prev;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **visit_slot,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = ctx;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct visit *visit = *visit_slot;
        if (!visit->is_cut)
            unlink_visit(visit);
        free(visit);
        server->has_closed_some = true;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    must(info != NULL);
    struct visit *visit = mem_alloc_zero(sizeof(*visit));
    visit->server = server;
    visit->fd = info->connect_fd;
    visit->deadline_ms = uv_now(server->timer.loop) + VISIT_MS;
    link_visit(visit);
    *visit_slot = visit;
}

/* libmicrohttpd counts only silence; a client that sends a byte now and then could stay forever. */
static void cut_late_visits(struct http_server *server)
{
    while (server->oldest && server->oldest->deadline_ms <= uv_now(server->timer.loop)) {
        struct visit *visit = server->oldest;
        unlink_visit(visit);
        visit->is_cut = true;
        (void)shutdown(visit->fd, SHUT_RDWR); /* the daemon sees the end and closes it */
    }
}

static void on_timer(uv_timer_t *timer);

static void arm_timer(struct http_server *server)
{
    uint64_t now_ms = uv_now(server->timer.loop);
    MHD_UNSIGNED_LONG_LONG daemon_ms = 0;
    bool has_daemon_wish = MHD_get_timeout(server->daemon, &daemon_ms) == MHD_YES;
    if (server->has_closed_some) {
        /* At its limit the daemon takes its listener up again only in the run after. */
        has_daemon_wish = true;
        daemon_ms = 0;
    }
    if (!has_daemon_wish && !server->oldest) {
        uv_timer_stop(&server->timer);
        return;
    }
    uint64_t wait_ms = UINT64_MAX;
    if (server->oldest)
        wait_ms = server->oldest->deadline_ms > now_ms ? server->oldest->deadline_ms - now_ms : 0;
    if (has_daemon_wish && daemon_ms < wait_ms)
        wait_ms = daemon_ms;
    if (wait_ms == 0)
        wait_ms = 1; /* a timer that is due at once when its callback starts it never lets go */
    must(uv_timer_start(&server->timer, on_timer, wait_ms, 0) == 0);
}

static void run(struct http_server *server)
{
    server->has_closed_some = false;
    cut_late_visits(server);
    (void)MHD_run(server->daemon);
    arm_timer(server);
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* the daemon finds out itself */
    (void)events;
    run(poll->data);
}

bool http_request_has_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name,
                                         strlen(name), NULL, NULL) == MHD_YES;
}

/* Takes the body. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, struct http_answer *answer)
{
    size_t size_bytes = answer->body.len;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        size_bytes, strbuf_take(&answer->body), MHD_RESPMEM_MUST_FREE);
    must(response != NULL);
    static const char *const headers[][2] = {
        {"Content-Type", "text/plain; charset=utf-8"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "no-store"},
        {"Connection", "close"},
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        must(MHD_add_response_header(response, headers[i][0], headers[i][1]) == MHD_YES);
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        must(MHD_add_response_header(response, "Allow", "GET, HEAD") == MHD_YES);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_slot)
{
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request_slot;
    struct http_server *server = ctx;
    struct http_answer answer = {.status = MHD_HTTP_OK};
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0) {
        struct http_request request = {.path = str_from(url), .connection = connection};
        server->handler(server->ctx, &request, &answer);
    } else {
        answer.status = MHD_HTTP_METHOD_NOT_ALLOWED;
        strbuf_append_cstr(&answer.body, "only GET and HEAD are served here\n");
    }
    return send_answer(connection, &answer);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, server,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
                            server, MHD_OPTION_END);
}

bool http_server_new(uv_loop_t *loop, const char *address, http_handler_fn *handler, void *ctx,
                     struct http_server **out, struct error *err)
{
    int fd = -1;
    if (!listen_on(address, &fd, err))
        return false;
    cleanup_free struct http_server *server = mem_alloc_zero(sizeof(*server));
    server->handler = handler;
    server->ctx = ctx;
    server->port = listen_port(fd);
    server->daemon = start_daemon(server, fd);
    if (!server->daemon) {
        close(fd);
        return error_set(err, ERROR_UNAVAILABLE, "cannot serve on %.64s: no more descriptors?",
                         address);
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    must(info != NULL);
    must(uv_poll_init(loop, &server->poll, info->epoll_fd) == 0);
    must(uv_timer_init(loop, &server->timer) == 0);
    server->poll.data = server;
    server->timer.data = server;
    server->open_handles = 2;
    must(uv_poll_start(&server->poll, UV_READABLE, on_poll) == 0);
    run(server); /* puts the listener into the epoll set */
    *out = steal_ptr(server);
    return true;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->open_handles > 0)
        return;
    MHD_stop_daemon(server->daemon); /* ends the visits, too */
    void (*closed)(void *ctx) = server->closed;
    void *ctx = server->closed_ctx;
    free(server);
    closed(ctx);
}

void http_server_stop(struct http_server *server, void (*closed)(void *ctx), void *ctx)
{
    server->closed = closed;
    server->closed_ctx = ctx;
    uv_close((uv_handle_t *)&server->poll, on_handle_closed);
    uv_close((uv_handle_t *)&server->timer, on_handle_closed);
}
