#include "kube/reflector.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "kube/model/json.h"
#include "lib/kube_fixture.h"
#include "lib/loop.h"

#define DUCKS "/apis/zoo.example/v1/ducks"
#define STREAMED DUCKS "?sendInitialEvents=true"
#define PAGED DUCKS "?limit=500"
#define WATCHED DUCKS "?resourceVersion="

#define DUCK(name, version, color)                                                                 \
    "{\"metadata\":{\"namespace\":\"pond\",\"name\":\"" name "\",\"uid\":\"uid-" name              \
    "\",\"resourceVersion\":\"" version "\"},\"color\":" color "}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(version, annotations)                                                             \
    EVENT("BOOKMARK", "{\"kind\":\"Duck\",\"metadata\":{\"resourceVersion\":\"" version            \
                      "\",\"annotations\":{" annotations "}}}")
#define LIST_END(version) BOOKMARK(version, "\"k8s.io/initial-events-end\":\"true\"")
#define LIST(version, token, items)                                                                \
    "{\"kind\":\"DuckList\",\"metadata\":{\"resourceVersion\":\"" version                          \
    "\",\"continue\":\"" token "\"},\"items\":[" items "]}"
#define STATUS(code, reason)                                                                       \
    "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"because of " reason                 \
    "\",\"reason\":\"" reason "\",\"code\":" code "}"

struct duck {
    struct kube_object object;
    struct str color;
};

static bool parse_duck(struct kube_object *view, yyjson_val *json, struct arena *arena,
                       struct error *err)
{
    struct duck *duck = container_of(view, struct duck, object);
    struct str color = json_str(json, "color");
    if (str_is_empty(color))
        return error_set(err, ERROR_INVALID, "a duck has a color");
    duck->color = arena_dup_str(arena, color);
    return true;
}

static const char *const versions[] = {"v1", "v2", NULL};
static const struct kube_kind duck_kind = {
    .group = "zoo.example",
    .kind = "Duck",
    .plural = "ducks",
    .versions = versions,
    .view_size = sizeof(struct duck),
    .parse = parse_duck,
};
static const struct kube_kind bare_duck_kind = {
    .group = "zoo.example",
    .kind = "Duck",
    .plural = "ducks",
    .versions = versions,
    .view_size = sizeof(struct kube_object),
    .is_metadata_only = true,
};
static const struct kube_resource ducks_v1 = {
    .group = {"zoo.example", 11}, .version = {"v1", 2}, .plural = {"ducks", 5}, true};
static const struct kube_resource ducks_v2 = {
    .group = {"zoo.example", 11}, .version = {"v2", 2}, .plural = {"ducks", 5}, true};

struct fixture {
    struct kube_fixture kube;
    struct kube_store *store;
    struct kube_reflector *reflector; /* NULL: stopped */
    struct kube_discovery *discovery; /* NULL: none */
    int filled;
    bool stops_when_filled;
    bool stops_when_changed;
    bool is_closed;
    bool is_discovery_closed;
};

static void closed(void *ctx)
{
    *(bool *)ctx = true;
}

static void stop(struct fixture *f)
{
    kube_reflector_stop(steal_ptr(f->reflector), closed, &f->is_closed);
}

static void on_filled(void *ctx)
{
    struct fixture *f = ctx;
    f->filled++;
    if (f->stops_when_filled)
        stop(f);
}

static void on_change(void *ctx, const struct kube_object *before, const struct kube_object *after)
{
    (void)before;
    (void)after;
    struct fixture *f = ctx;
    if (f->stops_when_changed && f->reflector)
        stop(f);
}

static void start_kind(struct fixture *f, const struct kube_kind *kind,
                       const struct kube_reflector_options *options)
{
    const struct kube_reflector_handlers handlers = {.filled = on_filled};
    f->store = kube_store_new(kind);
    kube_store_listen(f->store, on_change, f);
    f->reflector = kube_reflector_new(&f->kube.runtime, f->kube.client, f->discovery, f->store,
                                      options, &handlers, f);
    kube_reflector_set_resource(f->reflector, &ducks_v1);
}

static void start(struct fixture *f)
{
    start_kind(f, &duck_kind, &(struct kube_reflector_options){0});
}

