#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devserver/names.h"

struct name_case {
    const char *name;
    const char *problem; /* how it begins; NULL: none */
};

static void check(const struct name_case *cases, size_t count, const char *(*fn)(struct str))
{
    for (size_t i = 0; i < count; i++) {
        const char *problem = fn(str_from(cases[i].name));
        bool is_right = cases[i].problem ? problem && strncmp(problem, cases[i].problem,
                                                              strlen(cases[i].problem)) == 0
                                         : !problem;
        if (!is_right)
            fail_msg("\"%s\": %s", cases[i].name, problem ? problem : "allowed");
    }
}

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static void test_subdomain(void **state)
{
    (void)state;
    static const struct name_case cases[] = {
        {"a", NULL},
        {"a.b-c.d", NULL},
        {"0", NULL},
        {"", "a lowercase"},
        {"A", "a lowercase"},
        {"a.", "a lowercase"},
        {".a", "a lowercase"},
        {"a..b", "a lowercase"},
        {"-a", "a lowercase"},
        {"a-", "a lowercase"},
        {"a_b", "a lowercase"},
        {"a.b-", "a lowercase"},
        {FIFTY FIFTY FIFTY FIFTY FIFTY "123", NULL},
        {FIFTY FIFTY FIFTY FIFTY FIFTY "1234", "must be no more than 253"},
    };
    check(cases, ARRAY_LEN(cases), dev_names_check_subdomain);
}

static void test_label(void **state)
{
    (void)state;
    static const struct name_case cases[] = {
        {"kube-system", NULL},
        {"a.b", "must not contain dots"},
        {"A", "a lowercase"},
        {FIFTY TEN "123", NULL},
        {FIFTY TEN "1234", "must be no more than 63"},
    };
    check(cases, ARRAY_LEN(cases), dev_names_check_label);
}

static void test_qualified(void **state)
{
    (void)state;
    static const struct name_case cases[] = {
        {"a", NULL},
        {"example.com/A_b.c-d", NULL},
        {"", "name part must be non-empty"},
        {"example.com/", "name part must be non-empty"},
        {"/a", "prefix part must be non-empty"},
        {"Example.com/a", "prefix part a lowercase"},
        {"a/b/c", "a valid label key"},
        {"a b", "name part must consist"},
        {"-a", "name part must consist"},
        {FIFTY TEN "1234", "name part must be no more than 63"},
    };
    check(cases, ARRAY_LEN(cases), dev_names_check_qualified);
}

static void test_label_value(void **state)
{
    (void)state;
    static const struct name_case cases[] = {
        {"", NULL},
        {"A_b.c-1", NULL},
        {"a b", "a valid label must"},
        {"-", "a valid label must"},
        {FIFTY TEN "1234", "must be no more than 63"},
    };
    check(cases, ARRAY_LEN(cases), dev_names_check_label_value);
}

static void test_prefix_may_end_with_a_dash(void **state)
{
    (void)state;
    assert_null(dev_names_check_prefix(STR("gn-"), dev_names_check_subdomain));
    assert_non_null(dev_names_check_prefix(STR("a."), dev_names_check_subdomain));
    assert_non_null(dev_names_check_prefix(STR("GN-"), dev_names_check_subdomain));
    assert_null(dev_names_check_prefix(STR("-"), dev_names_check_label));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subdomain),
        cmocka_unit_test(test_label),
        cmocka_unit_test(test_qualified),
        cmocka_unit_test(test_label_value),
        cmocka_unit_test(test_prefix_may_end_with_a_dash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
