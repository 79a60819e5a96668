/* The record of whose a claim is: what is written is what is read, and a claim that has parts of it
 * or other things of its own gets just what it lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "controllers/claim_record.h"
#include "controllers/metal3.h"
#include "lib/json_text.h"

struct fixture {
    struct arena arena;
    const struct kube_object *machine; /* owned */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->arena);
    f->machine = json_view(&elfmachine_kind, "{'metadata':{'namespace':'ns','name':'m','uid':'u1',"
                                             "'resourceVersion':'7'}}");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    kube_object_unref(f->machine);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

#define ANNOTATIONS                                                                                \
    "'cape-ip.cluster.x-k8s.io/owner-namespace':'ns','cape-ip.cluster.x-k8s.io/owner-name':'m',"   \
    "'cape-ip.cluster.x-k8s.io/owner-uid':'u1','cape-ip.cluster.x-k8s.io/device-index':'2'"
#define LABELS "'cluster.x-k8s.io/ip-owner-name':'ns-m','cluster.x-k8s.io/cluster-name':'c'"
#define OWNER(uid)                                                                                 \
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'ElfMachine','name':'m',"      \
    "'uid':'" uid "'}"
#define OTHER_OWNER "{'apiVersion':'v1','kind':'ConfigMap','name':'m','uid':'x'}"

static void assert_members(struct fixture *f, struct str claim_ns, const char *cluster,
                           const char *want)
{
    struct str members = claim_record_members(&f->arena, elfmachine_from(f->machine), 2, claim_ns,
                                              str_from(cluster));
    assert_same_json(want, arena_printf(&f->arena, "{" STR_FMT "}", STR_ARG(members)),
                     json_text(&f->arena, want));
}

static void test_members_of_a_new_claim(void **state)
{
    assert_members(*state, STR("ns"), "c",
                   "{'labels':{" LABELS "},'annotations':{" ANNOTATIONS
                   "},'ownerReferences':[" OWNER("u1") "]}");
}

static void test_no_owner_reference_across_namespaces(void **state)
{
    assert_members(*state, STR("pools"), "c",
                   "{'labels':{" LABELS "},'annotations':{" ANNOTATIONS "}}");
}

static void test_no_cluster_label_without_cluster(void **state)
{
    assert_members(*state, STR("pools"), "",
                   "{'labels':{'cluster.x-k8s.io/ip-owner-name':'ns-m'},'annotations':{" ANNOTATIONS
                   "}}");
}

/* The owner label is left out where "<namespace>-<name>" cannot be one; annotations say it all. */
static void test_label_values(void **state)
{
    static const struct {
        const char *ns;
        const char *name;
        bool has_label;
    } cases[] = {
        {"ns", "m.x", true},
        {"n", "123456789012345678901234567890123456789012345678901234567890x", true}, /* 63 */
        {"n", "123456789012345678901234567890123456789012345678901234567890xy", false},
        {"ns", "m-", false},
        {"ns", "m.", false},
        {"ns", "m/x", false},
        {"ns", "m x", false},
        {"-ns", "m", false},
        {"ns", "M_x", true},
        {"a", "z", true},
        {"A", "Z", true},
        {"0", "9", true},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str text = arena_printf(
            &f->arena,
            "{'metadata':{'namespace':'%s','name':'%s','uid':'u','resourceVersion':'1'}}",
            cases[i].ns, cases[i].name);
        const struct kube_object *machine = json_view(&elfmachine_kind, text.ptr);
        struct str members =
            claim_record_members(&f->arena, elfmachine_from(machine), 0, STR("x"), STR(""));
        bool has_label = strstr(members.ptr, "ip-owner-name") != NULL;
        if (has_label != cases[i].has_label)
            fail_msg("%s-%s", cases[i].ns, cases[i].name);
        kube_object_unref(machine);
    }
}

