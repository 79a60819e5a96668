/* Contract section 4 as rows: a world, and the pool that device 0 of ElfMachine ns/m gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "controllers/pool_choice.h"
#include "lib/world_text.h"

#define NOW_MS (2000 * 1000)
#define MACHINE "elfmachine ns/m template=t device=IPV4\n"
#define MACHINE_WITH(pool) "elfmachine ns/m template=t device=IPV4,pool=" pool "\n"
#define ONE_ADDRESS " start=10.0.0.10 end=10.0.0.10 "

struct choice_case {
    const char *name;
    const char *world;
    const char *want; /* "<rule> <pool>" or "<rule> <reason to wait>" */
};

static const struct choice_case device_cases[] = {
    {"group and kind of Metal3", MACHINE_WITH("ipam.metal3.io:IPPool:p") "ippool ns/p\n",
     "device ns/p"},
    {"both left out", MACHINE_WITH("::p") "ippool ns/p\n", "device ns/p"},
    {"not in the machine's namespace: in default",
     MACHINE_WITH("::p") "ippool default/p\nippool cape-system/p\n", "device default/p"},
    {"the machine's namespace comes first", MACHINE_WITH("::p") "ippool default/p\nippool ns/p\n",
     "device ns/p"},
    {"wins over the template",
     MACHINE_WITH("::p") "template ns/t name=q\nippool ns/p\nippool ns/q\n", "device ns/p"},
    {"needs no template", "elfmachine ns/m device=IPV4,pool=::p\nippool ns/p\n", "device ns/p"},
    {"no such pool: never another",
     MACHINE_WITH("::p") "template ns/t name=q\nippool ns/q\nippool ns/d default\n",
     "device IPPoolNotFound"},
    {"the template's namespace label is not meant",
     MACHINE_WITH("::p") "template ns/t ns=far\nippool far/p\n", "device IPPoolNotFound"},
    {"no name", MACHINE_WITH("::") "template ns/t name=q\nippool ns/q\n", "device IPPoolNotFound"},
    {"another kind: never a silent fallback",
     MACHINE_WITH("ipam.cluster.x-k8s.io:InClusterIPPool:p") "template ns/t name=q\nippool ns/q\n"
                                                             "ippool ns/p\n",
     "device UnsupportedIPPool"},
    {"Metal3's group with another kind", MACHINE_WITH("ipam.metal3.io:Pool:p") "ippool ns/p\n",
     "device UnsupportedIPPool"},
    {"another group with Metal3's kind", MACHINE_WITH("example.org:IPPool:p") "ippool ns/p\n",
     "device UnsupportedIPPool"},
    {"kind without group", MACHINE_WITH(":IPPool:p") "ippool ns/p\n", "device UnsupportedIPPool"},
    {"being deleted: waited for, the one of that name in default is another",
     MACHINE_WITH("::p") "ippool ns/p deleting\nippool default/p\n", "device WaitingForIPPool"},
    {"malformed", MACHINE_WITH("::p") "ippool ns/p start=10.0.0\n", "device IPPoolInvalid"},
    {"full: the IPAM will say so",
     MACHINE_WITH("::p") "ippool ns/p" ONE_ADDRESS "\nipaddress ns/a pool=ns/p\n", "device ns/p"},
};

