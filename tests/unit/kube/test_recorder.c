#include "kube/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "kube/model/json.h"
#include "lib/kube_fixture.h"
#include "lib/loop.h"

#define EVENTS "/api/v1/namespaces/pond/events"
#define CREATED "{\"kind\":\"Event\"}"
#define STATUS(code, reason) "{\"kind\":\"Status\",\"reason\":\"" reason "\",\"code\":" code "}"

static const struct kube_kind duck_kind = {
    .group = "zoo.example", .kind = "Duck", .view_size = sizeof(struct kube_object)};

struct fixture {
    struct kube_fixture kube;
    struct kube_recorder *recorder; /* NULL: stopped */
    struct kube_object duck;
    bool is_closed;
};

static void closed(void *ctx)
{
    *(bool *)ctx = true;
}

static void hold(void *ctx, struct fake_exchange *exchange)
{
    (void)ctx;
    (void)exchange;
}

static int setup(void **state)
{
    static const struct kube_recorder_options options = {"weather", "weather-0"};
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    kube_fixture_init(&f->kube);
    fake_server_on_request(f->kube.server, hold, NULL);
    f->recorder = kube_recorder_new(&f->kube.runtime, f->kube.client, &options);
    f->duck = (struct kube_object){
        .kind = &duck_kind,
        .meta = {.ns = STR("pond"), .name = STR("donald"), .uid = STR("u1"), .resource_version = 7},
    };
    *state = f;
    return 0;
}

static void stop(struct fixture *f)
{
    kube_recorder_stop(steal_ptr(f->recorder), closed, &f->is_closed);
    assert_false(f->is_closed);
    loop_until(&f->kube.loop, f->is_closed);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->recorder)
        stop(f);
    kube_fixture_fini(&f->kube);
    free(f);
    return 0;
}

static void record(struct fixture *f, const char *reason, const char *message)
{
    const struct kube_report report = {
        .type = KUBE_EVENT_NORMAL, .reason = str_from(reason), .message = str_from(message)};
    kube_recorder_event(f->recorder, &f->duck, STR("v1"), &report);
}

static void record_name(struct fixture *f, const char *name)
{
    f->duck.meta.name = str_from(name);
    record(f, "Wet", "It rains.");
}

static void record_number(struct fixture *f, int number)
{
    char name[32];
    snprintf(name, sizeof(name), "duck-%d", number);
    record_name(f, name);
}

static size_t sent(struct fixture *f)
{
    return fake_server_count(f->kube.server);
}

static struct fake_exchange *wait_sent(struct fixture *f, size_t count)
{
    loop_until(&f->kube.loop, sent(f) >= count);
    return fake_server_exchange(f->kube.server, count - 1);
}

static void wait_idle(struct fixture *f)
{
    loop_until(&f->kube.loop, kube_recorder_pending(f->recorder) == 0);
}

/* So many failures, each with the longest pause behind it. */
static void skip_failures(struct fixture *f, size_t count)
{
    for (size_t i = 1; i <= count; i++) {
        loop_until(&f->kube.loop, kube_fixture_count_log(&f->kube, "is tried again") == i);
        loop_skip_ms(&f->kube.loop, 30000);
    }
    wait_idle(f);
}

static int64_t count_in(const struct fake_exchange *exchange)
{
    struct error err;
    cleanup_json_doc yyjson_doc *doc = json_read(exchange->body, &err);
    return json_int(yyjson_doc_get_root(doc), "count", -1);
}

static void test_writes_an_event(void **state)
{
    struct fixture *f = *state;
    record(f, "Wet", "It rains.");
    struct fake_exchange *post = wait_sent(f, 1);
    assert_string_equal(post->method, "POST");
    assert_string_equal(post->path, EVENTS);
    assert_non_null(strstr(post->body.ptr, "\"apiVersion\":\"zoo.example/v1\""));
    assert_non_null(strstr(post->body.ptr, "\"message\":\"It rains.\""));
    assert_non_null(strstr(post->body.ptr, "\"reportingInstance\":\"weather-0\""));
    assert_int_equal(count_in(post), 1);
    fake_exchange_reply(post, 201, CREATED);
    wait_idle(f);
}

static void test_says_nothing_where_there_is_nothing_to_say(void **state)
{
    struct fixture *f = *state;
    struct kube_report report = {.message = STR("no reason")};
    kube_recorder_event(f->recorder, &f->duck, STR("v1"), &report);
    report = (struct kube_report){.reason = STR("Paused"), .is_log_only = true};
    kube_recorder_event(f->recorder, &f->duck, STR("v1"), &report);
    assert_int_equal(kube_recorder_pending(f->recorder), 0);
}

static void test_long_messages_are_cut_between_characters(void **state)
{
    struct fixture *f = *state;
    char message[2000];
    memset(message, 'x', sizeof(message));
    memcpy(message + 1023, "\xC3\xA9", 2); /* an e with an accent, across the border */
    message[sizeof(message) - 1] = '\0';
    record(f, "Wet", message);
    const struct fake_exchange *post = wait_sent(f, 1);
    struct error err;
    cleanup_json_doc yyjson_doc *doc = json_read(post->body, &err);
    assert_int_equal(json_str(yyjson_doc_get_root(doc), "message").len, 1023);
}

