/* The one patch of a machine, applied: what is meant to change has changed, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controllers/device_patch.h"
#include "lib/json_text.h"

#define FIRST_BIT                                                                                  \
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'ElfMachine','metadata':{"     \
    "'namespace':'ns','name':'m','uid':'mu','resourceVersion':'41','labels':{'a':'b'}"
#define WITH(annotations) FIRST_BIT ",'annotations':" annotations MIDDLE
#define WITHOUT FIRST_BIT MIDDLE
#define MIDDLE                                                                                     \
    ",'finalizers':['f']},'spec':{'template':'tpl','numCPUs':4,'network':{"                        \
    "'preferredAPIServerCidr':'10.0.0.0/8',"
#define LAST_BIT "}},'status':{'ready':false}}"
#define RECORD(text) "{'cape-ip.cluster.x-k8s.io/allocated':'" text "'}"
#define USUAL_RECORD RECORD("0=255.255.255.0,10.0.0.1")

enum { MAX_GIVEN = 3 };

static const struct str two_dns[] = {STR("9.9.9.9"), STR("8.8.8.8")};
static const struct str four_dns[] = {STR("1.1.1.1"), STR("2.2.2.2"), STR("3.3.3.3"),
                                      STR("4.4.4.4")};

#define GIVEN(index, addr, gw)                                                                     \
    {                                                                                              \
        .device_index = (index), .pool_ns = STR("ns"), .pool_name = STR("p"),                      \
        .allocation = {.address = STR(addr),                                                       \
                       .netmask = STR("255.255.255.0"),                                            \
                       .gateway = STR(gw),                                                         \
                       .prefix = 24},                                                              \
    }
#define GIVEN_DNS(index, addr, gw, servers, count)                                                 \
    {                                                                                              \
        .device_index = (index), .pool_ns = STR("ns"), .pool_name = STR("p"),                      \
        .allocation = {.address = STR(addr),                                                       \
                       .netmask = STR("255.255.255.0"),                                            \
                       .gateway = STR(gw),                                                         \
                       .prefix = 24,                                                               \
                       .dns_servers = (servers),                                                   \
                       .dns_server_count = (count)},                                               \
    }
#define FIRST GIVEN(0, "10.0.0.10", "10.0.0.1")
#define FIRST_DNS GIVEN_DNS(0, "10.0.0.10", "10.0.0.1", two_dns, 2)

/* What FIRST makes of a bare static device. */
#define DONE                                                                                       \
    "'networkType':'IPV4','ipAddrs':['10.0.0.10'],'netmask':'255.255.255.0',"                      \
    "'routes':[{'gateway':'10.0.0.1'}]"

struct patch_case {
    const char *name;
    const char *before;
    struct device_allocation given[MAX_GIVEN];
    size_t count;
    bool has_device_nameservers;
    const char *want;
};

