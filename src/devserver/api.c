#include "devserver/api.h"

#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "devserver/body.h"
#include "devserver/call.h"
#include "devserver/definitions.h"
#include "devserver/discovery.h"
#include "devserver/edit.h"
#include "devserver/mutate.h"
#include "devserver/openapi.h"
#include "devserver/options.h"
#include "devserver/read.h"
#include "devserver/state.h"
#include "devserver/write.h"
#include "kube/model/json.h"

enum { API_PARTS = 3 }; /* that end on their own: streams, holds, collector */

/* ---- documents and health ---------------------------------------------------------------------
 */

static void answer_text(const struct dev_http_request *request, int status, struct str text)
{
    dev_http_answer(request->exchange, status, "text/plain; charset=utf-8", text, NULL);
}

static void not_found(const struct dev_http_request *request)
{
    answer_text(request, 404, STR("404 page not found\n"));
}

static bool is_path(const struct dev_http_request *request, const char *path)
{
    return str_eq_cstr(request->path, path);
}

static bool is_health(const struct dev_http_request *request)
{
    return is_path(request, "/healthz") || is_path(request, "/livez") ||
           is_path(request, "/readyz");
}

static void serve_health(struct dev_server *server, const struct dev_http_request *request)
{
    if (is_path(request, "/readyz") && !server->is_ready)
        answer_text(request, 500, STR("[-]loading failed: not everything is loaded yet\n"));
    else
        answer_text(request, 200, STR("ok"));
}

static void answer_document(const struct dev_http_request *request,
                            const struct dev_document *document)
{
    struct strbuf etag cleanup_strbuf = {0};
    const char *headers[] = {NULL, "Vary: Accept", NULL};
    const char *const *lines = headers + 1;
    if (document->etag[0] != '\0') {
        strbuf_printf(&etag, "ETag: %s", document->etag);
        headers[0] = etag.data;
        lines = headers;
        if (str_eq_cstr(dev_http_header(request, "If-None-Match"), document->etag)) {
            dev_http_answer(request->exchange, 304, document->content_type, STR(""), lines);
            return;
        }
    }
    dev_http_answer(request->exchange, 200, document->content_type, strbuf_str(&document->body),
                    lines);
}

static void serve_document(struct dev_server *server, const struct dev_http_request *request)
{
    struct dev_document document = {0};
    bool is_there = dev_discovery_document(server->registry, request->path,
                                           dev_http_header(request, "Accept"), &document) ||
                    dev_openapi_document(server->registry, request->path, &document);
    if (is_there)
        answer_document(request, &document);
    else
        not_found(request);
    dev_document_fini(&document);
}

/* ---- faults -----------------------------------------------------------------------------------
 */

static void add_faults(struct dev_server *server, const struct dev_http_request *request)
{
    struct error err = {0};
    if (dev_faults_add_lines(server->faults, request->body, &err))
        answer_text(request, 200, STR("ok\n"));
    else
        answer_text(request, 400, str_from(err.text));
}

static void serve_faults(struct dev_server *server, const struct dev_http_request *request)
{
    struct strbuf list cleanup_strbuf = {0};
    if (str_eq_cstr(request->method, "POST")) {
        add_faults(server, request);
    } else if (str_eq_cstr(request->method, "DELETE")) {
        dev_faults_clear(server->faults);
        answer_text(request, 200, STR("ok\n"));
    } else if (str_eq_cstr(request->method, "GET")) {
        dev_faults_list(server->faults, &list);
        answer_text(request, 200, strbuf_str(&list));
    } else {
        answer_text(request, 405, STR("GET, POST or DELETE\n"));
    }
}

/* ---- objects ----------------------------------------------------------------------------------
 */

static bool dispatch(struct dev_call *call, const struct dev_list_options *list)
{
    switch (call->target.verb) {
    case DEV_GET:
        return dev_read_get(call);
    case DEV_LIST:
        return list->is_watch ? dev_stream_serve(&call->server->api->streams, call, list)
                              : dev_read_list(call, list);
    case DEV_CREATE:
        return dev_mutate_create(call);
    case DEV_UPDATE:
        return dev_mutate_update(call);
    case DEV_PATCH:
        return dev_mutate_patch(call);
    case DEV_DELETE:
        return dev_mutate_delete(call);
    case DEV_DELETE_COLLECTION:
        return dev_mutate_delete_collection(call);
    }
    return false;
}

static bool serve_call(struct dev_call *call)
{
    struct dev_list_options list = {0};
    if (!dev_route_resolve(call->server->registry, &call->route, call->request->method,
                           &call->target, &call->status) ||
        !dev_call_accept(call))
        return false;
    if (call->target.verb == DEV_LIST &&
        !dev_list_options_read(call->request, &list, &call->status))
        return false;
    if (call->target.version->is_deprecated)
        strbuf_printf(&call->warnings, STR_FMT "/" STR_FMT " " STR_FMT " is deprecated\n",
                      STR_ARG(call->target.resource->group), STR_ARG(call->target.version->name),
                      STR_ARG(call->target.resource->kind));
    return dispatch(call, &list);
}

