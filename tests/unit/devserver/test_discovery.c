#include "devserver/discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/model/json.h"
#include "lib/json_text.h"

static void define(struct dev_registry *registry, const char *single_quoted)
{
    struct error err = {0};
    struct dev_causes causes = {0};
    struct arena arena;
    arena_init(&arena);
    cleanup_json_doc yyjson_doc *doc = json_read(json_text(&arena, single_quoted), &err);
    assert_non_null(doc);
    assert_true(dev_registry_define(registry, yyjson_doc_get_root(doc), &causes, &err));
    arena_fini(&arena);
}

#define SCHEMA "'schema':{'openAPIV3Schema':{'type':'object'}}"
#define VERBS "'delete','deletecollection','get','list','patch','create','update','watch'"

/* A group behind the built-in ones in the order of groups although its name comes first. */
static struct dev_registry *fixture(void)
{
    struct dev_registry *registry = dev_registry_new();
    define(registry,
           "{'metadata':{'name':'things.a.io'},'spec':{'group':'a.io','scope':'Namespaced','names':"
           "{'plural':'things','singular':'thing','kind':'Thing','listKind':'ThingList',"
           "'shortNames':['th'],'categories':['stuff']},'versions':["
           "{'name':'v1alpha1','served':false,'storage':false," SCHEMA "},"
           "{'name':'v1beta1','served':true,'storage':false," SCHEMA "},"
           "{'name':'v1','served':true,'storage':true,'subresources':{'status':{}}," SCHEMA "}]}}");
    define(registry,
           "{'metadata':{'name':'boxes.a.io'},'spec':{'group':'a.io','scope':'Cluster','names':"
           "{'plural':'boxes','singular':'box','kind':'Box','listKind':'BoxList'},'versions':["
           "{'name':'v1','served':true,'storage':true," SCHEMA "}]}}");
    return registry;
}

static const struct document_case {
    const char *path;
    const char *want;
} document_cases[] = {
    {"/apis/a.io",
     "{'kind':'APIGroup','apiVersion':'v1','name':'a.io','versions':[{'groupVersion':'a.io/v1',"
     "'version':'v1'},{'groupVersion':'a.io/v1beta1','version':'v1beta1'}],'preferredVersion':"
     "{'groupVersion':'a.io/v1','version':'v1'}}"},
    {"/apis/a.io/v1/",
     "{'kind':'APIResourceList','apiVersion':'v1','groupVersion':'a.io/v1','resources':["
     "{'name':'boxes','singularName':'box','namespaced':false,'kind':'Box','verbs':[" VERBS "]},"
     "{'name':'things','singularName':'thing','namespaced':true,'kind':'Thing','verbs':[" VERBS
     "],'shortNames':['th'],'categories':['stuff']},"
     "{'name':'things/status','singularName':'','namespaced':true,'kind':'Thing','verbs':['get',"
     "'patch','update']}]}"},
    {"/apis/a.io/v1beta1",
     "{'kind':'APIResourceList','apiVersion':'v1','groupVersion':'a.io/v1beta1','resources':["
     "{'name':'things','singularName':'thing','namespaced':true,'kind':'Thing','verbs':[" VERBS
     "],'shortNames':['th'],'categories':['stuff']}]}"},
    {"/apis/coordination.k8s.io/v1",
     "{'kind':'APIResourceList','apiVersion':'v1','groupVersion':'coordination.k8s.io/v1',"
     "'resources':[{'name':'leases','singularName':'lease','namespaced':true,'kind':'Lease',"
     "'verbs':['create','delete','deletecollection','get','list','patch','update','watch']}]}"},
    {"/api", "{'kind':'APIVersions','versions':['v1'],'serverAddressByClientCIDRs':[]}"},
    {"/apis",
     "{'kind':'APIGroupList','apiVersion':'v1','groups':["
     "{'name':'apiextensions.k8s.io','versions':[{'groupVersion':'apiextensions.k8s.io/v1',"
     "'version':'v1'}],'preferredVersion':{'groupVersion':'apiextensions.k8s.io/v1','version':'v1'}"
     "},{'name':'coordination.k8s.io','versions':[{'groupVersion':'coordination.k8s.io/v1',"
     "'version':'v1'}],'preferredVersion':{'groupVersion':'coordination.k8s.io/v1','version':'v1'}}"
     ",{'name':'events.k8s.io','versions':[{'groupVersion':'events.k8s.io/v1','version':'v1'}],"
     "'preferredVersion':{'groupVersion':'events.k8s.io/v1','version':'v1'}},"
     "{'name':'a.io','versions':[{'groupVersion':'a.io/v1','version':'v1'},{'groupVersion':"
     "'a.io/v1beta1','version':'v1beta1'}],'preferredVersion':{'groupVersion':'a.io/v1','version':"
     "'v1'}}]}"},
    {"/apis/b.io", NULL},
    {"/apis/a.io/v1alpha1", NULL},
    {"/apis/a.io/v1/things", NULL},
    {"/apis//v1", NULL},
    {"/api/v2", NULL},
    {"/", NULL},
    {"", NULL},
};

