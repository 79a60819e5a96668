/* The controller and its executor on a real queue and real stores; what would talk to a server is
 * replaced by the definitions below, which take precedence over the library's. */
#include "kube/controller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/must.h"
#include "kube/model/status.h"
#include "lib/loop.h"

enum { SENT_MAX = 64, PLAN_MAX = 4, EVENTS_MAX = 16 };

static const char *const versions[] = {"v1", NULL};
static const struct kube_kind thing_kind = {
    .group = "example.org",
    .kind = "Thing",
    .plural = "things",
    .versions = versions,
    .meta_parts = KUBE_META_FINALIZERS,
    .view_size = sizeof(struct kube_object),
};
static const struct kube_kind other_kind = {
    .group = "example.org",
    .kind = "Other",
    .plural = "others",
    .versions = versions,
    .is_metadata_only = true,
    .view_size = sizeof(struct kube_object),
};

/* A request that was sent. */
struct kube_call {
    enum kube_verb verb;
    enum kube_accept accept;
    char *path;
    char *body;
    kube_response_fn *fn; /* NULL: answered */
    void *ctx;
    bool is_cancelled;
};

struct kube_client {
    struct kube_call sent[SENT_MAX];
    size_t count;
};

struct kube_discovery {
    bool is_served;
    const struct kube_kind *doubted;
};

struct kube_recorder {
    char *events[EVENTS_MAX]; /* "subject version reason: message" */
    size_t count;
};

struct kube_call *kube_client_send(struct kube_client *client, const struct kube_request *request,
                                   kube_response_fn *fn, void *ctx)
{
    must(client->count < SENT_MAX);
    struct kube_call *call = &client->sent[client->count++];
    *call = (struct kube_call){
        .verb = request->verb,
        .accept = request->accept,
        .path = str_dup_cstr(request->path),
        .body = str_dup_cstr(request->body),
        .fn = fn,
        .ctx = ctx,
    };
    return call;
}

void kube_call_cancel(struct kube_call *call)
{
    call->is_cancelled = true;
}

const struct kube_resource *kube_discovery_find(const struct kube_discovery *discovery,
                                                const struct kube_kind *kind)
{
    static const struct kube_resource things = {
        {"example.org", 11}, {"v1", 2}, {"things", 6}, true};
    static const struct kube_resource others = {
        {"example.org", 11}, {"v1", 2}, {"others", 6}, true};
    if (!discovery->is_served)
        return NULL;
    return kind == &thing_kind ? &things : &others;
}

void kube_discovery_doubt(struct kube_discovery *discovery, const struct kube_kind *kind)
{
    discovery->doubted = kind;
}

void kube_recorder_event(struct kube_recorder *recorder, const struct kube_object *about,
                         struct str version, const struct kube_report *report)
{
    must(recorder->count < EVENTS_MAX);
    char **event = &recorder->events[recorder->count++];
    must(asprintf(event, STR_FMT " " STR_FMT " " STR_FMT ": " STR_FMT, STR_ARG(about->meta.name),
                  STR_ARG(version), STR_ARG(report->reason), STR_ARG(report->message)) > 0);
}

struct fixture {
    uv_loop_t loop;
    int log_fd;
    struct kube_runtime runtime;
    struct kube_client client;
    struct kube_discovery discovery;
    struct kube_recorder recorder;
    struct kube_store *things;
    struct kube_store *others;
    struct kube_store *stores[3];
    struct kube_controller *controller;
    /* What the next decision says. */
    struct kube_action plan[PLAN_MAX];
    size_t plan_count;
    int64_t look_again_in_ms;
    /* What all decisions say. */
    bool is_plan_kept;
    struct kube_report reports[PLAN_MAX];
    size_t report_count;
    size_t decisions;
    char last_decided[64];
    bool is_drained;
    bool is_closed;
};

static void decide(void *ctx, struct kube_key key, int64_t wall_ms, struct kube_actions *out)
{
    struct fixture *f = ctx;
    f->decisions++;
    snprintf(f->last_decided, sizeof(f->last_decided), STR_FMT, STR_ARG(key.name));
    for (size_t i = 0; i < f->plan_count; i++)
        kube_actions_add(out, f->plan[i]);
    for (size_t i = 0; i < f->report_count; i++)
        kube_actions_report(out, f->reports[i]);
    if (f->look_again_in_ms > 0)
        kube_actions_look_again(out, wall_ms + f->look_again_in_ms);
    if (!f->is_plan_kept)
        f->plan_count = 0;
    f->look_again_in_ms = 0;
}

static void on_thing(void *ctx, const struct kube_object *before, const struct kube_object *after)
{
    struct fixture *f = ctx;
    const struct kube_object *object = after ? after : before;
    if (f->controller)
        kube_controller_add(f->controller, (struct kube_key){object->meta.ns, object->meta.name},
                            KUBE_NORMAL);
}