static void test_counts_repeats_on_the_earlier_event(void **state)
{
    struct fixture *f = *state;
    record(f, "Wet", "It rains.");
    struct fake_exchange *post = wait_sent(f, 1);
    fake_exchange_reply(post, 201, CREATED);
    wait_idle(f);
    record(f, "Wet", "It rains.");
    struct fake_exchange *patch = wait_sent(f, 2);
    assert_string_equal(patch->method, "PATCH");
    assert_true(
        str_eq(fake_exchange_header(patch, "content-type"), STR("application/merge-patch+json")));
    assert_int_equal(count_in(patch), 2);
    assert_true(strncmp(patch->path, EVENTS "/donald.", strlen(EVENTS "/donald.")) == 0);
    assert_non_null(strstr(post->body.ptr, patch->path + strlen(EVENTS "/"))); /* its name */
    fake_exchange_reply(patch, 200, CREATED);
    wait_idle(f);
}

static void test_an_event_that_is_gone_is_made_anew(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "POST", EVENTS, 201, CREATED);
    fake_server_reply(f->kube.server, "PATCH", EVENTS, 404, STATUS("404", "NotFound"));
    fake_server_reply(f->kube.server, "POST", EVENTS, 201, CREATED);
    record(f, "Wet", "It rains.");
    wait_idle(f);
    record(f, "Wet", "It rains.");
    wait_idle(f);
    assert_int_equal(sent(f), 3);
    assert_int_equal(count_in(fake_server_last(f->kube.server, "POST", EVENTS)), 2);
    assert_int_equal(kube_fixture_count_log(&f->kube, "Event"), 0);
}

static void test_a_repeat_waits_for_the_first(void **state)
{
    struct fixture *f = *state;
    record(f, "Wet", "It rains.");
    struct fake_exchange *post = wait_sent(f, 1);
    record(f, "Wet", "It rains.");
    record(f, "Wet", "It rains.");
    record(f, "Dry", "The sun shines.");
    struct fake_exchange *other = wait_sent(f, 2); /* what has no need to wait does not */
    assert_string_equal(other->method, "POST");
    fake_exchange_reply(post, 201, CREATED);
    fake_exchange_reply(other, 201, CREATED);
    struct fake_exchange *patch = wait_sent(f, 3);
    assert_int_equal(count_in(patch), 3); /* both in one request */
    fake_exchange_reply(patch, 200, CREATED);
    wait_idle(f);
    assert_int_equal(sent(f), 3);
}

static void test_an_object_with_too_many_events_is_left_alone(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 40; i++) {
        char message[32];
        snprintf(message, sizeof(message), "drop %d", i);
        record(f, "Wet", message);
    }
    assert_int_equal(kube_recorder_pending(f->recorder), 25);
}

static void test_a_namespace_that_ends_is_no_trouble(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "POST", EVENTS, 404, STATUS("404", "NotFound"));
    fake_server_reply(f->kube.server, "POST", EVENTS, 403,
                      "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"details\":{"
                      "\"causes\":[{\"reason\":\"NamespaceTerminating\"}]}}");
    record_name(f, "a");
    wait_idle(f);
    record_name(f, "b");
    wait_idle(f);
    assert_int_equal(sent(f), 2);
    assert_int_equal(kube_fixture_count_log(&f->kube, "could not be written"), 0);
}

static void test_a_refusal_is_told_once(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        fake_server_reply(f->kube.server, "POST", EVENTS, 403, STATUS("403", "Forbidden"));
    record_name(f, "a");
    record_name(f, "b");
    record_name(f, "c");
    wait_idle(f);
    assert_int_equal(sent(f), 3);
    assert_int_equal(kube_fixture_count_log(&f->kube, "could not be written"), 1);
}

static void test_tries_again_while_the_server_is_away(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "POST", EVENTS, 500, STATUS("500", "InternalError"));
    fake_server_reply(f->kube.server, "POST", EVENTS, 504, STATUS("504", "Timeout"));
    fake_server_reply(f->kube.server, "POST", EVENTS, 409, STATUS("409", "AlreadyExists"));
    record_name(f, "a");
    skip_failures(f, 2); /* an answer was lost, but not the Event */
    assert_int_equal(sent(f), 3);
    assert_int_equal(kube_fixture_count_log(&f->kube, "could not be written"), 0);
}

static void test_gives_up_after_a_few_tries(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++)
        fake_server_reply(f->kube.server, "POST", EVENTS, 500, STATUS("500", "InternalError"));
    record_name(f, "a");
    skip_failures(f, 7);
    assert_int_equal(sent(f), 8);
    assert_int_equal(kube_fixture_count_log(&f->kube, "could not be written"), 1);
}

static void test_the_queue_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6000; i++)
        record_number(f, i);
    assert_int_equal(kube_recorder_pending(f->recorder), 5008);
    assert_int_equal(kube_fixture_count_log(&f->kube, "the oldest are dropped"), 1);
}

static void test_stops_with_events_on_their_way(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++)
        record_number(f, i);
    wait_sent(f, 1);
    assert_int_equal(kube_client_pending(f->kube.client), 8); /* no more at a time */
    stop(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_writes_an_event),
        TEST(test_says_nothing_where_there_is_nothing_to_say),
        TEST(test_long_messages_are_cut_between_characters),
        TEST(test_counts_repeats_on_the_earlier_event),
        TEST(test_an_event_that_is_gone_is_made_anew),
        TEST(test_a_repeat_waits_for_the_first),
        TEST(test_an_object_with_too_many_events_is_left_alone),
        TEST(test_a_namespace_that_ends_is_no_trouble),
        TEST(test_a_refusal_is_told_once),
        TEST(test_tries_again_while_the_server_is_away),
        TEST(test_gives_up_after_a_few_tries),
        TEST(test_the_queue_is_bounded),
        TEST(test_stops_with_events_on_their_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
