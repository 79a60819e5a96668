#include "kube/election.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "kube/lease.h"
#include "kube/model/json.h"
#include "lib/kube_fixture.h"
#include "lib/loop.h"

#define LEASES "/apis/coordination.k8s.io/v1/namespaces/cape-system/leases"
#define LOCK LEASES "/lock"
#define LIST LEASES "?fieldSelector=metadata.name%3Dlock&"
#define STATUS(code, reason) "{\"kind\":\"Status\",\"reason\":\"" reason "\",\"code\":" code "}"

/* One Lease in a server that compares resourceVersions; what the rules of the fake server answer
 * never gets here. */
struct lease_server {
    bool exists;
    uint64_t version;
    struct strbuf spec;
    struct fake_exchange *watch; /* NULL: none */
    bool is_silent;
    size_t writes;
};

struct player {
    struct kube_election *election; /* NULL: stopped */
    int elected;
    int lost;
    char other[64];
    bool stops_when_elected;
    bool stops_when_lost;
    bool is_closed;
};

struct fixture {
    struct kube_fixture kube;
    struct lease_server lease;
    bool is_patient; /* whoever needs a retry period does not get there within the test */
    struct player a;
    struct player b;
};

static void append_lease(struct strbuf *text, const struct lease_server *server)
{
    strbuf_printf(text,
                  "{\"kind\":\"Lease\",\"metadata\":{\"namespace\":\"cape-system\",\"name\":"
                  "\"lock\",\"uid\":\"u\",\"resourceVersion\":\"%" PRIu64
                  "\",\"labels\":{\"kept\":\"yes\"}},\"spec\":" STR_FMT "}",
                  server->version, STR_ARG(strbuf_str(&server->spec)));
}

static void reply_lease(struct lease_server *server, struct fake_exchange *exchange, int status)
{
    struct strbuf text cleanup_strbuf = {0};
    append_lease(&text, server);
    fake_exchange_reply(exchange, status, text.data);
}

static void tell_watch(struct lease_server *server, const char *type)
{
    struct strbuf text cleanup_strbuf = {0};
    if (!server->watch || !server->watch->is_open)
        return;
    strbuf_printf(&text, "{\"type\":\"%s\",\"object\":", type);
    append_lease(&text, server);
    strbuf_append_cstr(&text, "}\n");
    fake_exchange_chunk(server->watch, text.data);
}

static void set_spec(struct lease_server *server, struct str spec)
{
    strbuf_clear(&server->spec);
    strbuf_append(&server->spec, spec);
    server->version++;
    tell_watch(server, server->exists ? "MODIFIED" : "ADDED");
    server->exists = true;
}

static void delete_lease(struct lease_server *server)
{
    server->version++;
    server->exists = false;
    tell_watch(server, "DELETED");
}

static void start_watch(struct lease_server *server, struct fake_exchange *exchange)
{
    struct strbuf end cleanup_strbuf = {0};
    server->watch = exchange;
    fake_exchange_begin(exchange, 200);
    if (server->exists)
        tell_watch(server, "ADDED");
    strbuf_printf(&end,
                  "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"%" PRIu64
                  "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n",
                  server->version);
    fake_exchange_chunk(exchange, end.data);
}

static void write_lease(struct lease_server *server, struct fake_exchange *exchange)
{
    struct error err;
    uint64_t version = 0;
    cleanup_json_doc yyjson_doc *doc = json_read(exchange->body, &err);
    yyjson_val *root = doc ? yyjson_doc_get_root(doc) : NULL;
    yyjson_val *metadata = json_object(root, "metadata");
    cleanup_free char *spec = yyjson_val_write(json_object(root, "spec"), 0, NULL);
    bool is_new = strcmp(exchange->method, "POST") == 0;
    must(spec != NULL);
    must(is_new || str_to_u64(json_str(metadata, "resourceVersion"), &version));
    must(is_new || str_eq(json_str(json_object(metadata, "labels"), "kept"), STR("yes")));
    server->writes++;
    if (!is_new && !server->exists) {
        fake_exchange_reply(exchange, 404, STATUS("404", "NotFound"));
    } else if (is_new == server->exists || (!is_new && version != server->version)) {
        fake_exchange_reply(exchange, 409, STATUS("409", "Conflict"));
    } else {
        set_spec(server, str_from(spec));
        reply_lease(server, exchange, is_new ? 201 : 200);
    }
}