static void test_plain_documents(void **state)
{
    (void)state;
    struct dev_registry *registry = fixture();
    for (size_t i = 0; i < ARRAY_LEN(document_cases); i++) {
        const struct document_case *c = &document_cases[i];
        struct dev_document document;
        struct arena arena;
        arena_init(&arena);
        bool is_found = dev_discovery_document(registry, str_from(c->path), STR("*/*"), &document);
        if (is_found != (c->want != NULL))
            fail_msg("%s: %d", c->path, is_found);
        if (is_found) {
            assert_string_equal(document.content_type, "application/json");
            assert_same_json(c->path, strbuf_str(&document.body), json_text(&arena, c->want));
            dev_document_fini(&document);
        }
        arena_fini(&arena);
    }
    dev_registry_free(registry);
}

/* What kubectl sends. */
#define KUBECTL                                                                                    \
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                        \
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

static const struct {
    const char *accept;
    const char *content_type;
} accept_cases[] = {
    {KUBECTL, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"},
    {"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
     "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"},
    {"application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,application/json",
     "application/json"},
    {"application/json", "application/json"},
    {"", "application/json"},
};

static void test_chooses_the_aggregated_form_by_accept(void **state)
{
    (void)state;
    struct dev_registry *registry = fixture();
    for (size_t i = 0; i < ARRAY_LEN(accept_cases); i++) {
        struct dev_document document;
        assert_true(dev_discovery_document(registry, STR("/apis"), str_from(accept_cases[i].accept),
                                           &document));
        assert_string_equal(document.content_type, accept_cases[i].content_type);
        dev_document_fini(&document);
    }
    dev_registry_free(registry);
}

static void test_aggregated_document(void **state)
{
    (void)state;
    struct dev_registry *registry = fixture();
    struct dev_document document;
    struct error err = {0};
    struct arena arena;
    arena_init(&arena);
    assert_true(dev_discovery_document(registry, STR("/apis"), STR(KUBECTL), &document));
    cleanup_json_doc yyjson_doc *doc = json_read(strbuf_str(&document.body), &err);
    assert_non_null(doc);
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_true(str_eq_cstr(json_str(root, "apiVersion"), "apidiscovery.k8s.io/v2"));
    yyjson_val *last = yyjson_arr_get_last(json_array(root, "items"));
    cleanup_free char *got = yyjson_val_write(last, 0, NULL);
    assert_same_json(
        "a.io", str_from(got),
        json_text(
            &arena,
            "{'metadata':{'name':'a.io'},'versions':[{'version':'v1','resources':[{'resource':"
            "'boxes','responseKind':{'group':'a.io','version':'v1','kind':'Box'},'scope':'Cluster',"
            "'singularResource':'box','verbs':[" VERBS "]},{'resource':'things','responseKind':"
            "{'group':'a.io','version':'v1','kind':'Thing'},'scope':'Namespaced',"
            "'singularResource':'thing','verbs':[" VERBS "],'shortNames':['th'],'categories':["
            "'stuff'],'subresources':[{'subresource':'status','responseKind':{'group':'a.io',"
            "'version':'v1','kind':'Thing'},'verbs':['get','patch','update']}]}],'freshness':"
            "'Current'},{'version':'v1beta1','resources':[{'resource':'things','responseKind':"
            "{'group':'a.io','version':'v1beta1','kind':'Thing'},'scope':'Namespaced',"
            "'singularResource':'thing','verbs':[" VERBS "],'shortNames':['th'],'categories':["
            "'stuff']}],'freshness':'Current'}]}"));
    dev_document_fini(&document);
    assert_true(dev_discovery_document(registry, STR("/api"), STR(KUBECTL), &document));
    cleanup_json_doc yyjson_doc *core = json_read(strbuf_str(&document.body), &err);
    yyjson_val *items = json_array(yyjson_doc_get_root(core), "items");
    assert_int_equal(yyjson_arr_size(items), 1);
    yyjson_val *v1 = yyjson_arr_get_first(json_array(yyjson_arr_get_first(items), "versions"));
    assert_int_equal(yyjson_arr_size(json_array(v1, "resources")), 5);
    dev_document_fini(&document);
    arena_fini(&arena);
    dev_registry_free(registry);
}

static void test_etag_changes_with_the_document(void **state)
{
    (void)state;
    struct dev_registry *registry = fixture();
    struct dev_document before, same, after;
    assert_true(dev_discovery_document(registry, STR("/apis"), STR(""), &before));
    assert_true(dev_discovery_document(registry, STR("/apis"), STR(""), &same));
    dev_registry_undefine(registry, STR("things.a.io"));
    assert_true(dev_discovery_document(registry, STR("/apis"), STR(""), &after));
    assert_string_equal(before.etag, same.etag);
    assert_string_not_equal(before.etag, after.etag);
    dev_document_fini(&before);
    dev_document_fini(&same);
    dev_document_fini(&after);
    dev_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_documents),
        cmocka_unit_test(test_chooses_the_aggregated_form_by_accept),
        cmocka_unit_test(test_aggregated_document),
        cmocka_unit_test(test_etag_changes_with_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
