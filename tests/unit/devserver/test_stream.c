/* Watches: what a client sees, and when. */
#include "devserver/stream.h"

#include "api_fixture.h"

#define CM "/api/v1/namespaces/default/configmaps"

/* "ADDED a; MODIFIED a; BOOKMARK!; ERROR 410" of the lines so far; a bookmark with ! ends the
 * initial objects. */
static const char *events(struct api_fixture *f, const struct dev_http_exchange *exchange)
{
    struct strbuf text cleanup_strbuf = {0};
    struct str rest = strbuf_str(&exchange->body);
    struct str line = {0};
    while (str_split(&rest, '\n', &line)) {
        yyjson_doc *doc = yyjson_read(line.ptr, line.len, 0);
        if (!doc) {
            strbuf_append_cstr(&text, "; ?");
            continue;
        }
        yyjson_val *object = yyjson_obj_get(yyjson_doc_get_root(doc), "object");
        yyjson_val *metadata = yyjson_obj_get(object, "metadata");
        const char *name = yyjson_get_str(yyjson_obj_get(metadata, "name"));
        strbuf_printf(&text, "; %s",
                      yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "type")));
        if (name)
            strbuf_printf(&text, " %s", name);
        if (yyjson_obj_get(metadata, "annotations"))
            strbuf_append_char(&text, '!');
        if (yyjson_obj_get(object, "code"))
            strbuf_printf(&text, " %d", yyjson_get_int(yyjson_obj_get(object, "code")));
        yyjson_doc_free(doc);
    }
    return arena_dup_str(&f->arena, str_skip(strbuf_str(&text), text.len > 2 ? 2 : 0)).ptr;
}

static void expect_events(struct api_fixture *f, const struct dev_http_exchange *exchange,
                          const char *wanted)
{
    const char *got = events(f, exchange);
    if (strcmp(got ? got : "", wanted) != 0)
        fail_msg("wanted \"%s\", got \"%s\"", wanted, got ? got : "");
}

static void create(struct api_fixture *f, const char *name, const char *labels)
{
    char manifest[200];
    snprintf(manifest, sizeof(manifest), "{'metadata':{'name':'%s','labels':%s}}", name, labels);
    api_do(f, "POST", CM, manifest);
}

static struct dev_http_exchange *watch(struct api_fixture *f, const char *query)
{
    char path[300];
    snprintf(path, sizeof(path), CM "?watch=true&%s", query);
    struct dev_http_exchange *exchange = api_send(f, "GET", path, NULL);
    assert_int_equal(exchange->status, 200);
    assert_true(exchange->is_stream);
    return exchange;
}