static void new_controller(struct fixture *f, size_t concurrency, int64_t sync_period_ms)
{
    f->controller = kube_controller_new(&f->runtime, &f->client, &f->discovery, &f->recorder,
                                        &(struct kube_controller_options){
                                            .name = "thing",
                                            .subjects = f->things,
                                            .stores = f->stores,
                                            .concurrency = concurrency,
                                            .sync_period_ms = sync_period_ms,
                                            .decide = decide,
                                            .ctx = f,
                                        });
}

static struct fixture *fixture_new(void)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    must(uv_loop_init(&f->loop) == 0);
    f->log_fd = memfd_create("log", 0);
    f->runtime.loop = &f->loop;
    f->runtime.clock = clock_system();
    f->runtime.log =
        log_new(&(struct log_options){.clock = f->runtime.clock, .verbosity = 2, .fd = f->log_fd});
    random_init(&f->runtime.random, 1);
    f->discovery.is_served = true;
    f->things = kube_store_new(&thing_kind);
    f->others = kube_store_new(&other_kind);
    kube_store_listen(f->things, on_thing, f);
    f->stores[0] = f->others;
    f->stores[1] = f->things;
    return f;
}

static void run(struct fixture *f)
{
    for (int i = 0; i < 5; i++)
        loop_run_ready(&f->loop);
}

static void on_closed(void *ctx)
{
    struct fixture *f = ctx;
    f->controller = NULL;
    f->is_closed = true;
}

static void answer_error(struct kube_call *call, enum error_code code)
{
    struct error err;
    kube_response_fn *fn = call->fn;
    error_set(&err, code, "no answer");
    call->fn = NULL;
    fn(call->ctx, NULL, &err);
}

static void close_controller(struct fixture *f)
{
    kube_controller_stop(f->controller, on_closed, f);
    for (size_t i = 0; i < f->client.count; i++)
        if (f->client.sent[i].fn)
            answer_error(&f->client.sent[i], ERROR_CANCELLED);
    loop_until(&f->loop, f->is_closed);
}

static void fixture_free(struct fixture *f)
{
    if (f->controller)
        close_controller(f);
    kube_store_free(f->things);
    kube_store_free(f->others);
    log_free(f->runtime.log);
    close(f->log_fd);
    must(uv_loop_close(&f->loop) == 0);
    for (size_t i = 0; i < f->client.count; i++) {
        free(f->client.sent[i].path);
        free(f->client.sent[i].body);
    }
    for (size_t i = 0; i < f->recorder.count; i++)
        free(f->recorder.events[i]);
    free(f);
}

