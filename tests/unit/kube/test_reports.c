#include "kube/reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"
#include "lib/heap.h"

static int set_up(void **state)
{
    *state = kube_reports_new();
    return 0;
}

static int tear_down(void **state)
{
    kube_reports_free(*state);
    return 0;
}

static const struct kube_key KEY = {{"ns", 2}, {"machine", 7}};

/* A look at a key: "reason/message" each, and which of them are told ("", "0", "01"). */
struct look {
    int64_t now_ms;
    const char *reports[4];
    const char *told;
    int64_t look_again_ms;
};

struct reports_case {
    const char *name;
    int64_t patience_ms;
    struct look looks[8];
};

static const struct reports_case cases[] = {
    {"told once", 0, {{1, {"A/x"}, "0", -1}, {2, {"A/x"}, "", -1}, {900, {"A/x"}, "", -1}}},
    {"told again when the message changes", 0, {{1, {"A/x"}, "0", -1}, {2, {"A/y"}, "0", -1}}},
    {"told again when the reason changes", 0, {{1, {"A/x"}, "0", -1}, {2, {"B/x"}, "0", -1}}},
    {"told again after a break",
     0,
     {{1, {"A/x"}, "0", -1}, {2, {NULL}, "", -1}, {3, {"A/x"}, "0", -1}}},
    {"each on its own",
     0,
     {{1, {"A/x"}, "0", -1}, {2, {"A/x", "A/y"}, "1", -1}, {3, {"A/y", "B/z", "A/x"}, "1", -1}}},
    {"the order does not matter", 0, {{1, {"A/x", "B/y"}, "01", -1}, {2, {"B/y", "A/x"}, "", -1}}},
    {"said twice at once", 0, {{1, {"A/x", "A/x"}, "0", -1}, {2, {"A/x", "A/x"}, "", -1}}},
    {"without a reason there is nothing to say", 0, {{1, {"/x", "A/y"}, "1", -1}}},
    {"patience",
     100,
     {{5, {"A/x"}, "", 105},
      {50, {"A/x"}, "", 105},
      {104, {"A/x"}, "", 105},
      {105, {"A/x"}, "0", -1},
      {106, {"A/x"}, "", -1}}},
    {"patience starts anew after a break",
     100,
     {{5, {"A/x"}, "", 105}, {50, {NULL}, "", -1}, {105, {"A/x"}, "", 205}}},
    {"patience starts anew with another message",
     100,
     {{5, {"A/x"}, "", 105},
      {50, {"A/y"}, "", 150},
      {105, {"A/y"}, "", 150},
      {160, {"A/y"}, "0", -1}}},
    {"the first patience to end is looked for",
     100,
     {{5, {"A/x"}, "", 105}, {50, {"A/y", "A/x"}, "", 105}, {105, {"A/y", "A/x"}, "1", 150}}},
};

static size_t parse_reports(const struct look *look, int64_t patience_ms,
                            struct kube_report reports[4])
{
    size_t count = 0;
    for (; count < 4 && look->reports[count]; count++) {
        struct str text = str_from(look->reports[count]);
        struct str reason = str_before(text, '/');
        reports[count] = (struct kube_report){
            .reason = reason,
            .message = str_skip(text, reason.len + 1),
            .patience_ms = patience_ms,
        };
    }
    return count;
}

static void test_what_is_told_when(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct kube_reports *reports = kube_reports_new();
        for (const struct look *look = cases[i].looks; look->now_ms > 0; look++) {
            struct kube_report now[4];
            bool is_due[4];
            size_t count = parse_reports(look, cases[i].patience_ms, now);
            int64_t again_ms = kube_reports_update(reports, KEY, now, count, look->now_ms, is_due);
            char told[5] = "", *end = told;
            for (size_t r = 0; r < count; r++)
                if (is_due[r])
                    *end++ = (char)('0' + r);
            if (strcmp(told, look->told) != 0 || again_ms != look->look_again_ms)
                fail_msg("%s: at %d told \"%s\", look again at %d", cases[i].name,
                         (int)look->now_ms, told, (int)again_ms);
        }
        kube_reports_free(reports);
    }
}