static bool read_record(const char *annotations, struct claim_record *out,
                        const struct kube_object **claim_out)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "{'metadata':{'namespace':'p','name':'x','resourceVersion':'1','annotations':{%s}}}",
             annotations);
    *claim_out = json_view(&ipclaim_kind, text);
    return claim_record_read(&(*claim_out)->meta, out);
}

static void test_read(void **state)
{
    struct fixture *f = *state;
    const struct kube_object *claim;
    struct claim_record record;
    assert_true(read_record(ANNOTATIONS, &record, &claim));
    assert_true(str_eq_cstr(record.owner_ns, "ns"));
    assert_true(str_eq_cstr(record.owner_name, "m"));
    assert_true(str_eq_cstr(record.owner_uid, "u1"));
    assert_int_equal(record.device_index, 2);
    assert_true(claim_record_names(&record, elfmachine_from(f->machine)));
    record.owner_uid = STR("another"); /* after clusterctl move */
    assert_true(claim_record_names(&record, elfmachine_from(f->machine)));
    record.owner_ns = STR("n");
    assert_false(claim_record_names(&record, elfmachine_from(f->machine)));
    kube_object_unref(claim);
}

#define NS "'cape-ip.cluster.x-k8s.io/owner-namespace':'ns'"
#define NAME "'cape-ip.cluster.x-k8s.io/owner-name':'m'"
#define INDEX(text) "'cape-ip.cluster.x-k8s.io/device-index':'" text "'"

static void test_what_is_no_record(void **state)
{
    static const char *const cases[] = {
        "",
        NS "," NAME,
        NS "," INDEX("0"),
        NAME "," INDEX("0"),
        NS "," NAME "," INDEX(""),
        NS "," NAME "," INDEX("x"),
        NS "," NAME "," INDEX("-1"),
        NS "," NAME "," INDEX("4294967296"),
        "'cape-ip.cluster.x-k8s.io/owner-namespace':''," NAME "," INDEX("0"),
        NS "," NAME ",'cape-ip.cluster.x-k8s.io/device-index':0",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct kube_object *claim;
        struct claim_record record;
        if (read_record(cases[i], &record, &claim))
            fail_msg("a record: %s", cases[i]);
        kube_object_unref(claim);
    }
    const struct kube_object *claim;
    struct claim_record record;
    assert_true(read_record(NS "," NAME "," INDEX("4294967295"), &record, &claim)); /* no uid */
    kube_object_unref(claim);
}

#define META "'namespace':'ns','name':'ns-m-2','uid':'cu','resourceVersion':'9'"
#define OF_CLAIM(members) "{'metadata':{" META members "},'spec':{'x':1}}"
#define WHOLE                                                                                      \
    ",'labels':{" LABELS "},'annotations':{" ANNOTATIONS "},'ownerReferences':[" OWNER("u1") "]"

#define OF_GROUP "{'apiVersion':'example.org/v1','kind':'ElfMachine','name':'m','uid':'u1'}"
#define OF_KIND                                                                                    \
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'ElfCluster','name':'m',"      \
    "'uid':'u1'}"

