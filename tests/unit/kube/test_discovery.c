#include "kube/discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "lib/fake_server.h"
#include "lib/loop.h"

static const char *const pod_versions[] = {"v1", NULL};
static const struct kube_kind pod = {.group = "", .kind = "Pod", .versions = pod_versions};
static const char *const duck_versions[] = {"v2", "v1", "v1beta1", NULL};
static const struct kube_kind duck = {
    .group = "zoo.example", .kind = "Duck", .versions = duck_versions};
static const struct kube_kind goose = {
    .group = "zoo.example", .kind = "Goose", .versions = duck_versions};

struct fixture {
    uv_loop_t loop;
    struct kube_runtime runtime;
    struct kube_config config;
    struct fake_server *server;
    struct kube_client *client;
    struct kube_discovery *discovery;
    struct strbuf told; /* "Duck=v1/ducks/ns Goose=none " */
    bool stops_when_told;
    bool is_closed;
    bool is_client_closed;
};

static void closed(void *ctx)
{
    *(bool *)ctx = true;
}

static void told(void *ctx, const struct kube_kind *kind, const struct kube_resource *resource)
{
    struct fixture *f = ctx;
    if (resource == NULL)
        strbuf_printf(&f->told, "%s=none ", kind->kind);
    else
        strbuf_printf(&f->told, "%s=" STR_FMT "/" STR_FMT "/%s ", kind->kind,
                      STR_ARG(resource->version), STR_ARG(resource->plural),
                      resource->is_namespaced ? "ns" : "cluster");
    assert_ptr_equal(kube_discovery_find(f->discovery, kind), resource);
    if (f->stops_when_told) {
        f->stops_when_told = false;
        kube_discovery_stop(f->discovery, closed, &f->is_closed);
    }
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    must(uv_loop_init(&f->loop) == 0);
    f->runtime = (struct kube_runtime){.loop = &f->loop, .clock = clock_system()};
    random_init(&f->runtime.random, 1);
    f->server = fake_server_new(&f->loop);
    f->config.source = mem_dup_cstr("test");
    f->config.server = mem_dup_cstr(fake_server_url(f->server));
    struct kube_client_options options = {.config = &f->config, .user_agent = "tester"};
    struct error err;
    must(kube_client_new(&f->runtime, &options, &f->client, &err));
    f->discovery = kube_discovery_new(&f->runtime, f->client, told, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (!f->is_closed)
        kube_discovery_stop(f->discovery, closed, &f->is_closed);
    loop_until(&f->loop, f->is_closed);
    kube_client_stop(f->client, closed, &f->is_client_closed);
    loop_until(&f->loop, f->is_client_closed);
    if (f->runtime.log != NULL)
        log_free(f->runtime.log);
    fake_server_free(f->server);
    must(uv_loop_close(&f->loop) == 0);
    strbuf_fini(&f->told);
    free(f->config.source);
    free(f->config.server);
    free(f);
    return 0;
}

static void serve(struct fixture *f, const char *path, const char *body)
{
    fake_server_reply(f->server, "GET", path, 200, body);
}

static void serve_group(struct fixture *f, const char *versions)
{
    struct strbuf body cleanup_strbuf = {0};
    strbuf_printf(&body, "{\"kind\":\"APIGroup\",\"versions\":[%s]}", versions);
    serve(f, "/apis/zoo.example", body.data);
}

#define VERSION(v) "{\"groupVersion\":\"zoo.example/" v "\",\"version\":\"" v "\"}"
#define DUCKS "{\"name\":\"ducks\",\"kind\":\"Duck\",\"namespaced\":true}"
#define DUCK_STATUS "{\"name\":\"ducks/status\",\"kind\":\"Duck\",\"namespaced\":false}"
#define GEESE "{\"name\":\"geese\",\"kind\":\"Goose\",\"namespaced\":false}"

static void serve_version(struct fixture *f, const char *version, const char *resources)
{
    struct strbuf path cleanup_strbuf = {0};
    struct strbuf body cleanup_strbuf = {0};
    strbuf_printf(&path, "/apis/zoo.example/%s", version);
    strbuf_printf(&body, "{\"kind\":\"APIResourceList\",\"resources\":[%s]}", resources);
    serve(f, path.data, body.data);
}

static void wait_told(struct fixture *f, const char *want)
{
    loop_until(&f->loop, strlen(want) <= f->told.len);
    assert_string_equal(f->told.data, want);
    strbuf_clear(&f->told);
}

static void wait_requests(struct fixture *f, size_t count)
{
    loop_until(&f->loop,
               fake_server_count(f->server) >= count && kube_client_pending(f->client) == 0);
    assert_int_equal(fake_server_count(f->server), count);
}

static void pass_time(struct fixture *f, int64_t ms)
{
    loop_skip_ms(&f->loop, ms);
    for (int i = 0; i < 4; i++)
        loop_run_ready(&f->loop);
}

static void assert_quiet(struct fixture *f, int64_t ms)
{
    size_t before = fake_server_count(f->server);
    pass_time(f, ms);
    assert_int_equal(kube_client_pending(f->client), 0);
    assert_int_equal(fake_server_count(f->server), before);
}

static void test_core_and_group(void **state)
{
    struct fixture *f = *state;
    serve(f, "/api/v1",
          "{\"resources\":[{\"name\":\"pods/log\",\"kind\":\"Pod\",\"namespaced\":true},"
          "{\"name\":\"pods\",\"kind\":\"Pod\",\"namespaced\":true}]}");
    serve(f, "/api", "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}");
    kube_discovery_want(f->discovery, &pod);
    kube_discovery_want(f->discovery, &pod);
    assert_null(kube_discovery_find(f->discovery, &pod));
    kube_discovery_start(f->discovery);
    assert_false(kube_discovery_is_complete(f->discovery));
    loop_until(&f->loop, f->told.len > 0);
    wait_told(f, "Pod=v1/pods/ns ");
    assert_true(kube_discovery_is_complete(f->discovery));
    const struct kube_resource *found = kube_discovery_find(f->discovery, &pod);
    assert_true(str_is_empty(found->group));
    assert_quiet(f, 3600 * 1000); /* nothing is missing: no polling */
    assert_int_equal(fake_server_count(f->server), 2);
}

static void test_choice_of_version(void **state)
{
    static const struct {
        const char *offered, *v2, *v1, *v1beta1, *want; /* NULL: not asked for */
    } cases[] = {
        {VERSION("v1beta1") "," VERSION("v2"), DUCK_STATUS "," DUCKS, NULL, NULL,
         "Duck=v2/ducks/ns "},
        {VERSION("v1"), NULL, DUCKS, NULL, "Duck=v1/ducks/ns "},
        {VERSION("v1") "," VERSION("v2"), GEESE, DUCKS, NULL, "Duck=v1/ducks/ns "},
        {VERSION("v2") "," VERSION("v1beta1"), "", NULL, DUCKS, "Duck=v1beta1/ducks/ns "},
        {VERSION("v2"), DUCK_STATUS, NULL, NULL, "Duck=none "},
        {VERSION("v7"), NULL, NULL, NULL, "Duck=none "},
        {"", NULL, NULL, NULL, "Duck=none "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (i > 0)
            setup(state);
        struct fixture *f = *state;
        size_t requests = 1;
        const char *const bodies[] = {cases[i].v2, cases[i].v1, cases[i].v1beta1};
        for (size_t v = 0; v < ARRAY_LEN(bodies); v++)
            if (bodies[v] != NULL && ++requests > 0)
                serve_version(f, duck_versions[v], bodies[v]);
        serve_group(f, cases[i].offered);
        kube_discovery_want(f->discovery, &duck);
        kube_discovery_start(f->discovery);
        wait_told(f, cases[i].want);
        assert_true(kube_discovery_is_complete(f->discovery));
        assert_int_equal(fake_server_count(f->server), requests);
        if (i + 1 < ARRAY_LEN(cases))
            teardown(state);
    }
}

static void test_two_kinds_share_answers(void **state)
{
    struct fixture *f = *state;
    serve_version(f, "v2", GEESE);
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1") "," VERSION("v2"));
    kube_discovery_want(f->discovery, &duck);
    kube_discovery_want(f->discovery, &goose);
    kube_discovery_start(f->discovery);
    wait_told(f, "Goose=v2/geese/cluster Duck=v1/ducks/ns ");
    wait_requests(f, 3);
}

static void test_missing_is_looked_for(void **state)
{
    struct fixture *f = *state;
    kube_discovery_want(f->discovery, &duck);
    kube_discovery_start(f->discovery); /* 404 for everything */
    wait_told(f, "Duck=none ");
    assert_true(kube_discovery_is_complete(f->discovery));
    static const int64_t pauses_s[] = {5, 10, 20, 30, 30};
    for (size_t i = 0; i < ARRAY_LEN(pauses_s); i++) {
        assert_quiet(f, pauses_s[i] * 800 - 10); /* a fifth off at the most */
        pass_time(f, pauses_s[i] * 200 + 10);
        wait_requests(f, i + 2);
    }
    assert_int_equal(f->told.len, 0);
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1"));
    pass_time(f, 30000);
    wait_told(f, "Duck=v1/ducks/ns ");
    assert_quiet(f, 3600 * 1000);
}

static void test_doubt(void **state)
{
    struct fixture *f = *state;
    kube_discovery_doubt(f->discovery, &duck); /* not wanted: nothing */
    kube_discovery_want(f->discovery, &duck);
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1"));
    kube_discovery_start(f->discovery);
    wait_told(f, "Duck=v1/ducks/ns ");

    kube_discovery_doubt(f->discovery, &duck); /* in vain */
    kube_discovery_doubt(f->discovery, &duck);
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1"));
    pass_time(f, 1000);
    wait_requests(f, 4);
    assert_int_equal(f->told.len, 0);
    assert_quiet(f, 3600 * 1000);

    kube_discovery_doubt(f->discovery, &duck); /* it has moved */
    serve_version(f, "v2", DUCKS);
    serve_group(f, VERSION("v2"));
    pass_time(f, 1000);
    wait_told(f, "Duck=v2/ducks/ns ");

    kube_discovery_doubt(f->discovery, &duck); /* it is gone */
    pass_time(f, 1000);
    wait_told(f, "Duck=none ");
}

static void test_wanted_later(void **state)
{
    struct fixture *f = *state;
    kube_discovery_start(f->discovery);
    assert_quiet(f, 60000);
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1"));
    kube_discovery_want(f->discovery, &duck);
    assert_false(kube_discovery_is_complete(f->discovery));
    wait_told(f, "Duck=v1/ducks/ns ");
}

static size_t count_lines_with(int fd, const char *text)
{
    static char lines[65536];
    ssize_t size = pread(fd, lines, sizeof(lines) - 1, 0);
    must(size >= 0);
    lines[size] = '\0';
    size_t count = 0;
    for (const char *at = lines; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static void test_server_away(void **state)
{
    struct fixture *f = *state;
    FILE *log = tmpfile();
    must(log != NULL);
    f->runtime.log = log_new(
        &(struct log_options){.clock = f->runtime.clock, .format = LOG_TEXT, .fd = fileno(log)});
    fake_server_down(f->server);
    kube_discovery_want(f->discovery, &duck);
    kube_discovery_start(f->discovery);
    for (int i = 0; i < 6; i++) {
        loop_until(&f->loop, kube_client_figures(f->client).answers_by_class[0] > (uint64_t)i &&
                                 kube_client_pending(f->client) == 0);
        loop_run_ready(&f->loop);
        pass_time(f, 30000);
    }
    assert_false(kube_discovery_is_complete(f->discovery));
    assert_int_equal(f->told.len, 0);
    assert_int_equal(count_lines_with(fileno(log), "Waiting for the API server"), 1);
    assert_int_equal(count_lines_with(fileno(log), "Connection refused"), 1);
    fake_server_up(f->server);
    serve(f, "/apis/zoo.example", "{\"half");
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1"));
    while (kube_discovery_find(f->discovery, &duck) == NULL) {
        loop_until(&f->loop, kube_client_pending(f->client) == 0);
        pass_time(f, 30000);
    }
    wait_told(f, "Duck=v1/ducks/ns ");
    assert_int_equal(count_lines_with(fileno(log), "Waiting for the API server"), 2);
    assert_int_equal(count_lines_with(fileno(log), "The API server answers"), 1);
    fclose(log);
}

static void test_failure_keeps_what_is_known(void **state)
{
    struct fixture *f = *state;
    kube_discovery_want(f->discovery, &duck);
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1"));
    kube_discovery_start(f->discovery);
    wait_told(f, "Duck=v1/ducks/ns ");
    fake_server_reply(f->server, "GET", "/apis/zoo.example", 500, "{}");
    kube_discovery_doubt(f->discovery, &duck);
    pass_time(f, 1000);
    wait_requests(f, 3);
    assert_int_equal(f->told.len, 0);
    assert_non_null(kube_discovery_find(f->discovery, &duck));
    serve_version(f, "v1", DUCKS);
    serve_group(f, VERSION("v1"));
    pass_time(f, 1000);
    wait_requests(f, 5); /* the doubt has lasted */
    assert_int_equal(f->told.len, 0);
}

static void test_stop_in_the_middle(void **state)
{
    struct fixture *f = *state;
    fake_server_silent(f->server, "GET", "/apis/zoo.example");
    kube_discovery_want(f->discovery, &duck);
    kube_discovery_start(f->discovery);
    loop_until(&f->loop, fake_server_count(f->server) == 1);
    kube_discovery_stop(f->discovery, closed, &f->is_closed);
    assert_false(f->is_closed);
    loop_until(&f->loop, f->is_closed);
    assert_int_equal(f->told.len, 0);
}

static void test_stop_from_within(void **state)
{
    struct fixture *f = *state;
    f->stops_when_told = true;
    serve_version(f, "v2", GEESE "," DUCKS);
    serve_group(f, VERSION("v2") "," VERSION("v1"));
    kube_discovery_want(f->discovery, &duck);
    kube_discovery_want(f->discovery, &goose);
    kube_discovery_start(f->discovery);
    loop_until(&f->loop, f->is_closed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_core_and_group),
        TEST(test_choice_of_version),
        TEST(test_two_kinds_share_answers),
        TEST(test_missing_is_looked_for),
        TEST(test_doubt),
        TEST(test_wanted_later),
        TEST(test_server_away),
        TEST(test_failure_keeps_what_is_known),
        TEST(test_stop_in_the_middle),
        TEST(test_stop_from_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
