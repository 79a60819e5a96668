/* A scripted HTTP/1.1 server for tests, on the test's own loop and a free port of 127.0.0.1. What
 * it gets is kept; what it answers is given byte by byte where that matters:
 *
 *     struct fake_server *server = fake_server_new(loop);
 *     fake_server_reply(server, "GET", "/api/v1/nodes", 200, "{\"kind\":\"NodeList\"}");
 *     fake_server_stream(server, "GET", "/api/v1/pods?watch", "{\"type\":\"ADD");
 *     ... the code under test asks ...
 *     loop_until(loop, fake_server_count(server) == 2);
 *     struct fake_exchange *watch = fake_server_last(server, "GET", "/api/v1/pods");
 *     fake_exchange_chunk(watch, "ED\"}\n");
 *     fake_exchange_cut(watch);
 *
 * A test that breaks the server's own rules (a port that cannot be had) aborts. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/str.h"

struct fake_server;

/* One request and its answer. Lives as long as the server; all fields are borrowed from it. */
struct fake_exchange {
    const char *method;
    const char *path; /* with its query, as sent */
    struct str body;
    size_t connection_number; /* 0: the first connection made to this server */
    bool is_answered;         /* the answer is complete */
    bool is_open;             /* the connection is there and can carry (more of) the answer */
};

struct fake_server *fake_server_new(uv_loop_t *loop);
const char *fake_server_url(const struct fake_server *server); /* "http://127.0.0.1:PORT" */
/* Closes everything and runs the loop until that is done; first stop what talks to the server. */
void fake_server_free(struct fake_server *server);

/* Answers for requests to come. Each serves one request with this method whose path (query
 * included) starts with `prefix`; of several that match, the one given first. */
void fake_server_reply(struct fake_server *server, const char *method, const char *prefix,
                       int status, const char *body);
/* 200 and `text` as the first chunk (empty: none yet); left open for fake_exchange_chunk. */
void fake_server_stream(struct fake_server *server, const char *method, const char *prefix,
                        const char *text);
/* Exactly these bytes, garbage perhaps; left open. */
void fake_server_raw(struct fake_server *server, const char *method, const char *prefix,
                     const char *bytes);
void fake_server_cut(struct fake_server *server, const char *method, const char *prefix);
void fake_server_silent(struct fake_server *server, const char *method, const char *prefix);

/* Called for requests that nothing above answers; it may answer now or keep the exchange for later.
 * Without a handler they get 404. */
typedef void fake_handler_fn(void *ctx, struct fake_exchange *exchange);
void fake_server_on_request(struct fake_server *server, fake_handler_fn *handler, void *ctx);

/* All requests in the order of their arrival. */
size_t fake_server_count(const struct fake_server *server);
struct fake_exchange *fake_server_exchange(const struct fake_server *server, size_t index);
/* The newest, or the number, of those with this method and prefix; "" stands for any. */
struct fake_exchange *fake_server_last(const struct fake_server *server, const char *method,
                                       const char *prefix);
size_t fake_server_count_of(const struct fake_server *server, const char *method,
                            const char *prefix);
size_t fake_server_connections(const struct fake_server *server); /* made so far */

/* Down: all connections are cut, new ones refused. Up: the same port again. */
void fake_server_down(struct fake_server *server);
void fake_server_up(struct fake_server *server);

/* The value, name in any case; empty: not sent. */
struct str fake_exchange_header(const struct fake_exchange *exchange, const char *name);

/* What is sent on a connection that is no longer there is dropped. */
void fake_exchange_reply(struct fake_exchange *exchange, int status, const char *body);
/* `headers`: whole lines, each with its CRLF. */
void fake_exchange_reply_with(struct fake_exchange *exchange, int status, const char *headers,
                              const char *body);
/* A chunked answer: begin, any number of chunks, end. */
void fake_exchange_begin(struct fake_exchange *exchange, int status);
void fake_exchange_chunk(struct fake_exchange *exchange, const char *text);
void fake_exchange_end(struct fake_exchange *exchange);
void fake_exchange_raw(struct fake_exchange *exchange, struct str bytes);
void fake_exchange_cut(struct fake_exchange *exchange);
