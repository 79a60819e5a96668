#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/model/actions.h"
#include "unit/base/aborts.h"

static void assert_text(const struct kube_actions *actions, const char *want)
{
    struct str text = kube_actions_text(actions);
    assert_string_equal(text.ptr, want); /* NUL-terminated */
    assert_int_equal(text.len, strlen(want));
}

static void test_text(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct kube_actions actions;
    kube_actions_init(&actions, &arena);
    assert_text(&actions, "");
    kube_actions_report(&actions, (struct kube_report){.reason = STR("IPPoolNotFound")});
    assert_text(&actions, "wait IPPoolNotFound");
    kube_actions_add(&actions, (struct kube_action){.what = STR("add-finalizer")});
    kube_actions_add(&actions, (struct kube_action){.what = STR("create-claim 0")});
    assert_text(&actions, "add-finalizer; create-claim 0; wait IPPoolNotFound");
    kube_actions_look_again(&actions, 1767323045000);
    assert_text(&actions,
                "add-finalizer; create-claim 0; wait IPPoolNotFound; again at 1767323045000");
}

/* The cached object that a decision names may be replaced while the action is under way. */
static void test_names_outlive_their_object(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct kube_actions actions;
    kube_actions_init(&actions, &arena);
    char object[] = "ns name uid";
    const struct kube_action *action =
        kube_actions_add(&actions, (struct kube_action){.what = STR("delete-claim 0"),
                                                        .ns = {object, 2},
                                                        .name = {object + 3, 4},
                                                        .uid = {object + 8, 3}});
    memset(object, 'x', sizeof(object));
    assert_true(str_eq(action->ns, STR("ns")));
    assert_true(str_eq(action->name, STR("name")));
    assert_true(str_eq(action->uid, STR("uid")));
}

static void test_many_keep_their_order(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct kube_actions actions;
    kube_actions_init(&actions, &arena);
    for (uint64_t i = 0; i < 100; i++) {
        struct kube_action *action =
            kube_actions_add(&actions, (struct kube_action){.resource_version = i});
        action->type = KUBE_ACTION_DELETE;
        kube_actions_report(&actions,
                            (struct kube_report){.reason = STR("R"), .patience_ms = (int64_t)i});
    }
    assert_int_equal(actions.count, 100);
    assert_int_equal(actions.report_count, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(actions.items[i].resource_version, i);
        assert_int_equal(actions.items[i].type, KUBE_ACTION_DELETE);
        assert_int_equal(actions.reports[i].patience_ms, i);
    }
}

static void test_earliest_look_wins(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct kube_actions actions;
    kube_actions_init(&actions, &arena);
    assert_int_equal(actions.look_again_ms, 0);
    kube_actions_look_again(&actions, 2000);
    kube_actions_look_again(&actions, 1000);
    kube_actions_look_again(&actions, 3000);
    assert_int_equal(actions.look_again_ms, 1000);
}

static void report_nothing(void *arg)
{
    (void)arg;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct kube_actions actions;
    kube_actions_init(&actions, &arena);
    kube_actions_report(&actions, (struct kube_report){.message = STR("Why?")});
}

static void test_report_needs_a_reason(void **state)
{
    (void)state;
    assert_aborts(report_nothing, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_names_outlive_their_object),
        cmocka_unit_test(test_many_keep_their_order),
        cmocka_unit_test(test_earliest_look_wins),
        cmocka_unit_test(test_report_needs_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
