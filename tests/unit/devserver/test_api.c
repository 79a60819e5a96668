/* Requests and their answers, as kube-apiserver gives them. */
#include "api_fixture.h"

#define CM "/api/v1/namespaces/default/configmaps"
#define W API_WIDGETS_PATH
#define JSON_PATCH "application/json-patch+json"
#define MERGE "application/merge-patch+json"
#define STRATEGIC "application/strategic-merge-patch+json"
#define APPLY "application/apply-patch+yaml"
#define WIDGET(name) "{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'" name "'}"

struct api_case {
    struct api_request request;
    int status;
    const char *has; /* in the body; single quotes are meant as double ones */
};

#define SEND(m, p, b, code, text)                                                                  \
    {                                                                                              \
        .request = {.method = (m), .path = (p), .body = (b)}, .status = (code), .has = (text)      \
    }
#define SEND_AS(m, p, b, type, code, text)                                                         \
    {                                                                                              \
        .request = {.method = (m), .path = (p), .body = (b), .content_type = (type)},              \
        .status = (code), .has = (text)                                                            \
    }
#define GET_AS(p, form, code, text)                                                                \
    {                                                                                              \
        .request = {.method = "GET", .path = (p), .accept = (form)}, .status = (code),             \
        .has = (text)                                                                              \
    }
#define GET_WITH(p, credentials, code, text)                                                       \
    {                                                                                              \
        .request = {.method = "GET", .path = (p), .authorization = (credentials)},                 \
        .status = (code), .has = (text)                                                            \
    }

static void run(struct api_fixture *f, const struct api_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct api_case *c = &cases[i];
        struct dev_http_exchange *exchange = api_request(f, &c->request);
        char what[400];
        snprintf(what, sizeof(what), "%s %s %.200s", c->request.method, c->request.path,
                 c->request.body ? c->request.body : "");
        if (exchange->status != c->status)
            fail_msg("%s: %d %s", what, exchange->status, exchange->body.data);
        if (c->has)
            api_expect_text(what, exchange, json_text(&f->arena, c->has).ptr);
    }
}
#define RUN(state, cases) run(*(state), cases, ARRAY_LEN(cases))

static void test_create(void **state)
{
    api_apply(*state, API_WIDGETS);
    static const struct api_case cases[] = {
        SEND("POST", CM, "{'metadata':{'name':'a'},'data':{'k':'v'}}", 201, "'kind':'ConfigMap'"),
        SEND("POST", CM, "{'metadata':{'name':'a'}}", 409, "configmaps \\'a\\' already exists"),
        SEND("GET", CM "/a", NULL, 200, "'k':'v'"),
        SEND("POST", CM, "{'metadata':{'name':'A'}}", 422, "a lowercase RFC 1123 subdomain"),
        SEND("POST", CM, "{'metadata':{}}", 422, "name or generateName is required"),
        SEND("POST", CM, "{'metadata':{'generateName':'gn-'}}", 201, "'name':'gn-"),
        SEND("POST", CM, "{'metadata':{'name':'b','namespace':'other'}}", 400,
             "does not match the"),
        SEND("POST", CM, "{'metadata':{'name':'b','resourceVersion':'5'}}", 500,
             "should not be set"),
        SEND("POST", CM, "{'metadata':{'name':'b','labels':{'a':5}}}", 400,
             "cannot unmarshal number"),
        SEND("POST", CM, "{'metadata':{'name':'b','labels':[]}}", 400, "cannot unmarshal array"),
        SEND("POST", CM, "{", 400, "unexpected end of JSON input ({)"),
        SEND("POST", CM, "", 400, "(<empty>)"),
        SEND("POST", CM, "[]", 400, "(5b5d)"),
        SEND("POST", CM, "{'kind':'Foo','metadata':{'name':'b'}}", 400, "no kind \\'Foo\\' is"),
        SEND_AS("POST", CM, "{'metadata':{'name':'b'}}", "text/plain", 415, "UnsupportedMediaType"),
        SEND("POST", "/api/v1/namespaces/none/configmaps", "{'metadata':{'name':'b'}}", 404,
             "namespaces \\'none\\' not found"),
        SEND("POST", W, WIDGET("a") ",'spec':{'size':3},'status':{'ready':true}}", 201,
             "'spec':{'size':3,'color':'red'}}"),
        SEND("POST", W, WIDGET("b") ",'spec':{'size':0}}", 422, "should be greater than or equal"),
        SEND("POST", W, WIDGET("b") ",'spec':{'size':'x'}}", 422, "must be of type integer"),
        SEND("POST", W, "{'metadata':{'name':'b'}}", 400, "is missing in "),
        SEND("POST", W, "{'apiVersion':'v1','kind':'Widget'}", 400, "does not match the expected"),
        SEND("POST", W "?fieldValidation=Strict", WIDGET("b") ",'spec':{'x':1,'size':1,'size':2}}",
             400,
             "strict decoding error: duplicate field \\'spec.size\\', unknown field \\'spec.x\\'"),
        SEND("POST", W "?dryRun=All", WIDGET("dry") "}", 201, "'uid'"),
        SEND("GET", W "/dry", NULL, 404, "widgets.example.com \\'dry\\' not found"),
        SEND("POST", W "?dryRun=some", WIDGET("dry") "}", 422, "supported values: \\'All\\'"),
    };
    RUN(state, cases);
}

