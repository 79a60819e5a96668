#include "devserver/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/strbuf.h"

#define A STR("as.example.com")
#define B STR("bs.example.com")

static void add(struct dev_history *history, uint64_t version, struct str resource,
                const char *name)
{
    char json[32], old_json[32]; /* gone afterwards: nothing of a change may be borrowed */
    (void)snprintf(json, sizeof(json), "new %s", name);
    (void)snprintf(old_json, sizeof(old_json), "old %s", name);
    const struct dev_change change = {
        .type = DEV_MODIFIED,
        .version = version,
        .key = {resource, STR("ns"), str_from(name)},
        .json = str_from(json),
        .old_json = str_from(old_json),
    };
    dev_history_add(history, &change);
    memset(json, 'x', sizeof(json));
    memset(old_json, 'x', sizeof(old_json));
}

static void append_change(void *ctx, const struct dev_change *change)
{
    strbuf_printf(ctx, "%llu " STR_FMT "/" STR_FMT " " STR_FMT ", " STR_FMT "; ",
                  (unsigned long long)change->version, STR_ARG(change->key.ns),
                  STR_ARG(change->key.name), STR_ARG(change->json), STR_ARG(change->old_json));
}

static void append_version(void *ctx, const struct dev_change *change)
{
    strbuf_printf(ctx, "%llu ", (unsigned long long)change->version);
}

/* The versions that are replayed, or "gone". */
static void assert_replay(struct dev_history *history, struct str resource, uint64_t version,
                          const char *want)
{
    cleanup_strbuf struct strbuf got = {0};
    strbuf_append_cstr(&got, "");
    if (!dev_history_replay(history, resource, version, append_version, &got))
        strbuf_append_cstr(&got, "gone");
    if (strcmp(got.data, want) != 0)
        fail_msg("after %llu: got \"%s\" instead of \"%s\"", (unsigned long long)version, got.data,
                 want);
}

static void test_changes_are_replayed_by_resource_from_a_version(void **state)
{
    (void)state;
    struct dev_history *history = dev_history_new(&(struct dev_history_options){0}, 10);
    assert_int_equal(dev_history_oldest(history), 10);
    assert_replay(history, A, 9, "gone");
    assert_replay(history, A, 10, "");
    add(history, 11, A, "a");
    add(history, 12, B, "b");
    add(history, 13, A, "c");
    assert_replay(history, A, 9, "gone");
    assert_replay(history, A, 10, "11 13 ");
    assert_replay(history, A, 11, "13 ");
    assert_replay(history, A, 12, "13 ");
    assert_replay(history, A, 13, "");
    assert_replay(history, A, 99, "");
    assert_replay(history, B, 10, "12 ");
    assert_replay(history, STR("other"), 10, "");
    cleanup_strbuf struct strbuf got = {0};
    assert_true(dev_history_replay(history, B, 10, append_change, &got));
    assert_string_equal(got.data, "12 ns/b new b, old b; ");
    dev_history_free(history);
}

static void test_old_changes_are_forgotten_by_count(void **state)
{
    (void)state;
    const struct dev_history_options options = {.max_changes = 100};
    struct dev_history *history = dev_history_new(&options, 0);
    for (uint64_t version = 1; version <= 1000; version++) /* round the ring, several times */
        add(history, version, A, "a");
    assert_int_equal(dev_history_oldest(history), 900);
    assert_replay(history, A, 899, "gone");
    assert_replay(history, A, 997, "998 999 1000 ");
    cleanup_strbuf struct strbuf got = {0};
    assert_true(dev_history_replay(history, A, 900, append_version, &got));
    assert_true(str_starts_with(strbuf_str(&got), STR("901 902 ")));
    dev_history_free(history);
}

static void test_old_changes_are_forgotten_by_bytes_but_for_the_last(void **state)
{
    (void)state;
    const struct dev_history_options options = {.max_bytes = 600};
    struct dev_history *history = dev_history_new(&options, 0);
    for (uint64_t version = 1; version <= 20; version++)
        add(history, version, A, "a");
    assert_true(dev_history_oldest(history) > 10 && dev_history_oldest(history) < 20);
    assert_replay(history, A, 19, "20 ");
    dev_history_free(history);

    const struct dev_history_options tiny = {.max_bytes = 1};
    history = dev_history_new(&tiny, 0);
    add(history, 1, A, "a");
    add(history, 2, A, "a");
    assert_replay(history, A, 1, "2 ");
    dev_history_free(history);
}

