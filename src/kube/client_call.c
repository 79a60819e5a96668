/* Requests that are answered as a whole: their queues, their answers, their retries. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "kube/client_internal.h"
#include "kube/model/status.h"

enum {
    ATTEMPTS_MAX = 4,
    RETRY_AFTER_UNSAID_MS = 1000,
    RETRY_WAIT_MAX_MS = 60000, /* a longer one is for the caller to judge */
};

struct kube_call {
    struct kube_client *client;
    TAILQ_ENTRY(kube_call) link;
    struct kube_calls *list; /* the one it is in; NULL: about to be told its end */
    enum kube_verb verb;
    enum kube_accept accept;
    enum kube_priority priority;
    struct str path; /* this and the body lie behind the call */
    struct str body;
    kube_response_fn *fn;
    void *ctx;
    struct kube_exchange *exchange; /* while it is open */
    uint64_t serial;                /* of the credential it went with */
    unsigned attempts;
    bool is_reauthorized;
    struct error err; /* once it has ended */
};

static const char *method_of(enum kube_verb verb)
{
    static const char *const methods[] = {
        [KUBE_GET] = "GET",          [KUBE_POST] = "POST",         [KUBE_PUT] = "PUT",
        [KUBE_PATCH_JSON] = "PATCH", [KUBE_PATCH_MERGE] = "PATCH", [KUBE_DELETE] = "DELETE",
    };
    return methods[verb];
}

static const char *content_type_of(const struct kube_call *call)
{
    if (call->verb == KUBE_PATCH_JSON)
        return "application/json-patch+json";
    if (call->verb == KUBE_PATCH_MERGE)
        return "application/merge-patch+json";
    if (call->verb == KUBE_GET || (call->verb == KUBE_DELETE && str_is_empty(call->body)))
        return NULL;
    return "application/json";
}

static bool is_forbidden(const struct kube_call *call)
{
    return call->client->are_writes_forbidden && call->verb != KUBE_GET &&
           call->priority != KUBE_PRIORITY_LEASE;
}

static void move_to(struct kube_call *call, struct kube_calls *list)
{
    TAILQ_REMOVE(call->list, call, link);
    TAILQ_INSERT_TAIL(list, call, link);
    call->list = list;
}

void kube_calls_init(struct kube_client *client)
{
    for (size_t i = 0; i < KUBE_PRIORITIES; i++)
        TAILQ_INIT(&client->waiting[i]);
    TAILQ_INIT(&client->open);
    TAILQ_INIT(&client->ended);
}

static char *copy_behind(char *to, struct str s, struct str *copy)
{
    if (s.len > 0)
        memcpy(to, s.ptr, s.len);
    *copy = (struct str){to, s.len};
    return to + s.len;
}

struct kube_call *kube_client_send(struct kube_client *client, const struct kube_request *request,
                                   kube_response_fn *fn, void *ctx)
{
    struct kube_call *call = mem_alloc(sizeof(*call) + request->path.len + request->body.len);
    *call = (struct kube_call){
        .client = client,
        .verb = request->verb,
        .accept = request->accept,
        .priority = request->priority,
        .fn = fn,
        .ctx = ctx,
    };
    char *end = copy_behind((char *)(call + 1), request->path, &call->path);
    copy_behind(end, request->body, &call->body);
    call->list = &client->waiting[call->priority];
    TAILQ_INSERT_TAIL(call->list, call, link);
    client->call_count++;
    if (is_forbidden(call))
        kube_call_cancel(call);
    kube_client_kick(client);
    return call;
}

/* The call is told in the next turn of the loop. */
static void end_with(struct kube_call *call, const struct error *err)
{
    struct kube_client *client = call->client;
    call->err = *err;
    if (call->list == NULL || call->list == &client->ended)
        return;
    if (call->exchange != NULL) {
        kube_exchange_cancel(call->exchange);
        call->exchange = NULL;
        if (call->priority != KUBE_PRIORITY_LEASE)
            kube_flow_ended(&client->flow, kube_client_now_ms(client), 0, KUBE_FLOW_BROKEN, 0);
    }
    move_to(call, &client->ended);
    client->call_count--;
    kube_client_kick(client);
}