static void serve(void *ctx, struct fake_exchange *exchange)
{
    struct lease_server *server = ctx;
    if (server->is_silent)
        return;
    if (strstr(exchange->path, "watch=true") != NULL)
        start_watch(server, exchange);
    else if (strcmp(exchange->method, "GET") != 0)
        write_lease(server, exchange);
    else if (server->exists)
        reply_lease(server, exchange, 200);
    else
        fake_exchange_reply(exchange, 404, STATUS("404", "NotFound"));
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    kube_fixture_init(&f->kube);
    f->lease.version = 100;
    fake_server_on_request(f->kube.server, serve, &f->lease);
    *state = f;
    return 0;
}

static void closed(void *ctx)
{
    ((struct player *)ctx)->is_closed = true;
}

static void stop(struct player *player)
{
    kube_election_stop(steal_ptr(player->election), closed, player);
    assert_false(player->is_closed);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    struct player *const players[] = {&f->a, &f->b};
    for (size_t i = 0; i < ARRAY_LEN(players); i++) {
        bool was_started = players[i]->election != NULL;
        if (was_started)
            stop(players[i]);
        loop_until(&f->kube.loop, !was_started || players[i]->is_closed);
    }
    kube_fixture_fini(&f->kube);
    strbuf_fini(&f->lease.spec);
    free(f);
    return 0;
}

static void on_elected(void *ctx)
{
    struct player *player = ctx;
    player->elected++;
    if (player->stops_when_elected)
        stop(player);
}

static void on_lost(void *ctx)
{
    struct player *player = ctx;
    player->lost++;
    if (player->stops_when_lost)
        stop(player);
}

static void on_other_leads(void *ctx, struct str id)
{
    struct player *player = ctx;
    snprintf(player->other, sizeof(player->other), STR_FMT, STR_ARG(id));
}

static struct kube_election_options make_options(const char *identity)
{
    return (struct kube_election_options){
        .ns = STR("cape-system"),
        .name = STR("lock"),
        .identity = str_from(identity),
        .lease_duration_ms = 15000,
        .renew_deadline_ms = 10000,
        .retry_period_ms = 2000,
    };
}

static void start(struct fixture *f, struct player *player, const char *identity)
{
    struct kube_election_options options = make_options(identity);
    if (f->is_patient) {
        options.lease_duration_ms = 3600000;
        options.renew_deadline_ms = 3000000;
        options.retry_period_ms = 600000;
    }
    const struct kube_election_handlers handlers = {on_elected, on_lost, on_other_leads};
    player->election =
        kube_election_new(&f->kube.runtime, f->kube.client, &options, &handlers, player);
    kube_election_start(player->election);
}

static void start_and_win(struct fixture *f)
{
    start(f, &f->a, "a");
    loop_until(&f->kube.loop, f->a.elected == 1);
}

/* The Lease on the server: "a 15s 3", holder, duration and transitions. */
static const char *lease_text(struct fixture *f)
{
    static char text[64];
    struct strbuf object cleanup_strbuf = {0};
    struct error err;
    struct kube_lease lease;
    append_lease(&object, &f->lease);
    cleanup_json_doc yyjson_doc *doc = json_read(strbuf_str(&object), &err);
    kube_lease_read(yyjson_doc_get_root(doc), &lease);
    snprintf(text, sizeof(text), STR_FMT " %" PRId64 "s %" PRId64, STR_ARG(lease.holder),
             lease.duration_ms / 1000, lease.transitions);
    return text;
}

