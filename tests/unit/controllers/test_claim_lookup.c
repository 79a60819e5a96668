/* Contract section 5: whose is a claim? Each row: a world, and the claims of ElfMachine a-b/c,
 * whose documented claim names are also those of a/b-c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "controllers/claim_lookup.h"
#include "lib/world_text.h"

#define US "elfmachine a-b/c device=IPV4 device=IPV4\n"
#define US_WITH(address) "elfmachine a-b/c device=IPV4,ip=" address " device=IPV4\n"
#define THEM "elfmachine a/b-c device=IPV4\n"
#define THEM_WITH(address) "elfmachine a/b-c device=IPV4,ip=" address "\n"
#define UNRECORDED "ipclaim p/a-b-c-0 pool=p/p "
#define ADDRESS "ipaddress p/x address=10.0.0.10 claim=p/a-b-c-0\n"

struct lookup_case {
    const char *name;
    const char *world;
    const char *want; /* "namespace/claim:device" in the order of claims_of */
};

static const struct lookup_case cases[] = {
    {"none", US, ""},
    {"recorded", US "ipclaim p/whatever owner=a-b/c/0\n", "p/whatever:0"},
    {"recorded, wherever it is", US "ipclaim p/x owner=a-b/c/0\nipclaim q/y owner=a-b/c/1\n",
     "p/x:0 q/y:1"},
    {"recorded with another uid, after clusterctl move", US "ipclaim p/x owner=a-b/c/0 uid=old\n",
     "p/x:0"},
    {"recorded for another, though the name fits", US "ipclaim p/a-b-c-0 owner=a/b-c/0\n", ""},
    {"recorded for another that is gone", US "ipclaim p/a-b-c-0 owner=gone/gone/0\n", ""},
    {"the record's device counts, not the name's", US "ipclaim p/a-b-c-0 owner=a-b/c/1\n",
     "p/a-b-c-0:1"},
    {"the Go manager's", US UNRECORDED, "p/a-b-c-0:0"},
    {"the Go manager's, in several namespaces", US UNRECORDED "\nipclaim q/a-b-c-0\n",
     "p/a-b-c-0:0 q/a-b-c-0:0"},
    {"the Go manager's, of a device that is gone", US "ipclaim p/a-b-c-7\n", "p/a-b-c-7:7"},
    {"a name that only begins like ours", US "ipclaim p/a-b-c-d-0\nipclaim p/a-b-c\n", ""},
    {"ours by device, theirs by record",
     US THEM "ipclaim p/a-b-c-0 owner=a/b-c/0\nipclaim q/z owner=a-b/c/0\n", "q/z:0"},

    {"it fits two living machines: nobody's", US THEM UNRECORDED, ""},
    {"the other is being deleted: it lives yet",
     US "elfmachine a/b-c ours deleting device=IPV4\n" UNRECORDED, ""},
    {"the other is no static machine", US "elfmachine a/b-c device=NONE\n" UNRECORDED,
     "p/a-b-c-0:0"},
    {"we wear its address, the other does not",
     US_WITH("10.0.0.10") THEM UNRECORDED "address=x\n" ADDRESS, "p/a-b-c-0:0"},
    {"the other wears its address", US THEM_WITH("10.0.0.10") UNRECORDED "address=x\n" ADDRESS, ""},
    {"both wear its address (the Go manager gave it to both)",
     US_WITH("10.0.0.10") THEM_WITH("10.0.0.10") UNRECORDED "address=x\n" ADDRESS, ""},
    {"we wear another address", US_WITH("10.0.0.11") THEM UNRECORDED "address=x\n" ADDRESS, ""},
    {"the other device wears it",
     "elfmachine a-b/c device=IPV4 device=IPV4,ip=10.0.0.10\n" THEM UNRECORDED
     "address=x\n" ADDRESS,
     ""},
    {"its address is not known", US_WITH("10.0.0.10") THEM UNRECORDED "address=x\n", ""},
    {"it has no address", US_WITH("10.0.0.10") THEM UNRECORDED, ""},

    {"by device, the living before the leaving, then the oldest",
     US "ipclaim p/e owner=a-b/c/1\nipclaim p/d owner=a-b/c/0 created=3\n"
        "ipclaim p/b owner=a-b/c/0 created=1 deleting\nipclaim p/c owner=a-b/c/0 created=2\n"
        "ipclaim p/a owner=a-b/c/0 created=3\n",
     "p/c:0 p/a:0 p/d:0 p/b:0 p/e:1"},
};

