/* The API server without sockets: everything but HTTP is real, and takes its time from the process'
 * clock, which loop_skip_ms puts forward. This defines dev_http_*, so the library's stay out of the
 * test: include it in one file of a test only. Bodies and manifests are written with single quotes.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <yyjson.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "devserver/api.h"
#include "lib/json_text.h"
#include "lib/loop.h"

struct dev_http_exchange {
    struct str query;
    const char *content_type;
    const char *accept;
    const char *authorization;
    int status; /* 0: not answered */
    struct strbuf headers;
    struct strbuf body;
    struct strbuf decoded[8]; /* query values that were asked for */
    size_t decoded_count;
    bool is_stream;
    bool is_ended;
    bool is_cut;
    size_t unsent_bytes; /* what a client that does not read leaves */
    void (*gone)(void *ctx);
    void *gone_ctx;
};

/* ---- what http.h promises ----------------------------------------------------------------------
 */

struct str dev_http_header(const struct dev_http_request *request, const char *name)
{
    const struct dev_http_exchange *exchange = request->exchange;
    if (strcmp(name, "Content-Type") == 0)
        return str_from(exchange->content_type ? exchange->content_type : "");
    if (strcmp(name, "Accept") == 0)
        return str_from(exchange->accept ? exchange->accept : "");
    if (strcmp(name, "Authorization") == 0)
        return str_from(exchange->authorization ? exchange->authorization : "");
    return STR("");
}

bool dev_http_query(const struct dev_http_request *request, const char *name, struct str *value)
{
    struct str rest = request->exchange->query;
    struct str pair = {0};
    while (str_split(&rest, '&', &pair)) {
        struct str key = str_before(pair, '=');
        if (!str_eq_cstr(key, name))
            continue;
        *value = pair.len > key.len ? str_skip(pair, key.len + 1) : STR("");
        return true;
    }
    return false;
}

void dev_http_answer(struct dev_http_exchange *exchange, int status, const char *content_type,
                     struct str body, const char *const *headers)
{
    (void)content_type;
    assert_int_equal(exchange->status, 0);
    exchange->status = status;
    exchange->is_ended = true;
    strbuf_append(&exchange->body, body);
    for (; headers && *headers; headers++)
        strbuf_printf(&exchange->headers, "%s\n", *headers);
}

void dev_http_stream(struct dev_http_exchange *exchange, int status, const char *content_type,
                     void (*gone)(void *ctx), void *ctx)
{
    (void)content_type;
    assert_int_equal(exchange->status, 0);
    exchange->status = status;
    exchange->is_stream = true;
    exchange->gone = gone;
    exchange->gone_ctx = ctx;
}

void dev_http_send(struct dev_http_exchange *exchange, struct str data)
{
    assert_true(exchange->is_stream && !exchange->is_ended);
    strbuf_append(&exchange->body, data);
}

size_t dev_http_unsent_bytes(const struct dev_http_exchange *exchange)
{
    return exchange->unsent_bytes;
}

void dev_http_end(struct dev_http_exchange *exchange)
{
    assert_true(exchange->is_stream && !exchange->is_ended);
    exchange->is_ended = true;
}

void dev_http_cut(struct dev_http_exchange *exchange, struct str body)
{
    assert_false(exchange->is_ended);
    strbuf_append(&exchange->body, body);
    exchange->is_ended = true;
    exchange->is_cut = true;
}

/* ---- the server --------------------------------------------------------------------------------
 */

struct api_fixture {
    uv_loop_t loop;
    struct dev_server server;
    struct arena arena;
    struct dev_http_exchange *exchanges[256];
    size_t exchange_count;
    bool is_closed;
};

static inline int api_setup(void **state)
{
    struct api_fixture *f = mem_alloc_zero(sizeof(*f));
    struct error err = {0};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    arena_init(&f->arena);
    f->server.loop = &f->loop;
    f->server.clock = clock_system();
    random_init(&f->server.random, 7);
    if (!dev_store_open(NULL, &f->server.store, &err))
        fail_msg("%s", err.text);
    f->server.history =
        dev_history_new(&(struct dev_history_options){0}, dev_store_version(f->server.store));
    f->server.registry = dev_registry_new();
    f->server.faults = dev_faults_new();
    f->server.is_ready = true;
    if (!dev_api_start(&f->server, &err))
        fail_msg("%s", err.text);
    *state = f;
    return 0;
}

static inline void api_on_closed(void *ctx)
{
    ((struct api_fixture *)ctx)->is_closed = true;
}

static inline void exchange_free(struct dev_http_exchange *exchange)
{
    for (size_t i = 0; i < exchange->decoded_count; i++)
        strbuf_fini(&exchange->decoded[i]);
    strbuf_fini(&exchange->headers);
    strbuf_fini(&exchange->body);
    free(exchange);
}

