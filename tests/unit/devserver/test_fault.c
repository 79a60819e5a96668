#include "devserver/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct dev_fault_subject create = {
    .verb = STR("create"),
    .resource = STR("ipclaims"),
    .ns = STR("default"),
    .name = STR("a"),
    .user_agent = STR("cape-ip-manager/v1 (linux/amd64)"),
};
static const struct dev_fault_subject get = {.verb = STR("get"), .resource = STR("ippools")};
static const struct dev_fault_subject watch = {.verb = STR("watch"), .resource = STR("ipclaims")};
static const struct dev_fault_subject event = {
    .verb = STR("watch"), .resource = STR("ipclaims"), .is_event = true};

static void add(struct dev_faults *faults, const char *rules)
{
    struct error err = {0};
    if (!dev_faults_add_lines(faults, str_from(rules), &err))
        fail_msg("%s", err.text);
}

/* The actions for one subject after the other: "status 409, none". */
static const struct {
    const char *rules;
    const struct dev_fault_subject *subjects[4];
    enum dev_fault_action want[4];
} cases[] = {
    {"", {&create, &event}, {0, 0}},
    {"status,code=409", {&get, &create, &get}, {DEV_FAULT_STATUS, 0, 0}},
    {"status,code=409,count=2", {&get, &get, &get}, {DEV_FAULT_STATUS, DEV_FAULT_STATUS, 0}},
    {"status,code=409,count=0",
     {&get, &get, &get, &get},
     {DEV_FAULT_STATUS, DEV_FAULT_STATUS, DEV_FAULT_STATUS, DEV_FAULT_STATUS}},
    {"status,code=409,skip=1", {&get, &get, &get}, {0, DEV_FAULT_STATUS, 0}},
    {"delay,ms=5,verb=create", {&get, &create}, {0, DEV_FAULT_DELAY}},
    {"gone,resource=ipclaims", {&get, &event, &watch}, {0, 0, DEV_FAULT_GONE}},
    {"crash-after,namespace=default", {&get, &create}, {0, DEV_FAULT_CRASH_AFTER}},
    {"crash-before,name=a", {&get, &create}, {0, DEV_FAULT_CRASH_BEFORE}},
    {"garbage,user-agent=cape-ip", {&get, &create}, {0, DEV_FAULT_GARBAGE}},
    {"cut,count=0", {&watch, &event, &get}, {0, DEV_FAULT_CUT, DEV_FAULT_CUT}},
    {"drop,count=0", {&watch, &get, &event}, {0, 0, DEV_FAULT_DROP}},
    {"close\nduplicate\nreorder",
     {&event, &event, &event, &event},
     {DEV_FAULT_CLOSE, DEV_FAULT_DUPLICATE, DEV_FAULT_REORDER, 0}},
    {"  status,code=500 \r\n\n delay,ms=1,count=0",
     {&get, &get, &get},
     {DEV_FAULT_STATUS, DEV_FAULT_DELAY, DEV_FAULT_DELAY}},
};

static void test_rules_act_on_what_they_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct dev_faults *faults = dev_faults_new();
        add(faults, cases[i].rules);
        for (size_t j = 0; j < 4 && cases[i].subjects[j]; j++) {
            struct dev_fault fault = dev_faults_ask(faults, cases[i].subjects[j]);
            if (fault.action != cases[i].want[j])
                fail_msg("%s: subject %zu got action %d", cases[i].rules, j, (int)fault.action);
        }
        dev_faults_free(faults);
    }
}

static void test_values_come_with_the_action(void **state)
{
    (void)state;
    struct dev_faults *faults = dev_faults_new();
    add(faults, "status,code=429,retry-after=7\ndelay,ms=250\ncut,bytes=12");
    struct dev_fault fault = dev_faults_ask(faults, &get);
    assert_int_equal(fault.status, 429);
    assert_int_equal(fault.retry_after_s, 7);
    assert_int_equal(dev_faults_ask(faults, &get).delay_ms, 250);
    assert_int_equal(dev_faults_ask(faults, &get).cut_bytes, 12);
    dev_faults_free(faults);
}

static void test_a_share_is_hit_and_a_seed_repeats_it(void **state)
{
    (void)state;
    struct dev_faults *faults = dev_faults_new();
    struct dev_faults *again = dev_faults_new();
    size_t hits = 0;
    add(faults, "status,code=500,probability=0.25,count=0,seed=42");
    add(again, "status,code=500,probability=0.25,count=0,seed=42");
    for (size_t i = 0; i < 4000; i++) {
        bool is_hit = dev_faults_ask(faults, &get).action == DEV_FAULT_STATUS;
        assert_int_equal(dev_faults_ask(again, &get).action == DEV_FAULT_STATUS, is_hit);
        hits += is_hit;
    }
    assert_in_range(hits, 850, 1150);
    dev_faults_free(faults);
    dev_faults_free(again);
}

static void test_the_list_counts(void **state)
{
    (void)state;
    struct dev_faults *faults = dev_faults_new();
    cleanup_strbuf struct strbuf text = {0};
    add(faults, "status,code=503,skip=1\ndrop,resource=ippools");
    (void)dev_faults_ask(faults, &get);
    (void)dev_faults_ask(faults, &get);
    (void)dev_faults_ask(faults, &get);
    dev_faults_list(faults, &text);
    assert_string_equal(text.data, "status,code=503,skip=1 matched=3 acted=1\n"
                                   "drop,resource=ippools matched=0 acted=0\n");
    dev_faults_clear(faults);
    strbuf_clear(&text);
    dev_faults_list(faults, &text);
    assert_int_equal(text.len, 0);
    assert_int_equal(dev_faults_ask(faults, &get).action, DEV_FAULT_NONE);
    dev_faults_free(faults);
}

static const char *const wrong[] = {
    "explode",
    "status",
    "status,code=404",
    "status,code=x",
    "delay",
    "delay,ms=0",
    "delay,ms=99999999999",
    "cut,bytes",
    "cut,bytes=-1",
    "drop,verb=",
    "drop,color=red",
    "drop,probability=1.5",
    "drop,probability=nan",
    "drop,probability=.",
    "drop,count=18446744073709551616",
    ",",
    "drop\nexplode",
};

static void test_wrong_rules_change_nothing(void **state)
{
    (void)state;
    struct dev_faults *faults = dev_faults_new();
    cleanup_strbuf struct strbuf text = {0};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct error err = {0};
        if (dev_faults_add_lines(faults, str_from(wrong[i]), &err))
            fail_msg("%s: taken", wrong[i]);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, "fault \""));
    }
    dev_faults_list(faults, &text);
    assert_int_equal(text.len, 0);
    dev_faults_free(faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_act_on_what_they_name),
        cmocka_unit_test(test_values_come_with_the_action),
        cmocka_unit_test(test_a_share_is_hit_and_a_seed_repeats_it),
        cmocka_unit_test(test_the_list_counts),
        cmocka_unit_test(test_wrong_rules_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
