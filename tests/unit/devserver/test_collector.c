/* What happens to objects whose owners, namespaces and definitions go. */
#include "devserver/collector.h"

#include "api_fixture.h"

#define CM "/api/v1/namespaces/default/configmaps"
#define CRATES "/apis/example.com/v1/crates"
#define DEFINITIONS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

/* A ConfigMap that is owned by what is at owner_path ("": nobody); `more` goes into its metadata.
 */
static void create(struct api_fixture *f, const char *ns, const char *name, const char *kind,
                   const char *owner_path, const char *more)
{
    char path[100], manifest[600], owner[300] = "";
    if (owner_path[0] != '\0') {
        const char *json = api_do(f, "GET", owner_path, NULL);
        snprintf(owner, sizeof(owner),
                 ",'ownerReferences':[{'apiVersion':'%s','kind':'%s','name':'%s','uid':'%s',"
                 "'blockOwnerDeletion':true}]",
                 api_member(f, json, "apiVersion"), kind, api_member(f, json, "metadata.name"),
                 api_member(f, json, "metadata.uid"));
    }
    snprintf(path, sizeof(path), "/api/v1/namespaces/%s/configmaps", ns);
    snprintf(manifest, sizeof(manifest), "{'metadata':{'name':'%s'%s%s}}", name, owner, more);
    api_do(f, "POST", path, manifest);
}

static void settle(struct api_fixture *f)
{
    for (int i = 0; i < 50; i++)
        loop_run_ready(&f->loop);
}

static void test_dependents_follow_their_owner(void **state)
{
    struct api_fixture *f = *state;
    create(f, "default", "owner", "", "", "");
    create(f, "default", "child", "ConfigMap", CM "/owner", "");
    create(f, "default", "grandchild", "ConfigMap", CM "/child", "");
    create(f, "default", "stranger", "", "", "");
    settle(f);
    assert_true(api_has(f, CM "/grandchild"));
    api_do(f, "DELETE", CM "/owner", NULL);
    assert_true(api_has(f, CM "/child")); /* in the background */
    settle(f);
    assert_false(api_has(f, CM "/child"));
    assert_false(api_has(f, CM "/grandchild"));
    assert_true(api_has(f, CM "/stranger"));
}

static void test_an_owner_that_never_was(void **state)
{
    struct api_fixture *f = *state;
    static const char absent[] = ",'ownerReferences':[{'apiVersion':'v1','kind':'Secret','name':"
                                 "'s','uid':'u'}]";
    static const char unknown[] = ",'ownerReferences':[{'apiVersion':'x.io/v1','kind':'X','name':"
                                  "'s','uid':'u'}]";
    create(f, "default", "absent", "", "", absent);
    static const char both[] = ",'ownerReferences':[{'apiVersion':'v1','kind':'Secret','name':'s',"
                               "'uid':'u'},{'apiVersion':'x.io/v1','kind':'X','name':'s','uid':"
                               "'v'}]";
    create(f, "default", "unknown", "", "", unknown);
    create(f, "default", "both", "", "", both);
    settle(f);
    assert_true(api_has(f, CM "/both"));
    assert_false(api_has(f, CM "/absent"));
    assert_true(api_has(f, CM "/unknown")); /* nobody knows that kind */
}

static void test_the_same_name_is_not_the_same_owner(void **state)
{
    struct api_fixture *f = *state;
    create(f, "default", "owner", "", "", "");
    create(f, "default", "child", "ConfigMap", CM "/owner", "");
    api_do(f, "DELETE", CM "/owner", NULL);
    create(f, "default", "owner", "", "", "");
    settle(f);
    assert_false(api_has(f, CM "/child"));
    assert_true(api_has(f, CM "/owner"));
}

static void test_one_of_two_owners_goes(void **state)
{
    struct api_fixture *f = *state;
    char manifest[600];
    create(f, "default", "a", "", "", "");
    create(f, "default", "b", "", "", "");
    snprintf(
        manifest, sizeof(manifest),
        "{'metadata':{'name':'child','ownerReferences':[{'apiVersion':'v1','kind':'ConfigMap',"
        "'name':'a','uid':'%s'},{'apiVersion':'v1','kind':'ConfigMap','name':'b','uid':'%s'}]}}",
        api_member(f, api_do(f, "GET", CM "/a", NULL), "metadata.uid"),
        api_member(f, api_do(f, "GET", CM "/b", NULL), "metadata.uid"));
    api_do(f, "POST", CM, manifest);
    api_do(f, "DELETE", CM "/a", NULL);
    settle(f);
    const char *json = api_do(f, "GET", CM "/child", NULL);
    assert_null(strstr(json, "\"name\":\"a\""));
    assert_non_null(strstr(json, "\"name\":\"b\""));
    api_do(f, "DELETE", CM "/b", NULL);
    settle(f);
    assert_false(api_has(f, CM "/child"));
}

