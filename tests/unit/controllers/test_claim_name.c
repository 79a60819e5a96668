#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controllers/claim_name.h"

static void assert_text(struct str got, const char *want)
{
    if (!str_eq_cstr(got, want))
        fail_msg("got \"" STR_FMT "\", want \"%s\"", STR_ARG(got), want);
}

/* A DNS-1123 subdomain, as the API server checks names of custom resources. */
static bool is_dns_name(struct str name)
{
    if (name.len == 0 || name.len > 253)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool is_at_end =
            i == 0 || i == name.len - 1 || name.ptr[i - 1] == '.' || name.ptr[i + 1] == '.';
        if (!is_alphanumeric && ((c != '-' && c != '.') || is_at_end))
            return false;
    }
    return true;
}

static struct str repeat(char *buf, char c, size_t count)
{
    memset(buf, c, count);
    return (struct str){buf, count};
}

static void test_documented_name(void **state)
{
    char buf[CLAIM_NAME_MAX];
    (void)state;
    assert_text(claim_name(STR("ns"), STR("m"), 0, buf), "ns-m-0");
    assert_text(claim_name(STR("ns"), STR("m"), 12, buf), "ns-m-12");
    assert_text(claim_name(STR("a-b"), STR("c.d"), 1, buf), "a-b-c.d-1");
    assert_text(claim_name(STR("ns"), STR("m"), UINT32_MAX, buf), "ns-m-4294967295");
}

/* Claims with these names are on clusters: a release that computes others makes second claims. */
static void test_hash_never_changes(void **state)
{
    char buf[CLAIM_NAME_MAX];
    (void)state;
    assert_text(claim_name_unique(STR("ns"), STR("m"), 0, buf), "ns-m-0-c461065735");
    assert_text(claim_name_unique(STR("a-b"), STR("c"), 3, buf), "a-b-c-3-62786175b7");
}

static void test_unique_where_documented_names_meet(void **state)
{
    static const struct {
        const char *ns;
        const char *name;
        uint32_t index;
    } same[] = {{"a-b", "c", 0}, {"a", "b-c", 0}, {"a-b-c", "0", 0}, {"a-b", "c-0", 0}};
    char names[ARRAY_LEN(same)][CLAIM_NAME_MAX];
    char buf[CLAIM_NAME_MAX];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct str name = claim_name_unique(str_from(same[i].ns), str_from(same[i].name),
                                            same[i].index, names[i]);
        assert_true(is_dns_name(name));
        assert_text(
            claim_name_unique(str_from(same[i].ns), str_from(same[i].name), same[i].index, buf),
            names[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
    }
    assert_text(claim_name(STR("a-b"), STR("c"), 0, buf), "a-b-c-0");
    assert_text(claim_name(STR("a"), STR("b-c"), 0, buf), "a-b-c-0");
}

static void test_exactly_253_is_not_cut(void **state)
{
    char machine[256];
    char buf[CLAIM_NAME_MAX];
    (void)state;
    struct str name = claim_name(STR("ns"), repeat(machine, 'm', 248), 0, buf);
    assert_int_equal(name.len, 253);
    assert_true(str_ends_with(name, STR("mmm-0")));
}

static void test_longer_is_cut_and_hashed(void **state)
{
    char machine[256];
    char first[CLAIM_NAME_MAX];
    char second[CLAIM_NAME_MAX];
    (void)state;
    struct str name = claim_name(STR("ns"), repeat(machine, 'm', 249), 0, first);
    assert_int_equal(name.len, 253);
    assert_true(is_dns_name(name));
    assert_true(str_starts_with(name, STR("ns-mmm")));
    assert_text(claim_name(STR("ns"), (struct str){machine, 249}, 0, second), first);
    /* names that are the same up to where they are cut */
    claim_name(STR("ns"), (struct str){machine, 249}, 1, second);
    assert_string_not_equal(first, second);
    claim_name(STR("ns"), repeat(machine, 'm', 250), 0, second);
    assert_string_not_equal(first, second);
}

/* What stands before the hash's dash may not end in a dot or a dash. */
static void test_cut_at_odd_places(void **state)
{
    (void)state;
    for (size_t dots = 230; dots <= 245; dots++) {
        for (int c = 0; c < 2; c++) {
            char machine[256];
            char buf[CLAIM_NAME_MAX];
            repeat(machine, 'm', 253);
            machine[dots] = ".-"[c];
            struct str name = claim_name(STR("n"), (struct str){machine, 253}, 0, buf);
            if (!is_dns_name(name))
                fail_msg("dot at %zu: " STR_FMT, dots, STR_ARG(name));
        }
    }
}

/* Nothing as long reaches us from an API server, but nothing breaks either. */
static void test_absurd_lengths(void **state)
{
    static char huge[100000];
    char stem[CLAIM_STEM_MAX];
    char buf[CLAIM_NAME_MAX];
    (void)state;
    struct str text = repeat(huge, 'x', sizeof(huge));
    assert_true(is_dns_name(claim_name(text, text, 0, buf)));
    assert_int_equal(claim_stem(text, text, stem).len, CLAIM_STEM_MAX - 1);
    assert_int_equal(claim_address_name(text, STR("10.0.0.1"), buf, sizeof(buf)).len,
                     sizeof(buf) - 1);
}

static void test_stem(void **state)
{
    char buf[CLAIM_STEM_MAX];
    (void)state;
    assert_text(claim_stem(STR("ns"), STR("m"), buf), "ns-m");
}

static void test_split(void **state)
{
    static const struct {
        const char *name;
        const char *stem; /* NULL: no such name */
        uint32_t index;
    } cases[] = {
        {"ns-m-0", "ns-m", 0},     {"ns-m-12", "ns-m", 12},
        {"a-b-c-3", "a-b-c", 3},   {"m-4294967295", "m", UINT32_MAX},
        {"m-4294967296", NULL, 0}, {"ns-m", NULL, 0},
        {"ns-m-", NULL, 0},        {"ns-m-x", NULL, 0},
        {"ns-m-1x", NULL, 0},      {"12", NULL, 0},
        {"-1", NULL, 0},           {"", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str stem = STR("");
        uint32_t index = 77;
        if (claim_name_split(str_from(cases[i].name), &stem, &index) != (cases[i].stem != NULL))
            fail_msg("\"%s\"", cases[i].name);
        if (!cases[i].stem)
            continue;
        assert_text(stem, cases[i].stem);
        assert_int_equal(index, cases[i].index);
    }
}

static void test_address_name(void **state)
{
    static const struct {
        const char *prefix;
        const char *address;
        const char *want;
    } cases[] = {
        {"pool", "10.0.0.1", "pool-10-0-0-1"},
        {"a.b", "10.0.0.1", "a.b-10-0-0-1"}, /* dots of the prefix stay */
        {"pool", "fd00::1", "pool-fd00--1"},
        {"pool", "fd00::", "pool-fd00"}, /* trailing dashes cut */
        {"pool", "", "pool"},
        {"", "10.0.0.1", "-10-0-0-1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char buf[300];
        assert_text(claim_address_name(str_from(cases[i].prefix), str_from(cases[i].address), buf,
                                       sizeof(buf)),
                    cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_name),
        cmocka_unit_test(test_hash_never_changes),
        cmocka_unit_test(test_unique_where_documented_names_meet),
        cmocka_unit_test(test_exactly_253_is_not_cut),
        cmocka_unit_test(test_longer_is_cut_and_hashed),
        cmocka_unit_test(test_cut_at_odd_places),
        cmocka_unit_test(test_absurd_lengths),
        cmocka_unit_test(test_stem),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_address_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