static const struct choice_case name_cases[] = {
    {"in the namespace of the cluster", MACHINE "template ns/t name=p\nippool ns/p\n", "name ns/p"},
    {"in the namespace of the label",
     MACHINE "template ns/t name=p ns=far\nippool ns/p\nippool far/p\n", "name far/p"},
    {"not there: in default",
     MACHINE "template ns/t name=p ns=far\nippool ns/p\nippool default/p\n", "name default/p"},
    {"an empty namespace label is none", MACHINE "template ns/t name=p ns=\nippool ns/p\n",
     "name ns/p"},
    {"not in cape-system", MACHINE "template ns/t name=p\nippool cape-system/p\n",
     "name IPPoolNotFound"},
    {"never falls through to a default pool",
     MACHINE "template ns/t name=p\nippool ns/d default\nippool default/d default\n",
     "name IPPoolNotFound"},
    {"never falls through to a pool with the labels",
     MACHINE "template ns/t name=p group=g\nippool ns/q group=g\n", "name IPPoolNotFound"},
    {"wins over the labels",
     MACHINE "template ns/t name=p group=g\nippool ns/p\nippool ns/q group=g\n", "name ns/p"},
    {"an empty name is none", MACHINE "template ns/t name=\nippool ns/d default\n", "default ns/d"},
    {"being deleted", MACHINE "template ns/t name=p\nippool ns/p deleting\nippool default/p\n",
     "name WaitingForIPPool"},
    {"malformed", MACHINE "template ns/t name=p\nippool ns/p subnet=x\n", "name IPPoolInvalid"},
};

static const struct choice_case label_cases[] = {
    {"group", MACHINE "template ns/t group=g\nippool ns/p group=g\n", "labels ns/p"},
    {"network", MACHINE "template ns/t network=n\nippool ns/p network=n\n", "labels ns/p"},
    {"group given: the pool's network does not matter",
     MACHINE "template ns/t group=g\nippool ns/p group=g network=n\n", "labels ns/p"},
    {"both given: both have to match",
     MACHINE "template ns/t group=g network=n\nippool ns/a group=g\nippool ns/b network=n\n"
             "ippool ns/c group=g network=other\nippool ns/p group=g network=n\n",
     "labels ns/p"},
    {"one of two is not enough",
     MACHINE "template ns/t group=g network=n\nippool ns/a group=g\nippool ns/b network=n\n",
     "labels IPPoolNotFound"},
    {"another value", MACHINE "template ns/t group=g\nippool ns/p group=h\n",
     "labels IPPoolNotFound"},
    {"an empty value wants the label, not its absence",
     MACHINE "template ns/t group=\nippool ns/a\nippool ns/p group=\n", "labels ns/p"},
    {"in the namespace of the label",
     MACHINE "template ns/t group=g ns=far\nippool ns/p group=g\nippool far/q group=g\n",
     "labels far/q"},
    {"documented place before the Go manager's",
     MACHINE "template ns/t group=g\nippool default/d group=g default created=1\n"
             "ippool ns/p group=g created=2\n",
     "labels ns/p"},
    {"the Go manager's place: default pools of namespace default",
     MACHINE "template ns/t group=g\nippool default/d group=g default\n", "labels default/d"},
    {"there only if marked as default", MACHINE "template ns/t group=g\nippool default/d group=g\n",
     "labels IPPoolNotFound"},
    {"there only with the labels as well",
     MACHINE "template ns/t group=g network=n\nippool default/d group=g default\n",
     "labels IPPoolNotFound"},
    {"not in cape-system", MACHINE "template ns/t group=g\nippool cape-system/d group=g default\n",
     "labels IPPoolNotFound"},
    {"never falls through to a default pool",
     MACHINE "template ns/t group=g\nippool ns/d default\nippool default/d default\n",
     "labels IPPoolNotFound"},
    {"the namespace label alone asks for a default pool",
     MACHINE "template ns/t ns=far\nippool far/p default\nippool ns/d default\n", "default ns/d"},
    {"being deleted: the Go manager's place is asked",
     MACHINE "template ns/t group=g\nippool ns/p group=g deleting\n"
             "ippool default/d group=g default\n",
     "labels default/d"},
    {"all being deleted",
     MACHINE "template ns/t group=g\nippool ns/p group=g deleting\n"
             "ippool default/d group=g default deleting\n",
     "labels WaitingForIPPool"},
};

