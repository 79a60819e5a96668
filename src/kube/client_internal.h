/* What client.c, client_call.c and client_stream.c share. client.c owns the client and decides when
 * something may start; the other two own their objects and what becomes of them.
 *
 *             kube_credentials_get        answered, broken
 *   waiting ----------------------> open ------------------> callback, freed
 *      |  ^                          | |
 *      |  +--------------------------+ | cancel
 *      |    401, Retry-After           v
 *      +----------------------------> ended (in the next turn of the loop: callback, freed)
 *        cancel, no credential                                                         */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "kube/client.h"
#include "kube/credentials.h"
#include "kube/flow.h"
#include "kube/transport.h"

enum { KUBE_PRIORITIES = 3 };

TAILQ_HEAD(kube_calls, kube_call);
TAILQ_HEAD(kube_streams, kube_stream);

struct kube_client {
    struct kube_runtime *runtime;
    struct kube_client_options options; /* with the defaults filled in; user_agent is not kept */
    struct kube_transport *transport;
    struct kube_credentials *credentials;
    struct kube_flow flow;
    struct kube_client_figures figures;

    struct kube_calls waiting[KUBE_PRIORITIES];
    struct kube_calls open;
    struct kube_calls ended;
    size_t call_count; /* waiting and open */
    struct kube_streams streams_waiting;
    struct kube_streams streams_open;
    struct kube_streams streams_ended;

    uv_idle_t kick; /* runs while there is something to do in the next turn of the loop */
    uv_timer_t hold;
    bool is_asking; /* for a credential */
    bool are_writes_forbidden;
    bool is_stopping;
    size_t open_parts; /* what is still closing */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* client.c */
void kube_client_kick(struct kube_client *client); /* look at everything in the next turn */
int64_t kube_client_now_ms(const struct kube_client *client);
void kube_client_count_answer(struct kube_client *client, int http_status);
const char *kube_accept_header(enum kube_accept accept);
/* Puts what was asked in front: "GET /apis/...: ". Returns false. */
bool kube_client_wrap(struct error *err, const char *method, struct str path);
/* Sets err from an answer that is not 2xx. Returns false. */
bool kube_client_answer_to_error(const struct kube_exchange_result *result, struct error *err);

/* client_call.c */
void kube_calls_init(struct kube_client *client);
int64_t kube_calls_wait_ms(struct kube_client *client); /* 0: one may start; -1: none, for now */
void kube_calls_start(struct kube_client *client, const struct kube_credential *credential);
void kube_calls_fail_waiting(struct kube_client *client, const struct error *err);
void kube_calls_cancel(struct kube_client *client, bool forbidden_only);
void kube_calls_tell_ended(struct kube_client *client);
bool kube_calls_are_gone(const struct kube_client *client);

/* client_stream.c */
void kube_streams_init(struct kube_client *client);
bool kube_streams_want_start(const struct kube_client *client);
void kube_streams_start(struct kube_client *client, const struct kube_credential *credential);
void kube_streams_fail_waiting(struct kube_client *client, const struct error *err);
void kube_streams_cancel(struct kube_client *client);
void kube_streams_tell_ended(struct kube_client *client);
bool kube_streams_are_gone(const struct kube_client *client);
