/* One connection of the embedded server and the exchange that is on it: between http.c, which
 * accepts and sweeps, http_connection.c, which reads and knows what comes next, and http_answer.c.
 */
#pragma once
#include <uv.h>

#include "base/arena.h"
#include "devserver/http.h"
#include "devserver/http_parse.h"
#include "devserver/tls.h"

/*   HEAD --whole--> BODY --whole--> SERVING --answer--> SENT --all is on the wire--> HEAD
 *                                   SERVING --stream--> STREAMING --end--> SENT
 *
 *   HEAD, BODY --refused--> SENT;  SENT --last of its connection--> LINGERING or closed */
enum dev_http_state {
    DEV_HTTP_HEAD,
    DEV_HTTP_BODY,
    DEV_HTTP_SERVING, /* the handler has it */
    DEV_HTTP_STREAMING,
    DEV_HTTP_SENT,
    DEV_HTTP_LINGERING, /* what comes is thrown away, so that the answer is not lost by a reset */
};

enum {
    DEV_HTTP_SEND_MS = 60000, /* for a client that takes nothing of its answer */
    DEV_HTTP_MAX_PARTS = 3,   /* of bytes sent together */
};

struct dev_http {
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_timer_t sweep; /* looks for clients out of time, every second while there are any */
    size_t open_handles;
    int port;
    size_t max_body_bytes;
    struct dev_tls_context *tls; /* NULL: plain */
    dev_http_fn *fn;
    void *ctx;
    struct dev_http_exchange *first; /* all connections */
    bool is_stopping;
    void (*closed)(void *ctx);
    void *closed_ctx;
    struct strbuf head;  /* scratch: of an answer */
    struct strbuf plain; /* scratch: before TLS packs it or after it was unpacked */
    struct strbuf wire;  /* scratch: what TLS has packed */
    char read_buffer[64 << 10];
};

struct dev_http_exchange {
    struct dev_http *http;
    struct dev_http_exchange *prev, *next;
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct dev_tls *tls;
    enum dev_http_state state;
    uint64_t deadline_ms; /* loop time; 0: none */
    size_t unsent_bytes;  /* at the last sweep, to see progress */

    struct strbuf in;        /* came, but is not of the request at hand */
    struct strbuf head_text; /* of the request at hand */
    struct dev_http_head head;
    struct dev_http_chunks chunks;
    struct strbuf body;
    struct arena arena; /* decoded texts of the request at hand */
    struct dev_http_request request;

    bool is_in_handler; /* dev_http_fn is below us on the stack */
    bool is_closing;    /* uv_close was called */
    bool has_left;      /* the client; closed once its request is answered */
    bool has_ended;     /* the client will send nothing more */
    bool is_paused;     /* not reading */
    bool closes_after;  /* SENT: the connection's last answer */
    bool lingers;       /* SENT: there may be more of a request that was refused */
    void (*gone)(void *ctx);
    void *gone_ctx;
};

/* http_connection.c: takes over exchange->tcp, which is accepted; the rest is zero. */
void dev_http_connection_start(struct dev_http_exchange *exchange);
/* Goes on with what is ready to be done: the next request, the end. May call the handler. */
void dev_http_connection_proceed(struct dev_http_exchange *exchange);
void dev_http_connection_set_time(struct dev_http_exchange *exchange, uint64_t wait_ms);
void dev_http_connection_check_time(struct dev_http_exchange *exchange, uint64_t now_ms);
/* Nobody reads what is sent any more: closed, but one that is being served only when it is
 * answered. */
void dev_http_connection_leave(struct dev_http_exchange *exchange);
void dev_http_connection_close(struct dev_http_exchange *exchange);
/* Empties a buffer, gives back its memory when it grew large. */
void dev_http_shrink(struct strbuf *buf);

/* http_answer.c: bytes as they go over the network; under TLS packed already. */
void dev_http_send_wire(struct dev_http_exchange *exchange, const struct str *parts, size_t count);
void dev_http_send_continue(struct dev_http_exchange *exchange); /* 100 */
/* Answers a request that never gets to the handler; the connection ends with it. */
void dev_http_refuse(struct dev_http_exchange *exchange, int status, const char *why);

/* http.c: the connection is closed, frees it. */
void dev_http_connection_closed(struct dev_http_exchange *exchange);