/* What no rule answers is left open, for the test to answer. */
static void hold(void *ctx, struct fake_exchange *exchange)
{
    (void)ctx;
    (void)exchange;
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    kube_fixture_init(&f->kube);
    fake_server_on_request(f->kube.server, hold, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->reflector)
        stop(f);
    loop_until(&f->kube.loop, f->is_closed);
    if (f->discovery) {
        kube_discovery_stop(f->discovery, closed, &f->is_discovery_closed);
        loop_until(&f->kube.loop, f->is_discovery_closed);
    }
    kube_store_free(f->store);
    kube_fixture_fini(&f->kube);
    free(f);
    return 0;
}

static struct fake_exchange *last(struct fixture *f, const char *prefix)
{
    return fake_server_last(f->kube.server, "GET", prefix);
}

static size_t count(struct fixture *f, const char *prefix)
{
    return fake_server_count_of(f->kube.server, "GET", prefix);
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* "a5red": its name, resourceVersion and color; "" when it is not there. */
static const char *duck_text(struct fixture *f, const char *name)
{
    static char text[64];
    const struct kube_object *object = kube_store_find(f->store, STR("pond"), str_from(name));
    text[0] = '\0';
    if (object)
        snprintf(text, sizeof(text), "%s%" PRIu64 STR_FMT, name, object->meta.resource_version,
                 STR_ARG(((const struct duck *)object)->color));
    return text;
}

static bool has_duck(struct fixture *f, const char *name, const char *text)
{
    return strcmp(duck_text(f, name), text) == 0;
}

/* The watch that follows a list by stream of two ducks at version 10. */
static struct fake_exchange *start_watching(struct fixture *f)
{
    fake_server_stream(f->kube.server, "GET", STREAMED,
                       EVENT("ADDED", DUCK("a", "5", "\"red\""))
                           EVENT("ADDED", DUCK("b", "6", "\"blue\"")) LIST_END("10"));
    start(f);
    loop_until(&f->kube.loop, f->filled == 1);
    return last(f, STREAMED);
}

static void test_lists_by_stream_and_watches_in_it(void **state)
{
    struct fixture *f = *state;
    fake_server_stream(f->kube.server, "GET", STREAMED,
                       EVENT("ADDED", DUCK("a", "5", "\"red\""))
                           EVENT("ADDED", DUCK("b", "6", "\"blue\"")));
    start(f);
    loop_until(&f->kube.loop, kube_store_count(f->store) == 2);
    assert_false(kube_store_is_filled(f->store));
    assert_int_equal(f->filled, 0);
    struct fake_exchange *stream = last(f, "");
    assert_true(str_eq(fake_exchange_header(stream, "accept"), STR("application/json")));
    assert_has(stream->path, "&resourceVersionMatch=NotOlderThan&watch=true");
    assert_has(stream->path, "&allowWatchBookmarks=true&timeoutSeconds=");
    assert_null(strstr(stream->path, "resourceVersion="));

    fake_exchange_chunk(stream, LIST_END("10"));
    loop_until(&f->kube.loop, f->filled == 1);
    assert_true(kube_store_is_filled(f->store));
    fake_exchange_chunk(stream, EVENT("MODIFIED", DUCK("a", "11", "\"green\"")));
    fake_exchange_chunk(stream, EVENT("DELETED", DUCK("b", "12", "\"blue\"")));
    fake_exchange_chunk(stream, EVENT("ADDED", DUCK("c", "13", "\"white\"")));
    loop_until(&f->kube.loop, has_duck(f, "c", "c13white"));
    assert_true(has_duck(f, "a", "a11green"));
    assert_true(has_duck(f, "b", ""));
    assert_int_equal(fake_server_count(f->kube.server), 1);
    struct kube_reflector_figures figures = kube_reflector_figures(f->reflector);
    assert_int_equal(figures.lists, 1);
    assert_int_equal(figures.watches, 1);
    assert_int_equal(figures.events, 5);
    assert_int_equal(figures.bad_lines, 0);
}

static void test_pages_where_streams_are_refused(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "GET", STREAMED, 422, STATUS("422", "Invalid"));
    fake_server_reply(f->kube.server, "GET", PAGED, 200,
                      LIST("10", "to/ken=", DUCK("a", "5", "\"red\"")));
    fake_server_reply(f->kube.server, "GET", PAGED "&continue=to%2Fken%3D", 200,
                      LIST("10", "", DUCK("b", "6", "\"blue\"")));
    fake_server_stream(f->kube.server, "GET", WATCHED "10&watch=true&",
                       EVENT("MODIFIED", DUCK("b", "11", "\"green\"")));
    start(f);
    loop_until(&f->kube.loop, has_duck(f, "b", "b11green"));
    assert_true(has_duck(f, "a", "a5red"));
    assert_int_equal(f->filled, 1);
    assert_int_equal(fake_server_count(f->kube.server), 4);
    assert_int_equal(kube_fixture_count_log(&f->kube, "Cannot"), 0);
}

