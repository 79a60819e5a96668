#include "kube/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "lib/heap.h"

struct fixture {
    struct random random;
    struct kube_queue *queue;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    random_init(&f->random, 1);
    f->queue = kube_queue_new(&(struct kube_queue_options){0}, &f->random);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    kube_queue_free(f->queue);
    free(f);
    return 0;
}

static struct kube_key key_of(const char *name)
{
    return (struct kube_key){STR("ns"), str_from(name)};
}

/* One letter per step, so that a row reads as what happens: +x and -x add x normal and urgent,
 * *x takes and expects x, .x is done with x, ! takes and expects nothing. */
static void play(struct kube_queue *queue, const char *name, const char *script)
{
    for (const char *at = script; *at; at++) {
        char step = *at;
        if (step == ' ')
            continue;
        char letter[2] = {step == '!' ? '\0' : *++at, '\0'};
        struct kube_key got = {0};
        switch (step) {
        case '+':
            kube_queue_add(queue, key_of(letter), KUBE_NORMAL, 0);
            break;
        case '-':
            kube_queue_add(queue, key_of(letter), KUBE_URGENT, 0);
            break;
        case '.':
            kube_queue_done(queue, key_of(letter), 0);
            break;
        case '*':
            if (!kube_queue_take(queue, 0, &got) || !str_eq_cstr(got.name, letter))
                fail_msg("%s: wanted %s, took \"" STR_FMT "\"", name, letter, STR_ARG(got.name));
            break;
        default:
            if (kube_queue_take(queue, 0, &got))
                fail_msg("%s: wanted nothing, took \"" STR_FMT "\"", name, STR_ARG(got.name));
        }
    }
}

