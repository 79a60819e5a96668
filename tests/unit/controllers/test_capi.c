#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controllers/capi.h"
#include "controllers/names.h"
#include "lib/json_text.h"

#define META(more) "'metadata':{'namespace':'ns','name':'x','resourceVersion':'5'" more "}"

static const struct {
    const char *cluster;
    bool is_paused;
} clusters[] = {
    {"{" META("") ",'spec':{'paused':true}}", true},
    {"{" META("") ",'spec':{'paused':false}}", false},
    {"{" META("") ",'spec':{'paused':null}}", false}, /* v1beta2 has a pointer */
    {"{" META("") ",'spec':{}}", false},
    {"{" META("") "}", false},
    {"{" META("") ",'spec':{'paused':'true'}}", false},
    {"{" META(",'annotations':{'" ANNOTATION_PAUSED "':''}") "}", true}, /* any value */
    {"{" META(",'annotations':{'" ANNOTATION_PAUSED "':'false'}") "}", true},
    {"{" META(",'annotations':{'x':'y'}") "}", false},
    {"{" META(",'labels':{'" ANNOTATION_PAUSED "':''}") "}", false},
};

static void test_pause(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(clusters); i++) {
        const struct kube_object *object = json_view(&cluster_kind, clusters[i].cluster);
        if (cluster_from(object)->is_paused != clusters[i].is_paused)
            fail_msg("%s", clusters[i].cluster);
        kube_object_unref(object);
    }
}

static void test_metadata_only(void **state)
{
    const struct kube_object *machine =
        json_view(&machine_kind, "{" META(",'labels':{'" LABEL_CLUSTER_NAME "':'c','a':'b'}") "}");
    const struct kube_object *elfmachinetemplate =
        json_view(&elfmachinetemplate_kind,
                  "{" META(",'labels':{'" LABEL_POOL_NAME "':'p','" LABEL_POOL_NAMESPACE
                           "':'n','" LABEL_POOL_GROUP "':'g','" LABEL_NETWORK_NAME "':'w'}") "}");
    (void)state;
    assert_true(machine_kind.is_metadata_only && elfmachinetemplate_kind.is_metadata_only);
    assert_true(str_eq_cstr(kube_meta_label(&machine->meta, LABEL_CLUSTER_NAME), "c"));
    assert_int_equal(machine->meta.label_count, 1);
    const struct kube_meta *meta = &elfmachinetemplate->meta;
    assert_true(str_eq_cstr(kube_meta_label(meta, LABEL_POOL_NAME), "p"));
    assert_true(str_eq_cstr(kube_meta_label(meta, LABEL_POOL_NAMESPACE), "n"));
    assert_true(str_eq_cstr(kube_meta_label(meta, LABEL_POOL_GROUP), "g"));
    assert_true(str_eq_cstr(kube_meta_label(meta, LABEL_NETWORK_NAME), "w"));
    kube_object_unref(machine);
    kube_object_unref(elfmachinetemplate);
}

/* Names that the world outside knows (contract section 2): none of these may ever change. */
static void test_names(void **state)
{
    (void)state;
    assert_string_equal(FINALIZER_CAPE, "elfmachine.infrastructure.cluster.x-k8s.io");
    assert_string_equal(FINALIZER_OURS, "elfmachinestaticip.infrastructure.cluster.x-k8s.io");
    assert_string_equal(LABEL_POOL_NAME, "cluster.x-k8s.io/ip-pool-name");
    assert_string_equal(LABEL_POOL_NAMESPACE, "cluster.x-k8s.io/ip-pool-namespace");
    assert_string_equal(LABEL_POOL_GROUP, "cluster.x-k8s.io/ip-pool-group");
    assert_string_equal(LABEL_NETWORK_NAME, "cluster.x-k8s.io/network-name");
    assert_string_equal(LABEL_IS_DEFAULT, "ippool.cluster.x-k8s.io/is-default");
    assert_string_equal(LABEL_OWNER_NAME, "cluster.x-k8s.io/ip-owner-name");
    assert_string_equal(LABEL_CLUSTER_NAME, "cluster.x-k8s.io/cluster-name");
    assert_string_equal(LABEL_WATCH_FILTER, "cluster.x-k8s.io/watch-filter");
    assert_string_equal(ANNOTATION_PAUSED, "cluster.x-k8s.io/paused");
    assert_string_equal(ANNOTATION_CLONED_FROM, "cluster.x-k8s.io/cloned-from-name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_metadata_only),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