static void test_owners_are_looked_for_where_their_kind_lives(void **state)
{
    struct api_fixture *f = *state;
    api_apply(f, API_CRATES);
    api_apply(f, "{'apiVersion':'example.com/v1','kind':'Crate','metadata':{'name':'c'}}");
    create(f, "default", "of-crate", "Crate", CRATES "/c", "");
    create(f, "default", "owner", "", "", "");
    create(f, "kube-system", "elsewhere", "ConfigMap", CM "/owner", "");
    settle(f);
    assert_true(api_has(f, CM "/of-crate"));
    assert_false(api_has(f, "/api/v1/namespaces/kube-system/configmaps/elsewhere"));
    api_do(f, "DELETE", CRATES "/c", NULL);
    settle(f);
    assert_false(api_has(f, CM "/of-crate"));
}

static void test_foreground_deletion(void **state)
{
    struct api_fixture *f = *state;
    create(f, "default", "owner", "", "", "");
    create(f, "default", "child", "ConfigMap", CM "/owner", ",'finalizers':['e.x/wait']");
    api_do(f, "DELETE", CM "/owner?propagationPolicy=Foreground", NULL);
    settle(f);
    assert_non_null(strstr(api_do(f, "GET", CM "/owner", NULL), "foregroundDeletion"));
    assert_non_null(strstr(api_do(f, "GET", CM "/child", NULL), "deletionTimestamp"));
    api_patch(f, CM "/child", "{'metadata':{'finalizers':null}}");
    settle(f);
    assert_false(api_has(f, CM "/child"));
    assert_false(api_has(f, CM "/owner"));
}

static void test_orphans(void **state)
{
    struct api_fixture *f = *state;
    create(f, "default", "owner", "", "", "");
    create(f, "default", "child", "ConfigMap", CM "/owner", "");
    api_do(f, "DELETE", CM "/owner?propagationPolicy=Orphan", NULL);
    settle(f);
    assert_false(api_has(f, CM "/owner"));
    assert_null(strstr(api_do(f, "GET", CM "/child", NULL), "ownerReferences"));
}

static void test_namespaces_are_emptied(void **state)
{
    struct api_fixture *f = *state;
    char name[32];
    api_apply(f, API_WIDGETS);
    api_apply(f, "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'n'}}");
    for (int i = 0; i < 250; i++) {
        char manifest[200];
        snprintf(name, sizeof(name), "m%d", i);
        snprintf(manifest, sizeof(manifest),
                 "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'%s','namespace':'n'}}",
                 name);
        api_apply(f, manifest);
    }
    api_apply(f, "{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'w',"
                 "'namespace':'n','finalizers':['e.x/wait']}}");
    struct dev_http_exchange *gone = api_send(f, "DELETE", "/api/v1/namespaces/n", NULL);
    api_expect_text("namespace", gone, "\"phase\":\"Terminating\"");
    assert_int_equal(
        api_send(f, "POST", "/api/v1/namespaces/n/configmaps", "{'metadata':{'name':'new'}}")
            ->status,
        403);
    settle(f);
    assert_int_equal(dev_store_count(f->server.store, STR("configmaps"), STR("n")), 0);
    assert_true(api_has(f, "/api/v1/namespaces/n"));
    api_patch(f, "/apis/example.com/v1/namespaces/n/widgets/w", "{'metadata':{'finalizers':null}}");
    settle(f);
    assert_false(api_has(f, "/api/v1/namespaces/n"));
}

static void test_definitions_take_their_objects_along(void **state)
{
    struct api_fixture *f = *state;
    api_apply(f, API_WIDGETS);
    api_apply(f, "{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'w',"
                 "'finalizers':['e.x/wait']}}");
    api_do(f, "DELETE", DEFINITIONS "/widgets.example.com", NULL);
    settle(f);
    assert_true(api_has(f, DEFINITIONS "/widgets.example.com"));
    assert_non_null(strstr(api_do(f, "GET", API_WIDGETS_PATH "/w", NULL), "deletionTimestamp"));
    struct dev_http_exchange *refused =
        api_send(f, "POST", API_WIDGETS_PATH,
                 "{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'x'}}");
    assert_int_equal(refused->status, 405);
    api_patch(f, API_WIDGETS_PATH "/w", "{'metadata':{'finalizers':null}}");
    settle(f);
    assert_false(api_has(f, DEFINITIONS "/widgets.example.com"));
    assert_int_equal(dev_store_count(f->server.store, STR("widgets.example.com"), STR("")), 0);
}

#define API_TEST(fn) cmocka_unit_test_setup_teardown(fn, api_setup, api_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_dependents_follow_their_owner),
        API_TEST(test_an_owner_that_never_was),
        API_TEST(test_the_same_name_is_not_the_same_owner),
        API_TEST(test_one_of_two_owners_goes),
        API_TEST(test_owners_are_looked_for_where_their_kind_lives),
        API_TEST(test_foreground_deletion),
        API_TEST(test_orphans),
        API_TEST(test_namespaces_are_emptied),
        API_TEST(test_definitions_take_their_objects_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