void kube_call_cancel(struct kube_call *call)
{
    struct error err;
    error_set(&err, ERROR_CANCELLED, "%s",
              is_forbidden(call) ? "writing is over (the lease is lost)" : "cancelled");
    kube_client_wrap(&err, method_of(call->verb), call->path);
    end_with(call, &err);
}

static void cancel_list(struct kube_calls *list, bool forbidden_only)
{
    struct kube_call *next;
    for (struct kube_call *call = TAILQ_FIRST(list); call != NULL; call = next) {
        next = TAILQ_NEXT(call, link);
        if (!forbidden_only || is_forbidden(call))
            kube_call_cancel(call);
    }
}

void kube_calls_cancel(struct kube_client *client, bool forbidden_only)
{
    for (size_t i = 0; i < KUBE_PRIORITIES; i++)
        cancel_list(&client->waiting[i], forbidden_only);
    cancel_list(&client->open, forbidden_only);
}

void kube_calls_fail_waiting(struct kube_client *client, const struct error *err)
{
    for (size_t i = 0; i < KUBE_PRIORITIES; i++) {
        struct kube_call *call;
        while ((call = TAILQ_FIRST(&client->waiting[i])) != NULL) {
            struct error wrapped = *err;
            kube_client_wrap(&wrapped, method_of(call->verb), call->path);
            end_with(call, &wrapped);
        }
    }
}

void kube_calls_tell_ended(struct kube_client *client)
{
    struct kube_calls batch = TAILQ_HEAD_INITIALIZER(batch); /* not what callbacks add */
    struct kube_call *call;
    TAILQ_FOREACH(call, &client->ended, link)
    call->list = NULL;
    TAILQ_CONCAT(&batch, &client->ended, link);
    while ((call = TAILQ_FIRST(&batch)) != NULL) {
        TAILQ_REMOVE(&batch, call, link);
        call->fn(call->ctx, NULL, &call->err);
        free(call);
    }
}

bool kube_calls_are_gone(const struct kube_client *client)
{
    return client->call_count == 0 && TAILQ_EMPTY(&client->ended);
}

static bool has_waiting(const struct kube_client *client, enum kube_priority priority)
{
    return !TAILQ_EMPTY(&client->waiting[priority]);
}

int64_t kube_calls_wait_ms(struct kube_client *client)
{
    if (has_waiting(client, KUBE_PRIORITY_LEASE))
        return 0;
    if (!has_waiting(client, KUBE_PRIORITY_NORMAL) &&
        !has_waiting(client, KUBE_PRIORITY_BACKGROUND))
        return -1;
    return kube_flow_wait_ms(&client->flow, kube_client_now_ms(client));
}

static struct kube_call *next_to_start(const struct kube_client *client)
{
    static const enum kube_priority order[KUBE_PRIORITIES] = {
        KUBE_PRIORITY_LEASE, KUBE_PRIORITY_NORMAL, KUBE_PRIORITY_BACKGROUND};
    for (size_t i = 0; i < KUBE_PRIORITIES; i++)
        if (has_waiting(client, order[i]))
            return TAILQ_FIRST(&client->waiting[order[i]]);
    return NULL;
}

static bool wants_another_try(struct kube_call *call, const struct kube_exchange_result *result,
                              int64_t retry_after_ms)
{
    if (result->err != NULL)
        return false;
    if (result->http_status == 401)
        return !call->is_reauthorized;
    return call->priority != KUBE_PRIORITY_LEASE && retry_after_ms > 0 &&
           retry_after_ms <= RETRY_WAIT_MAX_MS && call->attempts < ATTEMPTS_MAX;
}