static const struct patch_case cases[] = {
    {"a bare device",
     WITHOUT "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{" DONE "}]" LAST_BIT},
    {"other fields of the device stay",
     WITHOUT "'devices':[{'networkType':'IPV4','vlan':'v','macAddr':'00:11','defaultRoute':true,"
             "'addressesFromPools':[{'name':'p'}],'unheardOf':{'x':[1]}}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{" DONE ",'vlan':'v','macAddr':'00:11','defaultRoute':true,"
                        "'addressesFromPools':[{'name':'p'}],'unheardOf':{'x':[1]}}]" LAST_BIT},
    {"empty values are as good as none",
     WITHOUT "'devices':[{'networkType':'IPV4','ipAddrs':[''],'netmask':'','routes':[]}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{" DONE "}]" LAST_BIT},
    {"other annotations stay",
     WITH("{'x':'y'}") "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(
         "{'x':'y','cape-ip.cluster.x-k8s.io/allocated':'0=255.255.255.0,10.0.0.1'}") "'devices':"
                                                                                      "[{" DONE "}"
                                                                                      "]" LAST_BIT},
    {"annotations are null",
     WITH("null") "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{" DONE "}]" LAST_BIT},
    {"no gateway: no route",
     WITHOUT "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {GIVEN(0, "10.0.0.10", "")},
     1,
     false,
     WITH(RECORD("0=255.255.255.0,")) "'devices':[{'networkType':'IPV4','ipAddrs':['10.0.0.10'],"
                                      "'netmask':'255.255.255.0'}]" LAST_BIT},
    {"a netmask of the user's stays",
     WITHOUT "'devices':[{'networkType':'IPV4','netmask':'255.255.0.0'}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{'networkType':'IPV4','ipAddrs':['10.0.0.10'],"
                        "'netmask':'255.255.0.0','routes':[{'gateway':'10.0.0.1'}]}]" LAST_BIT},
    {"a route of the user's stays",
     WITHOUT "'devices':[{'networkType':'IPV4','routes':[{'gateway':'10.0.0.7'}]}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{'networkType':'IPV4','ipAddrs':['10.0.0.10'],"
                        "'netmask':'255.255.255.0','routes':[{'gateway':'10.0.0.7'}]}]" LAST_BIT},
    {"an earlier allocation is replaced",
     WITH(RECORD(
         "0=255.255.0.0,10.9.0.1")) "'devices':[{'networkType':'IPV4','netmask':"
                                    "'255.255.0.0','routes':[{'gateway':'10.9.0.1'}]}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{" DONE "}]" LAST_BIT},
    {"no gateway now: the earlier one is left, and still known as ours",
     WITH(RECORD(
         "0=255.255.0.0,10.9.0.1")) "'devices':[{'networkType':'IPV4','netmask':"
                                    "'255.255.0.0','routes':[{'gateway':'10.9.0.1'}]}]" LAST_BIT,
     {GIVEN(0, "10.0.0.10", "")},
     1,
     false,
     WITH(RECORD("0=255.255.255.0,10.9.0.1")) "'devices':[{'networkType':'IPV4','ipAddrs':["
                                              "'10.0.0.10'],'netmask':'255.255.255.0','routes':[{"
                                              "'gateway':'10.9.0.1'}]}]" LAST_BIT},
    {"what differs from an earlier allocation is the user's",
     WITH(RECORD(
         "0=255.255.0.0,10.9.0.1")) "'devices':[{'networkType':'IPV4','netmask':"
                                    "'255.0.0.0','routes':[{'gateway':'10.9.0.2'}]}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{'networkType':'IPV4','ipAddrs':['10.0.0.10'],'netmask':"
                        "'255.0.0.0','routes':[{'gateway':'10.9.0.2'}]}]" LAST_BIT},
    {"a route that the user put beside ours makes the list the user's",
     WITH(RECORD("0=255.255.0.0,10.9.0.1")) "'devices':[{'networkType':'IPV4','netmask':"
                                            "'255.255.0.0','routes':[{'gateway':'10.9.0.1'},{'"
                                            "gateway':'g'}]}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{'networkType':'IPV4','ipAddrs':['10.0.0.10'],'netmask':"
                        "'255.255.255.0','routes':[{'gateway':'10.9.0.1'},{'gateway':'g'}]}"
                        "]" LAST_BIT},
    {"a route by our gateway to one network is the user's",
     WITH(RECORD("0=255.255.0.0,10.9.0.1")) "'devices':[{'networkType':'IPV4','netmask':"
                                            "'255.255.0.0','routes':[{'gateway':'10.9.0.1','"
                                            "network':'10.8.0.0'}]}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{'networkType':'IPV4','ipAddrs':['10.0.0.10'],'netmask':"
                        "'255.255.255.0','routes':[{'gateway':'10.9.0.1','network':'10.8.0.0'}]}"
                        "]" LAST_BIT},
    {"the record of another device says nothing of this one",
     WITH(RECORD("1=255.255.0.0,10.9.0.1")) "'devices':[{'networkType':'IPV4','netmask':"
                                            "'255.255.0.0','routes':[{'gateway':'10.9.0.1'}]},{'"
                                            "networkType':'NONE'}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(RECORD(
         "1=255.255.0.0,10.9.0.1;0=255.255.255.0,10.0.0.1")) "'devices':[{'networkType':"
                                                             "'IPV4','ipAddrs':['10.0.0.10'],'"
                                                             "netmask':'255.255.0.0','routes':[{'"
                                                             "gateway':'10.9.0.1'}]},"
                                                             "{'networkType':'NONE'}]" LAST_BIT},
    {"records of devices that have gone go, and what is none",
     WITH(RECORD("7=a,b;nonsense;0=c,d;1=e,f")) "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST},
     1,
     false,
     WITH(USUAL_RECORD) "'devices':[{" DONE "}]" LAST_BIT},
    {"several devices in one go, the others untouched",
     WITHOUT "'devices':[{'networkType':'IPV4_DHCP'},{'networkType':'IPV4'},{'networkType':'IPV4',"
             "'ipAddrs':['10.0.0.99']},{'networkType':'IPV4'}]" LAST_BIT,
     {GIVEN(1, "10.0.0.11", "10.0.0.1"), GIVEN(3, "10.0.0.13", "")},
     2,
     false,
     WITH(RECORD(
         "1=255.255.255.0,10.0.0.1;3=255.255.255.0,")) "'devices':[{'networkType':"
                                                       "'IPV4_DHCP'},{'networkType':'IPV4','"
                                                       "ipAddrs':['10.0.0.11'],'netmask':'255.255."
                                                       "255.0',"
                                                       "'routes':[{'gateway':'10.0.0.1'}]},{'"
                                                       "networkType':'IPV4','ipAddrs':['10.0.0.99']"
                                                       "},"
                                                       "{'networkType':'IPV4','ipAddrs':['10.0.0."
                                                       "13'],'netmask':'255.255.255.0'}]" LAST_BIT},

    /* nameservers of each device */
    {"of the device",
     WITHOUT "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS},
     1,
     true,
     WITH(USUAL_RECORD) "'devices':[{" DONE ",'nameservers':['9.9.9.9','8.8.8.8']}]" LAST_BIT},
    {"of the device, the user's stay",
     WITHOUT "'devices':[{'networkType':'IPV4','nameservers':['1.1.1.1']}]" LAST_BIT,
     {FIRST_DNS},
     1,
     true,
     WITH(USUAL_RECORD) "'devices':[{" DONE ",'nameservers':['1.1.1.1']}]" LAST_BIT},
    {"of the device, the machine's stay as they are",
     WITHOUT "'nameservers':['1.1.1.1'],'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS},
     1,
     true,
     WITH(USUAL_RECORD) "'nameservers':['1.1.1.1'],'devices':[{" DONE
                        ",'nameservers':['9.9.9.9','8.8.8.8']}]" LAST_BIT},
    {"of the device, none given",
     WITHOUT "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST},
     1,
     true,
     WITH(USUAL_RECORD) "'devices':[{" DONE "}]" LAST_BIT},

    /* nameservers of the machine, where devices have none */
    {"of the machine",
     WITHOUT "'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS},
     1,
     false,
     WITH(USUAL_RECORD) "'nameservers':['9.9.9.9','8.8.8.8'],'devices':[{" DONE "}]" LAST_BIT},
    {"the machine's own first, no duplicates",
     WITHOUT "'nameservers':['8.8.8.8'],'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS},
     1,
     false,
     WITH(USUAL_RECORD) "'nameservers':['8.8.8.8','9.9.9.9'],'devices':[{" DONE "}]" LAST_BIT},
    {"nothing new",
     WITHOUT "'nameservers':['8.8.8.8','9.9.9.9'],'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS},
     1,
     false,
     WITH(USUAL_RECORD) "'nameservers':['8.8.8.8','9.9.9.9'],'devices':[{" DONE "}]" LAST_BIT},
    {"at most three",
     WITHOUT "'nameservers':['8.8.8.8'],'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {GIVEN_DNS(0, "10.0.0.10", "10.0.0.1", four_dns, 4)},
     1,
     false,
     WITH(USUAL_RECORD) "'nameservers':['8.8.8.8','1.1.1.1','2.2.2.2'],'devices':[{" DONE
                        "}]" LAST_BIT},
    {"the machine has three of its own",
     WITHOUT "'nameservers':['a','b','c'],'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS},
     1,
     false,
     WITH(USUAL_RECORD) "'nameservers':['a','b','c'],'devices':[{" DONE "}]" LAST_BIT},
    {"the machine has more than three of its own",
     WITHOUT "'nameservers':['a','b','c','d'],'devices':[{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS},
     1,
     false,
     WITH(USUAL_RECORD) "'nameservers':['a','b','c','d'],'devices':[{" DONE "}]" LAST_BIT},
    {"those of several devices, in order",
     WITHOUT "'devices':[{'networkType':'IPV4'},{'networkType':'IPV4'}]" LAST_BIT,
     {FIRST_DNS, GIVEN_DNS(1, "10.0.0.11", "", four_dns, 2)},
     2,
     false,
     WITH(RECORD("0=255.255.255.0,10.0.0.1;1=255.255.255.0,")) "'nameservers':['9.9.9.9','8.8.8.8',"
                                                               "'1.1.1.1'],'devices':[{" DONE
                                                               "},{'networkType':'IPV4','ipAddrs':["
                                                               "'10.0.0.11'],'netmask':"
                                                               "'255.255.255.0'}]" LAST_BIT},
};