static void hold_by_other(struct fixture *f)
{
    set_spec(&f->lease,
             STR("{\"holderIdentity\":\"other\",\"leaseDurationSeconds\":15,"
                 "\"acquireTime\":\"2020-01-02T15:24:05.000000Z\","
                 "\"renewTime\":\"2020-01-02T15:24:06.000000Z\",\"leaseTransitions\":3}"));
}

static size_t count(struct fixture *f, const char *method)
{
    return fake_server_count_of(f->kube.server, method, LEASES);
}

static void test_creates_and_renews(void **state)
{
    struct fixture *f = *state;
    start_and_win(f);
    assert_string_equal(lease_text(f), "a 15s 0");
    assert_int_equal(count(f, "GET"), 1);
    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(count(f, "PUT"), i - 1);
        loop_skip_ms(&f->kube.loop, 2000);
        loop_until(&f->kube.loop, f->lease.writes == i + 1);
        loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    }
    assert_int_equal(count(f, "GET"), 1); /* nothing but its renewals */
    assert_string_equal(lease_text(f), "a 15s 0");
    assert_int_equal(f->a.lost, 0);
    assert_string_equal(f->a.other, "");
}

static void test_takes_over_at_once_when_the_leader_stops(void **state)
{
    struct fixture *f = *state;
    f->is_patient = true;
    start_and_win(f);
    start(f, &f->b, "b");
    loop_until(&f->kube.loop, f->lease.watch != NULL);
    assert_string_equal(f->b.other, "a");
    assert_int_equal(f->b.elected, 0);
    assert_true(strncmp(f->lease.watch->path, LIST, strlen(LIST)) == 0);
    stop(&f->a);
    loop_until(&f->kube.loop, f->b.elected == 1);
    assert_true(f->a.is_closed);
    assert_string_equal(lease_text(f), "b 3600s 1");
    assert_int_equal(f->a.lost, 0);
    loop_until(&f->kube.loop, !f->lease.watch->is_open); /* a leader watches no more */
}

static void test_takes_over_when_the_lease_has_expired(void **state)
{
    struct fixture *f = *state;
    hold_by_other(f);
    start(f, &f->a, "a");
    loop_until(&f->kube.loop, f->lease.watch != NULL);
    assert_string_equal(f->a.other, "other");
    for (int second = 0; second < 13; second++) {
        loop_skip_ms(&f->kube.loop, 1000);
        loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
        loop_run_ready(&f->kube.loop);
    }
    assert_int_equal(f->lease.writes, 0);
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, f->a.elected == 1);
    assert_string_equal(lease_text(f), "a 15s 4");
}

static void test_takes_over_at_once_when_the_lease_is_deleted(void **state)
{
    struct fixture *f = *state;
    f->is_patient = true;
    hold_by_other(f);
    start(f, &f->a, "a");
    loop_until(&f->kube.loop, f->lease.watch != NULL);
    loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    delete_lease(&f->lease);
    loop_until(&f->kube.loop, f->a.elected == 1);
    assert_string_equal(lease_text(f), "a 3600s 0");
}

static void test_a_standby_needs_no_right_to_watch(void **state)
{
    struct fixture *f = *state;
    hold_by_other(f);
    fake_server_reply(f->kube.server, "GET", LIST, 403, STATUS("403", "Forbidden"));
    start(f, &f->a, "a");
    loop_until(&f->kube.loop, kube_fixture_count_log(&f->kube, "check RBAC") == 1);
    set_spec(&f->lease, STR("{\"holderIdentity\":\"\",\"leaseDurationSeconds\":1}"));
    loop_skip_ms(&f->kube.loop, 4400);
    loop_until(&f->kube.loop, f->a.elected == 1);
}

static void test_a_lease_that_is_nonsense_is_free(void **state)
{
    struct fixture *f = *state;
    set_spec(&f->lease, STR("{\"holderIdentity\":null,\"renewTime\":\"noon\"}"));
    start_and_win(f);
    assert_string_equal(lease_text(f), "a 15s 1");
}

