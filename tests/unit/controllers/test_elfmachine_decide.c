/* Contract sections 3, 5 and 6 as rows: a world, and what is to be done about ElfMachine ns/m. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "controllers/elfmachine_decide.h"
#include "controllers/names.h"
#include "lib/json_text.h"
#include "lib/world_text.h"

#define NOW_MS (2000 * 1000)

/* The usual surroundings of ns/m. */
#define USUAL                                                                                      \
    "cluster ns/c\n"                                                                               \
    "machine ns/owner cluster=c\n"                                                                 \
    "template ns/t name=pool\n"                                                                    \
    "ippool ns/pool\n"
#define MACHINE "elfmachine ns/m owner=owner template=t cape "
#define OURS MACHINE "ours "
#define CLAIM(i) "ipclaim ns/ns-m-" #i " pool=ns/pool owner=ns/m/" #i " refs cluster=c "
#define ADDRESS(i)                                                                                 \
    "ipaddress ns/a" #i " address=10.0.0.1" #i " prefix=24 gateway=10.0.0.1 "                      \
    "pool=ns/pool claim=ns/ns-m-" #i " "

struct decide_case {
    const char *name;
    const char *world;
    const char *want;
};

static const struct decide_case live_cases[] = {
    {"a machine that is not there", USUAL, ""},
    {"waits for its Machine", "cluster ns/c\nelfmachine ns/m cape device=IPV4",
     "wait WaitingForMachine"},
    {"waits for a Machine that its owner reference names",
     "cluster ns/c\nelfmachine ns/m owner=owner cape device=IPV4", "wait WaitingForMachine"},
    {"waits for its Cluster", "machine ns/owner cluster=c\n" MACHINE "device=IPV4",
     "wait WaitingForCluster"},
    {"waits for the cluster label of its Machine, whatever its own says",
     "cluster ns/c\nmachine ns/owner\n" MACHINE "cluster=c device=IPV4", "wait WaitingForCluster"},
    {"waits for the cluster label", "cluster ns/c\nmachine ns/owner\n" MACHINE "device=IPV4",
     "wait WaitingForCluster"},
    {"a paused Cluster", USUAL "cluster ns/c paused\n" MACHINE "device=IPV4", "wait Paused"},
    {"a paused machine", USUAL MACHINE "paused device=IPV4", "wait Paused"},
    {"no static device", USUAL MACHINE "device=IPV4_DHCP device=NONE device=", ""},
    {"no device", USUAL MACHINE, ""},
    {"no static device: not even its Machine is waited for", "elfmachine ns/m device=IPV4_DHCP",
     ""},
    {"no static device: that it is paused is no news",
     USUAL "cluster ns/c paused\n" MACHINE "device=IPV4_DHCP", ""},
    {"no static device any more, but a claim, and paused",
     USUAL "cluster ns/c paused\n" CLAIM(0) "\n" OURS "device=IPV4_DHCP", "wait Paused"},
    {"waits for CAPE's finalizer", USUAL "elfmachine ns/m owner=owner template=t device=IPV4",
     "wait WaitingForCAPE"},
    {"CAPE's is gone again: ours alone is no licence to claim",
     USUAL "elfmachine ns/m owner=owner template=t ours device=IPV4", "wait WaitingForCAPE"},
    {"ours goes on before a claim", USUAL MACHINE "device=IPV4", "add-finalizer"},
    {"ours goes on even when nothing is missing", USUAL MACHINE "device=IPV4,ip=10.0.0.10",
     "add-finalizer"},
    {"ours was dropped: back before the next claim",
     USUAL CLAIM(0) "\n" MACHINE "device=IPV4 device=IPV4", "add-finalizer"},
    {"a failed machine", USUAL OURS "failed device=IPV4", ""},
    {"nothing missing", USUAL OURS "device=IPV4,ip=10.0.0.10", ""},
    {"claims all at once", USUAL OURS "device=IPV4 device=IPV4", "create-claim 0; create-claim 1"},
    {"claims for what is missing only",
     USUAL OURS "device=IPV4,ip=10.0.0.10 device=IPV4_DHCP device=IPV4", "create-claim 2"},
    {"waits for the IPAM", USUAL CLAIM(0) "\n" OURS "device=IPV4", "wait WaitingForIPAddress"},
    {"waits for the IPAddress", USUAL CLAIM(0) "address=a0\n" OURS "device=IPV4",
     "wait WaitingForIPAddress"},
    {"writes the address", USUAL CLAIM(0) "address=a0\n" ADDRESS(0) "\n" OURS "device=IPV4",
     "set-addresses"},
    {"writes all addresses in one patch",
     USUAL CLAIM(0) "address=a0\n" CLAIM(1) "address=a1\n" ADDRESS(0) "\n" ADDRESS(
         1) "\n" OURS "device=IPV4 device=IPV4",
     "set-addresses"},
    {"writes what is ready while another waits",
     USUAL CLAIM(0) "address=a0\n" CLAIM(1) "\n" ADDRESS(0) "\n" OURS "device=IPV4 device=IPV4",
     "set-addresses; wait WaitingForIPAddress"},
    {"the refused claim of one device does not hold up the other",
     USUAL CLAIM(0) "error=Exhausted_IP_Pools created=1999\n" CLAIM(1) "address=a1\n" ADDRESS(
         1) "\n" OURS "device=IPV4 device=IPV4",
     "set-addresses; wait IPClaimFailed; again at 2005000"},
    {"the address is no IPv4 address",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=fd00::1 prefix=64 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "wait IPAddressInvalid"},
    {"the address has a leading zero",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.010 prefix=24 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "wait IPAddressInvalid"},
    {"prefix 0",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=0 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "wait IPAddressInvalid"},
    {"prefix 33",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=33 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "wait IPAddressInvalid"},
    {"no prefix",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "wait IPAddressInvalid"},
    {"the gateway is no address",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=24 gateway=gw "
                    "claim=ns/ns-m-0\n" OURS "device=IPV4",
     "wait IPAddressInvalid"},
    {"the gateway is outside",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=24 gateway=10.0.1.1 "
                    "claim=ns/ns-m-0\n" OURS "device=IPV4",
     "wait IPAddressInvalid"},
    {"prefix 1",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=1 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "set-addresses"},
    {"a gateway beside a link of two",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=31 gateway=10.9.9.1 "
                    "claim=ns/ns-m-0\n" OURS "device=IPV4",
     "set-addresses"},
    {"a gateway outside a network of four",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=30 gateway=10.0.0.5 "
                    "claim=ns/ns-m-0\n" OURS "device=IPV4",
     "wait IPAddressInvalid"},
    {"a gateway beside a single address",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=32 gateway=10.9.9.1 "
                    "claim=ns/ns-m-0\n" OURS "device=IPV4",
     "set-addresses"},
    {"no gateway",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=24 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "set-addresses"},
    {"the address is another claim's",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=24 claim=ns/other\n" OURS
                    "device=IPV4",
     "wait IPAddressInvalid"},
    {"the address is being deleted",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(0) "deleting\n" OURS "device=IPV4",
     "wait IPAddressInvalid"},
    {"another machine has the address on the same network",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nelfmachine ns/x device=NONE,ip=10.0.0.10,vlan=v\n" OURS "device=IPV4,vlan=v",
     "wait IPAddressInUse"},
    {"another machine has the same address on another network",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nelfmachine ns/x device=IPV4,ip=10.0.0.10,vlan=w\n" OURS "device=IPV4,vlan=v",
     "set-addresses"},
    {"the other machine is being deleted and its VM is gone",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nelfmachine ns/x ours deleting device=IPV4,ip=10.0.0.10,vlan=v\n" OURS
            "device=IPV4,vlan=v",
     "set-addresses"},
    {"the other machine is being deleted and its VM may still be there",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nelfmachine ns/x cape ours deleting device=IPV4,ip=10.0.0.10,vlan=v\n" OURS
            "device=IPV4,vlan=v",
     "wait IPAddressInUse"},
    {"another machine was given the address before and has not taken it yet",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nipaddress ns/a address=10.0.0.10 claim=ns/ns-x-0 created=1\n"
            "ipclaim ns/ns-x-0 owner=ns/x/0 address=a\nelfmachine ns/x device=IPV4,vlan=v\n" OURS
            "device=IPV4,vlan=v",
     "wait IPAddressInUse"},
    {"another machine was given it later",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nipaddress ns/a address=10.0.0.10 claim=ns/ns-x-0 created=9999\n"
            "ipclaim ns/ns-x-0 owner=ns/x/0 address=a\nelfmachine ns/x device=IPV4,vlan=v\n" OURS
            "device=IPV4,vlan=v",
     "set-addresses"},
    {"another machine was given it before, on another network",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nipaddress ns/a address=10.0.0.10 claim=ns/ns-x-0 created=1\n"
            "ipclaim ns/ns-x-0 owner=ns/x/0 address=a\nelfmachine ns/x device=IPV4,vlan=w\n" OURS
            "device=IPV4,vlan=v",
     "set-addresses"},
    {"an older IPAddress of a machine that is gone",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nipaddress ns/a address=10.0.0.10 claim=ns/ns-x-0 created=1\n"
            "ipclaim ns/ns-x-0 owner=ns/x/0 address=a\n" OURS "device=IPV4",
     "set-addresses"},
    {"an older IPAddress of a device that is gone",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nipaddress ns/a address=10.0.0.10 claim=ns/ns-x-1 created=1\n"
            "ipclaim ns/ns-x-1 owner=ns/x/1 address=a\nelfmachine ns/x device=IPV4\n" OURS
            "device=IPV4",
     "set-addresses"},
    {"an older IPAddress of a device that has another",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nipaddress ns/a address=10.0.0.10 claim=ns/ns-x-0 created=1\n"
            "ipclaim ns/ns-x-0 owner=ns/x/0 address=a\nelfmachine ns/x "
            "device=IPV4,ip=10.9.9.9\n" OURS "device=IPV4",
     "set-addresses"},
    {"an older IPAddress of nobody's",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(
         0) "\nipaddress ns/a address=10.0.0.10 claim=ns/gone created=1\n" OURS "device=IPV4",
     "set-addresses"},
    {"another device of the machine has the address",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(0) "\n" OURS "device=IPV4 device=IPV4,ip=10.0.0.10",
     "wait IPAddressInUse"},
    {"two claims of one machine were given the same address on two networks",
     USUAL CLAIM(0) "address=a0\n" CLAIM(1) "address=b\n" ADDRESS(
         0) "\nipaddress ns/b address=10.0.0.10 prefix=24 claim=ns/ns-m-1\n" OURS
            "device=IPV4,vlan=v device=IPV4,vlan=w",
     "set-addresses"},
    {"two unrecorded claims of one machine were given the same address",
     USUAL
     "ipclaim ns/ns-m-0 pool=ns/pool address=a0\nipclaim ns/ns-m-1 pool=ns/pool "
     "address=b\n" ADDRESS(0) "\nipaddress ns/b address=10.0.0.10 prefix=24 claim=ns/ns-m-1\n" OURS
                              "device=IPV4 device=IPV4",
     "set-addresses; record-owner 0; record-owner 1; wait IPAddressInUse"},
    {"two claims of one machine were given the same address",
     USUAL CLAIM(0) "address=a0\n" CLAIM(1) "address=b\n" ADDRESS(
         0) "\nipaddress ns/b address=10.0.0.10 prefix=24 claim=ns/ns-m-1\n" OURS
            "device=IPV4 device=IPV4",
     "set-addresses; wait IPAddressInUse"},
};