static void check(const struct patch_case *row)
{
    cleanup_arena struct arena arena;
    struct kube_actions out;
    arena_init(&arena);
    kube_actions_init(&out, &arena);
    const struct kube_object *machine = json_view(&elfmachine_kind, row->before);
    device_patch_add(&out, elfmachine_from(machine), row->given, row->count,
                     row->has_device_nameservers);
    assert_int_equal(out.count, 1);
    const struct kube_action *action = &out.items[0];
    assert_int_equal(action->type, KUBE_ACTION_JSON_PATCH);
    assert_ptr_equal(action->kind, &elfmachine_kind);
    assert_true(str_eq_cstr(action->ns, "ns") && str_eq_cstr(action->name, "m"));
    assert_true(str_eq_cstr(action->uid, "mu"));
    assert_int_equal(action->resource_version, 41);
    assert_same_json(row->name, json_patched(&arena, json_text(&arena, row->before), action->body),
                     json_text(&arena, row->want));
    kube_object_unref(machine);
}

static void test_patches(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(&cases[i]);
}

/* Devices are named by position, so a patch for another state of the object must not apply. */
static void test_preconditions(void **state)
{
    static const struct device_allocation given[] = {FIRST};
    cleanup_arena struct arena arena;
    struct kube_actions out;
    (void)state;
    arena_init(&arena);
    kube_actions_init(&out, &arena);
    const struct kube_object *machine =
        json_view(&elfmachine_kind, WITHOUT "'devices':[{'networkType':'IPV4'}]" LAST_BIT);
    device_patch_add(&out, elfmachine_from(machine), given, 1, false);
    assert_true(str_starts_with(
        out.items[0].body,
        json_text(&arena, "[{'op':'test','path':'/metadata/uid','value':'mu'},"
                          "{'op':'replace','path':'/metadata/resourceVersion','value':'41'},")));
    kube_object_unref(machine);
}

