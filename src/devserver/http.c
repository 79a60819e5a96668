#include "devserver/http.h"

#include <unistd.h>

#include "base/attr.h"
#include "base/listen.h"
#include "base/must.h"
#include "devserver/http_connection.h"

enum { BACKLOG = 1024, MAX_BODY_BYTES = 3 << 20, SWEEP_MS = 1000 };

static void free_http(struct dev_http **http)
{
    if (!*http)
        return;
    dev_tls_context_free((*http)->tls);
    strbuf_fini(&(*http)->head);
    strbuf_fini(&(*http)->plain);
    strbuf_fini(&(*http)->wire);
    free(*http);
}

static void release_handle(struct dev_http *http)
{
    if (--http->open_handles > 0 || !http->is_stopping)
        return;
    void (*closed)(void *ctx) = http->closed;
    void *ctx = http->closed_ctx;
    free_http(&http);
    closed(ctx);
}

static void on_sweep(uv_timer_t *timer)
{
    struct dev_http *http = container_of(timer, struct dev_http, sweep);
    uint64_t now_ms = uv_now(http->loop);
    for (struct dev_http_exchange *x = http->first; x; x = x->next)
        dev_http_connection_check_time(x, now_ms);
}

static void link_connection(struct dev_http_exchange *x)
{
    struct dev_http *http = x->http;
    if (!http->first)
        must(uv_timer_start(&http->sweep, on_sweep, SWEEP_MS, SWEEP_MS) == 0);
    x->next = http->first;
    if (x->next)
        x->next->prev = x;
    http->first = x;
    http->open_handles++;
}

void dev_http_connection_closed(struct dev_http_exchange *x)
{
    struct dev_http *http = x->http;
    *(x->prev ? &x->prev->next : &http->first) = x->next;
    if (x->next)
        x->next->prev = x->prev;
    free(x);
    if (!http->first && !http->is_stopping)
        (void)uv_timer_stop(&http->sweep);
    release_handle(http);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct dev_http *http = container_of(listener, struct dev_http, listener);
    if (status < 0)
        return; /* it has gone again, or there are no more descriptors */
    struct dev_http_exchange *x = mem_alloc_zero(sizeof(*x));
    x->http = http;
    must(uv_tcp_init(http->loop, &x->tcp) == 0);
    link_connection(x);
    if (uv_accept(listener, (uv_stream_t *)&x->tcp) == 0)
        dev_http_connection_start(x);
    else
        dev_http_connection_close(x);
}

static bool open_listener(const struct dev_http_options *options, int *fd_out, struct error *err)
{
    if (!listen_on(options->listen, fd_out, err))
        return false;
    if (options->allow_any_address || listen_is_loopback(*fd_out))
        return true;
    close(*fd_out);
    return error_set(err, ERROR_INVALID,
                     "%.64s is not a loopback address: whoever reaches this server rules it",
                     options->listen);
}

bool dev_http_new(uv_loop_t *loop, const struct dev_http_options *options, dev_http_fn *fn,
                  void *ctx, struct dev_http **out, struct error *err)
{
    int fd = -1;
    cleanup_with(free_http) struct dev_http *http = mem_alloc_zero(sizeof(*http));
    http->loop = loop;
    http->max_body_bytes = options->max_body_bytes > 0 ? options->max_body_bytes : MAX_BODY_BYTES;
    http->fn = fn;
    http->ctx = ctx;
    if (options->cert_pem &&
        !dev_tls_context_new(options->cert_pem, options->key_pem, &http->tls, err))
        return false;
    if (!open_listener(options, &fd, err))
        return false;
    http->port = listen_port(fd);
    must(uv_tcp_init(loop, &http->listener) == 0);
    must(uv_timer_init(loop, &http->sweep) == 0);
    http->open_handles = 2;
    must(uv_tcp_open(&http->listener, fd) == 0);
    must(uv_listen((uv_stream_t *)&http->listener, BACKLOG, on_connection) == 0);
    *out = steal_ptr(http);
    return true;
}

int dev_http_port(const struct dev_http *http)
{
    return http->port;
}

static void on_listener_closed(uv_handle_t *handle)
{
    release_handle(container_of(handle, struct dev_http, listener));
}

static void on_sweep_closed(uv_handle_t *handle)
{
    release_handle(container_of(handle, struct dev_http, sweep));
}

void dev_http_stop(struct dev_http *http, void (*closed)(void *ctx), void *ctx)
{
    http->is_stopping = true;
    http->closed = closed;
    http->closed_ctx = ctx;
    for (struct dev_http_exchange *x = http->first; x; x = x->next)
        dev_http_connection_close(x);
    uv_close((uv_handle_t *)&http->listener, on_listener_closed);
    uv_close((uv_handle_t *)&http->sweep, on_sweep_closed);
}
