/* Does a server's schema know a field? OpenAPI v3 documents as an API server serves them, cut down.
 */
#include "kube/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "lib/fake_server.h"
#include "lib/json_text.h"
#include "lib/loop.h"

static const struct kube_kind thing_kind = {.group = "g.io", .kind = "Thing"};
static const char *const path[] = {"spec", "list", "[]", "field", NULL};

#define GVK(group, kind)                                                                           \
    "'x-kubernetes-group-version-kind':[{'group':'" group "','kind':'" kind "','version':'v1'}]"
#define SCHEMA(list) "'type':'object','properties':{'spec':{'properties':{'list':" list "}}}"
#define DOCUMENT(schemas) "{'openapi':'3.0.0','components':{'schemas':{" schemas "}}}"
#define KNOWS "{'type':'array','items':{'properties':{'field':{'type':'array'}}}}"
#define KNOWS_NOT "{'type':'array','items':{'properties':{'other':{'type':'array'}}}}"

static const struct {
    const char *name;
    const char *document;
    int code; /* ERROR_NONE: has_field is the answer */
    bool has_field;
} cases[] = {
    {"known", DOCUMENT("'io.g.v1.Thing':{" SCHEMA(KNOWS) "," GVK("g.io", "Thing") "}"), 0, true},
    {"unknown", DOCUMENT("'io.g.v1.Thing':{" SCHEMA(KNOWS_NOT) "," GVK("g.io", "Thing") "}"), 0,
     false},
    {"among others",
     DOCUMENT("'a':{" SCHEMA(KNOWS_NOT) "," GVK("g.io", "ThingList") "},'b':{" SCHEMA(
         KNOWS_NOT) "," GVK("h.io", "Thing") "},'c':{" SCHEMA(KNOWS) "," GVK("g.io", "Thing") "}"),
     0, true},
    {"a kind of another group is not meant",
     DOCUMENT("'b':{" SCHEMA(KNOWS) "," GVK("h.io", "Thing") "}"), ERROR_NOT_FOUND, false},
    {"no such kind", DOCUMENT("'a':{" SCHEMA(KNOWS) "," GVK("g.io", "ThingList") "}"),
     ERROR_NOT_FOUND, false},
    {"one schema serves several kinds",
     DOCUMENT("'a':{" SCHEMA(KNOWS) ",'x-kubernetes-group-version-kind':[{'group':'','kind':"
                                    "'Thing'},7,{'group':'g.io','kind':'Thing'}]}"),
     0, true},
    {"the list is no list",
     DOCUMENT("'a':{" SCHEMA("{'type':'string'}") "," GVK("g.io", "Thing") "}"), 0, false},
    {"no properties", DOCUMENT("'a':{'type':'object'," GVK("g.io", "Thing") "}"), 0, false},
    {"properties are none", DOCUMENT("'a':{'properties':[]," GVK("g.io", "Thing") "}"), 0, false},
    {"no schemas", DOCUMENT(""), ERROR_NOT_FOUND, false},
    {"another document", "{'kind':'Status'}", ERROR_NOT_FOUND, false},
    {"a list", "[1]", ERROR_NOT_FOUND, false},
    {"no JSON", "<html>", ERROR_INVALID, false},
    {"nothing", "", ERROR_INVALID, false},
};

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_arena struct arena arena;
        struct error err = {.code = ERROR_NONE};
        bool has_field = false;
        arena_init(&arena);
        bool is_answered = kube_schema_find(json_text(&arena, cases[i].document), &thing_kind, path,
                                            &has_field, &err);
        if (is_answered != (cases[i].code == ERROR_NONE) || (int)err.code != cases[i].code ||
            has_field != cases[i].has_field)
            fail_msg("%s: %s", cases[i].name, err.text);
    }
}

static void test_the_object_itself_is_known(void **state)
{
    static const char *const root[] = {NULL};
    cleanup_arena struct arena arena;
    struct error err;
    bool has_field = false;
    (void)state;
    arena_init(&arena);
    assert_true(kube_schema_find(json_text(&arena, cases[0].document), &thing_kind, root,
                                 &has_field, &err));
    assert_true(has_field);
}

struct fixture {
    uv_loop_t loop;
    struct kube_runtime runtime;
    struct kube_config config;
    struct fake_server *server;
    struct kube_client *client;
    bool is_closed;
    int answers;
    bool has_field;
    bool has_err;
};

static int set_up(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    struct error err;
    must(uv_loop_init(&f->loop) == 0);
    f->runtime = (struct kube_runtime){.loop = &f->loop, .clock = clock_system()};
    random_init(&f->runtime.random, 1);
    f->server = fake_server_new(&f->loop);
    f->config.source = mem_dup_cstr("test");
    f->config.server = mem_dup_cstr(fake_server_url(f->server));
    const struct kube_client_options options = {.config = &f->config, .user_agent = "tester/1"};
    if (!kube_client_new(&f->runtime, &options, &f->client, &err))
        fail_msg("%s", err.text);
    *state = f;
    return 0;
}

static void closed(void *ctx)
{
    *(bool *)ctx = true;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    kube_client_stop(f->client, closed, &f->is_closed);
    loop_until(&f->loop, f->is_closed);
    fake_server_free(f->server);
    must(uv_loop_close(&f->loop) == 0);
    free(f->config.source);
    free(f->config.server);
    free(f);
    return 0;
}

static void answered(void *ctx, bool has_field, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->has_field = has_field;
    f->has_err = err != NULL;
}

static void ask(struct fixture *f)
{
    const struct kube_resource resource = {
        .group = STR("g.io"), .version = STR("v1"), .plural = STR("things")};
    f->answers = 0;
    kube_schema_ask(f->client, &resource, &thing_kind, path, answered, f);
    assert_int_equal(f->answers, 0); /* never before the call has returned */
    loop_until(&f->loop, f->answers > 0);
    loop_run_ready(&f->loop);
    assert_int_equal(f->answers, 1);
}

static void test_ask(void **state)
{
    struct fixture *f = *state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    fake_server_reply(f->server, "GET", "/openapi/v3/apis/g.io/v1", 200,
                      json_text(&arena, cases[0].document).ptr);
    ask(f);
    assert_true(f->has_field && !f->has_err);
    fake_server_reply(f->server, "GET", "/openapi/v3/apis/g.io/v1", 200,
                      json_text(&arena, cases[1].document).ptr);
    ask(f);
    assert_true(!f->has_field && !f->has_err);
    assert_int_equal(fake_server_count(f->server), 2);
}

static void test_ask_without_an_answer(void **state)
{
    struct fixture *f = *state;
    ask(f); /* 404 */
    assert_true(f->has_err);
    fake_server_reply(f->server, "GET", "/openapi", 200, "garbage");
    ask(f);
    assert_true(f->has_err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_the_object_itself_is_known),
        cmocka_unit_test_setup_teardown(test_ask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ask_without_an_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