static int set_up(void **state)
{
    struct fixture *f = fixture_new();
    new_controller(f, 4, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

/* How many lines of the log contain `wanted`. */
static size_t log_lines(const struct fixture *f, const char *wanted)
{
    static char text[256 << 10];
    ssize_t size = pread(f->log_fd, text, sizeof(text) - 1, 0);
    must(size >= 0);
    text[size] = '\0';
    size_t count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        count += strstr(line, wanted) != NULL;
    return count;
}

/* As a watch event would. */
static void put_thing(struct fixture *f, const char *name, int version)
{
    char json[256];
    struct error err;
    struct arena scratch;
    const struct kube_object *object;
    snprintf(json, sizeof(json),
             "{\"kind\":\"Thing\",\"metadata\":{\"namespace\":\"ns\",\"name\":\"%s\","
             "\"uid\":\"u-%s\",\"resourceVersion\":\"%d\"}}",
             name, name, version);
    arena_init(&scratch);
    if (!kube_object_parse_text(&thing_kind, str_from(json), &scratch, &object, &err))
        fail_msg("%s", err.text);
    arena_fini(&scratch);
    kube_store_put(f->things, object);
    kube_store_saw(f->things, (uint64_t)version);
}

static uint64_t thing_version(const struct fixture *f, const char *name)
{
    const struct kube_object *object = kube_store_find(f->things, STR("ns"), str_from(name));
    return object ? object->meta.resource_version : 0;
}

static struct kube_key key_of(const char *name)
{
    return (struct kube_key){STR("ns"), str_from(name)};
}

static struct kube_action action_on(enum kube_action_type type, const char *name)
{
    return (struct kube_action){
        .type = type,
        .what = STR("act"),
        .kind = &thing_kind,
        .ns = STR("ns"),
        .name = str_from(name),
        .uid = type == KUBE_ACTION_CREATE ? STR("") : STR("u-a"),
        .body = type == KUBE_ACTION_DELETE ? STR("") : STR("{\"the\":\"body\"}"),
        .done = {.reason = STR("Acted"), .message = STR("It is done.")},
    };
}

static void answer(struct kube_call *call, int status, const char *body)
{
    struct kube_response response = {status, str_from(body)};
    struct error err;
    kube_response_fn *fn = call->fn;
    must(fn != NULL);
    call->fn = NULL;
    if (status < 400) {
        fn(call->ctx, &response, NULL);
        return;
    }
    kube_status_to_error(status, response.body, &err);
    fn(call->ctx, &response, &err);
}

#define OBJECT(version, more)                                                                      \
    "{\"kind\":\"Thing\",\"metadata\":{\"namespace\":\"ns\",\"name\":\"a\",\"uid\":\"u-a\","       \
    "\"resourceVersion\":\"" version "\"" more "}}"
#define DELETING ",\"deletionTimestamp\":\"2026-01-02T03:04:05Z\""
#define FAILURE(reason, name)                                                                      \
    "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"" reason                             \
    "\",\"message\":\"the server's words\",\"details\":{\"name\":\"" name "\"}}"
#define SUCCESS "{\"kind\":\"Status\",\"status\":\"Success\"}"

enum { AT_ONCE = 0, NEVER = -1, BACK_OFF = -2 };

/* One action on "a", which the store has as `before` (0: not) when it is decided and as `meanwhile`
 * (0: unchanged) when the answer comes. */
struct outcome_case {
    const char *name;
    enum kube_action_type type;
    int before;
    int meanwhile;
    int status;
    const char *body;
    int again_ms; /* AT_ONCE, NEVER, BACK_OFF or a wait */
    int after;    /* resourceVersion in the store; 0: not there */
    bool is_doubted;
};

static const struct outcome_case outcome_cases[] = {
    {"created", KUBE_ACTION_CREATE, 0, 0, 201, OBJECT("7", ""), AT_ONCE, 7, false},
    {"created, the watch was quicker", KUBE_ACTION_CREATE, 0, 7, 201, OBJECT("7", ""), AT_ONCE, 7,
     false},
    {"patched", KUBE_ACTION_JSON_PATCH, 5, 0, 200, OBJECT("7", ""), AT_ONCE, 7, false},
    {"patched, and changed once more since", KUBE_ACTION_JSON_PATCH, 5, 9, 200, OBJECT("7", ""),
     AT_ONCE, 9, false},
    {"a patch without effect", KUBE_ACTION_JSON_PATCH, 5, 0, 200, OBJECT("5", ""), BACK_OFF, 5,
     false},
    {"patched away the last finalizer", KUBE_ACTION_JSON_PATCH, 5, 0, 200, OBJECT("7", DELETING),
     AT_ONCE, 0, false},
    {"patched away one of two finalizers", KUBE_ACTION_JSON_PATCH, 5, 0, 200,
     OBJECT("7", DELETING ",\"finalizers\":[\"x\"]"), AT_ONCE, 7, false},
    {"deleted at once", KUBE_ACTION_DELETE, 5, 0, 200, SUCCESS, AT_ONCE, 0, false},
    {"deleted at once, answered with the object", KUBE_ACTION_DELETE, 5, 0, 200, OBJECT("7", ""),
     AT_ONCE, 0, false},
    {"marked for deletion", KUBE_ACTION_DELETE, 5, 0, 200,
     OBJECT("7", DELETING ",\"finalizers\":[\"x\"]"), AT_ONCE, 7, false},
    {"marked for deletion, with a grace period", KUBE_ACTION_DELETE, 5, 0, 200,
     OBJECT("7", DELETING ",\"deletionGracePeriodSeconds\":30"), AT_ONCE, 7, false},

    {"marked for deletion, as it was before", KUBE_ACTION_DELETE, 5, 0, 200,
     OBJECT("5", DELETING ",\"finalizers\":[\"x\"]"), BACK_OFF, 5, false},

    {"patch conflict", KUBE_ACTION_JSON_PATCH, 5, 0, 409, FAILURE("Conflict", "a"), 1000, 5, false},
    {"patch conflict, the newer one is here", KUBE_ACTION_JSON_PATCH, 5, 6, 409,
     FAILURE("Conflict", "a"), AT_ONCE, 6, false},
    {"exists already", KUBE_ACTION_CREATE, 0, 0, 409, FAILURE("AlreadyExists", "a"), 1000, 0,
     false},
    {"exists already, and is here", KUBE_ACTION_CREATE, 0, 6, 409, FAILURE("AlreadyExists", "a"),
     AT_ONCE, 6, false},
    {"exists already, as it did before", KUBE_ACTION_CREATE, 5, 0, 409,
     FAILURE("AlreadyExists", "a"), 1000, 5, false},
    {"delete conflict", KUBE_ACTION_DELETE, 5, 0, 409, FAILURE("Conflict", "a"), 1000, 5, false},

    {"patch of what is gone", KUBE_ACTION_JSON_PATCH, 5, 0, 404, FAILURE("NotFound", "a"), AT_ONCE,
     0, false},
    {"delete of what is gone", KUBE_ACTION_DELETE, 5, 0, 404, FAILURE("NotFound", "a"), AT_ONCE, 0,
     false},
    {"delete of what was not here", KUBE_ACTION_DELETE, 0, 0, 404, FAILURE("NotFound", "a"),
     BACK_OFF, 0, false},
    {"patch where the kind is gone", KUBE_ACTION_JSON_PATCH, 5, 0, 404, "404 page not found\n",
     BACK_OFF, 5, true},
    {"delete where the kind is gone", KUBE_ACTION_DELETE, 5, 0, 404, "404 page not found\n",
     BACK_OFF, 5, true},
    {"create where the kind is gone", KUBE_ACTION_CREATE, 0, 0, 404, "404 page not found\n",
     BACK_OFF, 0, true},
    {"create in a namespace that is gone", KUBE_ACTION_CREATE, 0, 0, 404, FAILURE("NotFound", "ns"),
     BACK_OFF, 0, false},

    {"refused", KUBE_ACTION_CREATE, 0, 0, 422, FAILURE("Invalid", "a"), BACK_OFF, 0, false},
    {"forbidden", KUBE_ACTION_JSON_PATCH, 5, 0, 403, FAILURE("Forbidden", "a"), BACK_OFF, 5, false},
    {"unavailable", KUBE_ACTION_DELETE, 5, 0, 503, "try later", BACK_OFF, 5, false},
    {"answered with garbage", KUBE_ACTION_JSON_PATCH, 5, 0, 200, "<html>", BACK_OFF, 5, false},
    {"answered with half an object", KUBE_ACTION_CREATE, 0, 0, 201, "{\"kind\":\"Thing\"}",
     BACK_OFF, 0, false},
    {"answered with a Status", KUBE_ACTION_JSON_PATCH, 5, 0, 200, SUCCESS, BACK_OFF, 5, false},
};

/* When the next decision comes, in milliseconds; NEVER when not within an hour. */
static int next_decision_ms(struct fixture *f, size_t decisions)
{
    run(f);
    for (int waited_ms = 0; waited_ms < 3600 * 1000;) {
        if (f->decisions > decisions)
            return waited_ms;
        int step_ms = waited_ms < 2000 ? 5 : 60 * 1000;
        loop_skip_ms(&f->loop, step_ms);
        run(f);
        waited_ms += step_ms;
    }
    return NEVER;
}

static void check_again(const struct outcome_case *c, int again_ms)
{
    int least_ms = c->again_ms == BACK_OFF ? 1 : c->again_ms - 30;
    int most_ms = c->again_ms == BACK_OFF ? 15 : c->again_ms + 5;
    if (c->again_ms == AT_ONCE || c->again_ms == NEVER)
        least_ms = most_ms = c->again_ms;
    if (again_ms < least_ms || again_ms > most_ms)
        fail_msg("%s: looked at again after %d ms", c->name, again_ms);
}

static void check_outcome(const struct outcome_case *c)
{
    struct fixture *f = fixture_new();
    bool is_done = c->again_ms == AT_ONCE && c->status < 400;
    new_controller(f, 4, 0);
    if (c->before > 0)
        put_thing(f, "a", c->before);
    kube_controller_start(f->controller);
    f->plan[0] = action_on(c->type, "a");
    f->plan_count = 1;
    kube_controller_add(f->controller, key_of("a"), KUBE_NORMAL);
    run(f);
    assert_int_equal(f->client.count, 1);
    if (c->meanwhile > 0)
        put_thing(f, "a", c->meanwhile);
    run(f);
    assert_int_equal(f->decisions, 1); /* nothing is decided while actions are under way */
    answer(&f->client.sent[0], c->status, c->body);
    assert_int_equal(f->decisions, 1); /* not out of the answer's callback */
    check_again(c, next_decision_ms(f, 1));
    if (thing_version(f, "a") != (uint64_t)c->after)
        fail_msg("%s: the store has version %d", c->name, (int)thing_version(f, "a"));
    if ((f->discovery.doubted != NULL) != c->is_doubted)
        fail_msg("%s: doubted or not", c->name);
    if (log_lines(f, "Action failed") != (c->again_ms == BACK_OFF))
        fail_msg("%s: %d failures logged", c->name, (int)log_lines(f, "Action failed"));
    if (log_lines(f, "Done") != is_done || f->recorder.count != (is_done && c->before > 0))
        fail_msg("%s: told %d times", c->name, (int)f->recorder.count);
    struct kube_controller_figures figures = kube_controller_figures(f->controller);
    size_t result = c->again_ms == BACK_OFF ? 1 : c->status == 409 ? 2 : 0;
    if (figures.reconciles_by_result[result] < 1)
        fail_msg("%s: counted as something else", c->name);
    fixture_free(f);
}

static void test_outcomes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(outcome_cases); i++)
        check_outcome(&outcome_cases[i]);
}