static void test_a_token_that_is_too_old_lists_anew(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "GET", STREAMED, 400, STATUS("400", "BadRequest"));
    fake_server_reply(f->kube.server, "GET", PAGED, 200,
                      LIST("10", "old", DUCK("a", "5", "\"red\"")));
    fake_server_reply(f->kube.server, "GET", PAGED "&continue=old", 410, STATUS("410", "Expired"));
    fake_server_reply(f->kube.server, "GET", STREAMED, 400, STATUS("400", "BadRequest"));
    fake_server_reply(f->kube.server, "GET", PAGED, 200,
                      LIST("12", "", DUCK("b", "6", "\"blue\"")));
    start(f);
    loop_until(&f->kube.loop, f->filled == 1);
    assert_string_equal(last(f, PAGED)->path, PAGED);
    assert_int_equal(kube_store_count(f->store), 1);
    assert_true(has_duck(f, "b", "b6blue"));
}

static void test_resumes_where_a_watch_ended(void **state)
{
    struct fixture *f = *state;
    struct fake_exchange *stream = start_watching(f);
    fake_exchange_chunk(stream, EVENT("MODIFIED", DUCK("a", "11", "\"green\"")));
    fake_exchange_end(stream);
    loop_until(&f->kube.loop, count(f, WATCHED "11&") == 1);
    struct fake_exchange *watch = last(f, "");
    fake_exchange_begin(watch, 200);
    fake_exchange_chunk(watch, BOOKMARK("20", ""));
    fake_exchange_end(watch);
    loop_until(&f->kube.loop, count(f, WATCHED "20&") == 1);
    assert_int_equal(fake_server_count(f->kube.server), 3);
    assert_int_equal(kube_reflector_figures(f->reflector).lists, 1);
}

static void test_resumes_after_a_cut(void **state)
{
    struct fixture *f = *state;
    struct fake_exchange *stream = start_watching(f);
    fake_exchange_chunk(stream, EVENT("MODIFIED", DUCK("a", "11", "\"green\"")) "{\"type\":\"MOD");
    loop_until(&f->kube.loop, has_duck(f, "a", "a11green"));
    fake_server_down(f->kube.server);
    loop_run_ready(&f->kube.loop);
    fake_server_up(f->kube.server);
    loop_until(&f->kube.loop, count(f, WATCHED "11&") == 1);
    assert_int_equal(kube_store_count(f->store), 2);
}

static void test_410_lists_anew_and_loses_nothing_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct fake_exchange *stream = start_watching(f);
    fake_exchange_chunk(stream, EVENT("ERROR", STATUS("410", "Expired")));
    loop_until(&f->kube.loop, count(f, STREAMED) == 2);
    struct fake_exchange *again = last(f, STREAMED);
    assert_int_equal(kube_store_count(f->store), 2);
    fake_exchange_begin(again, 200);
    fake_exchange_chunk(again, EVENT("ADDED", DUCK("a", "20", "\"black\"")));
    loop_until(&f->kube.loop, has_duck(f, "a", "a20black"));
    assert_true(has_duck(f, "b", "b6blue")); /* until the list is whole */
    fake_exchange_chunk(again, LIST_END("21"));
    loop_until(&f->kube.loop, kube_store_count(f->store) == 1);
    assert_true(has_duck(f, "a", "a20black"));
    assert_int_equal(f->filled, 1); /* the first list only */
}

