#include "kube/election_state.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

enum { MAX_EVENTS = 14, TEXT_BYTES = 1024 };

static const struct kube_election_timing timing = {15000, 10000, 2000};

#define LEASE(who, seconds, renewed, count)                                                        \
    &(const struct kube_lease)                                                                     \
    {                                                                                              \
        .holder = {who, sizeof(who) - 1}, .duration_ms = (seconds)*1000, .acquired_us = 1,         \
        .renewed_us = (renewed), .transitions = (count)                                            \
    }
#define THEIRS LEASE("them", 15, 3, 4)
#define THEIRS_RENEWED LEASE("them", 15, 9, 4)
#define OURS LEASE("me", 15, 3, 4)
#define RELEASED LEASE("", 1, 9, 4)

/* The wall clock is at ten times the monotonic one, so that a mix-up shows. */
#define AT(ms, ...)                                                                                \
    {                                                                                              \
        .now_ms = (ms), .wall_us = 10 * (ms), __VA_ARGS__                                          \
    }
#define START(ms) AT(ms, .type = KUBE_ELECTION_START)
#define TICK(ms) AT(ms, .type = KUBE_ELECTION_TICK)
#define SEEN(ms, version, what)                                                                    \
    AT(ms, .type = KUBE_ELECTION_SEEN, .resource_version = (version), .lease = what)
#define DELETED(ms) AT(ms, .type = KUBE_ELECTION_DELETED)
#define FOUND(ms, version, what)                                                                   \
    AT(ms, .type = KUBE_ELECTION_FOUND, .resource_version = (version), .lease = what)
#define ABSENT(ms) AT(ms, .type = KUBE_ELECTION_ABSENT)
#define WRITTEN(ms, version) AT(ms, .type = KUBE_ELECTION_WRITTEN, .resource_version = (version))
#define FAILED(ms, why) AT(ms, .type = KUBE_ELECTION_FAILED, .code = (why))
#define NO_ANSWER(ms) FAILED(ms, ERROR_UNAVAILABLE)
#define CONFLICT(ms) FAILED(ms, ERROR_CONFLICT)
#define CANCELLED(ms) FAILED(ms, ERROR_CANCELLED)
#define STOP(ms) AT(ms, .type = KUBE_ELECTION_STOP)

struct election_case {
    const char *name;
    struct kube_election_event events[MAX_EVENTS];
    size_t event_count;
    const char *want; /* what is done after each event: "keep" is "-" */
};
#define EVENTS(...)                                                                                \
    .events = {__VA_ARGS__}, .event_count = sizeof((struct kube_election_event[]){__VA_ARGS__}) /  \
                                            sizeof(struct kube_election_event)

/* What leads there: created at 0, answered at 5. */
#define ELECTED START(0), ABSENT(2), WRITTEN(5, 10)
#define WAS_ELECTED "get post[me 15s a20 r20 t0] -,elected "