/* As next_decision_ms, of a key that has nothing more to do. */
static void expect_quiet(struct fixture *f)
{
    size_t decisions = f->decisions;
    assert_int_equal(next_decision_ms(f, decisions), NEVER);
    assert_int_equal(kube_controller_figures(f->controller).queue.known, 0);
}

static void start_with(struct fixture *f, const char *name, struct kube_action action)
{
    kube_controller_start(f->controller);
    f->plan[0] = action;
    f->plan_count = 1;
    kube_controller_add(f->controller, key_of(name), KUBE_NORMAL);
    run(f);
}

static void test_requests(void **state)
{
    struct fixture *f = *state;
    kube_controller_start(f->controller);
    f->plan[0] = action_on(KUBE_ACTION_CREATE, "a");
    f->plan[1] = action_on(KUBE_ACTION_JSON_PATCH, "b");
    f->plan[2] = action_on(KUBE_ACTION_DELETE, "c/d");
    f->plan[3] = action_on(KUBE_ACTION_JSON_PATCH, "b");
    f->plan[3].kind = &other_kind;
    f->plan_count = 4;
    kube_controller_add(f->controller, key_of("a"), KUBE_NORMAL);
    run(f);
    const struct kube_call *sent = f->client.sent;
    assert_int_equal(f->client.count, 4); /* all at once */
    assert_int_equal(sent[0].verb, KUBE_POST);
    assert_string_equal(sent[0].path, "/apis/example.org/v1/namespaces/ns/things");
    assert_string_equal(sent[0].body, "{\"the\":\"body\"}");
    assert_int_equal(sent[1].verb, KUBE_PATCH_JSON);
    assert_string_equal(sent[1].path, "/apis/example.org/v1/namespaces/ns/things/b");
    assert_int_equal(sent[1].accept, KUBE_ACCEPT_JSON);
    assert_int_equal(sent[2].verb, KUBE_DELETE);
    assert_string_equal(sent[2].path, "/apis/example.org/v1/namespaces/ns/things/c%2Fd");
    assert_string_equal(sent[2].body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
                                      "\"preconditions\":{\"uid\":\"u-a\"}}");
    assert_string_equal(sent[3].path, "/apis/example.org/v1/namespaces/ns/others/b");
    assert_int_equal(sent[3].accept, KUBE_ACCEPT_PARTIAL_METADATA);
}

