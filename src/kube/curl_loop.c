#include "kube/curl_loop.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/must.h"

enum { ROUNDS_MAX = 64 }; /* others have a turn, too */

/* A socket of libcurl's. Freed in the close callback, so it may outlive its descriptor. */
struct curl_socket {
    uv_poll_t poll;
    struct kube_curl_loop *loop;
    curl_socket_t fd;
    TAILQ_ENTRY(curl_socket) link;
};
TAILQ_HEAD(curl_sockets, curl_socket);

struct kube_curl_loop {
    uv_loop_t *uv;
    CURLM *multi;
    uv_timer_t timer;
    struct curl_sockets sockets; /* those not closing */
    size_t open_handles;
    bool is_stopping;
    kube_curl_loop_fn *worked;
    void *ctx;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static void handle_closed(struct kube_curl_loop *loop)
{
    must(loop->open_handles > 0);
    if (--loop->open_handles > 0)
        return;
    must(loop->is_stopping);
    loop->closed(loop->closed_ctx);
    free(loop);
}

static void socket_closed(uv_handle_t *handle)
{
    struct curl_socket *socket = handle->data;
    struct kube_curl_loop *loop = socket->loop;
    free(socket);
    handle_closed(loop);
}

static void timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

/* Of what it has read, libcurl may keep something back that no poll will ever tell of (the rest of
 * an HTTP/2 frame or of a TLS record): it is asked again until nothing comes. */
static void work(struct kube_curl_loop *loop, curl_socket_t fd, int what)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        int running = 0;
        must(curl_multi_socket_action(loop->multi, fd, what, &running) == CURLM_OK);
        if (!loop->worked(loop->ctx) || loop->is_stopping)
            return;
        if (fd != CURL_SOCKET_TIMEOUT)
            what = CURL_CSELECT_IN;
    }
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    const struct curl_socket *socket = poll->data;
    int what = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        what |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        what |= CURL_CSELECT_OUT;
    work(socket->loop, socket->fd, what);
}

static void timer_due(uv_timer_t *timer)
{
    work(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static struct curl_socket *socket_new(struct kube_curl_loop *loop, curl_socket_t fd)
{
    struct curl_socket *socket = mem_alloc_zero(sizeof(*socket));
    if (uv_poll_init_socket(loop->uv, &socket->poll, fd) != 0) {
        free(socket);
        return NULL;
    }
    socket->poll.data = socket;
    socket->loop = loop;
    socket->fd = fd;
    loop->open_handles++;
    TAILQ_INSERT_TAIL(&loop->sockets, socket, link);
    must(curl_multi_assign(loop->multi, fd, socket) == CURLM_OK);
    return socket;
}

/* libcurl closes the descriptor as soon as this returned: uv_close takes it out of epoll first. */
static void socket_close(struct curl_socket *socket)
{
    TAILQ_REMOVE(&socket->loop->sockets, socket, link);
    uv_close((uv_handle_t *)&socket->poll, socket_closed);
}

/* A CURLMOPT_SOCKETFUNCTION: libcurl wants this descriptor watched for `what` from now on. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
    (void)easy;
    struct curl_socket *socket = assigned;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL)
            socket_close(socket);
        return 0;
    }
    if (socket == NULL)
        socket = socket_new(ctx, fd);
    if (socket == NULL)
        return -1;
    int events = 0;
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    return uv_poll_start(&socket->poll, events, socket_ready) == 0 ? 0 : -1;
}

/* A CURLMOPT_TIMERFUNCTION: -1: none. */
static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    (void)multi;
    struct kube_curl_loop *loop = ctx;
    if (timeout_ms < 0)
        uv_timer_stop(&loop->timer);
    else
        uv_timer_start(&loop->timer, timer_due, (uint64_t)timeout_ms, 0);
    return 0;
}

struct kube_curl_loop *kube_curl_loop_new(uv_loop_t *uv, kube_curl_loop_fn *worked, void *ctx)
{
    struct kube_curl_loop *loop = mem_alloc_zero(sizeof(*loop));
    loop->uv = uv;
    loop->worked = worked;
    loop->ctx = ctx;
    TAILQ_INIT(&loop->sockets);
    must(uv_timer_init(uv, &loop->timer) == 0);
    loop->timer.data = loop;
    loop->open_handles = 1;
    loop->multi = curl_multi_init();
    must(loop->multi != NULL);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return loop;
}

CURLM *kube_curl_loop_multi(const struct kube_curl_loop *loop)
{
    return loop->multi;
}

void kube_curl_loop_flush(struct kube_curl_loop *loop)
{
    work(loop, CURL_SOCKET_TIMEOUT, 0);
}

/* Not so the pairs by which libcurl's resolver threads wake it. */
static bool is_connection(curl_socket_t fd)
{
    int protocol = 0;
    socklen_t size = sizeof(protocol);
    return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           protocol == IPPROTO_TCP;
}

void kube_curl_loop_break(const struct kube_curl_loop *loop)
{
    const struct curl_socket *socket;
    TAILQ_FOREACH(socket, &loop->sockets, link)
    if (is_connection(socket->fd))
        shutdown(socket->fd, SHUT_RDWR);
}

void kube_curl_loop_stop(struct kube_curl_loop *loop, void (*closed)(void *ctx), void *ctx)
{
    must(!loop->is_stopping);
    loop->is_stopping = true;
    loop->closed = closed;
    loop->closed_ctx = ctx;
    curl_multi_cleanup(loop->multi);
    while (!TAILQ_EMPTY(&loop->sockets))
        socket_close(TAILQ_FIRST(&loop->sockets));
    uv_close((uv_handle_t *)&loop->timer, timer_closed);
}