static void test_answers_that_are_garbage_are_no_answers(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "GET", LOCK, 200, "<html>");
    fake_server_reply(f->kube.server, "GET", LOCK, 200, "{\"metadata\":{}}");
    start(f, &f->a, "a");
    for (size_t i = 1; i <= 2; i++) {
        loop_until(&f->kube.loop, fake_server_count_of(f->kube.server, "GET", LOCK) == i &&
                                      kube_client_pending(f->kube.client) == 0);
        loop_skip_ms(&f->kube.loop, 4400);
    }
    loop_until(&f->kube.loop, f->a.elected == 1);
    assert_int_equal(kube_fixture_count_log(&f->kube, "Cannot read or write the Lease"), 1);
}

static void test_goes_on_after_a_conflict_with_itself(void **state)
{
    struct fixture *f = *state;
    start_and_win(f);
    f->lease.version++; /* somebody put a label on it */
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, f->lease.writes == 3); /* the second met the conflict */
    loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    assert_string_equal(lease_text(f), "a 15s 0");
    assert_int_equal(count(f, "GET"), 2);
    assert_int_equal(f->a.elected, 1);
    assert_int_equal(f->a.lost, 0);
}

static void test_ends_when_another_holds_it(void **state)
{
    struct fixture *f = *state;
    start_and_win(f);
    hold_by_other(f);
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, f->a.lost == 1);
    assert_string_equal(f->a.other, "other");
    stop(&f->a);
    loop_until(&f->kube.loop, f->a.is_closed);
    assert_string_equal(lease_text(f), "other 15s 3"); /* what is not ours is not released */
}

static void test_is_lost_once_when_the_server_is_silent(void **state)
{
    struct fixture *f = *state;
    start_and_win(f);
    f->lease.is_silent = true;
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, count(f, "PUT") == 1);
    loop_skip_ms(&f->kube.loop, 5000); /* half the deadline: cancelled, and looked at */
    loop_until(&f->kube.loop, count(f, "GET") == 2);
    assert_int_equal(f->a.lost, 0);
    loop_skip_ms(&f->kube.loop, 3000);
    loop_until(&f->kube.loop, f->a.lost == 1);
    f->lease.is_silent = false;
    loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    loop_skip_ms(&f->kube.loop, 60000);
    loop_run_ready(&f->kube.loop);
    assert_int_equal(kube_client_pending(f->kube.client), 0); /* never again */
    assert_int_equal(f->a.lost, 1);
    assert_int_equal(f->a.elected, 1);
}

static void test_survives_a_restart_of_the_server(void **state)
{
    struct fixture *f = *state;
    start_and_win(f);
    fake_server_down(f->kube.server);
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, kube_fixture_count_log(&f->kube, "the Lease") >= 2);
    loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    fake_server_up(f->kube.server);
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, f->lease.writes == 2);
    loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    assert_int_equal(f->a.lost, 0);
}

static void test_a_claim_whose_answer_is_lost(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "POST", LEASES, 201,
                      "{\"gar"); /* it was heard all the same */
    start(f, &f->a, "a");
    loop_until(&f->kube.loop, count(f, "POST") == 1);
    set_spec(&f->lease, STR("{\"holderIdentity\":\"a\",\"leaseDurationSeconds\":15,"
                            "\"leaseTransitions\":0}"));
    loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    loop_skip_ms(&f->kube.loop, 4400);
    loop_until(&f->kube.loop, f->a.elected == 1);
    assert_string_equal(lease_text(f), "a 15s 0");
}

static void test_stop_releases_a_claim_whose_answer_is_lost(void **state)
{
    struct fixture *f = *state;
    fake_server_reply(f->kube.server, "POST", LEASES, 201, "{\"gar");
    start(f, &f->a, "a");
    loop_until(&f->kube.loop, count(f, "POST") == 1);
    set_spec(&f->lease, STR("{\"holderIdentity\":\"a\",\"leaseDurationSeconds\":15,"
                            "\"leaseTransitions\":2}"));
    loop_until(&f->kube.loop, kube_client_pending(f->kube.client) == 0);
    stop(&f->a);
    loop_until(&f->kube.loop, f->a.is_closed);
    assert_string_equal(lease_text(f), " 1s 2");
    assert_int_equal(f->a.elected, 0);
}