static int64_t update_one(struct kube_reports *reports, struct kube_key key, const char *reason,
                          const char *message, bool *is_due)
{
    struct kube_report report = {.reason = str_from(reason), .message = str_from(message)};
    return kube_reports_update(reports, key, &report, 1, 0, is_due);
}

static void test_keys_are_told_apart(void **state)
{
    bool is_due = false;
    update_one(*state, (struct kube_key){STR("a"), STR("b")}, "A", "x", &is_due);
    assert_true(is_due);
    update_one(*state, (struct kube_key){STR("ab"), STR("")}, "A", "x", &is_due);
    assert_true(is_due);
    update_one(*state, (struct kube_key){STR("a"), STR("b")}, "A", "x", &is_due);
    assert_false(is_due);
    assert_int_equal(kube_reports_keys(*state), 2);
}

static size_t keys_waiting_for(const struct kube_reports *reports, const char *wanted)
{
    size_t position = 0, keys = 0, found = 0;
    struct str reason;
    while (kube_reports_next(reports, &position, &reason, &keys))
        if (str_eq_cstr(reason, wanted))
            found += keys + 1000; /* listed once */
    return found >= 1000 ? found - 1000 : found;
}

static void test_counts_keys_by_reason(void **state)
{
    struct kube_key other = {STR("ns"), STR("other")};
    struct kube_report both[] = {
        {.reason = STR("A"), .message = STR("device 0")},
        {.reason = STR("A"), .message = STR("device 1")},
        {.reason = STR("B")},
    };
    bool is_due[3];
    size_t position = 0;
    assert_false(kube_reports_next(*state, &position, &(struct str){0}, &(size_t){0}));
    kube_reports_update(*state, KEY, both, 3, 0, is_due);
    kube_reports_update(*state, other, both, 2, 0, is_due);
    assert_int_equal(keys_waiting_for(*state, "A"), 2);
    assert_int_equal(keys_waiting_for(*state, "B"), 1);
    assert_int_equal(kube_reports_keys(*state), 2);
    kube_reports_update(*state, KEY, both + 1, 1, 0, is_due);
    assert_int_equal(keys_waiting_for(*state, "A"), 2);
    assert_int_equal(keys_waiting_for(*state, "B"), 0);
    kube_reports_update(*state, KEY, NULL, 0, 0, NULL);
    kube_reports_update(*state, other, NULL, 0, 0, NULL);
    assert_int_equal(keys_waiting_for(*state, "A"), 0);
    assert_int_equal(kube_reports_keys(*state), 0);
}

static void test_an_absurd_number_of_reports(void **state)
{
    enum { MANY = 100000 };
    static struct kube_report many[MANY];
    static bool is_due[MANY];
    static char filler[MANY];
    size_t told = 0;
    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct kube_report){.reason = STR("A"), .message = {filler, i}};
    kube_reports_update(*state, KEY, many, MANY, 0, is_due);
    for (size_t i = 0; i < MANY; i++)
        told += is_due[i];
    assert_int_equal(told, 64);
    kube_reports_update(*state, KEY, many, MANY, 0, is_due);
    for (size_t i = 0; i < MANY; i++)
        assert_false(is_due[i]);
}

static void test_memory_per_waiting_key(void **state)
{
    enum { MANY = 100000 };
    size_t bytes_before = heap_bytes();
    char name[32];
    bool is_due;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "machine-%d", i);
        update_one(*state, (struct kube_key){STR("ns"), str_from(name)}, "WaitingForIPPool",
                   "Pool default/production is not there.", &is_due);
    }
    assert_int_equal(kube_reports_keys(*state), MANY);
    assert_in_range((heap_bytes() - bytes_before) / MANY, 16, 80);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "machine-%d", i);
        kube_reports_update(*state, (struct kube_key){STR("ns"), str_from(name)}, NULL, 0, 1, NULL);
    }
    assert_true(heap_bytes() <= bytes_before + (16 << 10));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told_when), TEST(test_keys_are_told_apart),
        TEST(test_counts_keys_by_reason),         TEST(test_an_absurd_number_of_reports),
        TEST(test_memory_per_waiting_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