static void test_unknown_fields_are_dropped_with_a_warning(void **state)
{
    struct api_fixture *f = *state;
    api_apply(f, API_WIDGETS);
    struct dev_http_exchange *exchange =
        api_send(f, "POST", W, WIDGET("a") ",'spec':{'x':1,'size':1,'size':2},'y':3}");
    assert_int_equal(exchange->status, 201);
    assert_string_equal(exchange->headers.data,
                        "Warning: 299 - \"duplicate field \\\"spec.size\\\"\"\n"
                        "Warning: 299 - \"unknown field \\\"spec.x\\\"\"\n"
                        "Warning: 299 - \"unknown field \\\"y\\\"\"\n");
    api_expect_text("the last value counts", exchange, "\"spec\":{\"size\":2,\"color\":\"red\"}}");
    exchange = api_send(f, "POST", W "?fieldValidation=Ignore", WIDGET("b") ",'y':3}");
    assert_int_equal(exchange->status, 201);
    assert_int_equal(exchange->headers.len, 0);
}

static void test_update(void **state)
{
    api_apply(*state, API_WIDGETS);
    api_do(*state, "POST", CM, "{'metadata':{'name':'a'},'data':{'k':'v'}}");
    api_do(*state, "POST", W, WIDGET("a") ",'spec':{'size':3}}");
    static const struct api_case cases[] = {
        SEND("PUT", CM "/a", "{'metadata':{'name':'b'}}", 400,
             "does not match the name on the URL"),
        SEND("PUT", CM "/a", "{'metadata':{}}", 400, "name must be provided"),
        SEND("PUT", CM "/zz", "{'metadata':{'name':'zz'}}", 404, "configmaps \\'zz\\' not found"),
        SEND("PUT", CM "/a", "{'metadata':{'name':'a','resourceVersion':'1'}}", 409,
             "has been modified"),
        SEND("PUT", CM "/a", "{'metadata':{'name':'a','resourceVersion':'x'}}", 500, "ParseUint"),
        SEND("PUT", CM "/a", "{'metadata':{'name':'a','uid':'x'}}", 409, "UID in precondition: x"),
        SEND("PUT", CM "/a", "{'metadata':{'name':'a'},'data':{'k':'w'}}", 200, "'k':'w'"),
        SEND("PUT", W "/a", WIDGET("a") "}", 422, "must be specified for an update"),
        SEND("PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/l",
             "{'metadata':{'name':'l'}}", 201, "'kind':'Lease'"),
    };
    RUN(state, cases);
}

