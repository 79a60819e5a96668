#include "kube/event_correlator.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"

static const int64_t MINUTE = 60 * 1000;

static const struct kube_event_facts facts = {
    .kind = {"ElfMachine", 10},
    .ns = {"default", 7},
    .name = {"web-1", 5},
    .uid = {"u1", 2},
    .type = KUBE_EVENT_NORMAL,
    .reason = {"IPAllocated", 11},
    .message = {"Got 10.0.0.1.", 13},
};

struct fixture {
    struct kube_correlator *correlator;
    struct random random;
};

static int setup(void **state)
{
    static struct fixture fixture;
    static const struct kube_correlator_options options = {.max_entries = 8};
    fixture.correlator = kube_correlator_new(&options);
    random_init(&fixture.random, 1);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kube_correlator_free(f->correlator);
    return 0;
}

static struct kube_event_verdict judge(struct fixture *f, const struct kube_event_facts *given,
                                       int64_t now_ms)
{
    return kube_correlator_judge(f->correlator, given, now_ms, 1000000 + now_ms, &f->random);
}

static struct kube_event_verdict judge_name(struct fixture *f, const char *name, int64_t now_ms)
{
    struct kube_event_facts other = facts;
    other.name = str_from(name);
    return judge(f, &other, now_ms);
}

static void test_counts_repeats_within_the_window(void **state)
{
    struct fixture *f = *state;
    struct kube_event_verdict first = judge(f, &facts, 0);
    assert_false(first.is_dropped);
    assert_false(first.is_repeat);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.first_ms, 1000000);
    for (int i = 2; i <= 4; i++) {
        struct kube_event_verdict again = judge(f, &facts, (i - 1) * 9 * MINUTE);
        assert_true(again.is_repeat);
        assert_int_equal(again.count, i);
        assert_int_equal(again.id, first.id);
        assert_int_equal(again.first_ms, 1000000);
    }
}

static void test_begins_anew_after_the_window(void **state)
{
    struct fixture *f = *state;
    struct kube_event_verdict first = judge(f, &facts, 0);
    struct kube_event_verdict later = judge(f, &facts, 10 * MINUTE);
    assert_false(later.is_repeat);
    assert_int_equal(later.count, 1);
    assert_true(later.id != first.id);
    assert_int_equal(later.first_ms, 1000000 + 10 * MINUTE);
}

static void test_every_fact_makes_another_event(void **state)
{
    struct fixture *f = *state;
    struct kube_event_facts others[] = {facts, facts, facts, facts, facts, facts, facts};
    others[0].kind = STR("IPPool");
    others[1].ns = STR("prod");
    others[2].name = STR("web-2");
    others[3].uid = STR("u2");
    others[4].type = KUBE_EVENT_WARNING;
    others[5].reason = STR("IPReleased");
    others[6].message = STR("Got 10.0.0.2.");
    judge(f, &facts, 0);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (judge(f, &others[i], 1).is_repeat)
            fail_msg("fact %zu does not count", i);
    assert_true(judge(f, &facts, 2).is_repeat);
}

static void test_texts_are_not_run_together(void **state)
{
    struct fixture *f = *state;
    struct kube_event_facts a = facts;
    struct kube_event_facts b = facts;
    a.reason = STR("ab");
    a.message = STR("c");
    b.reason = STR("a");
    b.message = STR("bc");
    judge(f, &a, 0);
    assert_false(judge(f, &b, 1).is_repeat);
}

static void test_an_object_gets_25_and_one_more_every_5_minutes(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 25; i++)
        assert_false(judge(f, &facts, i).is_dropped);
    assert_true(judge(f, &facts, 25).is_dropped);
    assert_false(judge_name(f, "another", 25).is_dropped);
    assert_true(judge(f, &facts, 5 * MINUTE - 1).is_dropped);
    assert_false(judge(f, &facts, 5 * MINUTE).is_dropped);
    assert_true(judge(f, &facts, 5 * MINUTE + 1).is_dropped);
    assert_false(judge(f, &facts, 15 * MINUTE).is_dropped);
    assert_false(judge(f, &facts, 15 * MINUTE).is_dropped);
    assert_true(judge(f, &facts, 15 * MINUTE).is_dropped);
}

static void test_other_messages_count_for_the_same_object(void **state)
{
    struct fixture *f = *state;
    int served = 0;
    for (int i = 0; i < 100; i++) {
        char message[32];
        snprintf(message, sizeof(message), "message %d", i);
        struct kube_event_facts other = facts;
        other.message = str_from(message);
        served += !judge(f, &other, 0).is_dropped;
    }
    assert_int_equal(served, 25);
}

static void test_memory_is_bounded_and_the_least_recent_goes_first(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        judge_name(f, name, i);
        judge_name(f, "often", i);
    }
    assert_int_equal(kube_correlator_count(f->correlator), 16);
    assert_true(judge_name(f, "m99", 101).is_repeat);
    assert_true(judge_name(f, "m95", 101).is_repeat);
    assert_false(judge_name(f, "m50", 101).is_repeat);
}

static void test_what_is_over_is_forgotten(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 7; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        judge_name(f, name, 0);
    }
    assert_int_equal(kube_correlator_count(f->correlator), 14);
    judge_name(f, "last", 5 * MINUTE);
    assert_int_equal(kube_correlator_count(f->correlator), 9); /* buckets that are full again */
    judge_name(f, "last", 10 * MINUTE);
    assert_int_equal(kube_correlator_count(f->correlator), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_repeats_within_the_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_begins_anew_after_the_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_fact_makes_another_event, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_are_not_run_together, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_object_gets_25_and_one_more_every_5_minutes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_other_messages_count_for_the_same_object, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_memory_is_bounded_and_the_least_recent_goes_first,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_over_is_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
