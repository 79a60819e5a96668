#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ipam/addr.h"

static const struct {
    const char *text;
    bool is_valid;
    ipv4_addr addr;
} addresses[] = {
    {"0.0.0.0", true, 0},
    {"10.0.0.1", true, 0x0A000001},
    {"192.168.254.7", true, 0xC0A8FE07},
    {"255.255.255.255", true, 0xFFFFFFFF},
    {"", false, 0},
    {".", false, 0},
    {"...", false, 0},
    {"10", false, 0},
    {"10.0.0", false, 0},
    {"10.0.0.", false, 0},
    {".10.0.0", false, 0},
    {"10..0.1", false, 0},
    {"10.0.0.1.", false, 0},
    {"10.0.0.1.2", false, 0},
    {"10.0.0.256", false, 0},
    {"256.0.0.1", false, 0},
    {"10.0.0.010", false, 0}, /* octal to some readers */
    {"10.00.0.1", false, 0},
    {"10.0.0.-1", false, 0},
    {"10.0.0.+1", false, 0},
    {"10.0.0.1 ", false, 0},
    {" 10.0.0.1", false, 0},
    {"10.0.0.1/24", false, 0},
    {"0xA.0.0.1", false, 0},
    {"10.0.0.18446744073709551617", false, 0}, /* 2^64 + 1 */
    {"fd00::1", false, 0},
    {"::ffff:10.0.0.1", false, 0},
    {"host", false, 0},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        ipv4_addr addr = 0x55555555;
        if (ipv4_parse(str_from(addresses[i].text), &addr) != addresses[i].is_valid)
            fail_msg("\"%s\": is it an address?", addresses[i].text);
        assert_int_equal(addr, addresses[i].is_valid ? addresses[i].addr : 0x55555555);
    }
}

static void test_parse_stops_at_the_end_of_the_text(void **state)
{
    ipv4_addr addr;
    (void)state;
    assert_true(ipv4_parse((struct str){"10.0.0.123", 8}, &addr));
    assert_int_equal(addr, 0x0A000001);
    assert_false(ipv4_parse((struct str){NULL, 0}, &addr));
}

static void test_format_is_the_inverse_of_parse(void **state)
{
    static const ipv4_addr samples[] = {0,          1,          0xFF,       0x100,
                                        0x0A000001, 0xC0A8FE07, 0x7FFFFFFF, 0xFFFFFFFF};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char buf[IPV4_TEXT_MAX];
        ipv4_addr back = ~samples[i];
        assert_true(ipv4_parse(ipv4_format(samples[i], buf), &back));
        assert_int_equal(back, samples[i]);
    }
    char buf[IPV4_TEXT_MAX];
    assert_true(str_eq_cstr(ipv4_format(0xC0A8FE07, buf), "192.168.254.7"));
    assert_string_equal(buf, "192.168.254.7");
}

static const struct {
    const char *text;
    bool is_valid;
    ipv4_addr network;
    unsigned prefix;
} subnets[] = {
    {"10.0.0.0/8", true, 0x0A000000, 8},
    {"10.1.2.3/8", true, 0x0A000000, 8},
    {"10.1.2.3/24", true, 0x0A010200, 24},
    {"10.1.2.3/32", true, 0x0A010203, 32},
    {"10.1.2.3/31", true, 0x0A010202, 31},
    {"255.255.255.255/0", true, 0, 0},
    {"10.0.0.0", false, 0, 0},
    {"10.0.0.0/", false, 0, 0},
    {"10.0.0.0/33", false, 0, 0},
    {"10.0.0.0/08", false, 0, 0},
    {"10.0.0.0/-1", false, 0, 0},
    {"10.0.0.0/8/8", false, 0, 0},
    {"10.0.0.0/255.0.0.0", false, 0, 0},
    {"10.0.0/8", false, 0, 0},
    {"/8", false, 0, 0},
    {"", false, 0, 0},
    {"fd00::/64", false, 0, 0},
};

static void test_parse_subnet(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(subnets); i++) {
        ipv4_addr network = 1;
        unsigned prefix = 99;
        if (ipv4_parse_subnet(str_from(subnets[i].text), &network, &prefix) != subnets[i].is_valid)
            fail_msg("\"%s\": is it a subnet?", subnets[i].text);
        assert_int_equal(network, subnets[i].is_valid ? subnets[i].network : 1);
        assert_int_equal(prefix, subnets[i].is_valid ? subnets[i].prefix : 99);
    }
}

static void test_netmask(void **state)
{
    (void)state;
    assert_int_equal(ipv4_netmask(0), 0);
    assert_int_equal(ipv4_netmask(1), 0x80000000);
    assert_int_equal(ipv4_netmask(24), 0xFFFFFF00);
    assert_int_equal(ipv4_netmask(31), 0xFFFFFFFE);
    assert_int_equal(ipv4_netmask(32), 0xFFFFFFFF);
}

static void test_same_network(void **state)
{
    (void)state;
    assert_true(ipv4_same_network(0x0A000001, 0x0A0000FE, 24));
    assert_false(ipv4_same_network(0x0A000001, 0x0A000101, 24));
    assert_true(ipv4_same_network(0x0A000001, 0x0A000101, 23));
    assert_true(ipv4_same_network(0x0A000001, 0xC0A80001, 0));
    assert_false(ipv4_same_network(0x0A000000, 0x0A000001, 32));
    assert_true(ipv4_same_network(0x0A000001, 0x0A000001, 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_stops_at_the_end_of_the_text),
        cmocka_unit_test(test_format_is_the_inverse_of_parse),
        cmocka_unit_test(test_parse_subnet),
        cmocka_unit_test(test_netmask),
        cmocka_unit_test(test_same_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