static const struct {
    const char *name;
    const char *claim;
    const char *want; /* NULL: nothing to do */
} renewals[] = {
    {"right already", OF_CLAIM(WHOLE), NULL},
    {"right already, with more of its own",
     OF_CLAIM(",'labels':{" LABELS ",'a':'b'},'annotations':{" ANNOTATIONS
              ",'c':'d'},'ownerReferences':[" OTHER_OWNER "," OWNER("u1") "]"),
     NULL},
    {"the Go manager's: no map at all", OF_CLAIM(""), OF_CLAIM(WHOLE)},
    {"maps that are null", OF_CLAIM(",'labels':null,'annotations':null,'ownerReferences':null"),
     OF_CLAIM(WHOLE)},
    {"empty maps", OF_CLAIM(",'labels':{},'annotations':{},'ownerReferences':[]"), OF_CLAIM(WHOLE)},
    {"what others put there stays",
     OF_CLAIM(",'labels':{'a':'b'},'annotations':{'c':'d'},'ownerReferences':[" OTHER_OWNER "]"),
     OF_CLAIM(",'labels':{'a':'b'," LABELS "},'annotations':{'c':'d'," ANNOTATIONS
              "},'ownerReferences':[" OTHER_OWNER "," OWNER("u1") "]")},
    {"labels alone are missing",
     OF_CLAIM(",'annotations':{" ANNOTATIONS "},'ownerReferences':[" OWNER("u1") "]"),
     OF_CLAIM(WHOLE)},
    {"annotations alone are missing",
     OF_CLAIM(",'labels':{" LABELS "},'ownerReferences':[" OWNER("u1") "]"), OF_CLAIM(WHOLE)},
    {"the owner reference alone is missing",
     OF_CLAIM(",'labels':{" LABELS "},'annotations':{" ANNOTATIONS "}"), OF_CLAIM(WHOLE)},
    {"one label is wrong",
     OF_CLAIM(",'labels':{'cluster.x-k8s.io/ip-owner-name':'old','cluster.x-k8s.io/cluster-name':"
              "'c'},'annotations':{" ANNOTATIONS "},'ownerReferences':[" OWNER("u1") "]"),
     OF_CLAIM(WHOLE)},
    {"the cluster label alone is missing",
     OF_CLAIM(",'labels':{'cluster.x-k8s.io/ip-owner-name':'ns-m'},'annotations':{" ANNOTATIONS
              "},'ownerReferences':[" OWNER("u1") "]"),
     OF_CLAIM(WHOLE)},
    {"one annotation is wrong",
     OF_CLAIM(",'labels':{" LABELS "},'annotations':{" NS "," NAME "," INDEX(
         "2") ",'cape-ip.cluster.x-k8s.io/owner-uid':'old'},'ownerReferences':[" OWNER("u1") "]"),
     OF_CLAIM(WHOLE)},
    {"after clusterctl move the reference has an old uid",
     OF_CLAIM(",'labels':{" LABELS "},'annotations':{" ANNOTATIONS
              "},'ownerReferences':[" OTHER_OWNER "," OWNER("old") "]"),
     OF_CLAIM(",'labels':{" LABELS "},'annotations':{" ANNOTATIONS
              "},'ownerReferences':[" OTHER_OWNER "," OWNER("u1") "]")},
    {"the reference of another version of CAPE is as good",
     OF_CLAIM(",'labels':{" LABELS "},'annotations':{" ANNOTATIONS
              "},'ownerReferences':[{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta9','kind':"
              "'ElfMachine','name':'m','uid':'u1'}]"),
     NULL},
    {"another object of the machine's name is not the machine",
     OF_CLAIM(",'labels':{" LABELS "},'annotations':{" ANNOTATIONS "},'ownerReferences':[" OF_GROUP
              "," OF_KIND "]"),
     OF_CLAIM(",'labels':{" LABELS "},'annotations':{" ANNOTATIONS "},'ownerReferences':[" OF_GROUP
              "," OF_KIND "," OWNER("u1") "]")},
    {"in another namespace: no reference",
     "{'metadata':{'namespace':'far','name':'ns-m-2','uid':'cu','resourceVersion':'9'}}",
     "{'metadata':{'namespace':'far','name':'ns-m-2','uid':'cu','resourceVersion':'9','labels':"
     "{" LABELS "},'annotations':{" ANNOTATIONS "}}}"},
};

