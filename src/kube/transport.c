#include "kube/transport.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/must.h"
#include "kube/curl_loop.h"
#include "kube/endpoint.h"
#include "kube/secret.h"
#include "kube/transport_error.h"

enum {
    IDLE_HANDLES_MAX = 4, /* tens of KB each; most are taken again at once */
    RETRY_AFTER_MAX_S = 3600,
    STREAMS_PER_CONNECTION = 250, /* what API servers offer */
};

/* An easy handle, used for one exchange after the other. */
struct handle {
    CURL *easy;
    uint64_t serial; /* of the credential whose certificate it has; 0: none yet */
    SLIST_ENTRY(handle) link;
};

struct kube_exchange {
    struct kube_transport *transport;
    struct handle *handle;
    const struct kube_exchange_handlers *handlers;
    void *ctx;
    struct curl_slist *headers;
    struct strbuf body;
    size_t max_body_bytes;
    int64_t timeout_ms;
    bool is_too_large;
    bool has_news; /* for handlers->data: in the transport's list */
    TAILQ_ENTRY(kube_exchange) news_link;
    char detail[CURL_ERROR_SIZE];
};

struct kube_transport {
    struct kube_runtime *runtime;
    struct kube_endpoint endpoint;
    struct kube_curl_loop *loop;
    SLIST_HEAD(, handle) idle;
    size_t idle_count;
    TAILQ_HEAD(, kube_exchange) news;
    size_t exchange_count;
    int64_t last_arrival_ms; /* of anything at all */
    bool has_arrived;        /* since libcurl was last asked */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

#define SET(easy, option, value) must(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* A CURLOPT_WRITEFUNCTION; libcurl is at work, so handlers have to wait. */
static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct kube_exchange *exchange = ctx;
    struct kube_transport *transport = exchange->transport;
    size_t bytes = size * count;
    transport->last_arrival_ms = clock_mono_ms(&transport->runtime->clock);
    transport->has_arrived = true;
    if (bytes > exchange->max_body_bytes - exchange->body.len) {
        exchange->is_too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    strbuf_append(&exchange->body, (struct str){data, bytes});
    if (exchange->handlers->data != NULL && !exchange->has_news) {
        exchange->has_news = true;
        TAILQ_INSERT_TAIL(&transport->news, exchange, news_link);
    }
    return bytes;
}

static size_t note_header(char *data, size_t size, size_t count, void *ctx)
{
    (void)data;
    struct kube_exchange *exchange = ctx;
    struct kube_transport *transport = exchange->transport;
    transport->last_arrival_ms = clock_mono_ms(&transport->runtime->clock);
    return size * count;
}

static struct handle *handle_take(struct kube_transport *transport)
{
    struct handle *handle = SLIST_FIRST(&transport->idle);
    if (handle != NULL) {
        SLIST_REMOVE_HEAD(&transport->idle, link);
        transport->idle_count--;
        return handle;
    }
    handle = mem_alloc_zero(sizeof(*handle));
    handle->easy = curl_easy_init();
    must(handle->easy != NULL);
    kube_endpoint_setup(&transport->endpoint, handle->easy);
    SET(handle->easy, CURLOPT_WRITEFUNCTION, take_body);
    SET(handle->easy, CURLOPT_HEADERFUNCTION, note_header);
    return handle;
}

static void handle_free(struct handle *handle)
{
    curl_easy_cleanup(handle->easy);
    free(handle);
}

static void handle_give_back(struct kube_transport *transport, struct handle *handle)
{
    if (transport->idle_count == IDLE_HANDLES_MAX) {
        handle_free(handle);
        return;
    }
    SET(handle->easy, CURLOPT_HTTPHEADER, NULL);
    SET(handle->easy, CURLOPT_ERRORBUFFER, NULL);
    SLIST_INSERT_HEAD(&transport->idle, handle, link);
    transport->idle_count++;
}

static void headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *header = headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data)); /* one is the token */
    curl_slist_free_all(headers);
}

static void headers_add(struct curl_slist **headers, const char *name, const char *value)
{
    struct strbuf line = {0};
    strbuf_printf(&line, "%s:%s%s", name, value != NULL ? " " : "", value != NULL ? value : "");
    struct curl_slist *longer = curl_slist_append(*headers, line.data);
    must(longer != NULL);
    *headers = longer;
    secret_free_bytes(line.data, line.len);
}

