/* The claim that is asked for, as M3IPAM's schema shapes it. What is read from claims is in the
 * rows of test_elfmachine_decide.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controllers/provider.h"
#include "lib/json_text.h"
#include "lib/world_text.h"

static const struct {
    const char *name;
    const char *pool_ns;
    const char *want;
} cases[] = {
    {"in the machine's namespace", "ns",
     "{'apiVersion':'ipam.metal3.io/v1alpha1','kind':'IPClaim','metadata':{'namespace':'ns','name':"
     "'ns-m-1','labels':{'cluster.x-k8s.io/ip-owner-name':'ns-m','cluster.x-k8s.io/cluster-name':"
     "'c'},'annotations':{'cape-ip.cluster.x-k8s.io/owner-namespace':'ns',"
     "'cape-ip.cluster.x-k8s.io/owner-name':'m','cape-ip.cluster.x-k8s.io/owner-uid':'uid-m',"
     "'cape-ip.cluster.x-k8s.io/device-index':'1'},'ownerReferences':[{'apiVersion':"
     "'infrastructure.cluster.x-k8s.io/v1beta1','kind':'ElfMachine','name':'m','uid':'uid-m'}]},"
     "'spec':{'pool':{'apiVersion':'ipam.metal3.io/v1alpha1','kind':'IPPool','namespace':'ns',"
     "'name':'p','uid':'uid-p'}}}"},
    {"in another", "far",
     "{'apiVersion':'ipam.metal3.io/v1alpha1','kind':'IPClaim','metadata':{'namespace':'far','name'"
     ":'ns-m-1','labels':{'cluster.x-k8s.io/ip-owner-name':'ns-m','cluster.x-k8s.io/cluster-name':"
     "'c'},'annotations':{'cape-ip.cluster.x-k8s.io/owner-namespace':'ns',"
     "'cape-ip.cluster.x-k8s.io/owner-name':'m','cape-ip.cluster.x-k8s.io/owner-uid':'uid-m',"
     "'cape-ip.cluster.x-k8s.io/device-index':'1'}},'spec':{'pool':{'apiVersion':"
     "'ipam.metal3.io/v1alpha1','kind':'IPPool','namespace':'far','name':'p','uid':'uid-p'}}}"},
};

static void test_new_claim(void **state)
{
    struct world_text *text =
        world_text_new("elfmachine ns/m device=IPV4\nippool ns/p\nippool far/p\n", 0);
    cleanup_arena struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ip_claim_wish wish = {
            .machine = world_find_elfmachine(text->world, STR("ns"), STR("m")),
            .device_index = 1,
            .pool = world_find_ippool(text->world, str_from(cases[i].pool_ns), STR("p")),
            .name = STR("ns-m-1"),
            .cluster_name = STR("c"),
        };
        struct kube_action action = provider_metal3.create_claim(&wish, &arena);
        assert_int_equal(action.type, KUBE_ACTION_CREATE);
        assert_ptr_equal(action.kind, &ipclaim_kind);
        assert_true(str_eq_cstr(action.ns, cases[i].pool_ns));
        assert_true(str_eq_cstr(action.name, "ns-m-1"));
        assert_same_json(cases[i].name, action.body, json_text(&arena, cases[i].want));
    }
    world_text_free(text);
}

static void test_what_a_claim_gives(void **state)
{
    struct world_text *text = world_text_new(
        "ipclaim ns/k pool=far/p address=a\n"
        "ipaddress ns/a address=10.0.0.5 prefix=20 gateway=10.0.0.1 dns=8.8.8.8+9.9.9.9 "
        "claim=ns/k\n",
        0);
    cleanup_arena struct arena arena;
    struct ip_claim_view view;
    (void)state;
    arena_init(&arena);
    provider_metal3.read_claim(
        text->world, &world_find_ipclaim(text->world, STR("ns"), STR("k"))->object, &arena, &view);
    assert_int_equal(view.state, IP_CLAIM_READY);
    assert_true(str_eq_cstr(view.pool_ns, "far") && str_eq_cstr(view.pool_name, "p"));
    assert_true(str_eq_cstr(view.allocation.address, "10.0.0.5"));
    assert_true(str_eq_cstr(view.allocation.netmask, "255.255.240.0"));
    assert_true(str_eq_cstr(view.allocation.gateway, "10.0.0.1"));
    assert_int_equal(view.allocation.prefix, 20);
    assert_int_equal(view.allocation.dns_server_count, 2);
    assert_true(str_eq_cstr(view.allocation.dns_servers[1], "9.9.9.9"));
    world_text_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_claim),
        cmocka_unit_test(test_what_a_claim_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