static const struct decide_case claim_cases[] = {
    {"a claim being deleted is not used",
     USUAL CLAIM(0) "address=a0 deleting\n" ADDRESS(0) "\n" OURS "device=IPV4",
     "wait WaitingForIPClaim"},
    {"the claim of the Go manager is adopted",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool\n" OURS "device=IPV4",
     "record-owner 0; wait WaitingForIPAddress"},
    {"a machine half-way served by the Go manager is finished",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool address=a0\n" ADDRESS(0) "\n" OURS "device=IPV4",
     "set-addresses; record-owner 0"},
    {"a machine served by the Go manager: its claim is adopted",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool address=a0\n" ADDRESS(0) "\n" OURS
                                                                    "device=IPV4,ip=10.0.0.10",
     "record-owner 0"},
    {"the Go manager's claim in another namespace than the pool chosen now",
     USUAL "ipclaim elsewhere/ns-m-0 pool=elsewhere/old\n" OURS "device=IPV4",
     "record-owner 0; wait WaitingForIPAddress"},
    {"after clusterctl move the uid differs: renewed",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool owner=ns/m/0 uid=old refs cluster=c\n" OURS
           "device=IPV4",
     "record-owner 0; wait WaitingForIPAddress"},
    {"a record without owner reference in the same namespace is completed",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool owner=ns/m/0 cluster=c\n" OURS "device=IPV4",
     "record-owner 0; wait WaitingForIPAddress"},
    {"no owner reference across namespaces",
     USUAL "ipclaim other/ns-m-0 pool=other/pool owner=ns/m/0 cluster=c\n" OURS "device=IPV4",
     "wait WaitingForIPAddress"},
    {"the name is taken by another machine's claim",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool owner=n/s-m/0\n" OURS "device=IPV4", "create-claim 0"},
    {"the Go manager's claim fits two living machines: nobody takes it",
     USUAL "ipclaim n/n-s-m-0 pool=n/pool\nelfmachine n/s-m device=IPV4\n"
           "elfmachine n-s/m owner=owner device=IPV4\n" OURS "device=IPV4",
     "create-claim 0"},
    {"refused and asked anew: no record on what is deleted in the same breath",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool error=Exhausted created=1000\n" OURS "device=IPV4",
     "delete-claim 0; wait IPClaimFailed"},
    {"refused, and its turn has not come: recorded",
     USUAL "ipclaim ns/ns-m-0 pool=ns/pool error=Exhausted created=2010\n" OURS "device=IPV4",
     "record-owner 0; wait IPClaimFailed"},
    {"the claim's own pool stays",
     "cluster ns/c\nmachine ns/owner cluster=c\ntemplate ns/t name=nowhere\n" CLAIM(
         0) "address=a0\n" ADDRESS(0) "\n" OURS "device=IPV4",
     "set-addresses"},
    {"refused for good: nothing has eased since",
     USUAL CLAIM(0) "error=Exhausted_IP_Pools created=2010\n" OURS "device=IPV4",
     "wait IPClaimFailed"},
    {"refused before we started, and the pool has free addresses: asked anew",
     USUAL CLAIM(0) "error=Exhausted_IP_Pools created=1000\n" OURS "device=IPV4",
     "delete-claim 0; wait IPClaimFailed"},
    {"not within 5 s of the last try",
     USUAL CLAIM(0) "error=Exhausted_IP_Pools created=1999\n" OURS "device=IPV4",
     "wait IPClaimFailed; again at 2005000"},
    {"5 s after the last try, to the second",
     USUAL CLAIM(0) "error=Exhausted_IP_Pools created=1994\n" OURS "device=IPV4",
     "delete-claim 0; wait IPClaimFailed"},
    {"refused, its pool has gone",
     "cluster ns/c\nmachine ns/owner cluster=c\n" CLAIM(0) "error=Exhausted created=1000\n" OURS
                                                           "device=IPV4",
     "wait IPClaimFailed"},
    {"refused, and the pool is still full",
     USUAL "ippool ns/pool start=10.0.0.10 end=10.0.0.10\n"
           "ipaddress ns/x address=10.0.0.10 prefix=24 pool=ns/pool claim=ns/x\n" CLAIM(
               0) "error=Exhausted_IP_Pools created=1000\n" OURS "device=IPV4",
     "wait IPClaimFailed"},
    {"refused, and the only free address is an older machine's",
     USUAL "ippool ns/pool start=10.0.0.10 end=10.0.0.10\n"
           "elfmachine ns/old created=1 device=IPV4\n"
           "ipclaim ns/ns-old-0 pool=ns/pool owner=ns/old/0 error=Exhausted created=900\n" CLAIM(
               0) "error=Exhausted_IP_Pools created=1000\n" OURS "created=2 device=IPV4",
     "wait IPClaimFailed"},
    {"refused, and there is one for both",
     USUAL "ippool ns/pool start=10.0.0.10 end=10.0.0.11\n"
           "elfmachine ns/old created=1 device=IPV4\n"
           "ipclaim ns/ns-old-0 pool=ns/pool owner=ns/old/0 error=Exhausted created=900\n" CLAIM(
               0) "error=Exhausted_IP_Pools created=1000\n" OURS "created=2 device=IPV4",
     "delete-claim 0; wait IPClaimFailed"},
    {"its device has gone, unanswered: handed back",
     USUAL CLAIM(0) "\n" CLAIM(1) "\n" OURS "device=IPV4",
     "delete-claim 1; wait WaitingForIPAddress"},
    {"its device has gone, answered: stays as long as the machine",
     USUAL CLAIM(0) "\n" CLAIM(1) "address=a1\n" ADDRESS(1) "\n" OURS "device=IPV4",
     "wait WaitingForIPAddress"},
    {"its device has gone, answered with what has not been seen yet: stays",
     USUAL CLAIM(0) "\n" CLAIM(1) "address=a1\n" OURS "device=IPV4", "wait WaitingForIPAddress"},
    {"its device was given an address by hand: handed back",
     USUAL CLAIM(0) "\n" OURS "device=IPV4,ip=10.9.9.9", "delete-claim 0"},
    {"its device is no longer static: handed back", USUAL CLAIM(0) "\n" OURS "device=IPV4_DHCP",
     "delete-claim 0"},
};

static const struct decide_case release_cases[] = {
    {"CAPE's finalizer is there: the VM may use the address",
     USUAL CLAIM(0) "address=a0\n" OURS "deleting device=IPV4,ip=10.0.0.10", ""},
    {"without ours there is nothing to give back",
     USUAL "elfmachine ns/m owner=owner deleting device=IPV4", ""},
    {"the claims go first",
     USUAL CLAIM(0) "address=a0\n" CLAIM(
         1) "\nelfmachine ns/m owner=owner ours deleting device=IPV4 device=IPV4",
     "delete-claim 0; delete-claim 1"},
    {"those marked for deletion are as good as gone",
     USUAL CLAIM(0) "deleting\nelfmachine ns/m owner=owner ours deleting device=IPV4",
     "remove-finalizer"},
    {"none left", USUAL "elfmachine ns/m owner=owner ours deleting device=IPV4",
     "remove-finalizer"},
    {"no static device and nothing held: CAPE is not waited for", USUAL OURS "deleting device=NONE",
     "remove-finalizer"},
    {"no static device any more, but a claim: CAPE is waited for",
     USUAL CLAIM(0) "\n" OURS "deleting device=NONE", ""},
    {"wherever the claim is and whichever pool it names",
     "cluster ns/c\nipclaim far/away pool=far/gone owner=ns/m/0\n"
     "elfmachine ns/m owner=owner ours deleting device=IPV4",
     "delete-claim 0"},
    {"the Go manager's claim as well",
     "ipclaim far/ns-m-0 pool=far/gone\nelfmachine ns/m owner=owner ours deleting device=IPV4",
     "delete-claim 0"},
    {"not a claim of the Go manager that another living machine may have",
     "ipclaim n/n-s-m-0 pool=n/p\nelfmachine n-s/m device=IPV4\nelfmachine n/s-m device=IPV4\n"
     "elfmachine ns/m ours deleting device=IPV4",
     "remove-finalizer"},
    {"not another machine's claim",
     "ipclaim ns/ns-m-0 pool=ns/p owner=ns/other/0\nelfmachine ns/m ours deleting device=IPV4",
     "remove-finalizer"},
    {"a paused Cluster is left alone",
     USUAL
     "cluster ns/c paused\n" CLAIM(0) "\nelfmachine ns/m owner=owner ours deleting device=IPV4",
     "wait Paused"},
    {"a paused Cluster, known by the machine's own label when its Machine is gone",
     "cluster ns/c paused\nelfmachine ns/m cluster=c ours deleting device=IPV4", "wait Paused"},
    {"the Cluster itself is gone: not paused",
     CLAIM(0) "\nelfmachine ns/m owner=owner cluster=c ours deleting paused device=IPV4",
     "delete-claim 0"},
    {"template and pool are gone",
     "cluster ns/c\n" CLAIM(0) "\nelfmachine ns/m owner=owner ours deleting device=IPV4",
     "delete-claim 0"},
    {"a failed machine is released like any other",
     USUAL CLAIM(0) "\nelfmachine ns/m owner=owner ours failed deleting device=IPV4",
     "delete-claim 0"},
};

static size_t count_wrong(const struct decide_case *row, const char *watch_filter)
{
    struct world_text *text = world_text_new(row->world, NOW_MS);
    cleanup_arena struct arena arena;
    struct kube_actions actions;
    struct elfmachine_decider decider = {
        .world = text->world, .provider = &provider_metal3, .watch_filter = watch_filter};
    arena_init(&arena);
    kube_actions_init(&actions, &arena);
    elfmachine_decide(&decider, (struct kube_key){STR("ns"), STR("m")}, NOW_MS, &actions);
    struct str got = kube_actions_text(&actions);
    bool is_wrong = !str_eq_cstr(got, row->want);
    if (is_wrong)
        print_error("%s: got \"" STR_FMT "\", want \"%s\"\n", row->name, STR_ARG(got), row->want);
    world_text_free(text);
    return is_wrong;
}

static void check_all(const struct decide_case *rows, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += count_wrong(&rows[i], NULL);
    assert_int_equal(wrong, 0);
}

static void test_live(void **state)
{
    (void)state;
    check_all(live_cases, ARRAY_LEN(live_cases));
}

static void test_claims(void **state)
{
    (void)state;
    check_all(claim_cases, ARRAY_LEN(claim_cases));
}

static void test_release(void **state)
{
    (void)state;
    check_all(release_cases, ARRAY_LEN(release_cases));
}

/* What is told, word for word: it names the object, the field, the value and what to do. */
static const struct decide_case messages[] = {
    {"no Machine", "elfmachine ns/m device=IPV4",
     "The Machine that owns this ElfMachine is not there yet"},
    {"no Cluster", "machine ns/owner cluster=c\n" MACHINE "device=IPV4",
     "The Cluster \"c\" that the Machine's label cluster.x-k8s.io/cluster-name names is not there "
     "yet"},
    {"paused", USUAL "cluster ns/c paused\n" MACHINE "device=IPV4",
     "The machine or its Cluster is paused"},
    {"no CAPE", USUAL "elfmachine ns/m owner=owner device=IPV4",
     "CAPE has not put its finalizer on this ElfMachine yet"},
    {"pending", USUAL CLAIM(0) "\n" OURS "device=IPV4",
     "Device 0: IPClaim ns/ns-m-0 has no address yet. Does the IPAM run, and does it serve IPPool "
     "ns/pool?"},
    {"deleting", USUAL CLAIM(0) "deleting\n" OURS "device=IPV4",
     "Device 0: IPClaim ns/ns-m-0 is being deleted; a new one is made once it is gone"},
    {"refused", USUAL CLAIM(0) "error=Exhausted_IP_Pools created=2010\n" OURS "device=IPV4",
     "Device 0: IPClaim ns/ns-m-0 from IPPool ns/pool was refused: Exhausted IP Pools"},
    {"not IPv4",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=fd00::1 prefix=64 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "Device 0: IPAddress ns/a: spec.address \"fd00::1\" is not an IPv4 address. Correct it; the "
     "claim is IPClaim ns/ns-m-0."},
    {"prefix",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=33 claim=ns/ns-m-0\n" OURS
                    "device=IPV4",
     "Device 0: IPAddress ns/a: spec.prefix 33 is not between 1 and 32. Correct it; the claim is "
     "IPClaim ns/ns-m-0."},
    {"gateway",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=24 gateway=gw "
                    "claim=ns/ns-m-0\n" OURS "device=IPV4",
     "Device 0: IPAddress ns/a: spec.gateway \"gw\" is not an IPv4 address. Correct it; the claim "
     "is IPClaim ns/ns-m-0."},
    {"gateway outside",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=24 gateway=10.0.1.1 "
                    "claim=ns/ns-m-0\n" OURS "device=IPV4",
     "Device 0: IPAddress ns/a: spec.gateway 10.0.1.1 is outside 10.0.0.1/24. Correct it; the "
     "claim "
     "is IPClaim ns/ns-m-0."},
    {"another claim's",
     USUAL CLAIM(0) "address=a\nipaddress ns/a address=10.0.0.1 prefix=24 claim=far/x\n" OURS
                    "device=IPV4",
     "Device 0: IPAddress ns/a: spec.claim names IPClaim \"far/x\". Correct it; the claim is "
     "IPClaim ns/ns-m-0."},
    {"in use",
     USUAL CLAIM(0) "address=a0\n" ADDRESS(0) "\nelfmachine far/x device=IPV4,ip=10.0.0.10\n" OURS
                                              "device=IPV4",
     "Device 0: IPClaim ns/ns-m-0 was given 10.0.0.10, which ElfMachine far/x has already. Take "
     "that address out of the pool, or off that machine."},
    {"a pool", "cluster ns/c\nmachine ns/owner cluster=c\n" OURS "device=IPV4",
     "ElfMachineTemplate ns/t, named by the annotation cluster.x-k8s.io/cloned-from-name, is not "
     "there. Create it, or correct the annotation."},
    {"allocated", USUAL CLAIM(0) "address=a0\n" ADDRESS(0) "\n" OURS "device=IPV4",
     "Device 0: 10.0.0.10/24 via 10.0.0.1 from IPPool ns/pool"},
    {"released",
     "elfmachine ns/m ours deleting allocated=1=255.255.255.0,;0=255.255.255.0,;3=x,;1=x, "
     "device=IPV4,ip=10.0.0.10 device=IPV4,ip=10.0.1.10 device=IPV4,ip=10.9.9.9",
     "Given back: 10.0.0.10 (device 0), 10.0.1.10 (device 1)"},
    {"nothing to release", "elfmachine ns/m ours deleting device=IPV4",
     "No claim of this machine is left"},
};

static void decide(const struct world_text *text, struct kube_actions *out)
{
    struct elfmachine_decider decider = {.world = text->world, .provider = &provider_metal3};
    elfmachine_decide(&decider, (struct kube_key){STR("ns"), STR("m")}, NOW_MS, out);
}

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct world_text *text = world_text_new(messages[i].world, NOW_MS);
        cleanup_arena struct arena arena;
        struct kube_actions actions;
        arena_init(&arena);
        kube_actions_init(&actions, &arena);
        decide(text, &actions);
        const struct kube_report *told =
            actions.report_count > 0 ? &actions.reports[0] : &actions.items[0].done;
        if (!str_eq_cstr(told->message, messages[i].want))
            fail_msg("%s: got \"" STR_FMT "\"", messages[i].name, STR_ARG(told->message));
        world_text_free(text);
    }
}