static struct curl_slist *headers_of(const struct kube_transport *transport,
                                     const struct kube_exchange_request *request)
{
    struct curl_slist *headers = NULL;
    headers_add(&headers, "Accept", request->accept);
    if (request->content_type != NULL) {
        headers_add(&headers, "Content-Type", request->content_type);
        headers_add(&headers, "Expect", NULL); /* no asking for leave to send large ones */
    }
    if (transport->endpoint.host != NULL)
        headers_add(&headers, "Host", transport->endpoint.host);
    const char *token = request->credential->token;
    if (token != NULL) {
        struct strbuf bearer = {0};
        strbuf_printf(&bearer, "Bearer %s", token);
        headers_add(&headers, "Authorization", bearer.data);
        secret_free_bytes(bearer.data, bearer.len);
    }
    return headers;
}

static void set_credential(const struct kube_transport *transport, struct handle *handle,
                           const struct kube_credential *credential)
{
    if (handle->serial == credential->serial)
        return;
    handle->serial = credential->serial;
    kube_endpoint_setup_certificate(&transport->endpoint, handle->easy, credential);
    SET(handle->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    SET(handle->easy, CURLOPT_USERNAME, credential->username);
    SET(handle->easy, CURLOPT_PASSWORD, credential->password);
}

static void set_request(struct kube_exchange *exchange, const struct kube_exchange_request *request)
{
    CURL *easy = exchange->handle->easy;
    struct strbuf url cleanup_strbuf = {0};
    strbuf_append_cstr(&url, exchange->transport->endpoint.base_url);
    strbuf_append(&url, request->path);
    SET(easy, CURLOPT_URL, url.data);
    SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    SET(easy, CURLOPT_POSTFIELDS, request->body.len > 0 ? request->body.ptr : "");
    if (request->content_type == NULL)
        SET(easy, CURLOPT_HTTPGET, 1L);
    SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
    SET(easy, CURLOPT_HTTPHEADER, exchange->headers);
    SET(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(easy, CURLOPT_WRITEDATA, exchange);
    SET(easy, CURLOPT_HEADERDATA, exchange);
    SET(easy, CURLOPT_PRIVATE, exchange);
    SET(easy, CURLOPT_ERRORBUFFER, exchange->detail);
}

struct kube_exchange *kube_exchange_start(struct kube_transport *transport,
                                          const struct kube_exchange_request *request,
                                          const struct kube_exchange_handlers *handlers, void *ctx)
{
    struct kube_exchange *exchange = mem_alloc_zero(sizeof(*exchange));
    exchange->transport = transport;
    exchange->handlers = handlers;
    exchange->ctx = ctx;
    exchange->max_body_bytes = request->max_body_bytes;
    exchange->timeout_ms = request->timeout_ms;
    exchange->handle = handle_take(transport);
    exchange->headers = headers_of(transport, request);
    set_credential(transport, exchange->handle, request->credential);
    set_request(exchange, request);
    transport->exchange_count++;
    CURLM *multi = kube_curl_loop_multi(transport->loop);
    must(curl_multi_add_handle(multi, exchange->handle->easy) == CURLM_OK);
    return exchange;
}

int kube_exchange_status(const struct kube_exchange *exchange)
{
    long status = 0;
    curl_easy_getinfo(exchange->handle->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

struct strbuf *kube_exchange_body(struct kube_exchange *exchange)
{
    return &exchange->body;
}

static void exchange_free(struct kube_exchange *exchange)
{
    struct kube_transport *transport = exchange->transport;
    CURLM *multi = kube_curl_loop_multi(transport->loop);
    must(curl_multi_remove_handle(multi, exchange->handle->easy) == CURLM_OK);
    if (exchange->has_news)
        TAILQ_REMOVE(&transport->news, exchange, news_link);
    handle_give_back(transport, exchange->handle);
    headers_free(exchange->headers);
    strbuf_fini(&exchange->body);
    transport->exchange_count--;
    free(exchange);
}

void kube_exchange_cancel(struct kube_exchange *exchange)
{
    exchange_free(exchange);
}

static int64_t info_us(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, info, &us);
    return us;
}

static int64_t retry_after_ms(CURL *easy)
{
    struct curl_header *header = NULL;
    if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return 0;
    uint64_t seconds = 0;
    if (!str_to_u64(str_trim(str_from(header->value)), &seconds))
        return 0; /* a date: nobody in front of an API server sends one */
    return (int64_t)(seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}

/* Proxies' URLs with passwords may be quoted in libcurl's texts. */
static const char *harmless(const char *detail)
{
    return strchr(detail, '@') == NULL ? detail : "";
}

static void failure_of(const struct kube_exchange *exchange, CURLcode code, struct error *err)
{
    const struct kube_endpoint *endpoint = &exchange->transport->endpoint;
    CURL *easy = exchange->handle->easy;
    long os_errno = 0;
    long verify_result = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
    struct kube_transport_failure failure = {
        .code = code,
        .os_errno = (int)os_errno,
        .verify_result = verify_result,
        .server = endpoint->server,
        .tls_name = endpoint->tls_name,
        .has_proxy = endpoint->has_proxy,
        .detail = harmless(exchange->detail),
        .is_connected = info_us(easy, CURLINFO_PRETRANSFER_TIME_T) > 0,
        .timeout_ms = exchange->timeout_ms,
        .connect_timeout_ms = KUBE_ENDPOINT_CONNECT_TIMEOUT_MS,
        .max_body_bytes = exchange->max_body_bytes,
        .is_too_large = exchange->is_too_large,
    };
    kube_transport_failure_to_error(&failure, err);
}

/* A request got no answer in its time and nothing else came either: the peer may be gone although
 * something on the way acknowledges for it. Without this, streams would wait for it for ever. */
static void break_if_silent(const struct kube_exchange *exchange)
{
    const struct kube_transport *transport = exchange->transport;
    int64_t silence_ms = clock_mono_ms(&transport->runtime->clock) - transport->last_arrival_ms;
    if (exchange->timeout_ms > 0 && silence_ms >= exchange->timeout_ms)
        kube_curl_loop_break(transport->loop);
}

static void finish(struct kube_exchange *exchange, CURLcode code)
{
    CURL *easy = exchange->handle->easy;
    struct error err;
    struct kube_exchange_result result = {
        .http_status = kube_exchange_status(exchange),
        .body = strbuf_str(&exchange->body),
        .latency_us =
            info_us(easy, CURLINFO_TOTAL_TIME_T) - info_us(easy, CURLINFO_PRETRANSFER_TIME_T),
        .retry_after_ms = retry_after_ms(easy),
    };
    if (code != CURLE_OK) {
        failure_of(exchange, code, &err);
        result.err = &err;
    }
    if (code == CURLE_OPERATION_TIMEDOUT)
        break_if_silent(exchange);
    exchange->handlers->done(exchange->ctx, &result);
    exchange_free(exchange);
}

static void tell_news(struct kube_transport *transport)
{
    struct kube_exchange *exchange;
    while ((exchange = TAILQ_FIRST(&transport->news)) != NULL) {
        TAILQ_REMOVE(&transport->news, exchange, news_link);
        exchange->has_news = false;
        exchange->handlers->data(exchange->ctx);
    }
}

/* libcurl has been at work: tell what came, then what ended. */
static bool worked(void *ctx)
{
    struct kube_transport *transport = ctx;
    CURLM *multi = kube_curl_loop_multi(transport->loop);
    bool has_arrived = transport->has_arrived;
    transport->has_arrived = false;
    tell_news(transport);
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *exchange = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        finish((struct kube_exchange *)(void *)exchange, code);
    }
    return has_arrived;
}

bool kube_transport_new(struct kube_runtime *runtime, const struct kube_transport_options *options,
                        struct kube_transport **out, struct error *err)
{
    struct kube_endpoint endpoint;
    if (!kube_endpoint_init(&endpoint, options->config, options->user_agent, err))
        return false;
    struct kube_transport *transport = mem_alloc_zero(sizeof(*transport));
    transport->runtime = runtime;
    transport->endpoint = endpoint;
    transport->last_arrival_ms = clock_mono_ms(&runtime->clock);
    SLIST_INIT(&transport->idle);
    TAILQ_INIT(&transport->news);
    transport->loop = kube_curl_loop_new(runtime->loop, worked, transport);
    CURLM *multi = kube_curl_loop_multi(transport->loop);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_PER_CONNECTION);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)options->max_connections);
    *out = transport;
    return true;
}

void kube_transport_flush(struct kube_transport *transport)
{
    kube_curl_loop_flush(transport->loop);
}

uint64_t kube_transport_connections(const struct kube_transport *transport)
{
    return transport->endpoint.sockets;
}

static void loop_closed(void *ctx)
{
    struct kube_transport *transport = ctx;
    kube_endpoint_fini(&transport->endpoint);
    transport->closed(transport->closed_ctx);
    free(transport);
}

void kube_transport_stop(struct kube_transport *transport, void (*closed)(void *ctx), void *ctx)
{
    must(transport->exchange_count == 0);
    transport->closed = closed;
    transport->closed_ctx = ctx;
    struct handle *handle;
    while ((handle = SLIST_FIRST(&transport->idle)) != NULL) {
        SLIST_REMOVE_HEAD(&transport->idle, link);
        handle_free(handle);
    }
    kube_curl_loop_stop(transport->loop, loop_closed, transport);
}