static void test_order(void **state)
{
    static const struct {
        const char *name;
        const char *script;
    } cases[] = {
        {"empty", "!"},
        {"first in, first out", "+a +b +c *a *b *c !"},
        {"a key waits once", "+a +b +a *a *b !"},
        {"urgent ones first, in their own order", "+a -b +c -d *b *d *a *c !"},
        {"a waiting key moves to the urgent ones", "+a +b +c -b *b *a *c !"},
        {"the last of the lane moves", "+a +b -b +c *b *a *c !"},
        {"an urgent key stays urgent", "-a +b +a *a *b !"},
        {"never two at a time", "+a *a +a +a ! .a *a !"},
        {"added while at work: behind those that wait", "+a *a +a +b .a *b *a !"},
        {"added urgent while at work", "+a *a -a +b .a *a *b !"},
        {"made urgent while at work", "+a *a +a -a +b .a *a *b !"},
        {"not added while at work: gone", "+a *a .a ! +a *a .a !"},
        {"done with one of several", "+a +b *a *b +a +b .b *b .a *a !"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct random random = {1};
        struct kube_queue *queue = kube_queue_new(&(struct kube_queue_options){0}, &random);
        play(queue, cases[i].name, cases[i].script);
        kube_queue_free(queue);
    }
}

static void take_expect(struct kube_queue *queue, int64_t now_ms, const char *name)
{
    struct kube_key got;
    bool is_taken = kube_queue_take(queue, now_ms, &got);
    if (name && (!is_taken || !str_eq_cstr(got.name, name)))
        fail_msg("at %d ms: wanted %s", (int)now_ms, name);
    if (!name && is_taken)
        fail_msg("at %d ms: took " STR_FMT, (int)now_ms, STR_ARG(got.name));
}

static void test_namespace_and_name_are_told_apart(void **state)
{
    struct fixture *f = *state;
    struct kube_key got;
    kube_queue_add(f->queue, (struct kube_key){STR("a"), STR("bc")}, KUBE_NORMAL, 0);
    kube_queue_add(f->queue, (struct kube_key){STR("ab"), STR("c")}, KUBE_NORMAL, 0);
    kube_queue_add(f->queue, (struct kube_key){STR(""), STR("abc")}, KUBE_NORMAL, 0);
    assert_int_equal(kube_queue_figures(f->queue, 0).depth, 3);
    assert_true(kube_queue_take(f->queue, 0, &got));
    assert_true(str_eq_cstr(got.ns, "a") && str_eq_cstr(got.name, "bc"));
}

static void test_keys_are_copied(void **state)
{
    struct fixture *f = *state;
    char name[] = "before";
    kube_queue_add(f->queue, (struct kube_key){STR("ns"), str_from(name)}, KUBE_NORMAL, 0);
    memcpy(name, "behind", sizeof(name));
    take_expect(f->queue, 0, "before");
}

static void test_delay(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(kube_queue_next_due_ms(f->queue), -1);
    kube_queue_add_at(f->queue, key_of("late"), 300);
    kube_queue_add_at(f->queue, key_of("soon"), 100);
    kube_queue_add_at(f->queue, key_of("mid"), 200);
    assert_int_equal(kube_queue_next_due_ms(f->queue), 100);
    take_expect(f->queue, 99, NULL);
    take_expect(f->queue, 100, "soon");
    take_expect(f->queue, 299, "mid");
    take_expect(f->queue, 299, NULL);
    assert_int_equal(kube_queue_next_due_ms(f->queue), 300);
    take_expect(f->queue, 1000, "late");
    assert_int_equal(kube_queue_next_due_ms(f->queue), -1);
}

static void test_the_earlier_of_two_wishes_wins(void **state)
{
    struct fixture *f = *state;
    kube_queue_add_at(f->queue, key_of("a"), 300);
    kube_queue_add_at(f->queue, key_of("a"), 100);
    kube_queue_add_at(f->queue, key_of("a"), 200);
    assert_int_equal(kube_queue_figures(f->queue, 0).delayed, 1);
    take_expect(f->queue, 100, "a");
    kube_queue_done(f->queue, key_of("a"), 100);
    take_expect(f->queue, 1000, NULL);
}

static void test_a_delay_ends_when_the_key_is_taken(void **state)
{
    struct fixture *f = *state;
    kube_queue_add_at(f->queue, key_of("a"), 300);
    kube_queue_add(f->queue, key_of("a"), KUBE_NORMAL, 0);
    take_expect(f->queue, 0, "a");
    kube_queue_done(f->queue, key_of("a"), 0);
    assert_int_equal(kube_queue_next_due_ms(f->queue), -1);
    take_expect(f->queue, 300, NULL);
}

static void test_a_delay_wished_while_at_work(void **state)
{
    struct fixture *f = *state;
    kube_queue_add(f->queue, key_of("a"), KUBE_NORMAL, 0);
    take_expect(f->queue, 0, "a");
    kube_queue_add_at(f->queue, key_of("a"), 100);
    take_expect(f->queue, 100, NULL); /* due, but still at work */
    kube_queue_done(f->queue, key_of("a"), 200);
    take_expect(f->queue, 200, "a");
}

static void test_due_keys_queue_behind_urgent_ones(void **state)
{
    struct fixture *f = *state;
    kube_queue_add_at(f->queue, key_of("a"), 100);
    kube_queue_add(f->queue, key_of("b"), KUBE_URGENT, 100);
    take_expect(f->queue, 100, "b");
    take_expect(f->queue, 100, "a");
}

static void test_backoff_grows_to_its_maximum(void **state)
{
    struct fixture *f = *state;
    int64_t full_ms = 10;
    for (int i = 0; i < 60; i++) {
        int64_t wait_ms = kube_queue_add_failed(f->queue, key_of("a"), 0);
        if (wait_ms < full_ms / 2 || wait_ms > full_ms)
            fail_msg("failure %d: waits %d of %d ms", i + 1, (int)wait_ms, (int)full_ms);
        full_ms = full_ms * 2 < 300000 ? full_ms * 2 : 300000;
    }
    kube_queue_forget_failures(f->queue, key_of("a"));
    assert_in_range(kube_queue_add_failed(f->queue, key_of("a"), 0), 5, 10);
    assert_int_equal(kube_queue_figures(f->queue, 0).retries, 61);
}

static void test_backoff_is_the_keys_own_and_jittered(void **state)
{
    struct fixture *f = *state;
    int64_t shortest_ms = 1000, longest_ms = 0;
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof(name), "key-%d", i);
        int64_t wait_ms = kube_queue_add_failed(f->queue, key_of(name), 0);
        shortest_ms = wait_ms < shortest_ms ? wait_ms : shortest_ms;
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    assert_in_range(shortest_ms, 5, 6);
    assert_in_range(longest_ms, 9, 10);
}

static void test_failures_are_remembered_while_idle(void **state)
{
    struct fixture *f = *state;
    kube_queue_add(f->queue, key_of("a"), KUBE_NORMAL, 0);
    for (int64_t i = 1, now_ms = 0; i <= 8; i++) {
        take_expect(f->queue, now_ms, "a");
        now_ms += kube_queue_add_failed(f->queue, key_of("a"), now_ms);
        kube_queue_done(f->queue, key_of("a"), now_ms);
    }
    assert_in_range(kube_queue_add_failed(f->queue, key_of("a"), 0), 10 * 256 / 2, 10 * 256);
}

static void test_own_backoff_options(void **state)
{
    struct random random = {7};
    (void)state;
    struct kube_queue *queue = kube_queue_new(
        &(struct kube_queue_options){.backoff_first_ms = 1, .backoff_max_ms = 3}, &random);
    for (int i = 0; i < 20; i++)
        assert_in_range(kube_queue_add_failed(queue, key_of("a"), 0), 1, 3);
    kube_queue_free(queue);
}