static void test_where_a_watch_begins(void **state)
{
    struct api_fixture *f = *state;
    char query[64];
    create(f, "a", "{}");
    uint64_t version = dev_store_version(f->server.store);
    create(f, "b", "{}");
    snprintf(query, sizeof(query), "resourceVersion=%d", (int)version);
    struct dev_http_exchange *resumed = watch(f, query);
    struct dev_http_exchange *fresh = watch(f, "");
    struct dev_http_exchange *any = watch(f, "resourceVersion=0");
    struct dev_http_exchange *future = watch(f, "resourceVersion=1000");
    struct dev_http_exchange *streamed =
        watch(f, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1");
    struct dev_http_exchange *from_now =
        watch(f, "sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
    create(f, "c", "{}");
    api_do(f, "DELETE", CM "/a", NULL);
    expect_events(f, resumed, "ADDED b; ADDED c; DELETED a");
    expect_events(f, fresh, "ADDED a; ADDED b; ADDED c; DELETED a");
    expect_events(f, any, "ADDED a; ADDED b; ADDED c; DELETED a");
    expect_events(f, future, "");
    expect_events(f, streamed, "ADDED a; ADDED b; BOOKMARK!; ADDED c; DELETED a");
    expect_events(f, from_now, "ADDED c; DELETED a");
}

static void test_what_cannot_be_watched(void **state)
{
    struct api_fixture *f = *state;
    create(f, "a", "{}");
    dev_history_compact(f->server.history, dev_store_version(f->server.store));
    struct dev_http_exchange *old = watch(f, "resourceVersion=1");
    expect_events(f, old, "ERROR 410");
    assert_true(old->is_ended);
    struct dev_http_exchange *future =
        watch(f, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=1000");
    expect_events(f, future, "ERROR 504");
    assert_int_equal(api_send(f, "GET", CM "?watch=1&resourceVersion=x", NULL)->status, 500);
    assert_int_equal(api_send(f, "GET", CM "?watch=1&sendInitialEvents=true", NULL)->status, 422);
    assert_int_equal(api_send(f, "GET", CM "?watch=1&resourceVersionMatch=Exact", NULL)->status,
                     422);
    assert_int_equal(api_send(f, "GET", CM "?watch=1&fieldSelector=x=y", NULL)->status, 400);
}

static void test_selectors_make_objects_come_and_go(void **state)
{
    struct api_fixture *f = *state;
    create(f, "a", "{'x':'y'}");
    create(f, "b", "{}");
    struct dev_http_exchange *labels = watch(f, "labelSelector=x=y");
    struct dev_http_exchange *name = watch(f, "fieldSelector=metadata.name=b");
    api_patch(f, CM "/b", "{'metadata':{'labels':{'x':'y'}}}");
    api_patch(f, CM "/b", "{'data':{'k':'v'}}");
    api_patch(f, CM "/a", "{'metadata':{'labels':null},'data':{'new':'x'}}");
    api_do(f, "DELETE", CM "/b", NULL);
    api_do(f, "DELETE", CM "/a", NULL);
    expect_events(f, labels, "ADDED a; ADDED b; MODIFIED b; DELETED a; DELETED b");
    expect_events(f, name, "ADDED b; MODIFIED b; MODIFIED b; DELETED b");
    /* The last state that matched. */
    assert_non_null(strstr(labels->body.data, "\"labels\":{\"x\":\"y\"}"));
    assert_null(strstr(labels->body.data, "\"new\""));
}

static void test_other_namespaces_are_not_seen(void **state)
{
    struct api_fixture *f = *state;
    struct dev_http_exchange *here = watch(f, "");
    struct dev_http_exchange *everywhere = api_send(f, "GET", "/api/v1/configmaps?watch=1", NULL);
    api_do(f, "POST", "/api/v1/namespaces/kube-system/configmaps", "{'metadata':{'name':'s'}}");
    create(f, "d", "{}");
    expect_events(f, here, "ADDED d");
    expect_events(f, everywhere, "ADDED s; ADDED d");
}

static void test_a_slow_client_gets_the_objects_in_pieces(void **state)
{
    struct api_fixture *f = *state;
    create(f, "a", "{}");
    create(f, "c", "{}");
    create(f, "e", "{}");
    char path[] = CM "?watch=true";
    /* The client takes nothing: not even the first object is sent. */
    struct dev_http_exchange *slow;
    f->server.token = NULL;
    api_do(f, "POST", "/faults", "delay,ms=1,verb=watch");
    slow = api_send(f, "GET", path, NULL);
    slow->unsent_bytes = 16 << 20;
    loop_skip_ms(&f->loop, 1);
    loop_until(&f->loop, slow->status != 0);
    expect_events(f, slow, "");
    create(f, "b", "{}");                        /* will be seen when it has its turn */
    api_patch(f, CM "/a", "{'data':{'k':'v'}}"); /* as will its present state */
    api_do(f, "DELETE", CM "/c", NULL);
    slow->unsent_bytes = 0;
    loop_skip_ms(&f->loop, 1);
    loop_until(&f->loop, slow->body.len > 0);
    expect_events(f, slow, "ADDED a; ADDED b; ADDED e");
    assert_non_null(strstr(slow->body.data, "\"k\":\"v\""));
    create(f, "f", "{}");
    expect_events(f, slow, "ADDED a; ADDED b; ADDED e; ADDED f");
}

static void test_a_client_that_does_not_read_is_ended(void **state)
{
    struct api_fixture *f = *state;
    struct dev_http_exchange *exchange = watch(f, "");
    exchange->unsent_bytes = 64 << 20;
    create(f, "a", "{}");
    assert_true(exchange->is_ended);
    assert_false(exchange->is_cut);
    create(f, "b", "{}");
    expect_events(f, exchange, "ADDED a");
}

static void test_a_client_that_leaves_is_forgotten(void **state)
{
    struct api_fixture *f = *state;
    struct dev_http_exchange *exchange = watch(f, "");
    exchange->is_ended = true; /* whatever is sent now fails the test */
    exchange->gone(exchange->gone_ctx);
    create(f, "a", "{}");
    loop_run_ready(&f->loop);
    create(f, "b", "{}");
    expect_events(f, exchange, "");
}

static void test_time(void **state)
{
    struct api_fixture *f = *state;
    struct dev_http_exchange *exchange = watch(f, "timeoutSeconds=100&allowWatchBookmarks=true");
    struct dev_http_exchange *quiet = watch(f, "timeoutSeconds=100");
    loop_skip_ms(&f->loop, 59 * 1000);
    loop_run_ready(&f->loop);
    expect_events(f, exchange, "");
    loop_skip_ms(&f->loop, 2 * 1000);
    loop_until(&f->loop, exchange->body.len > 0);
    expect_events(f, exchange, "BOOKMARK");
    loop_skip_ms(&f->loop, 38 * 1000);
    loop_until(&f->loop, strlen(events(f, exchange)) > strlen("BOOKMARK"));
    expect_events(f, exchange, "BOOKMARK; BOOKMARK");
    assert_false(exchange->is_ended);
    loop_skip_ms(&f->loop, 2 * 1000);
    loop_until(&f->loop, exchange->is_ended && quiet->is_ended);
    expect_events(f, exchange, "BOOKMARK; BOOKMARK");
    expect_events(f, quiet, "");
}

static void test_forms(void **state)
{
    struct api_fixture *f = *state;
    create(f, "a", "{}");
    struct dev_http_exchange *table = api_request(
        f, &(struct api_request){.method = "GET",
                                 .path = CM "?watch=1&sendInitialEvents=1&resourceVersionMatch="
                                            "NotOlderThan&allowWatchBookmarks=1",
                                 .accept = "application/json;as=Table;g=meta.k8s.io;v=v1"});
    struct dev_http_exchange *partial = api_request(
        f, &(struct api_request){.method = "GET",
                                 .path = CM "?watch=1",
                                 .accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io"
                                           ";v=v1"});
    api_expect_text("table", table, "\"columnDefinitions\":[{");
    api_expect_text("table", table, "k8s.io/initial-events-end");
    api_expect_text("partial", partial, "\"kind\":\"PartialObjectMetadata\"");
}

static void test_a_definition_that_goes_ends_its_watches(void **state)
{
    struct api_fixture *f = *state;
    api_apply(f, API_WIDGETS);
    struct dev_http_exchange *exchange = api_send(f, "GET", API_WIDGETS_PATH "?watch=1", NULL);
    api_apply(f, API_WIDGETS); /* nothing changes */
    assert_false(exchange->is_ended);
    api_do(f, "DELETE",
           "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com", NULL);
    loop_until(&f->loop, exchange->is_ended);
    assert_int_equal(api_send(f, "GET", API_WIDGETS_PATH, NULL)->status, 404);
}

static void test_faults_of_events(void **state)
{
    static const struct {
        const char *rule;
        const char *want;
    } cases[] = {
        {"duplicate", "ADDED a; ADDED a; ADDED b"},
        {"close", ""},
        {"drop", ""},
        {"garbage", "?; ADDED b"},
        {"reorder", "ADDED a; ADDED b"}, /* within one kind the order stays */
    };
    struct api_fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char rule[100];
        snprintf(rule, sizeof(rule), "%s,verb=watch,resource=configmaps", cases[i].rule);
        struct dev_http_exchange *exchange =
            watch(f, "sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
        api_do(f, "POST", "/faults", rule);
        create(f, "a", "{}");
        create(f, "b", "{}");
        if (strcmp(events(f, exchange) ? events(f, exchange) : "", cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].rule, events(f, exchange));
        if (!exchange->is_ended) {
            exchange->is_ended = true;
            exchange->gone(exchange->gone_ctx);
        }
        api_do(f, "DELETE", "/faults", NULL);
        api_do(f, "DELETE", CM, NULL);
        loop_run_ready(&f->loop);
    }
}

static void test_an_event_that_waits_for_one_of_another_kind(void **state)
{
    struct api_fixture *f = *state;
    struct dev_http_exchange *maps = watch(f, "");
    struct dev_http_exchange *secrets =
        api_send(f, "GET", "/api/v1/namespaces/default/secrets?watch=1", NULL);
    api_do(f, "POST", "/faults", "reorder,verb=watch,resource=configmaps");
    create(f, "a", "{}");
    expect_events(f, maps, "");
    api_do(f, "POST", "/api/v1/namespaces/default/secrets", "{'metadata':{'name':'s'}}");
    expect_events(f, secrets, "ADDED s");
    expect_events(f, maps, "ADDED a");
}

#define API_TEST(fn) cmocka_unit_test_setup_teardown(fn, api_setup, api_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_where_a_watch_begins),
        API_TEST(test_what_cannot_be_watched),
        API_TEST(test_selectors_make_objects_come_and_go),
        API_TEST(test_other_namespaces_are_not_seen),
        API_TEST(test_a_slow_client_gets_the_objects_in_pieces),
        API_TEST(test_a_client_that_does_not_read_is_ended),
        API_TEST(test_a_client_that_leaves_is_forgotten),
        API_TEST(test_time),
        API_TEST(test_forms),
        API_TEST(test_a_definition_that_goes_ends_its_watches),
        API_TEST(test_faults_of_events),
        API_TEST(test_an_event_that_waits_for_one_of_another_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
