#include "devserver/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "devserver/builtin.h"
#include "devserver/resource.h"
#include "kube/model/json.h"
#include "lib/json_text.h"

static bool define(struct dev_registry *registry, const char *group, const char *plural,
                   const char *column)
{
    struct error err = {0};
    struct dev_causes causes = {0};
    struct arena arena;
    arena_init(&arena);
    struct str text = arena_printf(
        &arena,
        "{\"metadata\":{\"name\":\"%s.%s\"},\"spec\":{\"group\":\"%s\",\"scope\":\"Cluster\","
        "\"names\":{\"plural\":\"%s\",\"singular\":\"one\",\"kind\":\"Thing\",\"listKind\":"
        "\"ThingList\"},\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,"
        "\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}},\"additionalPrinterColumns\":[{"
        "\"name\":\"%s\",\"type\":\"string\",\"jsonPath\":\".a\"}]},{\"name\":\"v2\",\"served\":"
        "false,\"storage\":false,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}]}}",
        plural, group, group, plural, column);
    cleanup_json_doc yyjson_doc *doc = json_read(text, &err);
    assert_non_null(doc);
    bool ok = dev_registry_define(registry, yyjson_doc_get_root(doc), &causes, &err);
    assert_int_equal(ok, causes.count == 0);
    dev_causes_fini(&causes);
    arena_fini(&arena);
    return ok;
}

static void test_has_what_is_built_in(void **state)
{
    (void)state;
    static const char *const want[] = {"/configmaps",
                                       "/events",
                                       "/namespaces",
                                       "/secrets",
                                       "/serviceaccounts",
                                       "apiextensions.k8s.io/customresourcedefinitions",
                                       "coordination.k8s.io/leases",
                                       "events.k8s.io/events"};
    struct dev_registry *registry = dev_registry_new();
    const struct dev_resource *r;
    size_t position = 0;
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        cleanup_strbuf struct strbuf got = {0};
        r = dev_registry_each(registry, &position);
        assert_non_null(r);
        strbuf_printf(&got, STR_FMT "/" STR_FMT, STR_ARG(r->group), STR_ARG(r->plural));
        assert_string_equal(got.data, want[i]);
    }
    assert_null(dev_registry_each(registry, &position));

    const struct dev_version *version = NULL;
    r = dev_registry_find(registry, STR("events.k8s.io"), STR("v1"), STR("events"), &version);
    assert_non_null(r);
    assert_true(str_eq_cstr(r->id, "events")); /* stored where the core group's are */
    assert_true(str_eq_cstr(r->stored_api_version, "v1"));
    assert_true(str_is_empty(dev_registry_find_id(registry, STR("events"))->group));
    r = dev_registry_find_kind(registry, STR("coordination.k8s.io"), STR("Lease"));
    assert_non_null(r);
    assert_true(str_eq_cstr(r->stored_api_version, "coordination.k8s.io/v1"));
    assert_true(str_eq_cstr(r->singular, "lease"));
    dev_registry_free(registry);
}

static void test_define_replaces_and_undefine_removes(void **state)
{
    (void)state;
    const struct dev_version *version = NULL;
    struct dev_registry *registry = dev_registry_new();
    uint64_t generation = dev_registry_generation(registry);
    assert_true(define(registry, "x.io", "things", "Old"));
    assert_true(dev_registry_generation(registry) > generation);
    const struct dev_resource *old =
        dev_registry_find(registry, STR("x.io"), STR("v1"), STR("things"), &version);
    assert_non_null(old);
    dev_resource_ref(old);
    assert_true(define(registry, "x.io", "things", "New"));
    const struct dev_resource *now =
        dev_registry_find(registry, STR("x.io"), STR("v1"), STR("things"), &version);
    assert_true(str_eq_cstr(version->columns[0].name, "New"));
    assert_ptr_not_equal(now, old);
    assert_int_not_equal(now->hash, old->hash);
    assert_true(str_eq_cstr(old->versions[1].columns[0].name, "Old")); /* still there */
    dev_resource_unref(old);

    assert_null(dev_registry_find(registry, STR("x.io"), STR("v2"), STR("things"), &version));
    assert_null(version); /* there, but not served */
    dev_registry_undefine(registry, STR("things.x.io"));
    assert_null(dev_registry_find_id(registry, STR("things.x.io")));
    dev_registry_undefine(registry, STR("events")); /* not what is built in */
    assert_non_null(dev_registry_find_id(registry, STR("events")));
    dev_registry_free(registry);
}

static void test_refuses_groups_that_are_built_in(void **state)
{
    (void)state;
    struct dev_registry *registry = dev_registry_new();
    assert_false(define(registry, "events.k8s.io", "events", "A"));
    dev_registry_free(registry);
}

static void test_versions_in_order_of_preference(void **state)
{
    (void)state;
    static const char *const order[] = {"v10",     "v2",        "v1",        "v11beta2", "v10beta3",
                                        "v3beta1", "v12alpha1", "v11alpha2", "foo1",     "foo10"};
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        for (size_t j = 0; j < ARRAY_LEN(order); j++) {
            int got = dev_version_compare(str_from(order[i]), str_from(order[j]));
            if ((got > 0) - (got < 0) != (i > j) - (i < j))
                fail_msg("%s, %s: %d", order[i], order[j], got);
        }
    }
}

static const struct default_case {
    const char *id;
    const char *given;
    const char *want;
} default_cases[] = {
    {"namespaces", "{'metadata':{'name':'a'}}",
     "{'metadata':{'name':'a','labels':{'kubernetes.io/metadata.name':'a'}},'spec':{'finalizers':"
     "['kubernetes']},'status':{'phase':'Active'}}"},
    {"namespaces",
     "{'metadata':{'name':'a','labels':{'b':'c','kubernetes.io/metadata.name':'z'}},'spec':{},"
     "'status':{'phase':'Terminating'}}",
     "{'metadata':{'name':'a','labels':{'b':'c','kubernetes.io/metadata.name':'a'}},'spec':{},"
     "'status':{'phase':'Terminating'}}"},
    {"secrets", "{'stringData':{'a':'x','b':'yy'},'data':{'a':'old','c':'eg=='}}",
     "{'data':{'a':'eA==','b':'eXk=','c':'eg=='},'type':'Opaque'}"},
    {"secrets", "{'type':'my/own'}", "{'type':'my/own'}"},
    {"configmaps", "{'data':{}}", "{'data':{}}"},
};

static void test_fills_in_what_the_server_does(void **state)
{
    (void)state;
    struct dev_registry *registry = dev_registry_new();
    for (size_t i = 0; i < ARRAY_LEN(default_cases); i++) {
        const struct default_case *c = &default_cases[i];
        struct error err = {0};
        struct arena arena;
        arena_init(&arena);
        cleanup_json_doc yyjson_doc *given = json_read(json_text(&arena, c->given), &err);
        yyjson_mut_doc *doc = yyjson_doc_mut_copy(given, NULL);
        dev_builtin_default(dev_registry_find_id(registry, str_from(c->id)), doc,
                            yyjson_mut_doc_get_root(doc));
        cleanup_free char *got = yyjson_mut_write(doc, 0, NULL);
        assert_same_json(c->given, str_from(got), json_text(&arena, c->want));
        yyjson_mut_doc_free(doc);
        arena_fini(&arena);
    }
    dev_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_has_what_is_built_in),
        cmocka_unit_test(test_define_replaces_and_undefine_removes),
        cmocka_unit_test(test_refuses_groups_that_are_built_in),
        cmocka_unit_test(test_versions_in_order_of_preference),
        cmocka_unit_test(test_fills_in_what_the_server_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