static void test_patches(void **state)
{
    api_apply(*state, API_WIDGETS);
    api_do(*state, "POST", CM, "{'metadata':{'name':'a'},'data':{'k':'v'}}");
    api_do(*state, "POST", W, WIDGET("a") ",'spec':{'size':3}}");
    static const struct api_case cases[] = {
        SEND_AS("PATCH", W "/a", "[{'op':'replace','path':'/spec/size','value':4}]", JSON_PATCH,
                200, "'size':4"),
        SEND_AS("PATCH", W "/a", "[{'op':'test','path':'/spec/size','value':3}]", JSON_PATCH, 422,
                "the server rejected our request"),
        SEND_AS("PATCH", W "/a",
                "[{'op':'replace','path':'/metadata/resourceVersion','value':'1'}]", JSON_PATCH,
                409, "the object has been modified"),
        SEND_AS("PATCH", W "/a", "[{'op':'replace','path':'/metadata/uid','value':'1'}]",
                JSON_PATCH, 422, "metadata.uid: Invalid value: \\'1\\': field is immutable"),
        SEND_AS("PATCH", W "/a", "[{'op':'replace','path':'','value':5}]", JSON_PATCH, 422, NULL),
        SEND_AS("PATCH", W "/a", "{", JSON_PATCH, 400, "error decoding patch: unexpected end"),
        SEND_AS("PATCH", W "/a", "{'metadata':{'labels':{'a':'b'}}}", MERGE, 200,
                "'labels':{'a':'b'}"),
        SEND_AS("PATCH", W "/a", "[]", MERGE, 400, "cannot unmarshal array"),
        SEND_AS("PATCH", W "/a", "{'kind':'Other'}", MERGE, 422, "must be Widget"),
        SEND_AS("PATCH", W "/a", "{'metadata':{'name':'b'}}", MERGE, 400,
                "does not match the name"),
        SEND_AS("PATCH", W "/zz", "{}", MERGE, 404, "not found"),
        SEND_AS("PATCH", W "/a", "{}", STRATEGIC, 415, "application/merge-patch+json"),
        SEND_AS("PATCH", W "/a", "{}", "application/json", 415, NULL),
        SEND_AS("PATCH", W "/a?force=true", "{}", MERGE, 422, "may not be specified for non-apply"),
        SEND_AS("PATCH", CM "/a", "{'data':{'c':'d','$patch':'replace'}}", STRATEGIC, 200,
                "'data':{'c':'d'}"),
        SEND_AS("PATCH", W "/new", WIDGET("new") "}", APPLY, 422, "fieldManager: Required value"),
        SEND_AS("PATCH", W "/new?fieldManager=m", WIDGET("new") "}", APPLY, 201, "'kind':'Widget'"),
        SEND_AS("PATCH", W "/new?fieldManager=m", WIDGET("new") ",'spec':{'size':9}}", APPLY, 200,
                "'size':9"),
        SEND_AS("PATCH", W "/new?fieldManager=m", WIDGET("other") "}", APPLY, 400,
                "does not match"),
        SEND_AS("PATCH", W "/new?fieldManager=m", "{'kind':'Foo','apiVersion':'v1'}", APPLY, 400,
                "invalid object type: /v1, Kind=Foo"),
    };
    RUN(state, cases);
}

/* generation:resourceVersion of a widget. */
static const char *versions(struct api_fixture *f, const char *path, char buf[64])
{
    const char *json = api_do(f, "GET", path, NULL);
    const char *generation = strstr(json, "\"generation\":");
    snprintf(buf, 64, "%d:%s", generation ? atoi(generation + 13) : 0,
             api_member(f, json, "metadata.resourceVersion"));
    return buf;
}

static void test_generation_follows_the_spec_and_nothing_changes_for_nothing(void **state)
{
    struct api_fixture *f = *state;
    char before[64], after[64];
    api_apply(f, API_WIDGETS);
    api_do(f, "POST", W, WIDGET("a") ",'spec':{'size':1}}");
    versions(f, W "/a", before);
    assert_true(strncmp(before, "1:", 2) == 0);
    api_patch(f, W "/a", "{'spec':{'size':1},'metadata':{'labels':null}}");
    assert_string_equal(versions(f, W "/a", after), before);
    api_patch(f, W "/a", "{'metadata':{'labels':{'a':'b'}}}");
    assert_true(strncmp(versions(f, W "/a", after), "1:", 2) == 0);
    assert_string_not_equal(after, before);
    api_patch(f, W "/a", "{'spec':{'size':2}}");
    assert_true(strncmp(versions(f, W "/a", after), "2:", 2) == 0);
    api_patch(f, W "/a/status", "{'status':{'ready':true}}");
    assert_true(strncmp(versions(f, W "/a", after), "2:", 2) == 0);
}

static void test_status_is_a_world_of_its_own(void **state)
{
    struct api_fixture *f = *state;
    api_apply(f, API_WIDGETS);
    api_do(f, "POST", W, WIDGET("a") ",'spec':{'size':1}}");
    api_patch(f, W "/a/status",
              "{'status':{'ready':true},'spec':{'size':5},'metadata':{'labels':{'a':'b'}}}");
    struct dev_http_exchange *exchange = api_send(f, "GET", W "/a", NULL);
    api_expect_text("status", exchange, "\"status\":{\"ready\":true}");
    api_expect_text("status", exchange, "\"size\":1");
    assert_null(strstr(exchange->body.data, "labels"));
    api_patch(f, W "/a", "{'status':{'ready':false},'spec':{'size':6}}");
    exchange = api_send(f, "GET", W "/a", NULL);
    api_expect_text("spec", exchange, "\"status\":{\"ready\":true}");
    api_expect_text("spec", exchange, "\"size\":6");
}

