#include "kube/client.h"

#include <stdlib.h>

#include "base/must.h"
#include "kube/client_internal.h"
#include "kube/model/status.h"

enum {
    TIMEOUT_MS = 30000,
    RESPONSE_BYTES = 64 << 20,
    LINE_BYTES = 16 << 20,
    WRAP_PATH_BYTES = 140,
    SPARE_CONNECTIONS = 16, /* HTTP/1.1: beside the requests, for streams and the lease */
    PARTS = 4,
};

int64_t kube_client_now_ms(const struct kube_client *client)
{
    return clock_mono_ms(&client->runtime->clock);
}

void kube_client_count_answer(struct kube_client *client, int http_status)
{
    size_t class = (size_t)http_status / 100;
    if (http_status >= 0 && class < ARRAY_LEN(client->figures.answers_by_class))
        client->figures.answers_by_class[class]++;
}

const char *kube_accept_header(enum kube_accept accept)
{
    switch (accept) {
    case KUBE_ACCEPT_PARTIAL_METADATA:
        return "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    case KUBE_ACCEPT_PARTIAL_METADATA_LIST:
        return "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    case KUBE_ACCEPT_JSON:
        break;
    }
    return "application/json";
}

bool kube_client_wrap(struct error *err, const char *method, struct str path)
{
    struct str shown = str_before(path, '?');
    bool is_long = shown.len > WRAP_PATH_BYTES;
    if (is_long)
        shown.len = WRAP_PATH_BYTES;
    return error_wrap(err, "%s " STR_FMT "%s", method, STR_ARG(shown), is_long ? "..." : "");
}

bool kube_client_answer_to_error(const struct kube_exchange_result *result, struct error *err)
{
    if (result->http_status >= 400)
        return kube_status_to_error(result->http_status, result->body, err);
    error_set(err, ERROR_INVALID, "unexpected HTTP status %d", result->http_status);
    err->detail = result->http_status;
    return false;
}

static void part_closed(void *ctx)
{
    struct kube_client *client = ctx;
    if (--client->open_parts > 0)
        return;
    client->closed(client->closed_ctx);
    free(client);
}

static void handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void close_parts(struct kube_client *client)
{
    client->open_parts = PARTS;
    uv_close((uv_handle_t *)&client->kick, handle_closed);
    uv_close((uv_handle_t *)&client->hold, handle_closed);
    kube_transport_stop(client->transport, part_closed, client);
    kube_credentials_stop(client->credentials, part_closed, client);
}

static void credential_here(void *ctx, const struct kube_credential *credential,
                            const struct error *err)
{
    struct kube_client *client = ctx;
    client->is_asking = false;
    if (client->is_stopping)
        return;
    if (err != NULL) {
        kube_calls_fail_waiting(client, err);
        kube_streams_fail_waiting(client, err);
    } else {
        kube_streams_start(client, credential);
        kube_calls_start(client, credential);
        kube_transport_flush(client->transport);
    }
    kube_client_kick(client);
}

static void hold_is_over(uv_timer_t *hold)
{
    kube_client_kick(hold->data);
}

/* One credential serves all that may start together. */
static void start_what_may(struct kube_client *client)
{
    int64_t wait_ms = kube_calls_wait_ms(client);
    if (wait_ms > 0)
        uv_timer_start(&client->hold, hold_is_over, (uint64_t)wait_ms, 0);
    if ((wait_ms != 0 && !kube_streams_want_start(client)) || client->is_asking)
        return;
    client->is_asking = true;
    kube_credentials_get(client->credentials, credential_here, client);
}

static void kicked(uv_idle_t *kick)
{
    struct kube_client *client = kick->data;
    uv_idle_stop(kick);
    if (client->is_stopping) {
        kube_calls_cancel(client, false);
        kube_streams_cancel(client);
    }
    kube_calls_tell_ended(client);
    kube_streams_tell_ended(client);
    if (!client->is_stopping)
        start_what_may(client);
    else if (kube_calls_are_gone(client) && kube_streams_are_gone(client))
        close_parts(client);
    else
        kube_client_kick(client); /* a callback has asked for more */
}

void kube_client_kick(struct kube_client *client)
{
    uv_idle_start(&client->kick, kicked);
}

static struct kube_client_options with_defaults(struct kube_client_options options)
{
    if (options.timeout_ms == 0)
        options.timeout_ms = TIMEOUT_MS;
    if (options.max_response_bytes == 0)
        options.max_response_bytes = RESPONSE_BYTES;
    if (options.max_line_bytes == 0)
        options.max_line_bytes = LINE_BYTES;
    return options;
}

bool kube_client_new(struct kube_runtime *runtime, const struct kube_client_options *options,
                     struct kube_client **out, struct error *err)
{
    struct kube_flow flow;
    kube_flow_init(&flow, &options->flow, clock_mono_ms(&runtime->clock));
    struct kube_transport_options transport = {
        .config = options->config,
        .user_agent = options->user_agent,
        .max_connections = flow.options.max_in_flight + SPARE_CONNECTIONS,
    };
    struct kube_client *client = mem_alloc_zero(sizeof(*client));
    if (!kube_transport_new(runtime, &transport, &client->transport, err)) {
        free(client);
        return error_wrap(err, "%s", options->config->source);
    }
    client->runtime = runtime;
    client->options = with_defaults(*options);
    client->options.user_agent = NULL;
    client->flow = flow;
    client->credentials = kube_credentials_new(runtime, options->config);
    kube_calls_init(client);
    kube_streams_init(client);
    must(uv_idle_init(runtime->loop, &client->kick) == 0);
    must(uv_timer_init(runtime->loop, &client->hold) == 0);
    client->kick.data = client;
    client->hold.data = client;
    *out = client;
    return true;
}

void kube_client_forbid_writes(struct kube_client *client)
{
    client->are_writes_forbidden = true;
    kube_calls_cancel(client, true);
}

size_t kube_client_pending(const struct kube_client *client)
{
    return client->call_count;
}

struct kube_client_figures kube_client_figures(const struct kube_client *client)
{
    struct kube_client_figures figures = client->figures;
    figures.connections = kube_transport_connections(client->transport);
    figures.in_flight_limit = client->flow.limit;
    return figures;
}

void kube_client_stop(struct kube_client *client, void (*closed)(void *ctx), void *ctx)
{
    must(!client->is_stopping);
    client->is_stopping = true;
    client->closed = closed;
    client->closed_ctx = ctx;
    kube_client_kick(client);
}