static void test_the_worst_of_several_counts(void **state)
{
    struct fixture *f = *state;
    put_thing(f, "b", 5);
    put_thing(f, "c", 5);
    f->plan[1] = action_on(KUBE_ACTION_JSON_PATCH, "b");
    f->plan[2] = action_on(KUBE_ACTION_DELETE, "c");
    kube_controller_start(f->controller);
    run(f);
    f->decisions = 0;
    f->plan[0] = action_on(KUBE_ACTION_CREATE, "a");
    f->plan_count = 3;
    kube_controller_add(f->controller, key_of("b"), KUBE_NORMAL);
    run(f);
    answer(&f->client.sent[1], 403, FAILURE("Forbidden", "b"));
    answer(&f->client.sent[2], 409, FAILURE("Conflict", "c"));
    run(f);
    assert_int_equal(f->decisions, 1); /* waits for the third */
    answer(&f->client.sent[0], 201, OBJECT("7", ""));
    run(f); /* the answer put "a" into the store, whose listener added that key */
    assert_string_equal(f->last_decided, "a");
    assert_int_equal(log_lines(f, "Action failed"), 1);
    assert_int_equal(log_lines(f, "the server's words\" retryAfterMs"), 1);
    assert_int_equal(f->recorder.count, 1); /* what succeeded is told all the same */
    assert_string_equal(f->recorder.events[0], "b v1 Acted: It is done.");
    assert_int_equal(kube_controller_figures(f->controller).reconciles_by_result[1], 1);
    assert_in_range(next_decision_ms(f, f->decisions), 1, 15);
    assert_string_equal(f->last_decided, "b");
}

static void test_conflicts_wait_unless_all_are_superseded(void **state)
{
    struct fixture *f = *state;
    put_thing(f, "b", 5);
    put_thing(f, "c", 5);
    kube_controller_start(f->controller);
    run(f);
    f->plan[0] = action_on(KUBE_ACTION_JSON_PATCH, "b");
    f->plan[1] = action_on(KUBE_ACTION_JSON_PATCH, "c");
    f->plan_count = 2;
    kube_controller_add(f->controller, key_of("x"), KUBE_NORMAL);
    run(f);
    put_thing(f, "b", 6); /* decides on b only */
    run(f);
    size_t decisions = f->decisions;
    answer(&f->client.sent[0], 409, FAILURE("Conflict", "b"));
    answer(&f->client.sent[1], 409, FAILURE("Conflict", "c"));
    assert_in_range(next_decision_ms(f, decisions), 970, 1005);
    assert_int_equal(log_lines(f, "Action failed"), 0);
    assert_int_equal(log_lines(f, "Action refused"), 2); /* at -v 2 */
}

