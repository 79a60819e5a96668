/* Requests to the API server: libcurl's multi interface on the libuv loop, one HTTP/2 connection
 * for everything. Requests wait for a place in flight (kube/flow.h) by priority; streams (watches)
 * have no limit. Every call answers exactly once, never before it returned.
 *
 * Retried here are only answers that say the request was not looked at: 401 once, with a fresh
 * credential; 429, and 503 with Retry-After, a few times. Whatever else goes wrong is the caller's
 * to decide. A request that times out while nothing at all arrives breaks the connection, and with
 * it all streams: they would wait for a dead peer otherwise. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "kube/config.h"
#include "kube/flow.h"
#include "kube/runtime.h"

enum kube_verb { KUBE_GET, KUBE_POST, KUBE_PUT, KUBE_PATCH_JSON, KUBE_PATCH_MERGE, KUBE_DELETE };
enum kube_accept {
    KUBE_ACCEPT_JSON,
    KUBE_ACCEPT_PARTIAL_METADATA,
    KUBE_ACCEPT_PARTIAL_METADATA_LIST
};
enum kube_priority {
    KUBE_PRIORITY_NORMAL,
    KUBE_PRIORITY_BACKGROUND, /* starts only when no other waits */
    KUBE_PRIORITY_LEASE,      /* never waits, not even for the in-flight limit */
};

struct kube_client_options {
    const struct kube_config *config; /* borrowed for the client's life */
    const char *user_agent;
    struct kube_flow_options flow;
    int64_t timeout_ms;        /* of a request without a stream; 0: 30 s */
    size_t max_response_bytes; /* 0: 64 MiB */
    size_t max_line_bytes;     /* of a stream; 0: 16 MiB */
};

struct kube_client;
must_check bool kube_client_new(struct kube_runtime *runtime,
                                const struct kube_client_options *options, struct kube_client **out,
                                struct error *err);

struct kube_request {
    enum kube_verb verb;
    enum kube_accept accept;
    enum kube_priority priority;
    struct str path;      /* with query, copied; from kube/path.h */
    struct str body;      /* copied */
    const char *resource; /* static, for metrics: "elfmachines" */
};
struct kube_response {
    int http_status;
    struct str body; /* borrowed for the call */
};
/* err NULL: 2xx. Otherwise err (kube_status_to_error for answers) and, where there was an answer,
 * the response too. */
typedef void kube_response_fn(void *ctx, const struct kube_response *response,
                              const struct error *err);
struct kube_call; /* gone when its callback has been called */
struct kube_call *kube_client_send(struct kube_client *client, const struct kube_request *request,
                                   kube_response_fn *fn, void *ctx);
/* The callback comes with ERROR_CANCELLED, later. */
void kube_call_cancel(struct kube_call *call);

struct kube_stream_handlers {
    /* A complete line without its newline; borrowed. Return false to end the stream (ended comes
     * with ERROR_CANCELLED). */
    bool (*line)(void *ctx, struct str line);
    /* err NULL: the server ended it in order. After this the stream is gone. */
    void (*ended)(void *ctx, const struct error *err);
};
struct kube_stream;
struct kube_stream *kube_client_stream(struct kube_client *client, struct str path,
                                       enum kube_accept accept,
                                       const struct kube_stream_handlers *handlers, void *ctx);
void kube_stream_cancel(struct kube_stream *stream); /* ended comes with ERROR_CANCELLED, later */

/* From now on no request that writes leaves, those waiting or under way end with ERROR_CANCELLED
 * (a lost lease). Except through KUBE_PRIORITY_LEASE. */
void kube_client_forbid_writes(struct kube_client *client);
size_t kube_client_pending(const struct kube_client *client); /* requests waiting or in flight */

/* Sums since the start, for metrics and tests. Streams count as requests, and so does each try. */
struct kube_client_figures {
    uint64_t requests;
    uint64_t requests_by_verb[6]; /* enum kube_verb */
    uint64_t answers_by_class[6]; /* [2]: 2xx ... [0]: no answer */
    uint64_t retries;
    uint64_t connections;
    double in_flight_limit;
};
struct kube_client_figures kube_client_figures(const struct kube_client *client);

/* Everything still open is cancelled; `closed` comes when all handles are closed; frees it. */
void kube_client_stop(struct kube_client *client, void (*closed)(void *ctx), void *ctx);