static const struct choice_case default_cases[] = {
    {"in the cluster's namespace first",
     MACHINE
     "template ns/t\nippool ns/p default created=9\nippool cape-system/p default created=1\n"
     "ippool default/p default created=1\n",
     "default ns/p"},
    {"then in cape-system",
     MACHINE "template ns/t\nippool cape-system/p default created=9\nippool default/p default\n",
     "default cape-system/p"},
    {"then in default", MACHINE "template ns/t\nippool default/p default\n", "default default/p"},
    {"nowhere else", MACHINE "template ns/t\nippool far/p default\n", "default IPPoolNotFound"},
    {"only with the label", MACHINE "template ns/t\nippool ns/p\nippool cape-system/p\n",
     "default IPPoolNotFound"},
    {"only with the label's value true", MACHINE "template ns/t\nippool ns/p default=false\n",
     "default IPPoolNotFound"},
    {"none at all", MACHINE "template ns/t\n", "default IPPoolNotFound"},
    {"being deleted: the next place",
     MACHINE "template ns/t\nippool ns/p default deleting\nippool cape-system/p default\n",
     "default cape-system/p"},
    {"the annotation is missing",
     "elfmachine ns/m device=IPV4\ntemplate ns/t name=p\nippool ns/p default\n",
     "none TemplateNotFound"},
    {"the annotation is empty",
     "elfmachine ns/m template= device=IPV4\ntemplate ns/t name=p\nippool ns/p default\n",
     "none TemplateNotFound"},
    {"the template is gone", MACHINE "ippool ns/p default\n", "none TemplateNotFound"},
    {"a template of that name elsewhere", MACHINE "template far/t name=p\nippool ns/p default\n",
     "none TemplateNotFound"},
};

#define DEFAULTS MACHINE "template ns/t\n"
static const struct choice_case candidate_cases[] = {
    {"the oldest",
     DEFAULTS "ippool ns/a default created=3\nippool ns/b default created=1\n"
              "ippool ns/c default created=2\n",
     "default ns/b"},
    {"then by name", DEFAULTS "ippool ns/c default\nippool ns/a default\nippool ns/b default\n",
     "default ns/a"},
    {"the oldest with a free address",
     DEFAULTS "ippool ns/a default created=1" ONE_ADDRESS "\nippool ns/b default created=2\n"
              "ippool ns/c default created=3\nipaddress ns/x address=10.0.0.10 pool=ns/a\n",
     "default ns/b"},
    {"one that is only claimed is not free any more",
     DEFAULTS "ippool ns/a default created=1" ONE_ADDRESS "\nippool ns/b default created=2\n"
              "ipclaim ns/other-0 pool=ns/a\n",
     "default ns/b"},
    {"a refused claim takes nothing",
     DEFAULTS "ippool ns/a default created=1" ONE_ADDRESS "\nippool ns/b default created=2\n"
              "ipclaim ns/other-0 pool=ns/a error=no\n",
     "default ns/a"},
    {"one that is pre-allocated is not free",
     DEFAULTS "ippool ns/a default created=1 reserved=10.0.0.10" ONE_ADDRESS
              "\nippool ns/b default created=2\n",
     "default ns/b"},
    {"all full: the oldest",
     DEFAULTS "ippool ns/a default created=2" ONE_ADDRESS
              "\nippool ns/b default created=1" ONE_ADDRESS
              "\nipaddress ns/x pool=ns/a\nipaddress ns/y pool=ns/b\n",
     "default ns/b"},
    {"the only one is taken full or not",
     DEFAULTS "ippool ns/a default" ONE_ADDRESS "\nipaddress ns/x pool=ns/a\n"
              "ippool cape-system/p default\n",
     "default ns/a"},
    {"not one that is being deleted",
     DEFAULTS "ippool ns/a default created=1 deleting\nippool ns/b default created=2\n",
     "default ns/b"},
    {"not a malformed one where there is another",
     DEFAULTS "ippool ns/a default created=1 start=x\nippool ns/b default created=2\n",
     "default ns/b"},
    {"a malformed one rather than one being deleted",
     DEFAULTS "ippool ns/a default created=1 deleting\nippool ns/b default created=2 start=x\n",
     "default IPPoolInvalid"},
    {"addresses of another pool of that name do not count",
     DEFAULTS "ippool ns/a default created=1" ONE_ADDRESS "\nippool ns/b default created=2\n"
              "ipaddress far/x pool=far/a\nipclaim far/y-0 pool=far/a\n",
     "default ns/a"},
    {"by labels as well",
     MACHINE
     "template ns/t group=g\nippool ns/a group=g created=2\nippool ns/b group=g created=1\n",
     "labels ns/b"},
};