/* What passes by itself is told when it has lasted; what somebody has to mend, at once. */
static void test_patience(void **state)
{
    static const struct {
        const char *world;
        enum kube_event_type type;
        int64_t patience_ms;
        bool is_log_only;
    } cases[] = {
        {"elfmachine ns/m device=IPV4", KUBE_EVENT_WARNING, 30000, false},
        {USUAL "elfmachine ns/m owner=owner device=IPV4", KUBE_EVENT_WARNING, 30000, false},
        {USUAL CLAIM(0) "\n" OURS "device=IPV4", KUBE_EVENT_WARNING, 10000, false},
        {USUAL CLAIM(0) "deleting\n" OURS "device=IPV4", KUBE_EVENT_WARNING, 10000, false},
        {USUAL "cluster ns/c paused\n" MACHINE "device=IPV4", KUBE_EVENT_NORMAL, 0, true},
        {USUAL CLAIM(0) "error=no created=2010\n" OURS "device=IPV4", KUBE_EVENT_WARNING, 0, false},
        {USUAL CLAIM(0) "address=a0\n" ADDRESS(0) "deleting\n" OURS "device=IPV4",
         KUBE_EVENT_WARNING, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world_text *text = world_text_new(cases[i].world, NOW_MS);
        cleanup_arena struct arena arena;
        struct kube_actions actions;
        arena_init(&arena);
        kube_actions_init(&actions, &arena);
        decide(text, &actions);
        assert_int_equal(actions.report_count, 1);
        const struct kube_report *report = &actions.reports[0];
        if (report->type != cases[i].type || report->patience_ms != cases[i].patience_ms ||
            report->is_log_only != cases[i].is_log_only)
            fail_msg("%s", cases[i].world);
        world_text_free(text);
    }
}

/* The finalizers of others stay where they are. */
static void test_finalizer_patches(void **state)
{
    static const struct {
        const char *finalizers;
        const char *deletion;
        const char *want;
    } cases[] = {
        {"['a/b','" FINALIZER_CAPE "']", "", "['a/b','" FINALIZER_CAPE "','" FINALIZER_OURS "']"},
        {"['" FINALIZER_OURS "','a/b']", ",'deletionTimestamp':'2026-01-01T00:00:00Z'", "['a/b']"},
        {"['a/b','" FINALIZER_OURS "','c/d']", ",'deletionTimestamp':'2026-01-01T00:00:00Z'",
         "['a/b','c/d']"},
        {"['" FINALIZER_OURS "']", ",'deletionTimestamp':'2026-01-01T00:00:00Z'", "[]"},
    };
    static const char shape[] =
        "{'metadata':{'namespace':'ns','name':'m','uid':'mu','resourceVersion':'9','finalizers':%s,"
        "'ownerReferences':[{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine','name':"
        "'owner','uid':'u'}]%s},'spec':{'network':{'devices':[{'networkType':'IPV4'}]}}}";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world_text *text = world_text_new(USUAL, NOW_MS);
        cleanup_arena struct arena arena;
        struct kube_actions actions;
        arena_init(&arena);
        kube_actions_init(&actions, &arena);
        struct str before = arena_printf(&arena, shape, cases[i].finalizers, cases[i].deletion);
        struct str want = arena_printf(&arena, shape, cases[i].want, cases[i].deletion);
        kube_store_put(world_store(text->world, WORLD_ELFMACHINES),
                       json_view(&elfmachine_kind, before.ptr));
        decide(text, &actions);
        assert_int_equal(actions.count, 1);
        assert_true(str_eq_cstr(actions.items[0].uid, "mu"));
        assert_int_equal(actions.items[0].resource_version, 9);
        if (!str_is_empty(str_from(cases[i].deletion))) /* names what it removes by position */
            assert_non_null(strstr(actions.items[0].body.ptr, "\"value\":\"" FINALIZER_OURS "\""));
        assert_same_json(cases[i].finalizers,
                         json_patched(&arena, json_text(&arena, before.ptr), actions.items[0].body),
                         json_text(&arena, want.ptr));
        world_text_free(text);
    }
}

