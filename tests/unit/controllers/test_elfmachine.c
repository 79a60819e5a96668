/* The view of CAPE's ElfMachine, of every version, and of what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "controllers/elfmachine.h"
#include "controllers/names.h"
#include "lib/json_text.h"

#define META "'metadata':{'namespace':'ns','name':'m','uid':'u','resourceVersion':'5'}"
#define DEVICES(list) "{" META ",'spec':{'network':{'devices':[" list "]}}}"

#define DEVICE_FIELDS                                                                              \
    "'vlan':'v','netmask':'255.0.0.0','macAddr':'00','routes':[{'gateway':'10.0.0.254'}],"         \
    "'addressesFromPools':[{'apiGroup':'g','kind':'k','name':'n'},{'name':'second'}],"             \
    "'nameservers':['3.3.3.3']"

static void test_metadata(void **state)
{
    const struct kube_object *object = json_view(
        &elfmachine_kind,
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'ElfMachine','metadata':{"
        "'namespace':'ns','name':'m','uid':'u','resourceVersion':'5','creationTimestamp':"
        "'2026-01-02T03:04:05Z','finalizers':['" FINALIZER_CAPE "','x/y','" FINALIZER_OURS "'],"
        "'labels':{'" LABEL_CLUSTER_NAME "':'c','" LABEL_WATCH_FILTER "':'w','l':'m'},"
        "'annotations':{'" ANNOTATION_CLONED_FROM "':'t','" ANNOTATION_ALLOCATED "':'r'},"
        "'ownerReferences':[{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Machine','name':'o',"
        "'uid':'ou','controller':true}]},'spec':{'network':{'nameservers':['1.1.1.1','2.2.2.2'],"
        "'devices':[]}},'status':{'ready':true}}");
    const struct elfmachine *machine = elfmachine_from(object);
    (void)state;
    assert_int_equal(object->meta.created_s, 1767323045);
    assert_int_equal(object->meta.finalizer_count, 3);
    assert_true(kube_meta_has_finalizer(&object->meta, FINALIZER_CAPE));
    assert_true(kube_meta_has_finalizer(&object->meta, FINALIZER_OURS));
    assert_true(str_eq_cstr(kube_meta_label(&object->meta, LABEL_CLUSTER_NAME), "c"));
    assert_true(str_eq_cstr(kube_meta_label(&object->meta, LABEL_WATCH_FILTER), "w"));
    assert_true(str_eq_cstr(kube_meta_annotation(&object->meta, ANNOTATION_CLONED_FROM), "t"));
    assert_true(str_eq_cstr(kube_meta_annotation(&object->meta, ANNOTATION_ALLOCATED), "r"));
    const struct kube_owner *owner = kube_meta_owner(&object->meta, GROUP_CAPI, "Machine");
    assert_non_null(owner);
    assert_true(str_eq_cstr(owner->name, "o"));
    assert_false(machine->has_failed);
    assert_int_equal(machine->nameserver_count, 2);
    assert_true(str_eq_cstr(machine->nameservers[1], "2.2.2.2"));
    kube_object_unref(object);
}

static void test_device_that_waits(void **state)
{
    const struct kube_object *object =
        json_view(&elfmachine_kind, DEVICES("{'networkType':'IPV4'," DEVICE_FIELDS "}"));
    const struct elfmachine_device *device = &elfmachine_from(object)->devices[0];
    (void)state;
    assert_true(device->is_static && device->has_nameservers && device->has_only_gateway);
    assert_int_equal(device->route_count, 1);
    assert_int_equal(device->address_count, 0);
    assert_true(str_eq_cstr(device->netmask, "255.0.0.0"));
    assert_true(str_eq_cstr(device->gateway, "10.0.0.254"));
    assert_non_null(device->pool);
    assert_true(str_eq_cstr(device->pool->group, "g") && str_eq_cstr(device->pool->kind, "k"));
    assert_true(str_eq_cstr(device->pool->name, "n"));
    assert_false(elfmachine_device_has_address(device, STR("10.0.0.1")));
    kube_object_unref(object);
}

static void test_device_that_has_its_address(void **state)
{
    const struct kube_object *object = json_view(
        &elfmachine_kind,
        DEVICES("{'networkType':'IPV4','ipAddrs':['','10.0.0.1','10.0.0.2']," DEVICE_FIELDS "}"));
    const struct elfmachine *machine = elfmachine_from(object);
    const struct elfmachine_device *device = &machine->devices[0];
    (void)state;
    assert_true(device->is_static && device->has_nameservers);
    assert_int_equal(device->address_count, 2);
    assert_true(str_is_empty(device->netmask) && !device->pool); /* kept while it waits only */
    assert_true(elfmachine_has_static_device(machine));
    assert_false(elfmachine_wants_address(machine));
    assert_true(elfmachine_device_has_address(device, STR("10.0.0.1")));
    assert_true(elfmachine_device_has_address(device, STR("10.0.0.2")));
    assert_false(elfmachine_device_has_address(device, STR("10.0.0.10")));
    kube_object_unref(object);
}