static void test_stops_from_its_handlers(void **state)
{
    struct fixture *f = *state;
    f->a.stops_when_elected = true;
    start_and_win(f);
    loop_until(&f->kube.loop, f->a.is_closed);
    assert_string_equal(lease_text(f), " 1s 0");

    f->b.stops_when_lost = true;
    start(f, &f->b, "b");
    loop_until(&f->kube.loop, f->b.elected == 1);
    assert_string_equal(lease_text(f), "b 15s 1");
    hold_by_other(f);
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, f->b.is_closed);
    assert_int_equal(f->b.lost, 1);
}

static void test_a_release_that_is_not_answered_takes_two_seconds(void **state)
{
    struct fixture *f = *state;
    start_and_win(f);
    f->lease.is_silent = true;
    stop(&f->a);
    loop_until(&f->kube.loop, count(f, "PUT") == 1);
    assert_false(f->a.is_closed);
    loop_skip_ms(&f->kube.loop, 2000);
    loop_until(&f->kube.loop, f->a.is_closed);
    assert_int_equal(f->a.lost, 0);
}

static void test_may_write_the_lease_when_other_writes_are_forbidden(void **state)
{
    struct fixture *f = *state;
    start_and_win(f);
    kube_client_forbid_writes(f->kube.client);
    stop(&f->a);
    loop_until(&f->kube.loop, f->a.is_closed);
    assert_string_equal(lease_text(f), " 1s 0");
}

static void test_options(void **unused)
{
    (void)unused;
    static const struct {
        int64_t duration_ms, deadline_ms, retry_ms;
        const char *identity;
        const char *wrong; /* NULL: nothing */
    } cases[] = {
        {15000, 10000, 2000, "me", NULL},
        {15000, 10000, 8333, "me", NULL},
        {15000, 10000, 8334, "me", "renew deadline"},
        {10000, 10000, 2000, "me", "lease duration"},
        {999, 500, 100, "me", "lease duration"},
        {INT32_MAX * INT64_C(1000) + 1, 10000, 2000, "me", "lease duration"},
        {15000, 10000, 0, "me", "retry period"},
        {15000, 10000, -1, "me", "retry period"},
        {15000, INT64_MAX, 2000, "me", "lease duration"},
        {15000, 10000, INT64_MAX, "me", "renew deadline"},
        {15000, 10000, 2000, "", "identity"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct kube_election_options options = make_options(cases[i].identity);
        options.lease_duration_ms = cases[i].duration_ms;
        options.renew_deadline_ms = cases[i].deadline_ms;
        options.retry_period_ms = cases[i].retry_ms;
        if (kube_election_options_check(&options, &err) != (cases[i].wrong == NULL))
            fail_msg("case %zu: %s", i, err.text);
        if (cases[i].wrong && strstr(err.text, cases[i].wrong) == NULL)
            fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].wrong, err.text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_creates_and_renews),
        TEST(test_takes_over_at_once_when_the_leader_stops),
        TEST(test_takes_over_when_the_lease_has_expired),
        TEST(test_takes_over_at_once_when_the_lease_is_deleted),
        TEST(test_a_standby_needs_no_right_to_watch),
        TEST(test_a_lease_that_is_nonsense_is_free),
        TEST(test_answers_that_are_garbage_are_no_answers),
        TEST(test_goes_on_after_a_conflict_with_itself),
        TEST(test_ends_when_another_holds_it),
        TEST(test_is_lost_once_when_the_server_is_silent),
        TEST(test_survives_a_restart_of_the_server),
        TEST(test_a_claim_whose_answer_is_lost),
        TEST(test_stop_releases_a_claim_whose_answer_is_lost),
        TEST(test_stops_from_its_handlers),
        TEST(test_a_release_that_is_not_answered_takes_two_seconds),
        TEST(test_may_write_the_lease_when_other_writes_are_forbidden),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