static void serve_object(struct dev_server *server, const struct dev_http_request *request,
                         const struct dev_route *route, struct dev_fault fault)
{
    struct dev_call call = {.server = server, .request = request, .route = *route, .fault = fault};
    if (!serve_call(&call))
        dev_call_answer_status(&call);
    dev_call_fini(&call);
}

/* After a delay; what it was asked for has been counted. */
static void serve_held(void *ctx, const struct dev_http_request *request)
{
    struct dev_route route;
    must(dev_route_parse(request->path, &route));
    serve_object(ctx, request, &route, (struct dev_fault){0});
}

static const char *verb_of(const struct dev_http_request *request, const struct dev_route *route)
{
    struct str watch = {0};
    if (str_eq_cstr(request->method, "POST"))
        return "create";
    if (str_eq_cstr(request->method, "PUT"))
        return "update";
    if (str_eq_cstr(request->method, "PATCH"))
        return "patch";
    if (str_eq_cstr(request->method, "DELETE"))
        return "delete";
    if (!str_is_empty(route->name))
        return "get";
    bool is_watch = dev_http_query(request, "watch", &watch) && !str_eq_cstr(watch, "0") &&
                    !str_eq_cstr(watch, "false");
    return is_watch ? "watch" : "list";
}

static struct dev_fault ask_fault(struct dev_server *server, const struct dev_http_request *request,
                                  const struct dev_route *route)
{
    const struct dev_fault_subject subject = {
        .verb = str_from(verb_of(request, route)),
        .resource = route->plural,
        .ns = route->ns,
        .name = route->name,
        .user_agent = dev_http_header(request, "User-Agent"),
    };
    return dev_faults_ask(server->faults, &subject);
}

static const char *reason_of(int status)
{
    switch (status) {
    case 409:
        return "Conflict";
    case 410:
        return "Expired";
    case 429:
        return "TooManyRequests";
    case 500:
        return "InternalError";
    case 503:
        return "ServiceUnavailable";
    default:
        return "";
    }
}

static void answer_fault(struct dev_server *server, const struct dev_http_request *request,
                         const struct dev_fault *fault)
{
    struct dev_call call = {.server = server, .request = request};
    dev_status_set(&call.status, fault->status, reason_of(fault->status), "a fault on demand");
    call.status.retry_after_s = fault->retry_after_s;
    dev_call_answer_status(&call);
    dev_call_fini(&call);
}

static void serve_route(struct dev_server *server, const struct dev_http_request *request,
                        const struct dev_route *route)
{
    struct dev_fault fault = ask_fault(server, request, route);
    switch (fault.action) {
    case DEV_FAULT_STATUS:
        answer_fault(server, request, &fault);
        return;
    case DEV_FAULT_DELAY:
        dev_hold(&server->api->holds, server->loop, request, fault.delay_ms, serve_held, server);
        return;
    case DEV_FAULT_CRASH_BEFORE:
        kill(getpid(), SIGKILL);
        return;
    case DEV_FAULT_GONE:
        dev_history_compact(server->history, dev_store_version(server->store));
        break;
    default:
        break;
    }
    serve_object(server, request, route, fault);
}

/* ---- requests ---------------------------------------------------------------------------------
 */

static void answer_plain_status(struct dev_server *server, const struct dev_http_request *request,
                                int code, const char *reason, const char *message)
{
    struct dev_call call = {.server = server, .request = request};
    dev_status_set(&call.status, code, reason, "%s", message);
    dev_call_answer_status(&call);
    dev_call_fini(&call);
}

/* Takes the same time wherever the first difference is. */
static bool is_token(struct str given, struct str token)
{
    unsigned char difference = given.len != token.len;
    for (size_t i = 0; i < given.len; i++)
        difference |= (unsigned char)(given.ptr[i] ^ token.ptr[token.len > 0 ? i % token.len : 0]);
    return difference == 0;
}

static bool is_authorized(const struct dev_server *server, const struct dev_http_request *request)
{
    struct str given = dev_http_header(request, "Authorization");
    struct str bearer = STR("Bearer ");
    if (!server->token || server->token[0] == '\0')
        return true;
    return str_starts_with(given, bearer) &&
           is_token(str_trim(str_skip(given, bearer.len)), str_from(server->token));
}

void dev_api_serve(void *ctx, const struct dev_http_request *request)
{
    struct dev_server *server = ctx;
    struct dev_route route;
    if (!server->api || server->api->is_stopping)
        answer_plain_status(server, request, 503, "ServiceUnavailable",
                            "the server is shutting down");
    else if (is_health(request))
        serve_health(server, request);
    else if (!is_path(request, "/version") && !is_authorized(server, request))
        answer_plain_status(server, request, 401, "Unauthorized", "Unauthorized");
    else if (is_path(request, "/faults"))
        serve_faults(server, request);
    else if (dev_route_parse(request->path, &route))
        serve_route(server, request, &route);
    else
        serve_document(server, request);
}

/* ---- manifests --------------------------------------------------------------------------------
 */

static bool apply_failed(const struct dev_status *status, struct error *err)
{
    error_set(err, ERROR_INVALID, STR_FMT, STR_ARG(strbuf_str(&status->message)));
    err->detail = status->code;
    return false;
}

