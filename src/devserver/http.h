/* HTTP/1.1 for the embedded server, on uv_tcp. Requests arrive whole (bodies are small, with a
 * limit); answers go out at once or as a stream that stays open (a watch).
 *
 * libmicrohttpd, which serves the manager's probes, was tried first: a connection that is
 * suspended, as every quiet watch would be, leaves its epoll set, so that nobody learns that the
 * client has left; paths come decoded in place, so that "%2F" and "%00" cannot be told from what
 * they stand for; and half an answer, which faults need, cannot be sent.
 *
 * Clients may be slow, silent, many or nonsense: a head has 32 s and 1 MiB (408, 431), a body 60 s,
 * a client that takes nothing of its answer for 60 s is cut, one that asks nothing for 90 s, too.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/str.h"

struct dev_http_options {
    const char *listen;     /* "127.0.0.1:0" */
    bool allow_any_address; /* --insecure-any-address */
    const char *cert_pem;   /* NULL: plain HTTP */
    const char *key_pem;
    size_t max_body_bytes; /* 0: 3 MiB, what kube-apiserver takes; beyond: 413 */
};

struct dev_http_request {
    struct str method; /* "GET" */
    struct str path;   /* percent-decoded, without the query; borrowed until the answer, as all */
    struct str query;  /* as sent */
    struct str body;
    struct dev_http_exchange *exchange;
};
/* NULL-free lookups: an empty text when absent; borrowed until the answer. */
struct str dev_http_header(const struct dev_http_request *request, const char *name);
/* The percent-decoded value of a query parameter; false: not given. */
bool dev_http_query(const struct dev_http_request *request, const char *name, struct str *value);

/* An answer in the making; valid until it was ended or its `gone` was called. One that is not begun
 * yet stays valid when the client leaves: it is then answered to nobody. */
struct dev_http_exchange;
/* Exactly one of the next two, at once or later. Everything is copied. Extra headers are
 * "Name: value" lines, NULL-terminated; NULL: none. */
void dev_http_answer(struct dev_http_exchange *exchange, int status, const char *content_type,
                     struct str body, const char *const *headers);
/* A chunked answer that goes on; `gone` comes once when the client has left (and the exchange with
 * it), never after dev_http_end. */
void dev_http_stream(struct dev_http_exchange *exchange, int status, const char *content_type,
                     void (*gone)(void *ctx), void *ctx);
void dev_http_send(struct dev_http_exchange *exchange, struct str data); /* after stream; copied */
size_t dev_http_unsent_bytes(const struct dev_http_exchange *exchange);  /* of a stream */
void dev_http_end(struct dev_http_exchange *exchange); /* the stream ends in order */
/* For faults: the connection is cut as it stands, after `body`, half an answer without its head (or
 * half a line of a stream); when empty, not even a head is sent. The exchange ends without `gone`.
 */
void dev_http_cut(struct dev_http_exchange *exchange, struct str body);

typedef void dev_http_fn(void *ctx, const struct dev_http_request *request);
struct dev_http;
must_check bool dev_http_new(uv_loop_t *loop, const struct dev_http_options *options,
                             dev_http_fn *fn, void *ctx, struct dev_http **out, struct error *err);
int dev_http_port(const struct dev_http *http);
/* Cuts what is open (streams get their `gone`), then frees. An exchange that waits for its answer
 * must not be touched any more: whoever holds answers back forgets them first. */
void dev_http_stop(struct dev_http *http, void (*closed)(void *ctx), void *ctx);
