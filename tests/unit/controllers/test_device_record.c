#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controllers/device_record.h"

static const struct {
    const char *records;
    uint32_t device_index;
    const char *netmask; /* NULL: not there */
    const char *gateway;
} cases[] = {
    {"0=255.255.255.0,10.0.0.1", 0, "255.255.255.0", "10.0.0.1"},
    {"0=255.255.255.0,", 0, "255.255.255.0", ""},
    {"0=a,b;1=c,d", 1, "c", "d"},
    {"12=a,b;1=c,d", 1, "c", "d"},
    {"1=a,b;1=c,d", 1, "a", "b"},
    {";;1=a,b;", 1, "a", "b"},
    {"0=a,b", 1, NULL, NULL},
    {"", 0, NULL, NULL},
    {"0", 0, NULL, NULL},
    {"0=", 0, NULL, NULL},
    {"0=a", 0, NULL, NULL},
    {"=a,b", 0, NULL, NULL},
    {"x=a,b;0=c,d", 0, "c", "d"},
    {"-1=a,b", 1, NULL, NULL},
    {"4294967296=a,b", 0, NULL, NULL},
    {"4294967295=a,b", UINT32_MAX, "a", "b"},
};

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct device_record record;
        bool is_there =
            device_record_find(str_from(cases[i].records), cases[i].device_index, &record);
        if (is_there != (cases[i].netmask != NULL))
            fail_msg("\"%s\"", cases[i].records);
        if (!is_there)
            continue;
        assert_int_equal(record.device_index, cases[i].device_index);
        assert_true(str_eq_cstr(record.netmask, cases[i].netmask));
        assert_true(str_eq_cstr(record.gateway, cases[i].gateway));
    }
}

static void test_what_is_appended_is_read(void **state)
{
    static const struct device_record records[] = {{3, STR("255.255.255.0"), STR("10.0.0.1")},
                                                   {0, STR("255.0.0.0"), STR("")}};
    cleanup_strbuf struct strbuf text = {0};
    struct device_record record;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(records); i++)
        device_record_append(&text, &records[i]);
    assert_string_equal(text.data, "3=255.255.255.0,10.0.0.1;0=255.0.0.0,");
    struct str rest = strbuf_str(&text);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        assert_true(device_record_next(&rest, &record));
        assert_int_equal(record.device_index, records[i].device_index);
        assert_true(str_eq(record.netmask, records[i].netmask));
        assert_true(str_eq(record.gateway, records[i].gateway));
    }
    assert_false(device_record_next(&rest, &record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_what_is_appended_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