static void test_after_success_the_key_goes_in_front(void **state)
{
    struct fixture *f = *state;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "a"));
    static const char *const names[] = {"b", "c", "d"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        f->plan[0] = action_on(KUBE_ACTION_CREATE, names[i]);
        f->plan_count = 1;
        kube_controller_add(f->controller, key_of(names[i]), KUBE_NORMAL);
        run(f);
    }
    kube_controller_add(f->controller, key_of("late"), KUBE_NORMAL); /* all places are taken */
    run(f);
    assert_int_equal(f->decisions, 4);
    f->plan[0] = action_on(KUBE_ACTION_CREATE, "next-step");
    f->plan_count = 1;
    answer(&f->client.sent[0], 201, OBJECT("7", ""));
    run(f);
    assert_int_equal(f->decisions, 5);
    assert_string_equal(f->last_decided, "a");
    answer(&f->client.sent[1], 500, "");
    run(f);
    assert_string_equal(f->last_decided, "late");
}

static void test_back_off_grows_and_ends_with_success(void **state)
{
    struct fixture *f = *state;
    int most_ms = 10;
    f->is_plan_kept = true;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "a"));
    for (size_t i = 0; i < 7; i++, most_ms *= 2) {
        answer(&f->client.sent[i], 500, "");
        assert_in_range(next_decision_ms(f, i + 1), most_ms / 2 - 5, most_ms + 5);
    }
    assert_int_equal(log_lines(f, "Action failed"), 7);
    answer(&f->client.sent[7], 201, OBJECT("7", ""));
    run(f);
    answer(&f->client.sent[8], 500, "");
    assert_in_range(next_decision_ms(f, 9), 1, 15);
}

static void test_kind_not_served(void **state)
{
    struct fixture *f = *state;
    f->discovery.is_served = false;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "a"));
    assert_int_equal(f->client.count, 0);
    assert_int_equal(log_lines(f, "Thing of group \\\"example.org\\\" is not served"), 1);
    assert_in_range(next_decision_ms(f, 1), 1, 15);
    expect_quiet(f);
}

static void test_nothing_to_do(void **state)
{
    struct fixture *f = *state;
    kube_controller_start(f->controller);
    kube_controller_add(f->controller, key_of("a"), KUBE_NORMAL);
    run(f);
    assert_int_equal(f->decisions, 1);
    expect_quiet(f);
    assert_int_equal(kube_controller_figures(f->controller).reconciles_by_result[0], 1);
}

static void test_a_cancelled_action_is_left_alone(void **state)
{
    struct fixture *f = *state;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "a"));
    answer_error(&f->client.sent[0], ERROR_CANCELLED);
    assert_int_equal(log_lines(f, "Action failed"), 0);
    expect_quiet(f);
}

static void test_no_answer_at_all(void **state)
{
    struct fixture *f = *state;
    put_thing(f, "a", 5);
    start_with(f, "a", action_on(KUBE_ACTION_DELETE, "a"));
    answer_error(&f->client.sent[0], ERROR_UNAVAILABLE);
    assert_in_range(next_decision_ms(f, f->decisions), 1, 15);
    assert_int_equal(thing_version(f, "a"), 5);
}

static void test_an_event_while_at_work_is_looked_at_afterwards(void **state)
{
    struct fixture *f = *state;
    put_thing(f, "a", 5);
    start_with(f, "a", action_on(KUBE_ACTION_JSON_PATCH, "a"));
    put_thing(f, "a", 6);
    run(f);
    assert_int_equal(f->decisions, 1);
    answer(&f->client.sent[0], 409, FAILURE("Conflict", "a"));
    run(f);
    assert_int_equal(f->decisions, 2); /* once, although the event and the conflict wanted it */
    expect_quiet(f);
}

static void test_concurrency(void **state)
{
    struct fixture *f = *state;
    f->is_plan_kept = true;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "x"));
    kube_controller_add(f->controller, key_of("b"), KUBE_NORMAL);
    kube_controller_add(f->controller, key_of("c"), KUBE_NORMAL);
    kube_controller_add(f->controller, key_of("d"), KUBE_NORMAL);
    kube_controller_add(f->controller, key_of("e"), KUBE_NORMAL);
    run(f);
    assert_int_equal(f->client.count, 4);
    struct kube_queue_figures queue = kube_controller_figures(f->controller).queue;
    assert_int_equal(queue.working, 4);
    assert_int_equal(queue.depth, 1);
    answer_error(&f->client.sent[2], ERROR_CANCELLED);
    run(f);
    assert_int_equal(f->client.count, 5);
    assert_string_equal(f->last_decided, "e");
}