static void test_other_error_events_list_anew_too(void **state)
{
    struct fixture *f = *state;
    struct fake_exchange *stream = start_watching(f);
    fake_exchange_chunk(stream, EVENT("ERROR", STATUS("500", "InternalError"))
                                    EVENT("DELETED", DUCK("a", "12", "\"red\"")));
    loop_until(&f->kube.loop, count(f, STREAMED) == 2);
    assert_true(has_duck(f, "a", "a5red")); /* what follows an ERROR is not believed */
}

static void test_a_refusal_is_told_once_and_tried_again(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        fake_server_reply(f->kube.server, "GET", STREAMED, 403, STATUS("403", "Forbidden"));
    fake_server_stream(f->kube.server, "GET", STREAMED, LIST_END("10"));
    start(f);
    for (size_t i = 1; i <= 3; i++) {
        loop_until(&f->kube.loop, fake_server_count(f->kube.server) == i);
        loop_until(&f->kube.loop, kube_fixture_count_log(&f->kube, "because of Forbidden") == i);
        assert_int_equal(kube_fixture_count_log(&f->kube, "check RBAC"), 1);
        loop_skip_ms(&f->kube.loop, 9000);
        loop_run_ready(&f->kube.loop);
        assert_int_equal(fake_server_count(f->kube.server), i);
        loop_skip_ms(&f->kube.loop, 22000);
    }
    loop_until(&f->kube.loop, f->filled == 1);
    assert_int_equal(kube_fixture_count_log(&f->kube, "Listed and watched again"), 1);
}

static void test_what_cannot_be_read_holds_up_nobody(void **state)
{
    struct fixture *f = *state;
    struct fake_exchange *stream = start_watching(f);
    fake_exchange_chunk(
        stream,
        "not JSON\n{\"type\":\"ODD\",\"object\":{}}\n" EVENT("MODIFIED", DUCK("a", "11", "5"))
            EVENT("ADDED", DUCK("bad", "12", "[]")) EVENT("ADDED", DUCK("c", "13", "\"white\"")));
    loop_until(&f->kube.loop, has_duck(f, "c", "c13white"));
    assert_true(has_duck(f, "a", "a5red"));
    assert_true(has_duck(f, "bad", ""));
    assert_int_equal(kube_reflector_figures(f->reflector).bad_lines, 4);
    assert_int_equal(kube_fixture_count_log(&f->kube, "olderVersionStays=true"), 1);
    assert_int_equal(kube_fixture_count_log(&f->kube, "olderVersionStays=false"), 1);
    assert_int_equal(kube_fixture_count_log(&f->kube, "name=\"bad\""), 1);

    /* Neither does a list take the older version away, and the place of the watch is after it. */
    fake_exchange_chunk(stream, EVENT("ERROR", STATUS("410", "Expired")));
    loop_until(&f->kube.loop, count(f, STREAMED) == 2);
    struct fake_exchange *again = last(f, STREAMED);
    fake_exchange_begin(again, 200);
    fake_exchange_chunk(again, EVENT("ADDED", DUCK("a", "11", "5")) LIST_END("20"));
    loop_until(&f->kube.loop, has_duck(f, "b", ""));
    assert_true(has_duck(f, "a", "a5red"));

    /* It goes when it is deleted, whatever else is wrong with it. */
    fake_exchange_chunk(again, EVENT("DELETED", DUCK("a", "21", "5")));
    loop_until(&f->kube.loop, has_duck(f, "a", ""));
}

static void test_an_unreadable_object_of_the_same_name_is_another(void **state)
{
    struct fixture *f = *state;
    struct fake_exchange *stream = start_watching(f);
    fake_exchange_chunk(stream, EVENT("ERROR", STATUS("410", "Expired")));
    loop_until(&f->kube.loop, count(f, STREAMED) == 2);
    struct fake_exchange *again = last(f, STREAMED);
    fake_exchange_begin(again, 200);
    fake_exchange_chunk(again, EVENT("ADDED", "{\"metadata\":{\"namespace\":\"pond\",\"name\":"
                                              "\"a\",\"uid\":\"other\",\"resourceVersion\":\"18\"}"
                                              "}") LIST_END("20"));
    loop_until(&f->kube.loop, kube_store_count(f->store) == 0);
}