static void test_compaction_on_demand(void **state)
{
    (void)state;
    struct dev_history *history = dev_history_new(&(struct dev_history_options){0}, 0);
    for (uint64_t version = 1; version <= 5; version++)
        add(history, version, A, "a");
    dev_history_compact(history, 3);
    assert_replay(history, A, 2, "gone");
    assert_replay(history, A, 3, "4 5 ");
    dev_history_compact(history, 2); /* never back */
    assert_int_equal(dev_history_oldest(history), 3);
    dev_history_compact(history, 5);
    assert_replay(history, A, 4, "gone");
    assert_replay(history, A, 5, "");
    add(history, 6, A, "a");
    assert_replay(history, A, 5, "6 ");
    dev_history_free(history);
}

/* ---- watches ---------------------------------------------------------------------------------*/

static void test_a_watch_hears_of_its_resource_from_then_on(void **state)
{
    (void)state;
    struct dev_history *history = dev_history_new(&(struct dev_history_options){0}, 0);
    cleanup_strbuf struct strbuf first = {0}, second = {0};
    add(history, 1, A, "before");
    struct dev_watch *one = dev_history_watch(history, A, append_change, &first);
    add(history, 2, A, "x");
    add(history, 3, B, "y");
    struct dev_watch *two = dev_history_watch(history, A, append_version, &second);
    add(history, 4, A, "z");
    dev_watch_stop(one);
    add(history, 5, A, "z");
    dev_watch_stop(two);
    add(history, 6, A, "z");
    assert_string_equal(first.data, "2 ns/x new x, old x; 4 ns/z new z, old z; ");
    assert_string_equal(second.data, "4 5 ");
    dev_history_free(history);
}

/* A watch that changes the watches when it is told. */
struct meddler {
    struct dev_history *history;
    struct dev_watch *self;
    struct dev_watch *victim; /* stopped at the first change */
    struct dev_watch *begun;
    struct strbuf begun_heard;
    int heard;
};

static void meddle(void *ctx, const struct dev_change *change)
{
    struct meddler *meddler = ctx;
    meddler->heard++;
    if (meddler->victim != NULL)
        dev_watch_stop(meddler->victim);
    meddler->victim = NULL;
    meddler->begun = dev_history_watch(meddler->history, A, append_version, &meddler->begun_heard);
    dev_history_compact(meddler->history, change->version);
    dev_watch_stop(meddler->self);
    assert_true(str_eq_cstr(change->json, "new x")); /* the change outlives its entry */
}

static void test_watches_may_change_while_they_are_told(void **state)
{
    (void)state;
    struct dev_history *history = dev_history_new(&(struct dev_history_options){0}, 0);
    struct meddler meddler = {.history = history};
    cleanup_strbuf struct strbuf before = {0}, after = {0}, victim = {0};
    struct dev_watch *first = dev_history_watch(history, A, append_version, &before);
    meddler.self = dev_history_watch(history, A, meddle, &meddler);
    meddler.victim = dev_history_watch(history, A, append_version, &victim);
    struct dev_watch *last = dev_history_watch(history, A, append_version, &after);
    add(history, 1, A, "x");
    add(history, 2, A, "x");
    assert_int_equal(meddler.heard, 1);
    assert_int_equal(victim.len, 0);
    assert_string_equal(before.data, "1 2 ");
    assert_string_equal(after.data, "1 2 ");
    assert_string_equal(meddler.begun_heard.data, "2 ");
    assert_replay(history, A, 0, "gone");
    dev_watch_stop(first);
    dev_watch_stop(last);
    dev_watch_stop(meddler.begun);
    strbuf_fini(&meddler.begun_heard);
    dev_history_free(history);
}

static void test_a_change_without_old_state_is_kept_as_it_is(void **state)
{
    (void)state;
    struct dev_history *history = dev_history_new(&(struct dev_history_options){0}, 0);
    const struct dev_change added = {
        .type = DEV_ADDED, .version = 1, .key = {A, STR(""), STR("n")}, .json = STR("J")};
    dev_history_add(history, &added);
    cleanup_strbuf struct strbuf got = {0};
    assert_true(dev_history_replay(history, A, 0, append_change, &got));
    assert_string_equal(got.data, "1 /n J, ; ");
    dev_history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_are_replayed_by_resource_from_a_version),
        cmocka_unit_test(test_old_changes_are_forgotten_by_count),
        cmocka_unit_test(test_old_changes_are_forgotten_by_bytes_but_for_the_last),
        cmocka_unit_test(test_compaction_on_demand),
        cmocka_unit_test(test_a_watch_hears_of_its_resource_from_then_on),
        cmocka_unit_test(test_watches_may_change_while_they_are_told),
        cmocka_unit_test(test_a_change_without_old_state_is_kept_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