static const struct election_case cases[] = {
    {"creates a Lease that is not there", EVENTS(ELECTED), "get post[me 15s a20 r20 t0] -,elected"},
    {"renews it with what it knows", EVENTS(ELECTED, TICK(2005), WRITTEN(2010, 11), TICK(4010)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] - put[me 15s a20 r40100 t0]"},
    {"an hour's old Lease of another is waited for as if it were new",
     EVENTS(START(0), FOUND(1, 5, THEIRS), TICK(14999), FOUND(15000, 5, THEIRS), TICK(15001),
            FOUND(15002, 5, THEIRS)),
     "get -,other get - get put[me 15s a150020 r150020 t5]"},
    {"a renewal, seen by looking, starts its time anew",
     EVENTS(START(0), FOUND(1, 5, THEIRS), TICK(6000), FOUND(6001, 6, THEIRS_RENEWED), TICK(15001),
            FOUND(15002, 6, THEIRS_RENEWED), TICK(21001), FOUND(21002, 6, THEIRS_RENEWED)),
     "get -,other get - get - get put[me 15s a210020 r210020 t5]"},
    {"a renewal, seen by the watch, starts its time anew",
     EVENTS(START(0), FOUND(1, 5, THEIRS), SEEN(6001, 6, THEIRS_RENEWED), TICK(15001),
            FOUND(15002, 6, THEIRS_RENEWED), TICK(21001), FOUND(21002, 6, THEIRS_RENEWED)),
     "get -,other - get - get put[me 15s a210020 r210020 t5]"},
    {"a Lease that was touched but not renewed grows older",
     EVENTS(START(0), FOUND(1, 5, THEIRS), SEEN(6001, 6, THEIRS), TICK(15001),
            FOUND(15002, 7, THEIRS)),
     "get -,other - get put[me 15s a150020 r150020 t5]"},
    {"takes a released Lease at once",
     EVENTS(START(0), FOUND(1, 5, THEIRS), SEEN(100, 6, RELEASED), FOUND(101, 6, RELEASED),
            WRITTEN(102, 7)),
     "get -,other get put[me 15s a1010 r1010 t5] -,elected"},
    {"a release seen while looking is not missed",
     EVENTS(START(0), SEEN(1, 6, RELEASED), FOUND(2, 5, THEIRS), FOUND(3, 6, RELEASED)),
     "get - get put[me 15s a30 r30 t5]"},
    {"old news of a release are no reason to look",
     EVENTS(START(0), FOUND(1, 7, THEIRS), SEEN(2, 6, RELEASED)), "get -,other -"},
    {"a server that was set back is believed when it is asked",
     EVENTS(START(0), FOUND(1, 70, THEIRS), TICK(15001), FOUND(15002, 6, RELEASED)),
     "get -,other get put[me 15s a150020 r150020 t5]"},
    {"a deleted Lease is made anew at once",
     EVENTS(START(0), FOUND(1, 5, THEIRS), DELETED(100), ABSENT(101)),
     "get -,other get post[me 15s a1010 r1010 t0]"},
    {"a Lease without a duration has expired", EVENTS(START(0), FOUND(1, 5, LEASE("x", 0, 0, 0))),
     "get put[me 15s a10 r10 t1],other"},
    {"transitions do not overflow", EVENTS(START(0), FOUND(1, 5, LEASE("", 0, 0, INT32_MAX))),
     "get put[me 15s a10 r10 t2147483647]"},
    {"quicker others win",
     EVENTS(START(0), FOUND(1, 5, RELEASED), CONFLICT(2), TICK(3), TICK(4402)),
     "get put[me 15s a10 r10 t5] - - get"},
    {"a namespace that is not there is no reason to hurry",
     EVENTS(START(0), ABSENT(1), FAILED(2, ERROR_NOT_FOUND), TICK(3), TICK(4402)),
     "get post[me 15s a10 r10 t0] - - get"},
    {"a claim without an answer may have been heard: it goes on",
     EVENTS(START(0), FOUND(1, 5, RELEASED), NO_ANSWER(2), TICK(4402), FOUND(4403, 6, OURS),
            WRITTEN(4404, 7)),
     "get put[me 15s a10 r10 t5] - get put[me 15s a1 r44030 t4] -,elected"},
    {"a request that hangs is cancelled and repeated",
     EVENTS(START(0), TICK(4999), TICK(5000), TICK(5001), CANCELLED(5002), TICK(9402)),
     "get - cancel - - get"},
    {"a claim answered too late is not believed",
     EVENTS(START(0), ABSENT(1), WRITTEN(10001, 5), TICK(14401), FOUND(14402, 5, OURS),
            WRITTEN(14403, 6)),
     "get post[me 15s a10 r10 t0] - get put[me 15s a1 r144020 t4] -,elected"},
    {"each new leader is told of once",
     EVENTS(START(0), FOUND(1, 5, THEIRS), SEEN(2, 6, THEIRS_RENEWED),
            SEEN(3, 7, LEASE("her", 15, 4, 5)), SEEN(4, 8, THEIRS)),
     "get -,other - -,other -,other"},

    {"a conflict is looked at, and the renewal repeated",
     EVENTS(ELECTED, TICK(2005), CONFLICT(2006), FOUND(2007, 11, LEASE("me", 15, 20, 0)),
            WRITTEN(2008, 12)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] get put[me 15s a1 r20070 t0] -"},
    {"a renewal without an answer is looked at",
     EVENTS(ELECTED, TICK(2005), TICK(7005), CANCELLED(7006), FOUND(7007, 11, OURS),
            WRITTEN(7008, 12), TICK(10002)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] cancel get put[me 15s a1 r70070 t4] - "
                 "put[me 15s a1 r100020 t4]"},
    {"tries again each retry period until the deadline, then it is lost, once",
     EVENTS(ELECTED, TICK(2005), NO_ANSWER(2006), NO_ANSWER(2007), TICK(4006), TICK(4007),
            NO_ANSWER(4008), TICK(10001), NO_ANSWER(10001), TICK(10002), TICK(10003)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] get - - get - get - -,lost -"},
    {"the deadline counts from when the last renewal was sent",
     EVENTS(ELECTED, TICK(2005), WRITTEN(6000, 11), TICK(8000), TICK(12004), TICK(12005),
            CANCELLED(12006), TICK(99999)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] - put[me 15s a20 r80000 t0] - cancel,lost - -"},
    {"an answer after the deadline is too late",
     EVENTS(ELECTED, TICK(2005), WRITTEN(10002, 11), TICK(12000), SEEN(12001, 12, RELEASED)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] -,lost - -"},
    {"another holder ends it at once",
     EVENTS(ELECTED, TICK(2005), CONFLICT(2006), FOUND(2007, 11, THEIRS), TICK(4007)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] get -,lost,other -"},
    {"a Lease that somebody emptied is claimed again",
     EVENTS(ELECTED, TICK(2005), CONFLICT(2006), FOUND(2007, 11, RELEASED), WRITTEN(2008, 12)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] get put[me 15s a20070 r20070 t5] -"},
    {"a Lease that somebody deleted is made anew",
     EVENTS(ELECTED, TICK(2005), FAILED(2006, ERROR_NOT_FOUND), ABSENT(2007), WRITTEN(2008, 12)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] get post[me 15s a20070 r20070 t0] -"},

    {"stop releases", EVENTS(ELECTED, STOP(100), WRITTEN(101, 11)),
     WAS_ELECTED "put[ 1s a1000 r1000 t0] close"},
    {"stop keeps the transitions",
     EVENTS(START(0), FOUND(1, 5, RELEASED), WRITTEN(2, 6), STOP(100), WRITTEN(101, 7)),
     "get put[me 15s a10 r10 t5] -,elected put[ 1s a1000 r1000 t5] close"},
    {"stop waits for a renewal",
     EVENTS(ELECTED, TICK(2005), STOP(2006), WRITTEN(2007, 11), WRITTEN(2008, 12)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] - put[ 1s a20070 r20070 t0] close"},
    {"a release that meets a conflict is repeated once",
     EVENTS(ELECTED, STOP(100), CONFLICT(101), FOUND(102, 12, OURS), CONFLICT(103)),
     WAS_ELECTED "put[ 1s a1000 r1000 t0] get put[ 1s a1020 r1020 t4] close"},
    {"what another holds by now is not released",
     EVENTS(ELECTED, STOP(100), CONFLICT(101), FOUND(102, 12, THEIRS)),
     WAS_ELECTED "put[ 1s a1000 r1000 t0] get close,other"},
    {"stop takes two seconds at most", EVENTS(ELECTED, STOP(100), TICK(2100), CANCELLED(2101)),
     WAS_ELECTED "put[ 1s a1000 r1000 t0] cancel close"},
    {"stop of a leader in doubt looks first",
     EVENTS(ELECTED, TICK(2005), NO_ANSWER(2006), NO_ANSWER(2007), STOP(2100), FOUND(2101, 9, OURS),
            WRITTEN(2102, 12)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] get - get put[ 1s a21010 r21010 t4] close"},
    {"stop of a standby", EVENTS(START(0), FOUND(1, 5, THEIRS), STOP(2)), "get -,other close"},
    {"stop before the start", EVENTS(STOP(2)), "close"},
    {"stop while looking", EVENTS(START(0), STOP(1), CANCELLED(2)), "get cancel close"},
    {"stop while claiming releases what was claimed",
     EVENTS(START(0), ABSENT(1), STOP(2), WRITTEN(3, 5), WRITTEN(4, 6)),
     "get post[me 15s a10 r10 t0] - put[ 1s a30 r30 t0] close"},
    {"stop after a claim without an answer releases what was claimed",
     EVENTS(START(0), ABSENT(1), NO_ANSWER(2), STOP(3), FOUND(4, 5, OURS), WRITTEN(5, 6)),
     "get post[me 15s a10 r10 t0] - get put[ 1s a40 r40 t4] close"},
    {"stop after a claim that was refused", EVENTS(START(0), ABSENT(1), CONFLICT(2), STOP(3)),
     "get post[me 15s a10 r10 t0] - close"},
    {"stop after the loss releases nothing",
     EVENTS(ELECTED, TICK(2005), TICK(10002), STOP(10003), CANCELLED(10004)),
     WAS_ELECTED "put[me 15s a20 r20050 t0] cancel,lost - close"},
};

static void append_effect(char text[TEXT_BYTES], const struct kube_election_effect *effect)
{
    static const char *const names[] = {
        [KUBE_ELECTION_KEEP] = "-",        [KUBE_ELECTION_GET] = "get",
        [KUBE_ELECTION_PUT] = "put",       [KUBE_ELECTION_POST] = "post",
        [KUBE_ELECTION_CANCEL] = "cancel", [KUBE_ELECTION_CLOSE] = "close",
    };
    bool writes = effect->act == KUBE_ELECTION_PUT || effect->act == KUBE_ELECTION_POST;
    char lease[128] = "";
    if (writes)
        snprintf(lease, sizeof(lease),
                 "[" STR_FMT " %" PRId64 "s a%" PRId64 " r%" PRId64 " t%" PRId64 "]",
                 STR_ARG(effect->lease.holder), effect->lease.duration_ms / 1000,
                 effect->lease.acquired_us, effect->lease.renewed_us, effect->lease.transitions);
    size_t len = strlen(text);
    int added = snprintf(text + len, TEXT_BYTES - len, "%s%s%s%s%s%s", len > 0 ? " " : "",
                         names[effect->act], lease, effect->is_elected ? ",elected" : "",
                         effect->is_lost ? ",lost" : "", effect->is_other_leader ? ",other" : "");
    assert_true(added < (int)(TEXT_BYTES - len));
}

static void test_steps(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct kube_election_state state;
        struct random random;
        char text[TEXT_BYTES] = "";
        kube_election_state_init(&state, &timing, STR("me"));
        random_init(&random, i);
        for (size_t k = 0; k < cases[i].event_count; k++) {
            struct kube_election_effect effect =
                kube_election_step(&state, &cases[i].events[k], &random);
            append_effect(text, &effect);
        }
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s:\n got \"%s\"\nwant \"%s\"", cases[i].name, text, cases[i].want);
    }
}

static struct kube_election_state run(const struct kube_election_event *events, size_t count,
                                      uint64_t seed)
{
    struct kube_election_state state;
    struct random random;
    kube_election_state_init(&state, &timing, STR("me"));
    random_init(&random, seed);
    for (size_t i = 0; i < count; i++)
        kube_election_step(&state, &events[i], &random);
    return state;
}
#define RUN(seed, ...)                                                                             \
    run((const struct kube_election_event[]){__VA_ARGS__},                                         \
        sizeof((const struct kube_election_event[]){__VA_ARGS__}) /                                \
            sizeof(struct kube_election_event),                                                    \
        seed)

static void test_standby_wakes_with_jitter_but_not_after_the_expiry(void **unused)
{
    (void)unused;
    int64_t least_ms = INT64_MAX;
    int64_t most_ms = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct kube_election_state state = RUN(seed, START(0), FOUND(100, 5, THEIRS));
        int64_t wake_ms = kube_election_state_wake_ms(&state);
        least_ms = wake_ms < least_ms ? wake_ms : least_ms;
        most_ms = wake_ms > most_ms ? wake_ms : most_ms;
        state = RUN(seed, START(0), FOUND(100, 5, THEIRS), TICK(14000), FOUND(14001, 5, THEIRS));
        assert_int_equal(kube_election_state_wake_ms(&state), 15100);
    }
    assert_in_range(least_ms, 2100, 2300);
    assert_in_range(most_ms, 4300, 4500);
}

static void test_wakes(void **unused)
{
    (void)unused;
    struct kube_election_state state = RUN(1, STOP(0));
    assert_int_equal(kube_election_state_wake_ms(&state), INT64_MAX);
    state = RUN(1, START(0));
    assert_int_equal(kube_election_state_wake_ms(&state), 5000); /* the request's end */
    state = RUN(1, START(0), TICK(5000));
    assert_int_equal(kube_election_state_wake_ms(&state), INT64_MAX); /* cancelled: its answer */
    state = RUN(1, ELECTED);
    assert_int_equal(kube_election_state_wake_ms(&state), 2005);
    state = RUN(1, ELECTED, TICK(2005));
    assert_int_equal(kube_election_state_wake_ms(&state), 7005);
    state = RUN(1, ELECTED, TICK(6000));
    assert_int_equal(kube_election_state_wake_ms(&state), 10002); /* the deadline */
    state = RUN(1, ELECTED, TICK(6000), STOP(7000));
    assert_int_equal(kube_election_state_wake_ms(&state), 9000);
    state = RUN(1, ELECTED, TICK(10002));
    assert_int_equal(kube_election_state_wake_ms(&state), INT64_MAX);
}

/* What the wall clock says is written down and decides nothing. */
static void test_jumps_of_the_wall_clock(void **unused)
{
    (void)unused;
    const struct kube_election_event events[] = {
        START(0),          FOUND(1, 5, THEIRS),
        TICK(6000),        FOUND(6001, 5, THEIRS),
        TICK(15001),       FOUND(15002, 5, THEIRS),
        WRITTEN(15003, 6), TICK(17003),
        WRITTEN(17004, 7), TICK(19004),
    };
    struct kube_election_state as_usual = {0};
    struct kube_election_state jumping = {0};
    struct random random_a;
    struct random random_b;
    kube_election_state_init(&as_usual, &timing, STR("me"));
    kube_election_state_init(&jumping, &timing, STR("me"));
    random_init(&random_a, 1);
    random_init(&random_b, 1);
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        struct kube_election_event jumped = events[i];
        jumped.wall_us += i % 2 == 0 ? 86400000000 : -86400000000;
        struct kube_election_effect a = kube_election_step(&as_usual, &events[i], &random_a);
        struct kube_election_effect b = kube_election_step(&jumping, &jumped, &random_b);
        assert_int_equal(a.act, b.act);
        assert_int_equal(a.is_elected, b.is_elected);
        assert_int_equal(kube_election_state_wake_ms(&as_usual),
                         kube_election_state_wake_ms(&jumping));
    }
    assert_true(kube_election_state_is_leader(&jumping));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_standby_wakes_with_jitter_but_not_after_the_expiry),
        cmocka_unit_test(test_wakes),
        cmocka_unit_test(test_jumps_of_the_wall_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