/* "The same network" is a matter of the vlan alone, and no vlan is one as well. */
static void test_networks(void **state)
{
    const struct kube_object *object =
        json_view(&elfmachine_kind, DEVICES("{'networkType':'IPV4','vlan':'v'},"
                                            "{'networkType':'NONE','vlan':'v','ipAddrs':['a']},"
                                            "{'networkType':'IPV4','vlan':'w'},{},{'vlan':''}"));
    const struct elfmachine_device *devices = elfmachine_from(object)->devices;
    (void)state;
    assert_true(
        str_eq(elfmachine_device_network(&devices[0]), elfmachine_device_network(&devices[1])));
    assert_false(
        str_eq(elfmachine_device_network(&devices[0]), elfmachine_device_network(&devices[2])));
    assert_false(
        str_eq(elfmachine_device_network(&devices[0]), elfmachine_device_network(&devices[3])));
    assert_true(
        str_eq(elfmachine_device_network(&devices[3]), elfmachine_device_network(&devices[4])));
    kube_object_unref(object);
}

static const struct {
    const char *name;
    const char *device;
    bool is_static;
    bool wants_address;
} wanting[] = {
    {"static", "{'networkType':'IPV4'}", true, true},
    {"static, an empty list", "{'networkType':'IPV4','ipAddrs':[]}", true, true},
    {"static, empty texts", "{'networkType':'IPV4','ipAddrs':['','']}", true, true},
    {"static, null", "{'networkType':'IPV4','ipAddrs':null}", true, true},
    {"static, a number", "{'networkType':'IPV4','ipAddrs':[10]}", true, true},
    {"static, no list", "{'networkType':'IPV4','ipAddrs':'10.0.0.1'}", true, true},
    {"static, has one", "{'networkType':'IPV4','ipAddrs':['10.0.0.1']}", true, false},
    {"static, has one behind an empty one", "{'networkType':'IPV4','ipAddrs':['','10.0.0.1']}",
     true, false},
    {"DHCP", "{'networkType':'IPV4_DHCP'}", false, false},
    {"none", "{'networkType':'NONE'}", false, false},
    {"empty", "{'networkType':''}", false, false},
    {"missing", "{}", false, false},
    {"in small letters", "{'networkType':'ipv4'}", false, false},
    {"a number", "{'networkType':4}", false, false},
    {"no object", "'IPV4'", false, false},
    {"null", "null", false, false},
};

static void test_who_wants_an_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wanting); i++) {
        cleanup_arena struct arena arena;
        arena_init(&arena);
        struct str text = arena_printf(&arena, DEVICES("%s"), wanting[i].device);
        const struct kube_object *object = json_view(&elfmachine_kind, text.ptr);
        const struct elfmachine *machine = elfmachine_from(object);
        assert_int_equal(machine->device_count, 1);
        if (machine->devices[0].is_static != wanting[i].is_static ||
            elfmachine_has_static_device(machine) != wanting[i].is_static ||
            elfmachine_device_wants_address(&machine->devices[0]) != wanting[i].wants_address ||
            elfmachine_wants_address(machine) != wanting[i].wants_address)
            fail_msg("%s", wanting[i].name);
        kube_object_unref(object);
    }
}