static void test_deletion_waits_for_finalizers(void **state)
{
    struct api_fixture *f = *state;
    api_apply(f, API_WIDGETS);
    api_do(f, "POST", W,
           "{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'a','finalizers':"
           "['e.x/a','e.x/b']},'spec':{'size':1}}");
    static const struct api_case cases[] = {
        SEND("DELETE", W "/a", "{'preconditions':{'uid':'x'}}", 409,
             "the UID in the precondition (x)"),
        SEND("DELETE", W "/a", "{'preconditions':{'resourceVersion':'1'}}", 409,
             "ResourceVersion in"),
        SEND("DELETE", W "/a", "{'propagationPolicy':'x'}", 422, "Unsupported value"),
        SEND("DELETE", W "/a?dryRun=All", NULL, 200, "'deletionTimestamp'"),
        SEND("DELETE", W "/a", NULL, 200, "'deletionGracePeriodSeconds':0"),
        SEND("GET", W "/a", NULL, 200, "'generation':2"),
        SEND_AS("PATCH", W "/a", "{'metadata':{'finalizers':['e.x/a','e.x/c']}}", MERGE, 422,
                "no new finalizers can be added"),
        SEND_AS("PATCH", W "/a", "{'metadata':{'deletionTimestamp':null},'spec':{'size':2}}", MERGE,
                200, "'deletionTimestamp'"),
        SEND_AS("PATCH", W "/a", "{'metadata':{'finalizers':['e.x/b']}}", MERGE, 200, "e.x/b"),
        SEND_AS("PATCH", W "/a?dryRun=All", "{'metadata':{'finalizers':null}}", MERGE, 200, NULL),
        SEND("GET", W "/a", NULL, 200, NULL),
        SEND_AS("PATCH", W "/a", "{'metadata':{'finalizers':null}}", MERGE, 200, "'size':2"),
        SEND("GET", W "/a", NULL, 404, NULL),
        SEND("DELETE", W "/a", NULL, 404, NULL),
        SEND("POST", CM, "{'metadata':{'name':'a'}}", 201, NULL),
        SEND("DELETE", CM "/a?gracePeriodSeconds=30", NULL, 200, "'status':'Success'"),
    };
    RUN(state, cases);
}

static void test_delete_collection(void **state)
{
    struct api_fixture *f = *state;
    api_do(f, "POST", CM, "{'metadata':{'name':'a','labels':{'x':'y'}}}");
    api_do(f, "POST", CM, "{'metadata':{'name':'b','labels':{'x':'y'},'finalizers':['e.x/a']}}");
    api_do(f, "POST", CM, "{'metadata':{'name':'c'}}");
    struct dev_http_exchange *exchange = api_send(f, "DELETE", CM "?labelSelector=x=y", NULL);
    assert_int_equal(exchange->status, 200);
    api_expect_text("list", exchange, "\"name\":\"a\"");
    assert_null(strstr(exchange->body.data, "\"name\":\"c\""));
    assert_false(api_has(f, CM "/a"));
    assert_non_null(strstr(api_do(f, "GET", CM "/b", NULL), "deletionTimestamp"));
    assert_true(api_has(f, CM "/c"));
}

static void test_lists_come_in_pages(void **state)
{
    struct api_fixture *f = *state;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    char manifest[100], path[400];
    const char *token = "";
    int pages = 0, items = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(manifest, sizeof(manifest), "{'metadata':{'name':'%s'}}", names[i]);
        api_do(f, "POST", CM, manifest);
    }
    const char *first_version = NULL;
    do {
        snprintf(path, sizeof(path), CM "?limit=2&continue=%s", token);
        const char *json = api_do(f, "GET", path, NULL);
        const char *version = api_member(f, json, "metadata.resourceVersion");
        for (const char *at = json; (at = strstr(at, "\"uid\"")) != NULL; at++)
            items++;
        if (pages == 0) {
            first_version = version;
            assert_non_null(strstr(json, "\"remainingItemCount\":3"));
            api_do(f, "POST", CM, "{'metadata':{'name':'aa'}}"); /* behind us */
        }
        assert_string_equal(version, first_version);
        token = api_member(f, json, "metadata.continue");
        pages++;
    } while (token && token[0] != '\0' && pages < 10);
    assert_int_equal(pages, 3);
    assert_int_equal(items, 5);
    dev_history_compact(f->server.history, dev_store_version(f->server.store));
    const char *json = api_do(f, "GET", CM "?limit=2", NULL);
    snprintf(path, sizeof(path), CM "?limit=2&continue=%s",
             api_member(f, json, "metadata.continue"));
    api_do(f, "POST", CM, "{'metadata':{'name':'zz'}}");
    dev_history_compact(f->server.history, dev_store_version(f->server.store));
    assert_int_equal(api_send(f, "GET", path, NULL)->status, 410);
}