static inline int api_teardown(void **state)
{
    struct api_fixture *f = *state;
    dev_api_stop(&f->server, api_on_closed, f);
    loop_until(&f->loop, f->is_closed);
    dev_history_free(f->server.history);
    dev_registry_free(f->server.registry);
    dev_faults_free(f->server.faults);
    dev_store_close(f->server.store);
    for (size_t i = 0; i < f->exchange_count; i++)
        exchange_free(f->exchanges[i]);
    arena_fini(&f->arena);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

struct api_request {
    const char *method;
    const char *path; /* with its query, which is not decoded */
    const char *body; /* single quotes */
    const char *content_type;
    const char *accept;
    const char *authorization;
};

/* The exchange lives as long as the fixture. */
static inline struct dev_http_exchange *api_request(struct api_fixture *f,
                                                    const struct api_request *r)
{
    struct dev_http_exchange *exchange = mem_alloc_zero(sizeof(*exchange));
    struct str path = str_before(str_from(r->path), '?');
    must(f->exchange_count < ARRAY_LEN(f->exchanges));
    f->exchanges[f->exchange_count++] = exchange;
    exchange->query = str_skip(str_from(r->path), path.len + (r->path[path.len] == '?'));
    exchange->content_type = r->content_type ? r->content_type : "application/json";
    exchange->accept = r->accept;
    exchange->authorization = r->authorization;
    const struct dev_http_request request = {
        .method = str_from(r->method),
        .path = path,
        .query = exchange->query,
        .body = r->body ? json_text(&f->arena, r->body) : STR(""),
        .exchange = exchange,
    };
    dev_api_serve(&f->server, &request);
    return exchange;
}

static inline struct dev_http_exchange *api_send(struct api_fixture *f, const char *method,
                                                 const char *path, const char *body)
{
    return api_request(f, &(struct api_request){.method = method, .path = path, .body = body});
}

/* The same, and it has to succeed; the answer's text. */
static inline const char *api_do(struct api_fixture *f, const char *method, const char *path,
                                 const char *body)
{
    struct dev_http_exchange *exchange = api_send(f, method, path, body);
    if (exchange->status < 200 || exchange->status > 299)
        fail_msg("%s %s: %d %s", method, path, exchange->status, exchange->body.data);
    return exchange->body.data ? exchange->body.data : "";
}

static inline bool api_has(struct api_fixture *f, const char *path)
{
    return api_send(f, "GET", path, NULL)->status == 200;
}

static inline void api_patch(struct api_fixture *f, const char *path, const char *body)
{
    struct dev_http_exchange *exchange =
        api_request(f, &(struct api_request){.method = "PATCH",
                                             .path = path,
                                             .body = body,
                                             .content_type = "application/merge-patch+json"});
    if (exchange->status != 200)
        fail_msg("PATCH %s: %d %s", path, exchange->status, exchange->body.data);
}

static inline void api_apply(struct api_fixture *f, const char *manifest)
{
    struct error err = {0};
    if (!dev_api_apply(&f->server, json_text(&f->arena, manifest), &err))
        fail_msg("%s: %s", manifest, err.text);
}

/* The text of a member of an answer, "metadata.uid"; in the arena. */
static inline const char *api_member(struct api_fixture *f, const char *json, const char *path)
{
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    yyjson_val *value = doc ? yyjson_doc_get_root(doc) : NULL;
    struct str rest = str_from(path);
    struct str name = {0};
    while (str_split(&rest, '.', &name))
        value = yyjson_obj_getn(value, name.ptr, name.len);
    struct str text = arena_dup_str(&f->arena, str_from(yyjson_get_str(value)));
    yyjson_doc_free(doc);
    return text.ptr;
}

static inline void api_expect_text(const char *what, const struct dev_http_exchange *exchange,
                                   const char *wanted)
{
    const char *body = exchange->body.data ? exchange->body.data : "";
    if (!strstr(body, wanted))
        fail_msg("%s: no %s in %d %s", what, wanted, exchange->status, body);
}

/* Widgets, namespaced, with a status subresource; Crates, cluster-scoped, without. */
#define API_WIDGETS                                                                                \
    "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{"       \
    "'name':'widgets.example.com'},'spec':{'group':'example.com','scope':'Namespaced','names':{"   \
    "'plural':'widgets','kind':'Widget'},'versions':[{'name':'v1','served':true,'storage':true,"   \
    "'subresources':{'status':{}},'schema':{'openAPIV3Schema':{'type':'object','properties':{"     \
    "'spec':{'type':'object','properties':{'size':{'type':'integer','minimum':1},'color':{'type'"  \
    ":'string','default':'red'}}},'status':{'type':'object','properties':{'ready':{'type':"        \
    "'boolean'}}}}}}}]}}"
#define API_CRATES                                                                                 \
    "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{"       \
    "'name':'crates.example.com'},'spec':{'group':'example.com','scope':'Cluster','names':{"       \
    "'plural':'crates','kind':'Crate'},'versions':[{'name':'v1','served':true,'storage':true,"     \
    "'schema':{'openAPIV3Schema':{'type':'object','x-kubernetes-preserve-unknown-fields':true}}"   \
    "}]}}"
#define API_WIDGETS_PATH "/apis/example.com/v1/namespaces/default/widgets"