/* The messages that tell a person what to do. */
static const struct choice_case message_cases[] = {
    {"device, no pool", MACHINE_WITH("::p"),
     "Device 0: no IPPool \"p\" in namespace \"ns\" or \"default\", as the device's "
     "addressesFromPools[0] asks. Create the pool or correct the name."},
    {"another kind", MACHINE_WITH("example.org:Pool:p"),
     "Device 0: spec.network.devices[0].addressesFromPools[0] names kind \"Pool\" of group "
     "\"example.org\"; only IPPool of ipam.metal3.io is served."},
    {"name", MACHINE "template ns/t name=p ns=far\n",
     "Device 0: no IPPool \"p\" in namespace \"far\" or \"default\", as the label "
     "cluster.x-k8s.io/ip-pool-name of ElfMachineTemplate ns/t asks. Create the pool or correct "
     "the "
     "name."},
    {"labels", MACHINE "template ns/t group=g network=n\n",
     "Device 0: no IPPool in namespace \"ns\" has the labels of ElfMachineTemplate ns/t: "
     "cluster.x-k8s.io/ip-pool-group=\"g\", cluster.x-k8s.io/network-name=\"n\". Label a pool or "
     "correct the template."},
    {"one label", MACHINE "template ns/t network=n\n",
     "Device 0: no IPPool in namespace \"ns\" has the labels of ElfMachineTemplate ns/t: "
     "cluster.x-k8s.io/network-name=\"n\". Label a pool or correct the template."},
    {"default", MACHINE "template ns/t\n",
     "Device 0: ElfMachineTemplate ns/t names no IPPool, and none in namespace \"ns\", "
     "\"cape-system\" or \"default\" has the label ippool.cluster.x-k8s.io/is-default=true. Label "
     "the template or a default pool."},
    {"no annotation", "elfmachine ns/m device=IPV4\n",
     "The annotation cluster.x-k8s.io/cloned-from-name is missing or empty: which "
     "ElfMachineTemplate names the IPPool is not known. Set it to the template's name."},
    {"no template", MACHINE,
     "ElfMachineTemplate ns/t, named by the annotation cluster.x-k8s.io/cloned-from-name, is not "
     "there. Create it, or correct the annotation."},
    {"being deleted", MACHINE_WITH("::p") "ippool ns/p deleting\n",
     "Device 0: IPPool ns/p is being deleted. Name another pool, or create it again once it is "
     "gone."},
    {"malformed", MACHINE_WITH("::p") "ippool ns/p start=10.0.0.9 end=10.0.0.8\n",
     "Device 0: IPPool ns/p cannot give addresses: spec.pools[0]: start 10.0.0.9 is after end "
     "10.0.0.8. Correct the pool."},
};

static struct pool_choice choose(const struct world_text *text, struct arena *arena)
{
    const struct elfmachine *machine = world_find_elfmachine(text->world, STR("ns"), STR("m"));
    return pool_choose(text->world, machine, 0, STR("ns"), arena);
}

static struct str describe(const struct pool_choice *choice, struct arena *arena)
{
    static const char *const rules[] = {"none", "device", "name", "labels", "default"};
    const char *rule = rules[choice->rule];
    if (!choice->pool)
        return arena_printf(arena, "%s " STR_FMT, rule, STR_ARG(choice->wait.reason));
    assert_true(str_is_empty(choice->wait.reason));
    const struct kube_meta *pool = &choice->pool->object.meta;
    return arena_printf(arena, "%s " STR_FMT "/" STR_FMT, rule, STR_ARG(pool->ns),
                        STR_ARG(pool->name));
}