static void test_garbage_in_place_of_a_list_is_tried_again(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {"<html>", "{}", "[]",
                                         "{\"metadata\":{\"resourceVersion\":\"x\"}}"};
    start(f);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        fake_server_reply(f->kube.server, "GET", STREAMED, 400, STATUS("400", "BadRequest"));
        fake_server_reply(f->kube.server, "GET", PAGED, 200, bodies[i]);
        loop_until(&f->kube.loop, count(f, PAGED) == i + 1);
        loop_until(&f->kube.loop, last(f, PAGED)->is_answered);
        loop_until(&f->kube.loop, kube_fixture_count_log(&f->kube, "list: ") == i + 1);
        loop_skip_ms(&f->kube.loop, 30000);
    }
    fake_server_stream(f->kube.server, "GET", STREAMED, LIST_END("10"));
    loop_until(&f->kube.loop, f->filled == 1);
}

static void test_asks_for_what_it_needs_only(void **state)
{
    struct fixture *f = *state;
    start_kind(f, &bare_duck_kind,
               &(struct kube_reflector_options){.ns = STR("pond"),
                                                .label_selector = STR("a=b,c in (d)"),
                                                .field_selector = STR("metadata.name=x")});
    loop_until(&f->kube.loop, fake_server_count(f->kube.server) == 1);
    const struct fake_exchange *stream = fake_server_exchange(f->kube.server, 0);
    assert_has(stream->path, "/apis/zoo.example/v1/namespaces/pond/ducks"
                             "?labelSelector=a%3Db%2Cc%20in%20%28d%29"
                             "&fieldSelector=metadata.name%3Dx&");
    assert_has(fake_exchange_header(stream, "accept").ptr, "as=PartialObjectMetadata;");
}

static void test_metadata_by_pages(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "GET", STREAMED, 400, STATUS("400", "BadRequest"));
    fake_server_reply(f->kube.server, "GET", PAGED, 200, LIST("10", "", DUCK("a", "5", "null")));
    start_kind(f, &bare_duck_kind, &(struct kube_reflector_options){0});
    loop_until(&f->kube.loop, f->filled == 1);
    assert_int_equal(kube_store_count(f->store), 1);
    assert_has(fake_exchange_header(last(f, PAGED), "accept").ptr, "as=PartialObjectMetadataList;");
}

static void test_a_kind_that_goes_and_comes_back(void **state)
{
    struct fixture *f = *state;
    start_watching(f);
    kube_reflector_set_resource(f->reflector, NULL);
    fake_server_stream(f->kube.server, "GET", "/apis/zoo.example/v2/ducks?sendInitialEvents",
                       EVENT("ADDED", DUCK("b", "6", "\"blue\"")) LIST_END("20"));
    kube_reflector_set_resource(f->reflector, &ducks_v2);
    assert_int_equal(kube_store_count(f->store), 2);
    loop_until(&f->kube.loop, kube_store_count(f->store) == 1);
    assert_true(has_duck(f, "b", "b6blue"));
    assert_int_equal(f->filled, 1);
}

static void discovered(void *ctx, const struct kube_kind *kind,
                       const struct kube_resource *resource)
{
    (void)kind;
    struct fixture *f = ctx;
    if (f->reflector)
        kube_reflector_set_resource(f->reflector, resource);
}

static void test_a_path_that_is_not_there_is_doubted(void **state)
{
    struct fixture *f = *state;
    f->discovery = kube_discovery_new(&f->kube.runtime, f->kube.client, discovered, f);
    kube_discovery_want(f->discovery, &duck_kind);
    fake_server_reply(f->kube.server, "GET", "/apis/zoo.example", 200,
                      "{\"versions\":[{\"groupVersion\":\"zoo.example/v1\",\"version\":\"v1\"}]}");
    fake_server_reply(f->kube.server, "GET", "/apis/zoo.example/v1", 200,
                      "{\"resources\":[{\"name\":\"ducks\",\"kind\":\"Duck\",\"namespaced\":true}]"
                      "}");
    kube_discovery_start(f->discovery);
    loop_until(&f->kube.loop, kube_discovery_is_complete(f->discovery));
    fake_server_reply(f->kube.server, "GET", STREAMED, 404, STATUS("404", "NotFound"));
    start(f);
    loop_until(&f->kube.loop, kube_fixture_count_log(&f->kube, "because of NotFound") == 1);
    size_t before = fake_server_count(f->kube.server);
    fake_server_stream(f->kube.server, "GET", STREAMED, LIST_END("10"));
    loop_skip_ms(&f->kube.loop, 1000);
    loop_until(&f->kube.loop, f->filled == 1); /* by itself, should discovery have nothing new */
    loop_until(&f->kube.loop, fake_server_count(f->kube.server) >= before + 2);
    assert_true(count(f, "/apis/zoo.example") > count(f, DUCKS) + 2);
}