static void test_renew(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(renewals); i++) {
        const struct kube_object *claim = json_view(&ipclaim_kind, renewals[i].claim);
        struct kube_actions out;
        kube_actions_init(&out, &f->arena);
        claim_record_renew(&out, claim, elfmachine_from(f->machine), 2, STR("c"));
        if (out.count != (renewals[i].want != NULL))
            fail_msg("%s: %zu actions", renewals[i].name, out.count);
        if (out.count == 1) {
            const struct kube_action *action = &out.items[0];
            assert_int_equal(action->type, KUBE_ACTION_JSON_PATCH);
            assert_ptr_equal(action->kind, &ipclaim_kind);
            assert_true(str_eq(action->ns, claim->meta.ns));
            assert_true(str_eq_cstr(action->name, "ns-m-2"));
            assert_true(str_eq_cstr(action->uid, "cu"));
            assert_int_equal(action->resource_version, 9);
            assert_same_json(
                renewals[i].name,
                json_patched(&f->arena, json_text(&f->arena, renewals[i].claim), action->body),
                json_text(&f->arena, renewals[i].want));
        }
        kube_object_unref(claim);
    }
}

/* One of the two labels is wanted, on a claim that has none. */
static void test_renew_one_label(void **state)
{
    static const struct {
        const char *machine;
        const char *cluster;
        const char *has;
        const char *has_not;
    } cases[] = {
        {"m", "", "/metadata/labels/cluster.x-k8s.io~1ip-owner-name", "cluster-name"},
        {"m.", "c", "/metadata/labels/cluster.x-k8s.io~1cluster-name", "ip-owner-name"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *before = "{'metadata':{'namespace':'far','name':'x','resourceVersion':'9'}}";
        struct str text = arena_printf(&f->arena,
                                       "{'metadata':{'namespace':'ns','name':'%s','uid':'u1',"
                                       "'resourceVersion':'7'}}",
                                       cases[i].machine);
        const struct kube_object *machine = json_view(&elfmachine_kind, text.ptr);
        const struct kube_object *claim = json_view(&ipclaim_kind, before);
        struct kube_actions out;
        kube_actions_init(&out, &f->arena);
        claim_record_renew(&out, claim, elfmachine_from(machine), 2, str_from(cases[i].cluster));
        assert_int_equal(out.count, 1);
        const char *patch = out.items[0].body.ptr;
        assert_non_null(strstr(patch, "\"/metadata/labels\",\"value\":{}"));
        assert_non_null(strstr(patch, cases[i].has));
        assert_null(strstr(patch, cases[i].has_not));
        kube_object_unref(claim);
        kube_object_unref(machine);
    }
}

/* What cannot be a label is not written, and what is there then stays. */
static void test_renew_without_labels(void **state)
{
    struct fixture *f = *state;
    const struct kube_object *machine =
        json_view(&elfmachine_kind, "{'metadata':{'namespace':'ns','name':'m.','uid':'u1',"
                                    "'resourceVersion':'7'}}");
    const char *before = "{'metadata':{'namespace':'far','name':'x','uid':'cu','resourceVersion':"
                         "'9','annotations':{}}}";
    const struct kube_object *claim = json_view(&ipclaim_kind, before);
    struct kube_actions out;
    kube_actions_init(&out, &f->arena);
    claim_record_renew(&out, claim, elfmachine_from(machine), 2, STR(""));
    assert_int_equal(out.count, 1);
    assert_same_json(
        "annotations only",
        json_patched(&f->arena, json_text(&f->arena, before), out.items[0].body),
        json_text(&f->arena,
                  "{'metadata':{'namespace':'far','name':'x','uid':'cu','resourceVersion':'9',"
                  "'annotations':{'cape-ip.cluster.x-k8s.io/owner-namespace':'ns',"
                  "'cape-ip.cluster.x-k8s.io/owner-name':'m.',"
                  "'cape-ip.cluster.x-k8s.io/owner-uid':'u1',"
                  "'cape-ip.cluster.x-k8s.io/device-index':'2'}}}"));
    kube_object_unref(claim);
    kube_object_unref(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_members_of_a_new_claim, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_owner_reference_across_namespaces, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_no_cluster_label_without_cluster, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_label_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renew_one_label, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renew_without_labels, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