/* Where the manifest's object is, and which version it speaks. */
static bool find_target(struct dev_server *server, yyjson_mut_val *object, struct dev_write *write,
                        struct error *err)
{
    struct str api_version = dev_edit_str(object, "apiVersion");
    struct str kind = dev_edit_str(object, "kind");
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    size_t slash = 0;
    bool has_group = str_find(api_version, '/', &slash);
    struct str group = {api_version.ptr, has_group ? slash : 0};
    struct str version = has_group ? str_skip(api_version, slash + 1) : api_version;
    const struct dev_resource *resource = dev_registry_find_kind(server->registry, group, kind);
    if (resource)
        resource =
            dev_registry_find(server->registry, group, version, resource->plural, &write->version);
    if (!resource)
        return error_set(err, ERROR_NOT_FOUND,
                         "no matches for kind \"" STR_FMT "\" in version \"" STR_FMT "\"",
                         STR_ARG(kind), STR_ARG(api_version));
    write->resource = resource;
    write->name = arena_dup_str(write->arena, dev_edit_str(metadata, "name"));
    write->ns = STR("");
    if (resource->is_namespaced) {
        write->ns = arena_dup_str(write->arena, dev_edit_str(metadata, "namespace"));
        if (str_is_empty(write->ns))
            write->ns = STR("default");
    }
    return true;
}

/* An update of what is there keeps its resourceVersion: the manifest wins. */
static bool apply_object(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    struct dev_before before;
    yyjson_mut_val *metadata = dev_edit_object(doc, object, "metadata");
    if (str_is_empty(write->name) || !dev_write_load(write, doc, &before)) {
        dev_edit_remove(metadata, "resourceVersion");
        return dev_write_create(write, doc);
    }
    dev_edit_put_str(doc, metadata, "resourceVersion", before.version);
    return dev_write_update(write, doc, &before);
}

bool dev_api_apply(struct dev_server *server, struct str manifest, struct error *err)
{
    struct arena arena cleanup_arena;
    struct strbuf warnings cleanup_strbuf = {0};
    struct dev_status status = {0};
    char problem[DEV_BODY_PROBLEM_MAX];
    yyjson_doc *parsed cleanup_json_doc = NULL;
    arena_init(&arena);
    const char *wrong = dev_body_read_json(manifest, &parsed, problem);
    if (wrong || !yyjson_is_obj(yyjson_doc_get_root(parsed)))
        return error_set(err, ERROR_INVALID, "%s", wrong ? wrong : "not an object");
    yyjson_mut_doc *doc cleanup_mut_doc = yyjson_doc_mut_copy(parsed, NULL);
    must(doc);
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    struct dev_write write = {
        .server = server, .arena = &arena, .status = &status, .warnings = &warnings};
    bool is_found = find_target(server, object, &write, err);
    bool is_ok = is_found && (apply_object(&write, doc, object) || apply_failed(&status, err));
    dev_write_fini(&write);
    dev_status_fini(&status);
    return is_ok;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void on_change(void *ctx, const struct dev_change *change)
{
    struct dev_server *server = ctx;
    dev_definitions_note(server, change);
    dev_history_add(server->history, change);
    if (server->api->collector)
        dev_collector_note(server->api->collector, change);
}

static bool create_namespaces(struct dev_server *server, struct error *err)
{
    static const char *const names[] = {"default", "kube-system", "kube-public", "kube-node-lease"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct strbuf manifest cleanup_strbuf = {0};
        const struct dev_key key = {STR("namespaces"), STR(""), str_from(names[i])};
        struct dev_record record = {0};
        if (dev_store_get(server->store, &key, &record))
            continue;
        strbuf_printf(
            &manifest,
            "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"%s\"}}",
            names[i]);
        if (!dev_api_apply(server, strbuf_str(&manifest), err))
            return error_wrap(err, "namespace %s", names[i]);
    }
    return true;
}

bool dev_api_start(struct dev_server *server, struct error *err)
{
    server->api = mem_alloc_zero(sizeof(*server->api));
    dev_definitions_load(server);
    dev_store_listen(server->store, on_change, server);
    if (!create_namespaces(server, err)) {
        free(steal_ptr(server->api));
        return false;
    }
    server->api->collector = dev_collector_new(server);
    return true;
}

static void on_part_closed(void *ctx)
{
    struct dev_server *server = ctx;
    struct dev_api *api = server->api;
    if (--api->open_parts > 0)
        return;
    void (*closed)(void *ctx) = api->closed;
    void *closed_ctx = api->closed_ctx;
    server->api = NULL;
    free(api);
    closed(closed_ctx);
}

void dev_api_stop(struct dev_server *server, void (*closed)(void *ctx), void *ctx)
{
    struct dev_api *api = server->api;
    api->is_stopping = true;
    api->open_parts = API_PARTS;
    api->closed = closed;
    api->closed_ctx = ctx;
    dev_streams_stop(&api->streams, on_part_closed, server);
    dev_holds_stop(&api->holds, on_part_closed, server);
    dev_collector_stop(api->collector, on_part_closed, server); /* always from the loop */
}