static void test_waits_for_the_start(void **state)
{
    struct fixture *f = *state;
    kube_controller_add(f->controller, key_of("queued"), KUBE_NORMAL);
    run(f);
    assert_int_equal(f->decisions, 0);
    kube_controller_start(f->controller);
    assert_int_equal(f->decisions, 0);
    run(f);
    assert_int_equal(f->decisions, 1);
    expect_quiet(f);
}

static void test_start_adds_all_subjects(void **state)
{
    struct fixture *f = *state;
    close_controller(f); /* nobody listens */
    put_thing(f, "a", 1);
    put_thing(f, "b", 2);
    f->is_closed = false;
    new_controller(f, 4, 0);
    kube_controller_start(f->controller);
    run(f);
    assert_int_equal(f->decisions, 2);
}

static void test_many_keys_leave_the_loop_its_turn(void **state)
{
    struct fixture *f = *state;
    kube_controller_start(f->controller);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", i);
        kube_controller_add(f->controller, key_of(name), KUBE_NORMAL);
    }
    loop_run_ready(&f->loop);
    assert_in_range(f->decisions, 1, 999);
    loop_until(&f->loop, f->decisions == 1000);
    expect_quiet(f);
}

static void test_looks_again_at_the_time_wished_for(void **state)
{
    struct fixture *f = *state;
    f->look_again_in_ms = 500;
    kube_controller_start(f->controller);
    kube_controller_add(f->controller, key_of("a"), KUBE_NORMAL);
    assert_in_range(next_decision_ms(f, 1), 480, 505);
    assert_int_equal(kube_controller_figures(f->controller).reconciles_by_result[2], 1);
    expect_quiet(f);
}

static void look_at(struct fixture *f, const char *name)
{
    kube_controller_add(f->controller, key_of(name), KUBE_NORMAL);
    run(f);
}

static void test_reports_are_told_once(void **state)
{
    struct fixture *f = *state;
    kube_controller_start(f->controller);
    f->reports[0] = (struct kube_report){.reason = STR("IPPoolNotFound"),
                                         .message = STR("Pool p is not there."),
                                         .type = KUBE_EVENT_WARNING};
    f->report_count = 1;
    put_thing(f, "a", 1);
    run(f);
    look_at(f, "a");
    look_at(f, "a");
    assert_int_equal(f->decisions, 3);
    assert_int_equal(log_lines(f, "\"Waiting\" thing=\"ns/a\" reason=\"IPPoolNotFound\" "
                                  "message=\"Pool p is not there.\""),
                     1);
    assert_int_equal(f->recorder.count, 1);
    assert_string_equal(f->recorder.events[0], "a v1 IPPoolNotFound: Pool p is not there.");
    assert_int_equal(kube_controller_figures(f->controller).waiting, 1);

    f->reports[0].message = STR("Pool q is not there.");
    look_at(f, "a");
    assert_int_equal(f->recorder.count, 2);

    size_t position = 0, subjects = 0;
    struct str reason;
    assert_true(kube_controller_next_reason(f->controller, &position, &reason, &subjects));
    assert_true(str_eq_cstr(reason, "IPPoolNotFound") && subjects == 1);
    kube_store_remove_seen(f->things, STR("ns"), STR("a"), STR("u-a"));
    run(f);
    assert_int_equal(kube_controller_figures(f->controller).waiting, 0);
    assert_int_equal(f->recorder.count, 2);
}

static void test_reports_without_an_event(void **state)
{
    struct fixture *f = *state;
    kube_controller_start(f->controller);
    f->reports[0] = (struct kube_report){.reason = STR("Paused"), .is_log_only = true};
    f->report_count = 1;
    put_thing(f, "a", 1);
    run(f);
    assert_int_equal(log_lines(f, "Paused"), 1);
    assert_int_equal(f->recorder.count, 0);
}

static void test_patience(void **state)
{
    struct fixture *f = *state;
    kube_controller_start(f->controller);
    f->reports[0] = (struct kube_report){.reason = STR("WaitingForAddress"), .patience_ms = 800};
    f->report_count = 1;
    put_thing(f, "a", 1);
    run(f);
    assert_int_equal(f->recorder.count, 0);
    assert_in_range(next_decision_ms(f, 1), 780, 805);
    assert_int_equal(f->recorder.count, 1);
    assert_int_equal(log_lines(f, "WaitingForAddress"), 1);
    expect_quiet(f);
}

static void test_the_key_of_a_gone_object_can_act(void **state)
{
    struct fixture *f = *state;
    start_with(f, "a", action_on(KUBE_ACTION_DELETE, "left-over"));
    answer(&f->client.sent[0], 200, SUCCESS);
    assert_int_equal(log_lines(f, "\"Done\" thing=\"ns/a\" reason=\"Acted\""), 1);
    assert_int_equal(f->recorder.count, 0); /* there is nothing to put an Event on */
}