/* The lines from the last to the first: the objects are stored in another order. */
static char *reversed(const char *lines)
{
    struct strbuf out = {0};
    struct str rest = str_from(lines);
    struct str line;
    while (str_split(&rest, '\n', &line)) {
        cleanup_strbuf struct strbuf more = {0};
        strbuf_append(&more, line);
        strbuf_append_char(&more, '\n');
        strbuf_append(&more, strbuf_str(&out));
        strbuf_clear(&out);
        strbuf_append(&out, strbuf_str(&more));
    }
    return strbuf_take(&out);
}

static size_t count_wrong(const struct choice_case *row, const char *lines)
{
    struct world_text *text = world_text_new(lines, NOW_MS);
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct pool_choice choice = choose(text, &arena);
    struct str got = describe(&choice, &arena);
    bool is_wrong = !str_eq_cstr(got, row->want);
    if (is_wrong)
        print_error("%s: got \"" STR_FMT "\", want \"%s\"\n", row->name, STR_ARG(got), row->want);
    if (!choice.pool) {
        assert_int_equal(choice.wait.type, KUBE_EVENT_WARNING);
        assert_int_equal(choice.wait.patience_ms, 0);
    }
    world_text_free(text);
    return is_wrong;
}

/* The same answer in whatever order the objects came. */
static void check_all(const struct choice_case *rows, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        cleanup_free char *other_way = reversed(rows[i].world);
        wrong += count_wrong(&rows[i], rows[i].world);
        wrong += count_wrong(&rows[i], other_way);
    }
    assert_int_equal(wrong, 0);
}

static void test_device(void **state)
{
    (void)state;
    check_all(device_cases, ARRAY_LEN(device_cases));
}

static void test_template_name(void **state)
{
    (void)state;
    check_all(name_cases, ARRAY_LEN(name_cases));
}

static void test_template_labels(void **state)
{
    (void)state;
    check_all(label_cases, ARRAY_LEN(label_cases));
}

static void test_default(void **state)
{
    (void)state;
    check_all(default_cases, ARRAY_LEN(default_cases));
}

static void test_candidates(void **state)
{
    (void)state;
    check_all(candidate_cases, ARRAY_LEN(candidate_cases));
}

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(message_cases); i++) {
        struct world_text *text = world_text_new(message_cases[i].world, NOW_MS);
        cleanup_arena struct arena arena;
        arena_init(&arena);
        struct pool_choice choice = choose(text, &arena);
        if (!str_eq_cstr(choice.wait.message, message_cases[i].want))
            fail_msg("%s: got \"" STR_FMT "\"", message_cases[i].name,
                     STR_ARG(choice.wait.message));
        world_text_free(text);
    }
}

/* Each device has its own choice. */
static void test_devices_choose_for_themselves(void **state)
{
    struct world_text *text = world_text_new(
        "elfmachine ns/m template=t device=IPV4 device=IPV4,pool=::q\ntemplate ns/t name=p\n"
        "ippool ns/p\nippool ns/q\n",
        NOW_MS);
    const struct elfmachine *machine = world_find_elfmachine(text->world, STR("ns"), STR("m"));
    cleanup_arena struct arena arena;
    (void)state;
    arena_init(&arena);
    struct pool_choice first = pool_choose(text->world, machine, 0, STR("ns"), &arena);
    struct pool_choice second = pool_choose(text->world, machine, 1, STR("ns"), &arena);
    assert_true(str_eq_cstr(describe(&first, &arena), "name ns/p"));
    assert_true(str_eq_cstr(describe(&second, &arena), "device ns/q"));
    world_text_free(text);
}

static void test_rule_names(void **state)
{
    (void)state;
    for (enum pool_rule rule = POOL_RULE_NONE; rule <= POOL_RULE_DEFAULT; rule++)
        assert_true(strlen(pool_rule_name(rule)) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_template_name),
        cmocka_unit_test(test_template_labels),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_devices_choose_for_themselves),
        cmocka_unit_test(test_rule_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