static void test_list_options(void **state)
{
    api_do(*state, "POST", CM, "{'metadata':{'name':'a','labels':{'x':'y'}}}");
    api_do(*state, "POST", CM, "{'metadata':{'name':'b'}}");
    static const struct api_case cases[] = {
        SEND("GET", CM "?labelSelector=x", NULL, 200, "'name':'a'"),
        SEND("GET", CM "?fieldSelector=metadata.name=b", NULL, 200, "'name':'b'"),
        SEND("GET", CM "?fieldSelector=spec.x=b", NULL, 400, NULL),
        SEND("GET", CM "?labelSelector=x===", NULL, 400, NULL),
        SEND("GET", CM "?limit=x", NULL, 400, "strconv.ParseInt: parsing \\'x\\': invalid syntax"),
        SEND("GET", CM "?limit=-1", NULL, 200, NULL),
        SEND("GET", CM "?limit=1&resourceVersion=0", NULL, 200, "'name':'b'"),
        SEND("GET", CM "?continue=foo", NULL, 400, "continue key is not valid"),
        SEND("GET", CM "?resourceVersion=x", NULL, 400, "invalid resource version"),
        SEND("GET", CM "?resourceVersion=99999", NULL, 504, "Too large resource version: 99999"),
        SEND("GET", CM "/a?resourceVersion=99999", NULL, 504, "'retryAfterSeconds':1"),
        SEND("GET", CM "?resourceVersionMatch=Exact", NULL, 422,
             "unless resourceVersion is provided"),
        SEND("GET", CM "?resourceVersionMatch=Exact&resourceVersion=1", NULL, 410, "Expired"),
        SEND("GET", CM "?resourceVersionMatch=Foo&resourceVersion=1", NULL, 422,
             "Unsupported value"),
        SEND("GET", CM "?sendInitialEvents=true", NULL, 422, "forbidden for list"),
        GET_AS(CM, "text/plain", 406, "NotAcceptable"),
        GET_AS(CM, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", 406,
               "the requested object is a list"),
        GET_AS(CM, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", 200,
               "PartialObjectMetadataList"),
        GET_AS(CM "/a", "application/json;as=Table;g=meta.k8s.io;v=v1", 200, "'kind':'Table'"),
    };
    RUN(state, cases);
}

static void test_namespaces_and_paths(void **state)
{
    static const struct api_case cases[] = {
        SEND("GET", "/api/v1/namespaces/default", NULL, 200,
             "'kubernetes.io/metadata.name':'default'"),
        SEND("DELETE", "/api/v1/namespaces/default", NULL, 403,
             "this namespace may not be deleted"),
        SEND("POST", "/api/v1/namespaces", "{'metadata':{'name':'a.b'}}", 422, "not contain dots"),
        SEND("GET", "/api/v1/namespaces/none/configmaps", NULL, 200, "'items':[]"),
        SEND("GET", "/nothing", NULL, 404, "404 page not found"),
        SEND("GET", "/apis/none/v1/things", NULL, 404, "404 page not found"),
        SEND("GET", "/api/v1/things", NULL, 404, "could not find the requested resource"),
        SEND("GET", "/healthz", NULL, 200, "ok"),
        SEND("GET", "/version", NULL, 200, "gitVersion"),
        SEND("GET", "/api/v1", NULL, 200, "APIResourceList"),
    };
    RUN(state, cases);
}

static void test_token(void **state)
{
    struct api_fixture *f = *state;
    f->server.token = "secret";
    static const struct api_case cases[] = {
        SEND("GET", CM, NULL, 401, "Unauthorized"), GET_WITH(CM, "Bearer secre", 401, NULL),
        GET_WITH(CM, "Bearer secrets", 401, NULL),  GET_WITH(CM, "Basic secret", 401, NULL),
        GET_WITH(CM, "Bearer ", 401, NULL),         GET_WITH(CM, "Bearer secret", 200, NULL),
        SEND("GET", "/faults", NULL, 401, NULL),    SEND("GET", "/healthz", NULL, 200, NULL),
        SEND("GET", "/version", NULL, 200, NULL),
    };
    RUN(state, cases);
}