/* 0: the server did not say that it has not even looked at the request. */
static int64_t retry_after_ms(const struct kube_exchange_result *result)
{
    if (result->err != NULL || (result->http_status != 429 && result->http_status != 503))
        return 0;
    if (result->retry_after_ms > 0)
        return result->retry_after_ms;
    int64_t said_ms = kube_status_retry_after_ms(result->body);
    return said_ms > 0 || result->http_status == 503 ? said_ms : RETRY_AFTER_UNSAID_MS;
}

static enum kube_flow_outcome outcome_of(const struct kube_exchange_result *result)
{
    if (result->err != NULL)
        return KUBE_FLOW_BROKEN;
    int status = result->http_status;
    return status == 429 || status == 503 || status == 504 ? KUBE_FLOW_OVERLOADED
                                                           : KUBE_FLOW_ANSWERED;
}

/* In front of its queue; the flow holds everything for the time that the server asked for. */
static void try_again(struct kube_call *call, const struct kube_exchange_result *result)
{
    struct kube_client *client = call->client;
    client->figures.retries++;
    if (result->http_status == 401) {
        call->is_reauthorized = true;
        kube_credentials_reject(client->credentials, call->serial);
    }
    TAILQ_REMOVE(call->list, call, link);
    call->list = &client->waiting[call->priority];
    TAILQ_INSERT_HEAD(call->list, call, link);
}

static void tell(struct kube_call *call, const struct kube_exchange_result *result)
{
    struct error err;
    bool is_fine = false;
    if (result->err != NULL)
        err = *result->err;
    else if (result->http_status / 100 == 2)
        is_fine = true;
    else
        kube_client_answer_to_error(result, &err);
    if (!is_fine)
        kube_client_wrap(&err, method_of(call->verb), call->path);
    struct kube_response response = {.http_status = result->http_status, .body = result->body};
    bool has_answer = result->err == NULL;
    call->fn(call->ctx, has_answer ? &response : NULL, is_fine ? NULL : &err);
}

static void exchange_done(void *ctx, const struct kube_exchange_result *result)
{
    struct kube_call *call = ctx;
    struct kube_client *client = call->client;
    int64_t wait_ms = retry_after_ms(result);
    call->exchange = NULL;
    kube_client_count_answer(client, result->err == NULL ? result->http_status : 0);
    if (call->priority != KUBE_PRIORITY_LEASE)
        kube_flow_ended(&client->flow, kube_client_now_ms(client), result->latency_us,
                        outcome_of(result), wait_ms);
    kube_client_kick(client);
    if (wants_another_try(call, result, wait_ms)) {
        try_again(call, result);
        return;
    }
    TAILQ_REMOVE(call->list, call, link);
    call->list = NULL;
    client->call_count--;
    tell(call, result);
    free(call);
}

static void call_start(struct kube_call *call, const struct kube_credential *credential)
{
    static const struct kube_exchange_handlers handlers = {.done = exchange_done};
    struct kube_client *client = call->client;
    struct kube_exchange_request request = {
        .method = method_of(call->verb),
        .path = call->path,
        .accept = kube_accept_header(call->accept),
        .content_type = content_type_of(call),
        .body = call->body,
        .timeout_ms = client->options.timeout_ms,
        .max_body_bytes = client->options.max_response_bytes,
        .credential = credential,
    };
    move_to(call, &client->open);
    call->attempts++;
    call->serial = credential->serial;
    client->figures.requests++;
    client->figures.requests_by_verb[call->verb]++;
    if (call->priority != KUBE_PRIORITY_LEASE)
        kube_flow_started(&client->flow, kube_client_now_ms(client));
    call->exchange = kube_exchange_start(client->transport, &request, &handlers, call);
}

void kube_calls_start(struct kube_client *client, const struct kube_credential *credential)
{
    while (kube_calls_wait_ms(client) == 0)
        call_start(next_to_start(client), credential);
}