/* Anybody who may edit the machine may write the annotation: as long as an API server takes it. */
static void test_a_huge_record_does_not_hurt(void **state)
{
    struct world_text *text = world_text_new(USUAL, NOW_MS);
    cleanup_arena struct arena arena;
    cleanup_strbuf struct strbuf machine = {0};
    struct kube_actions actions;
    (void)state;
    arena_init(&arena);
    kube_actions_init(&actions, &arena);
    strbuf_append_cstr(&machine,
                       "{'metadata':{'namespace':'ns','name':'m','uid':'mu','resourceVersion':'9',"
                       "'deletionTimestamp':'2026-01-01T00:00:00Z','finalizers':['" FINALIZER_OURS
                       "'],'annotations':{'" ANNOTATION_ALLOCATED "':'0=,");
    for (int i = 0; i < 65000; i++)
        strbuf_append_cstr(&machine, ";0=,");
    strbuf_append_cstr(&machine, "'}},'spec':{'network':{'devices':[{'networkType':'IPV4',"
                                 "'ipAddrs':['10.0.0.10']}]}}}");
    kube_store_put(world_store(text->world, WORLD_ELFMACHINES),
                   json_view(&elfmachine_kind, machine.data));
    decide(text, &actions);
    assert_int_equal(actions.count, 1);
    assert_true(str_eq_cstr(actions.items[0].done.message, "Given back: 10.0.0.10 (device 0)"));
    assert_true(arena.used_bytes < 100000);
    world_text_free(text);
}

