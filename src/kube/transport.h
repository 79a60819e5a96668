/* HTTP exchanges with one server: libcurl set up as kube_config says, one HTTP/2 connection where
 * the server speaks it, else HTTP/1.1. A peer that is dead is noticed within 30 s: by TCP where it
 * does not acknowledge, and when a request times out while nothing at all arrives.
 *
 * All handlers are called outside of libcurl: they may start and cancel transfers and anything
 * else. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "kube/config.h"
#include "kube/credentials.h"
#include "kube/runtime.h"

struct kube_transport_options {
    const struct kube_config *config; /* borrowed for its life */
    const char *user_agent;           /* copied */
    size_t max_connections;           /* kept for reuse (HTTP/1.1) */
};

struct kube_transport;
/* ERROR_INVALID: the server's URL is not usable. */
must_check bool kube_transport_new(struct kube_runtime *runtime,
                                   const struct kube_transport_options *options,
                                   struct kube_transport **out, struct error *err);

struct kube_exchange_result {
    int http_status;         /* 0: no answer */
    const struct error *err; /* NULL: a whole answer with any status came */
    struct str body;         /* borrowed for the call; what came until it broke */
    int64_t latency_us;      /* from when the request could be sent until its end */
    int64_t retry_after_ms;  /* of the header; 0: not said */
};
struct kube_exchange_handlers {
    /* Something has been added to kube_exchange_body. NULL: only done matters. */
    void (*data)(void *ctx);
    /* Exactly once, except after cancel; then the exchange is gone. */
    void (*done)(void *ctx, const struct kube_exchange_result *result);
};

struct kube_exchange_request {
    const char *method;
    struct str path; /* copied */
    const char *accept;
    const char *content_type; /* NULL: no body */
    struct str body;          /* borrowed until done */
    int64_t timeout_ms;       /* 0: none */
    size_t max_body_bytes;    /* of the answer, or of what `data` leaves in the buffer */
    const struct kube_credential *credential; /* borrowed for the call */
};
struct kube_exchange;
/* The exchange begins with the next turn of the loop or with kube_transport_flush. */
struct kube_exchange *kube_exchange_start(struct kube_transport *transport,
                                          const struct kube_exchange_request *request,
                                          const struct kube_exchange_handlers *handlers, void *ctx);
int kube_exchange_status(const struct kube_exchange *exchange); /* 0: not known yet */
struct strbuf *kube_exchange_body(struct kube_exchange *exchange);
void kube_exchange_cancel(struct kube_exchange *exchange); /* no handler is called any more */

void kube_transport_flush(struct kube_transport *transport); /* not from within a handler */
uint64_t kube_transport_connections(const struct kube_transport *transport); /* tried so far */

/* All exchanges have ended or been cancelled. `closed` comes later; then it is freed. */
void kube_transport_stop(struct kube_transport *transport, void (*closed)(void *ctx), void *ctx);