static void test_an_event_on_an_object_that_went_meanwhile(void **state)
{
    struct fixture *f = *state;
    put_thing(f, "a", 5);
    start_with(f, "a", action_on(KUBE_ACTION_JSON_PATCH, "a"));
    kube_store_remove_seen(f->things, STR("ns"), STR("a"), STR("u-a"));
    kube_store_saw(f->things, 8);
    answer(&f->client.sent[0], 200, OBJECT("7", ""));
    assert_int_equal(f->recorder.count, 1);
    assert_int_equal(thing_version(f, "a"), 0); /* a late answer does not bring it back */
}

static void test_sync_looks_at_everything_once_a_period(void **state)
{
    enum { SUBJECTS = 500, PERIOD_MS = 32000 };
    struct fixture *f = *state;
    char name[16];
    close_controller(f);
    for (int i = 0; i < SUBJECTS; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        put_thing(f, name, i + 1);
    }
    f->is_closed = false;
    new_controller(f, 4, PERIOD_MS);
    kube_controller_start(f->controller);
    loop_until(&f->loop, f->decisions == SUBJECTS);
    size_t most_at_once = 0;
    for (int passed_ms = 0; passed_ms < PERIOD_MS; passed_ms += 1000) {
        size_t before = f->decisions;
        loop_skip_ms(&f->loop, 1000);
        run(f);
        size_t at_once = f->decisions - before;
        most_at_once = at_once > most_at_once ? at_once : most_at_once;
    }
    assert_int_equal(f->decisions, 2 * SUBJECTS);
    assert_in_range(most_at_once, SUBJECTS / 32, SUBJECTS / 8);
}

static void on_drained(void *ctx)
{
    struct fixture *f = ctx;
    assert_false(f->is_closed);
    f->is_drained = true;
}

static void test_drain(void **state)
{
    struct fixture *f = *state;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "a"));
    kube_controller_drain(f->controller, on_drained, f);
    look_at(f, "b");
    assert_int_equal(f->decisions, 1);
    assert_false(f->is_drained);
    answer(&f->client.sent[0], 201, OBJECT("7", ""));
    assert_false(f->is_drained);
    run(f);
    assert_true(f->is_drained);
    assert_int_equal(f->decisions, 1);
}

static void test_drain_when_idle(void **state)
{
    struct fixture *f = *state;
    kube_controller_drain(f->controller, on_drained, f);
    assert_false(f->is_drained);
    run(f);
    assert_true(f->is_drained);
}

static void test_stop_cancels_what_is_under_way(void **state)
{
    struct fixture *f = *state;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "a"));
    kube_controller_drain(f->controller, on_drained, f);
    run(f);
    kube_controller_stop(f->controller, on_closed, f);
    assert_true(f->client.sent[0].is_cancelled);
    run(f);
    assert_false(f->is_closed);
    answer_error(&f->client.sent[0], ERROR_CANCELLED);
    assert_false(f->is_closed);
    loop_until(&f->loop, f->is_closed);
    assert_true(f->is_drained);
}

static void test_idle_costs_nothing(void **state)
{
    struct fixture *f = *state;
    start_with(f, "a", action_on(KUBE_ACTION_CREATE, "a"));
    run(f);
    assert_false(uv_loop_alive(&f->loop)); /* no timer, no idle handle while an answer is awaited */
    answer(&f->client.sent[0], 201, OBJECT("7", ""));
    run(f);
    assert_false(uv_loop_alive(&f->loop));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        TEST(test_requests),
        TEST(test_the_worst_of_several_counts),
        TEST(test_conflicts_wait_unless_all_are_superseded),
        TEST(test_after_success_the_key_goes_in_front),
        TEST(test_back_off_grows_and_ends_with_success),
        TEST(test_kind_not_served),
        TEST(test_nothing_to_do),
        TEST(test_a_cancelled_action_is_left_alone),
        TEST(test_no_answer_at_all),
        TEST(test_an_event_while_at_work_is_looked_at_afterwards),
        TEST(test_concurrency),
        TEST(test_waits_for_the_start),
        TEST(test_start_adds_all_subjects),
        TEST(test_many_keys_leave_the_loop_its_turn),
        TEST(test_looks_again_at_the_time_wished_for),
        TEST(test_reports_are_told_once),
        TEST(test_reports_without_an_event),
        TEST(test_patience),
        TEST(test_the_key_of_a_gone_object_can_act),
        TEST(test_an_event_on_an_object_that_went_meanwhile),
        TEST(test_sync_looks_at_everything_once_a_period),
        TEST(test_drain),
        TEST(test_drain_when_idle),
        TEST(test_stop_cancels_what_is_under_way),
        TEST(test_idle_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