/* Another writer's list is not written again for nothing. */
static void test_nameservers_that_are_there(void **state)
{
    static const char *const lists[] = {"['9.9.9.9','8.8.8.8']", "['a','b','c']",
                                        "['a','b','c','d']"};
    static const struct device_allocation given[] = {FIRST_DNS};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        cleanup_arena struct arena arena;
        struct kube_actions out;
        arena_init(&arena);
        kube_actions_init(&out, &arena);
        struct str text = arena_printf(
            &arena, WITHOUT "'nameservers':%s,'devices':[{'networkType':'IPV4'}]" LAST_BIT,
            lists[i]);
        const struct kube_object *machine = json_view(&elfmachine_kind, text.ptr);
        device_patch_add(&out, elfmachine_from(machine), given, 1, false);
        assert_null(strstr(out.items[0].body.ptr, "nameservers"));
        kube_object_unref(machine);
    }
}

static void test_what_is_told(void **state)
{
    static const struct device_allocation given[] = {FIRST, GIVEN(2, "10.0.0.12", "")};
    cleanup_arena struct arena arena;
    struct kube_actions out;
    (void)state;
    arena_init(&arena);
    kube_actions_init(&out, &arena);
    const struct kube_object *machine =
        json_view(&elfmachine_kind,
                  WITHOUT "'devices':[{'networkType':'IPV4'},{},{'networkType':'IPV4'}]" LAST_BIT);
    device_patch_add(&out, elfmachine_from(machine), given, 2, false);
    const struct kube_report *done = &out.items[0].done;
    assert_int_equal(done->type, KUBE_EVENT_NORMAL);
    assert_true(str_eq_cstr(done->reason, "IPAllocated"));
    assert_true(str_eq_cstr(done->message, "Device 0: 10.0.0.10/24 via 10.0.0.1 from IPPool ns/p; "
                                           "device 2: 10.0.0.12/24 from IPPool ns/p"));
    kube_object_unref(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patches),
        cmocka_unit_test(test_preconditions),
        cmocka_unit_test(test_nameservers_that_are_there),
        cmocka_unit_test(test_what_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