static void test_faults_on_demand(void **state)
{
    struct api_fixture *f = *state;
    static const struct api_case cases[] = {
        SEND("POST", "/faults", "nonsense", 400, NULL),
        SEND("POST", "/faults", "status,code=429,verb=create,retry-after=7\ncut,bytes=5,verb=get\n",
             200, NULL),
        SEND("POST", CM, "{'metadata':{'name':'a'}}", 429, "'retryAfterSeconds':7"),
        SEND("POST", CM, "{'metadata':{'name':'a'}}", 201, NULL),
    };
    RUN(state, cases);
    struct dev_http_exchange *exchange = api_send(f, "GET", CM "/a", NULL);
    assert_true(exchange->is_cut);
    assert_int_equal(exchange->body.len, 5);
    assert_true(api_has(f, CM "/a"));
}

static void test_a_delayed_request_is_served_later(void **state)
{
    struct api_fixture *f = *state;
    api_do(f, "POST", "/faults", "delay,ms=3000,verb=get");
    struct dev_http_exchange *exchange = api_send(f, "GET", "/api/v1/namespaces/default", NULL);
    assert_int_equal(exchange->status, 0);
    loop_skip_ms(&f->loop, 3000);
    loop_until(&f->loop, exchange->status != 0);
    assert_int_equal(exchange->status, 200);
    /* One that is still held when the server stops is cut: see the teardown. */
    api_do(f, "POST", "/faults", "delay,ms=3000,verb=get");
    assert_int_equal(api_send(f, "GET", "/api/v1/namespaces/default", NULL)->status, 0);
}

static void test_manifests_are_created_or_updated(void **state)
{
    struct api_fixture *f = *state;
    struct error err = {0};
    api_apply(f, API_WIDGETS);
    api_apply(f, API_WIDGETS);
    api_apply(f, WIDGET("a") ",'spec':{'size':1}}");
    api_apply(f, WIDGET("a") ",'spec':{'size':2}}");
    assert_non_null(strstr(api_do(f, "GET", W "/a", NULL), "\"size\":2"));
    assert_false(dev_api_apply(&f->server, STR("{\"kind\":\"None\",\"apiVersion\":\"v1\"}"), &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_false(dev_api_apply(&f->server, STR("["), &err));
    assert_false(
        dev_api_apply(&f->server, json_text(&f->arena, WIDGET("b") ",'spec':{'size':0}}"), &err));
    assert_int_equal(err.detail, 422);
}

static void test_definitions_make_resources(void **state)
{
    struct api_fixture *f = *state;
    assert_int_equal(api_send(f, "GET", W, NULL)->status, 404);
    api_apply(f, API_WIDGETS);
    api_do(f, "GET", W, NULL);
    static const struct api_case cases[] = {
        SEND("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
             "{'metadata':{'name':'things.example.com'},'spec':{}}", 422, "spec.group"),
    };
    RUN(state, cases);
}

static void test_deep_json_is_refused(void **state)
{
    struct api_fixture *f = *state;
    struct strbuf body cleanup_strbuf = {0};
    strbuf_append_cstr(&body, "{'metadata':{'name':'a'},'data':");
    for (int i = 0; i < 100000; i++)
        strbuf_append_char(&body, '[');
    for (int i = 0; i < 100000; i++)
        strbuf_append_char(&body, ']');
    strbuf_append_char(&body, '}');
    assert_int_equal(api_send(f, "POST", CM, body.data)->status, 400);
}

#define API_TEST(fn) cmocka_unit_test_setup_teardown(fn, api_setup, api_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_create),
        API_TEST(test_unknown_fields_are_dropped_with_a_warning),
        API_TEST(test_update),
        API_TEST(test_patches),
        API_TEST(test_generation_follows_the_spec_and_nothing_changes_for_nothing),
        API_TEST(test_status_is_a_world_of_its_own),
        API_TEST(test_deletion_waits_for_finalizers),
        API_TEST(test_delete_collection),
        API_TEST(test_lists_come_in_pages),
        API_TEST(test_list_options),
        API_TEST(test_namespaces_and_paths),
        API_TEST(test_token),
        API_TEST(test_faults_on_demand),
        API_TEST(test_a_delayed_request_is_served_later),
        API_TEST(test_manifests_are_created_or_updated),
        API_TEST(test_definitions_make_resources),
        API_TEST(test_deep_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
