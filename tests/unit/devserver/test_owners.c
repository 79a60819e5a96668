#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "devserver/owners.h"
#include "kube/model/json.h"

static size_t count(const struct dev_owners *owners, const char *uid)
{
    size_t found = 0;
    const struct dev_dependent *at = dev_owners_find(owners, str_from(uid));
    for (; at; at = at->next)
        found++;
    return found;
}

static void test_dependents_come_and_go(void **state)
{
    (void)state;
    struct dev_owners owners;
    struct error err = {0};
    yyjson_doc *both cleanup_json_doc =
        json_read(STR("[{\"uid\":\"a\"},{\"uid\":\"b\"},{\"uid\":\"a\"}]"), &err);
    yyjson_doc *one cleanup_json_doc = json_read(STR("[{\"uid\":\"b\"}]"), &err);
    const struct dev_key x = {STR("things"), STR("ns"), STR("x")};
    const struct dev_key y = {STR("things"), STR("ns"), STR("y")};
    const struct dev_key elsewhere = {STR("things"), STR("other"), STR("x")};
    dev_owners_init(&owners);
    dev_owners_add(&owners, &x, yyjson_doc_get_root(both));
    dev_owners_add(&owners, &y, yyjson_doc_get_root(one));
    dev_owners_add(&owners, &elsewhere, yyjson_doc_get_root(one));
    assert_int_equal(count(&owners, "a"), 2); /* a reference that is there twice */
    assert_int_equal(count(&owners, "b"), 3);
    assert_int_equal(count(&owners, "c"), 0);
    dev_owners_remove(&owners, &y, yyjson_doc_get_root(one));
    assert_int_equal(count(&owners, "b"), 2);
    dev_owners_remove(&owners, &x, yyjson_doc_get_root(both));
    assert_int_equal(count(&owners, "a"), 0);
    assert_int_equal(count(&owners, "b"), 1);
    assert_true(str_eq_cstr(dev_owners_find(&owners, STR("b"))->key.ns, "other"));
    dev_owners_remove(&owners, &y, yyjson_doc_get_root(one)); /* not there: nothing happens */
    assert_int_equal(count(&owners, "b"), 1);
    dev_owners_fini(&owners);
}

static void test_one_owner_of_many(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct dev_owners owners;
    struct error err = {0};
    char name[16];
    yyjson_doc *one cleanup_json_doc = json_read(STR("[{\"uid\":\"u\"}]"), &err);
    dev_owners_init(&owners);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "%d", i);
        const struct dev_key key = {STR("things"), STR("ns"), str_from(name)};
        dev_owners_add(&owners, &key, yyjson_doc_get_root(one));
    }
    assert_int_equal(count(&owners, "u"), MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "%d", i);
        const struct dev_key key = {STR("things"), STR("ns"), str_from(name)};
        dev_owners_remove(&owners, &key, yyjson_doc_get_root(one));
    }
    assert_int_equal(count(&owners, "u"), 0);
    assert_int_equal(owners.owners.count, 0);
    dev_owners_fini(&owners);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dependents_come_and_go),
        cmocka_unit_test(test_one_owner_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