static struct str describe(const struct world_text *text, struct arena *arena)
{
    const struct elfmachine *machine = world_find_elfmachine(text->world, STR("a-b"), STR("c"));
    size_t count;
    const struct owned_claim *claims = claims_of(text->world, machine, arena, &count);
    cleanup_strbuf struct strbuf out = {0};
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&out, "%s" STR_FMT "/" STR_FMT ":%u", i > 0 ? " " : "",
                      STR_ARG(claims[i].object->meta.ns), STR_ARG(claims[i].object->meta.name),
                      claims[i].device_index);
    return arena_dup_str(arena, strbuf_str(&out));
}

static void test_ownership(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world_text *text = world_text_new(cases[i].world, 0);
        cleanup_arena struct arena arena;
        arena_init(&arena);
        struct str got = describe(text, &arena);
        if (!str_eq_cstr(got, cases[i].want)) {
            print_error("%s: got \"" STR_FMT "\", want \"%s\"\n", cases[i].name, STR_ARG(got),
                        cases[i].want);
            wrong++;
        }
        world_text_free(text);
    }
    assert_int_equal(wrong, 0);
}

/* No claim is ever two machines'. */
static void test_no_claim_has_two_owners(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world_text *text = world_text_new(cases[i].world, 0);
        const struct elfmachine *us = world_find_elfmachine(text->world, STR("a-b"), STR("c"));
        const struct elfmachine *them = world_find_elfmachine(text->world, STR("a"), STR("b-c"));
        cleanup_arena struct arena arena;
        size_t our_count;
        size_t their_count = 0;
        arena_init(&arena);
        const struct owned_claim *ours = claims_of(text->world, us, &arena, &our_count);
        const struct owned_claim *theirs =
            them ? claims_of(text->world, them, &arena, &their_count) : NULL;
        for (size_t j = 0; j < our_count; j++)
            for (size_t k = 0; k < their_count; k++)
                if (ours[j].object == theirs[k].object)
                    fail_msg("%s", cases[i].name);
        world_text_free(text);
    }
}

static void test_names_for_new_claims(void **state)
{
    static const struct {
        const char *world;
        bool is_documented;
    } names[] = {
        {US, true},
        {US "ipclaim q/a-b-c-0 owner=a/b-c/0\n", true}, /* in another namespace than the pool's */
        {US "ipclaim p/a-b-c-1 owner=a/b-c/1\n", true}, /* another device's */
        {US "ipclaim p/a-b-c-0 owner=a/b-c/0\n", false},
        {US "ipclaim p/a-b-c-0 owner=a/b-c/0 deleting\n", false},
        {US THEM UNRECORDED, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct world_text *text = world_text_new(names[i].world, 0);
        cleanup_arena struct arena arena;
        arena_init(&arena);
        struct str name =
            claim_name_for(text->world, world_find_elfmachine(text->world, STR("a-b"), STR("c")), 0,
                           STR("p"), &arena);
        if (str_eq_cstr(name, "a-b-c-0") != names[i].is_documented ||
            !str_starts_with(name, STR("a-b-c-0")))
            fail_msg("%s: " STR_FMT, names[i].world, STR_ARG(name));
        world_text_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ownership),
        cmocka_unit_test(test_no_claim_has_two_owners),
        cmocka_unit_test(test_names_for_new_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