static void test_stops_from_a_handler(void **state)
{
    struct fixture *f = *state;
    f->stops_when_filled = true;
    start_watching(f);
    loop_until(&f->kube.loop, f->is_closed);
}

static void test_stops_from_a_listener_of_a_stream(void **state)
{
    struct fixture *f = *state;
    f->stops_when_changed = true;
    fake_server_stream(f->kube.server, "GET", STREAMED,
                       EVENT("ADDED", DUCK("a", "5", "\"red\""))
                           EVENT("ADDED", DUCK("b", "6", "\"blue\"")) LIST_END("10"));
    start(f);
    loop_until(&f->kube.loop, f->is_closed);
    assert_int_equal(kube_store_count(f->store), 1);
    assert_int_equal(f->filled, 0);
}

static void test_stops_from_a_listener_of_a_page(void **state)
{
    struct fixture *f = *state;
    f->stops_when_changed = true;
    fake_server_reply(f->kube.server, "GET", STREAMED, 400, STATUS("400", "BadRequest"));
    fake_server_reply(f->kube.server, "GET", PAGED, 200,
                      LIST("10", "more", DUCK("a", "5", "\"red\"")));
    start(f);
    loop_until(&f->kube.loop, f->is_closed);
    assert_int_equal(f->filled, 0);
    assert_int_equal(fake_server_count(f->kube.server), 2);
}

static void test_stops_from_a_listener_of_the_last_page(void **state)
{
    struct fixture *f = *state;
    f->stops_when_changed = true;
    fake_server_reply(f->kube.server, "GET", STREAMED, 400, STATUS("400", "BadRequest"));
    fake_server_reply(f->kube.server, "GET", PAGED, 200, LIST("10", "", DUCK("a", "5", "\"red\"")));
    start(f);
    loop_until(&f->kube.loop, f->is_closed);
    assert_int_equal(f->filled, 0);
    assert_int_equal(fake_server_count(f->kube.server), 2);
}

static void test_stops_while_it_pauses(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "GET", STREAMED, 403, STATUS("403", "Forbidden"));
    start(f);
    loop_until(&f->kube.loop, kube_fixture_count_log(&f->kube, "check RBAC") == 1);
    stop(f);
    loop_until(&f->kube.loop, f->is_closed);
}

static void test_stops_while_a_page_is_under_way(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "GET", STREAMED, 400, STATUS("400", "BadRequest"));
    fake_server_silent(f->kube.server, "GET", PAGED);
    start(f);
    loop_until(&f->kube.loop, count(f, PAGED) == 1);
    stop(f);
    loop_until(&f->kube.loop, f->is_closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lists_by_stream_and_watches_in_it),
        TEST(test_pages_where_streams_are_refused),
        TEST(test_a_token_that_is_too_old_lists_anew),
        TEST(test_resumes_where_a_watch_ended),
        TEST(test_resumes_after_a_cut),
        TEST(test_410_lists_anew_and_loses_nothing_meanwhile),
        TEST(test_other_error_events_list_anew_too),
        TEST(test_a_refusal_is_told_once_and_tried_again),
        TEST(test_what_cannot_be_read_holds_up_nobody),
        TEST(test_an_unreadable_object_of_the_same_name_is_another),
        TEST(test_garbage_in_place_of_a_list_is_tried_again),
        TEST(test_asks_for_what_it_needs_only),
        TEST(test_metadata_by_pages),
        TEST(test_a_kind_that_goes_and_comes_back),
        TEST(test_a_path_that_is_not_there_is_doubted),
        TEST(test_stops_from_a_handler),
        TEST(test_stops_from_a_listener_of_a_stream),
        TEST(test_stops_from_a_listener_of_a_page),
        TEST(test_stops_from_a_listener_of_the_last_page),
        TEST(test_stops_while_it_pauses),
        TEST(test_stops_while_a_page_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