static void test_figures(void **state)
{
    struct fixture *f = *state;
    kube_queue_add(f->queue, key_of("a"), KUBE_NORMAL, 0);
    kube_queue_add(f->queue, key_of("b"), KUBE_NORMAL, 10);
    kube_queue_add(f->queue, key_of("b"), KUBE_NORMAL, 11); /* waits already: not counted */
    kube_queue_add(f->queue, key_of("c"), KUBE_URGENT, 20);
    kube_queue_add_at(f->queue, key_of("d"), 500);
    struct kube_queue_figures figures = kube_queue_figures(f->queue, 30);
    assert_int_equal(figures.depth, 3);
    assert_int_equal(figures.delayed, 1);
    assert_int_equal(figures.working, 0);
    assert_int_equal(figures.adds, 3);
    assert_int_equal(figures.longest_wait_ms, 30);
    kube_queue_add(f->queue, key_of("a"), KUBE_URGENT, 35); /* has waited all the same */
    assert_int_equal(kube_queue_figures(f->queue, 40).longest_wait_ms, 40);
    take_expect(f->queue, 40, "c");
    take_expect(f->queue, 40, "a");
    assert_int_equal(kube_queue_figures(f->queue, 40).longest_wait_ms, 30);
    assert_int_equal(kube_queue_figures(f->queue, 40).working, 2);
    take_expect(f->queue, 40, "b");
    assert_int_equal(kube_queue_figures(f->queue, 90).longest_wait_ms, 0);
}

enum { MANY = 100000 };

static struct kube_key numbered_key(int number, char name[32])
{
    snprintf(name, 32, "machine-%d", number);
    return key_of(name);
}

static void test_a_hundred_thousand_keys_come_and_go(void **state)
{
    struct fixture *f = *state;
    char name[32];
    size_t bytes_before = heap_bytes();
    for (int i = 0; i < MANY; i++) {
        kube_queue_add(f->queue, numbered_key(i, name), KUBE_NORMAL, 0);
        kube_queue_add_at(f->queue, numbered_key(i, name), MANY - i);
    }
    assert_in_range((heap_bytes() - bytes_before) / MANY, 64, 192);
    for (int i = 0; i < MANY; i++) {
        struct kube_key got;
        assert_true(kube_queue_take(f->queue, 0, &got));
        assert_true(str_eq_cstr(got.name, (numbered_key(i, name), name)));
        kube_queue_done(f->queue, got, 0);
    }
    assert_false(kube_queue_take(f->queue, 0, &(struct kube_key){0}));
    assert_int_equal(kube_queue_figures(f->queue, 0).known, 0);
    assert_true(heap_bytes() <= bytes_before + (16 << 10));
}

static int number_of(struct kube_key key)
{
    uint64_t number = 0;
    assert_true(str_to_u64(str_skip(key.name, strlen("machine-")), &number));
    return (int)number;
}

/* Beside a plain array: every key comes when it is due, none before or after, none is lost. Some
 * are taken before, from amidst those that are delayed. */
static void test_delays_against_a_model(void **state)
{
    enum { KEYS = 300, STEPS = 10000 };
    struct fixture *f = *state;
    int64_t due_ms[KEYS] = {0}; /* 0: not delayed */
    char name[32];
    for (int64_t now_ms = 1; now_ms <= STEPS; now_ms++) {
        int number = (int)random_below(&f->random, KEYS);
        int64_t at_ms = now_ms + (int64_t)random_below(&f->random, 2000);
        if (random_below(&f->random, 3) == 0) {
            at_ms = now_ms;
            kube_queue_add(f->queue, numbered_key(number, name), KUBE_NORMAL, now_ms);
        } else {
            kube_queue_add_at(f->queue, numbered_key(number, name), at_ms);
        }
        if (due_ms[number] == 0 || at_ms < due_ms[number])
            due_ms[number] = at_ms;
        struct kube_key got;
        while (kube_queue_take(f->queue, now_ms, &got)) {
            assert_int_equal(due_ms[number_of(got)], now_ms);
            due_ms[number_of(got)] = 0;
            kube_queue_done(f->queue, got, now_ms);
        }
        for (int i = 0; i < KEYS; i++)
            assert_true(due_ms[i] == 0 || due_ms[i] > now_ms);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_order),
        TEST(test_namespace_and_name_are_told_apart),
        TEST(test_keys_are_copied),
        TEST(test_delay),
        TEST(test_the_earlier_of_two_wishes_wins),
        TEST(test_a_delay_ends_when_the_key_is_taken),
        TEST(test_a_delay_wished_while_at_work),
        TEST(test_due_keys_queue_behind_urgent_ones),
        TEST(test_backoff_grows_to_its_maximum),
        TEST(test_backoff_is_the_keys_own_and_jittered),
        TEST(test_failures_are_remembered_while_idle),
        TEST(test_own_backoff_options),
        TEST(test_figures),
        TEST(test_a_hundred_thousand_keys_come_and_go),
        TEST(test_delays_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