static void test_watch_filter(void **state)
{
    static const struct decide_case other = {"another's machine", USUAL MACHINE "device=IPV4", ""};
    static const struct decide_case ours = {"ours", USUAL MACHINE "filter=mine device=IPV4",
                                            "add-finalizer"};
    (void)state;
    assert_int_equal(count_wrong(&other, "mine"), 0);
    assert_int_equal(count_wrong(&ours, "mine"), 0);
}

/* A kind whose list has not come says nothing by the absence of its objects. */
static void test_unknown_kinds(void **state)
{
    static const char *const machines[] = {"elfmachine ns/m owner=owner ours deleting device=IPV4",
                                           USUAL OURS "device=IPV4"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
        struct world_text *text = world_text_new_unfilled(machines[i], NOW_MS);
        cleanup_arena struct arena arena;
        struct kube_actions actions;
        struct elfmachine_decider decider = {.world = text->world, .provider = &provider_metal3};
        arena_init(&arena);
        kube_actions_init(&actions, &arena);
        elfmachine_decide(&decider, (struct kube_key){STR("ns"), STR("m")}, NOW_MS, &actions);
        assert_true(str_eq(kube_actions_text(&actions), STR("wait WaitingForKind")));
        world_text_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_finalizer_patches),
        cmocka_unit_test(test_a_huge_record_does_not_hurt),
        cmocka_unit_test(test_watch_filter),
        cmocka_unit_test(test_unknown_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