static void test_routes(void **state)
{
    static const struct {
        const char *routes;
        uint32_t count;
        bool has_only_gateway;
        const char *gateway;
    } cases[] = {
        {"[]", 0, false, ""},
        {"null", 0, false, ""},
        {"{}", 0, false, ""},
        {"[{'gateway':'g'}]", 1, true, "g"},
        {"[{'gateway':'g','network':'','netmask':''}]", 1, true, "g"},
        {"[{'gateway':'g','network':'n'}]", 1, false, "g"},
        {"[{'gateway':'g','netmask':'n'}]", 1, false, "g"},
        {"[{'gateway':'g'},{'gateway':'h'}]", 2, false, "g"},
        {"['g']", 1, true, ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_arena struct arena arena;
        arena_init(&arena);
        struct str text =
            arena_printf(&arena, DEVICES("{'networkType':'IPV4','routes':%s}"), cases[i].routes);
        const struct kube_object *object = json_view(&elfmachine_kind, text.ptr);
        const struct elfmachine_device *device = &elfmachine_from(object)->devices[0];
        if (device->route_count != cases[i].count ||
            device->has_only_gateway != cases[i].has_only_gateway ||
            !str_eq_cstr(device->gateway, cases[i].gateway))
            fail_msg("%s", cases[i].routes);
        kube_object_unref(object);
    }
}

static void test_pool_references(void **state)
{
    static const struct {
        const char *refs;
        bool is_there;
    } cases[] = {
        {"[]", false},    {"null", false}, {"{}", false},
        {"['p']", false}, {"[{}]", true},  {"[{'name':'p'}]", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_arena struct arena arena;
        arena_init(&arena);
        struct str text = arena_printf(
            &arena, DEVICES("{'networkType':'IPV4','addressesFromPools':%s}"), cases[i].refs);
        const struct kube_object *object = json_view(&elfmachine_kind, text.ptr);
        if ((elfmachine_from(object)->devices[0].pool != NULL) != cases[i].is_there)
            fail_msg("%s", cases[i].refs);
        kube_object_unref(object);
    }
}

static void test_failure(void **state)
{
    static const struct {
        const char *status;
        bool has_failed;
    } cases[] = {
        {"{'failureReason':'CreateError'}", true},
        {"{'failureMessage':'no'}", true},
        {"{'failureReason':'','failureMessage':''}", false},
        {"{'failureReason':null}", false},
        {"{'failureReason':1}", false},
        {"{}", false},
        {"null", false},
        {"'failed'", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_arena struct arena arena;
        arena_init(&arena);
        struct str text = arena_printf(&arena, "{" META ",'status':%s}", cases[i].status);
        const struct kube_object *object = json_view(&elfmachine_kind, text.ptr);
        if (elfmachine_from(object)->has_failed != cases[i].has_failed)
            fail_msg("%s", cases[i].status);
        kube_object_unref(object);
    }
}

static void test_no_network_at_all(void **state)
{
    static const char *const cases[] = {
        "{" META "}",
        "{" META ",'spec':7}",
        "{" META ",'spec':{'network':[]}}",
        "{" META ",'spec':{'network':{'devices':{}}}}",
        "{" META ",'spec':{'network':{'devices':null,'nameservers':'8.8.8.8'}}}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct kube_object *object = json_view(&elfmachine_kind, cases[i]);
        assert_int_equal(elfmachine_from(object)->device_count, 0);
        assert_int_equal(elfmachine_from(object)->nameserver_count, 0);
        assert_false(elfmachine_has_static_device(elfmachine_from(object)));
        kube_object_unref(object);
    }
}

static void append_machine(struct strbuf *text, int device_count)
{
    strbuf_append_cstr(text, "{" META ",'spec':{'network':{'devices':[");
    for (int i = 0; i < device_count; i++)
        strbuf_printf(text, "%s{'networkType':'IPV4','ipAddrs':['10.0.%d.%d']}", i > 0 ? "," : "",
                      i / 256, i % 256);
    strbuf_append_cstr(text, "]}}}");
}

static void test_many_devices(void **state)
{
    static const int counts[] = {100, 1024};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        cleanup_strbuf struct strbuf text = {0};
        append_machine(&text, counts[i]);
        const struct kube_object *object = json_view(&elfmachine_kind, text.data);
        const struct elfmachine *machine = elfmachine_from(object);
        assert_int_equal(machine->device_count, counts[i]);
        assert_true(elfmachine_device_has_address(&machine->devices[99], STR("10.0.0.99")));
        kube_object_unref(object);
    }
}

static void test_too_many_devices(void **state)
{
    cleanup_strbuf struct strbuf text = {0};
    cleanup_arena struct arena arena;
    (void)state;
    arena_init(&arena);
    append_machine(&text, 1025);
    assert_true(str_eq_cstr(json_view_problem(&elfmachine_kind, text.data, &arena),
                            "ElfMachine ns/m: spec.network.devices: 1025 devices, more than 1024"));
}

static void test_size_of_a_usual_machine(void **state)
{
    const struct kube_object *object = json_view(
        &elfmachine_kind,
        "{'metadata':{'namespace':'default','name':'cluster-md-0-abcde-fghij','uid':"
        "'01234567-89ab-cdef-0123-456789abcdef','resourceVersion':'5','finalizers':["
        "'" FINALIZER_CAPE "','" FINALIZER_OURS "'],'labels':{'" LABEL_CLUSTER_NAME "':'cluster'},"
        "'annotations':{'" ANNOTATION_CLONED_FROM "':'cluster-md-0'},'ownerReferences':[{"
        "'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine','name':"
        "'cluster-md-0-abcde-fghij','uid':'01234567-89ab-cdef-0123-456789abcdef','controller':"
        "true}]},'spec':{'network':{'devices':[{'networkType':'IPV4','vlan':"
        "'01234567-89ab-cdef-0123-456789abcdef'}]}}}");
    (void)state;
    assert_true(object->size_bytes < 700);
    kube_object_unref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_device_that_waits),
        cmocka_unit_test(test_device_that_has_its_address),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_who_wants_an_address),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_pool_references),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_no_network_at_all),
        cmocka_unit_test(test_many_devices),
        cmocka_unit_test(test_too_many_devices),
        cmocka_unit_test(test_size_of_a_usual_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
