/* M3IPAM's rules for what an entry of a pool spans (contract section 7), and the count of addresses
 * against a naive set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "ipam/range.h"

struct range_case {
    const char *name;
    const char *start;
    const char *end;
    const char *subnet;
    const char *want; /* "first-last", "empty", or the text of the error */
};

static const struct range_case cases[] = {
    {"start to end", "10.0.0.10", "10.0.0.20", "", "10.0.0.10-10.0.0.20"},
    {"one address", "10.0.0.10", "10.0.0.10", "", "10.0.0.10-10.0.0.10"},
    {"no end: to the end of the subnet", "10.0.0.10", "", "10.0.0.0/24", "10.0.0.10-10.0.0.255"},
    {"no end, no subnet: without bound", "10.0.0.10", "", "", "10.0.0.10-255.255.255.255"},
    {"only inside the subnet", "10.0.0.10", "10.0.2.20", "10.0.1.0/24", "10.0.1.0-10.0.1.255"},
    {"start outside, end inside", "10.0.0.10", "10.0.1.20", "10.0.1.0/24", "10.0.1.0-10.0.1.20"},
    {"start names the subnet's own address", "10.0.0.0", "10.0.0.5", "10.0.0.0/24",
     "10.0.0.0-10.0.0.5"},
    {"wholly outside the subnet", "10.0.0.10", "10.0.0.20", "10.0.1.0/24", "empty"},
    {"without start: from the network address plus one to the last", "", "", "10.0.0.0/24",
     "10.0.0.1-10.0.0.255"},
    {"without start, host bits set", "", "", "10.0.0.77/24", "10.0.0.1-10.0.0.255"},
    {"without start, with end", "", "10.0.0.9", "10.0.0.0/24", "10.0.0.1-10.0.0.9"},
    {"without start, end below", "", "9.0.0.9", "10.0.0.0/24", "empty"},
    {"a subnet of two", "", "", "10.0.0.4/31", "10.0.0.5-10.0.0.5"},
    {"a subnet of one has nothing behind its own", "", "", "10.0.0.4/32", "empty"},
    {"a subnet of one, named by start", "10.0.0.4", "", "10.0.0.4/32", "10.0.0.4-10.0.0.4"},
    {"everything", "", "", "0.0.0.0/0", "0.0.0.1-255.255.255.255"},
    {"neither start nor subnet", "", "", "", "neither start nor subnet is given"},
    {"end alone", "", "10.0.0.9", "", "neither start nor subnet is given"},
    {"start after end", "10.0.0.9", "10.0.0.8", "", "start 10.0.0.9 is after end 10.0.0.8"},
    {"start is none", "10.0.0", "10.0.0.8", "", "start \"10.0.0\" is not an IPv4 address"},
    {"end is none", "10.0.0.1", "x", "", "end \"x\" is not an IPv4 address"},
    {"IPv6", "fd00::1", "fd00::9", "", "start \"fd00::1\" is not an IPv4 address"},
    {"subnet is none", "", "", "10.0.0.0/33", "subnet \"10.0.0.0/33\" is not an IPv4 subnet"},
    {"subnet of IPv6", "", "", "fd00::/64", "subnet \"fd00::/64\" is not an IPv4 subnet"},
    {"a start beside a bad subnet", "10.0.0.1", "", "net", "subnet \"net\" is not an IPv4 subnet"},
};

static void describe(const struct range_case *row, char *text, size_t size)
{
    const struct ipam_entry entry = {str_from(row->start), str_from(row->end),
                                     str_from(row->subnet)};
    struct ipam_range range = {7, 7};
    struct error err = {.code = ERROR_NONE};
    bool is_empty = false;
    char first[IPV4_TEXT_MAX];
    char last[IPV4_TEXT_MAX];
    if (!ipam_entry_range(&entry, &range, &is_empty, &err)) {
        assert_int_equal(err.code, ERROR_INVALID);
        assert_int_equal(range.first, 7); /* untouched on failure */
        snprintf(text, size, "%s", err.text);
    } else if (is_empty) {
        snprintf(text, size, "empty");
    } else {
        ipv4_format(range.first, first);
        ipv4_format(range.last, last);
        snprintf(text, size, "%s-%s", first, last);
    }
}

static void test_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[300];
        describe(&cases[i], got, sizeof(got));
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", cases[i].name, got, cases[i].want);
    }
}

static void test_count_by_hand(void **state)
{
    struct ipam_range all[] = {{0, UINT32_MAX}, {5, 9}};
    struct ipam_range apart[] = {{20, 29}, {0, 0}, {10, 19}};
    struct ipam_range inside[] = {{0, 99}, {10, 19}, {50, 120}};
    struct ipam_range twice[] = {{7, 7}, {7, 7}};
    (void)state;
    assert_int_equal(ipam_ranges_count(NULL, 0), 0);
    assert_int_equal(ipam_ranges_count(all, 2), 4294967296);
    assert_int_equal(ipam_ranges_count(apart, 3), 21);
    assert_int_equal(ipam_ranges_count(inside, 3), 121);
    assert_int_equal(ipam_ranges_count(twice, 2), 1);
    assert_int_equal(ipam_ranges_count(twice, 1), 1);
}

enum { UNIVERSE = 256, MAX_RANGES = 12, ROUNDS = 5000 };

/* Random ranges, at either end of the address space, against a set of booleans. */
static void test_count_against_a_set(void **state)
{
    struct random random;
    random_init(&random, 20260101);
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        bool has[UNIVERSE] = {false};
        struct ipam_range ranges[MAX_RANGES];
        ipv4_addr base = round % 2 ? UINT32_MAX - (UNIVERSE - 1) : 0;
        size_t count = random_below(&random, MAX_RANGES + 1);
        uint64_t want = 0;
        for (size_t i = 0; i < count; i++) {
            uint32_t first = (uint32_t)random_below(&random, UNIVERSE);
            uint32_t last = first + (uint32_t)random_below(&random, UNIVERSE - first);
            ranges[i] = (struct ipam_range){base + first, base + last};
            for (uint32_t j = first; j <= last; j++)
                has[j] = true;
        }
        for (size_t i = 0; i < UNIVERSE; i++)
            want += has[i];
        if (ipam_ranges_count(ranges, count) != want)
            fail_msg("round %d: %zu ranges", round, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_count_by_hand),
        cmocka_unit_test(test_count_against_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
