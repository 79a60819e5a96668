/* Contract section 5: a refused claim is asked for anew when its pool has eased, the oldest machine
 * first, no more claims at a time than there are free addresses, and none more often than every 5
 * s.
 *
 * The world's clock says 2,000 s when the process starts, which counts as the moment at which every
 * pool has eased; claims of 1,000 s are older than that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controllers/claim_retry.h"
#include "lib/world_text.h"

#define NOW_MS (2000 * 1000)

#define POOL_OF_1 "ippool ns/pool start=10.0.0.10 end=10.0.0.10\n"
#define POOL_OF_2 "ippool ns/pool start=10.0.0.10 end=10.0.0.11\n"
#define REFUSED(machine) "ipclaim ns/ns-" machine "-0 pool=ns/pool owner=ns/" machine "/0 error=no "
#define MINE "elfmachine ns/m created=500 device=IPV4\n" REFUSED("m") "created=1000\n"
#define OLDER "elfmachine ns/old created=400 device=IPV4"
#define OLDER_REFUSED REFUSED("old") "created=1000\n"

struct retry_case {
    const char *name;
    const char *world;
    const char *later; /* what comes 100 s later; the claim is looked at then */
    const char *want;  /* "no", or the time in seconds */
};

static const struct retry_case cases[] = {
    {"refused before we started", POOL_OF_1 MINE, NULL, "1006"},
    {"the pool is gone", MINE, NULL, "no"},
    {"refused after the pool has last eased",
     POOL_OF_1 "elfmachine ns/m device=IPV4\n" REFUSED("m") "created=2050\n", "", "no"},
    {"the pool is full", POOL_OF_1 MINE "ipaddress ns/a pool=ns/pool\n", NULL, "no"},
    {"its only free address is claimed", POOL_OF_1 MINE "ipclaim ns/x-0 pool=ns/pool\n", NULL,
     "no"},
    {"its only free address is pre-allocated",
     "ippool ns/pool start=10.0.0.10 end=10.0.0.10 reserved=10.0.0.10\n" MINE, NULL, "no"},
    {"its only free address is pre-allocated to this very claim",
     "ippool ns/pool start=10.0.0.10 end=10.0.0.10 reserved=10.0.0.10 for=ns-m-0\n" MINE, NULL,
     "1006"},
    {"the address that is pre-allocated to this claim is held",
     "ippool ns/pool start=10.0.0.10 end=10.0.0.10 reserved=10.0.0.10 for=ns-m-0\n"
     "ipaddress ns/p-10-0-0-10 address=10.0.0.10 pool=ns/pool\n" MINE,
     NULL, "no"},
    {"the spec of the pool has changed since",
     POOL_OF_1 "elfmachine ns/m device=IPV4\n" REFUSED("m") "created=2050\n",
     "ippool ns/pool start=10.0.0.10 end=10.0.0.20 generation=2\n", "2056"},
    {"the status of the pool has changed since",
     POOL_OF_1 "elfmachine ns/m device=IPV4\n" REFUSED("m") "created=2050\n", POOL_OF_1, "no"},
    {"not within 5 s of the last try",
     POOL_OF_1 "elfmachine ns/m device=IPV4\n" REFUSED("m") "created=1999\n", NULL, "2005"},
    {"made just when the pool eased, by a clock that is ahead",
     POOL_OF_1 "elfmachine ns/m device=IPV4\n" REFUSED("m") "created=2002\n", NULL, "2006"},
    {"made after the pool eased, by whichever clock",
     POOL_OF_1 "elfmachine ns/m device=IPV4\n" REFUSED("m") "created=2003\n", NULL, "no"},
    {"the server's clock is ahead of ours",
     POOL_OF_1 "elfmachine ns/m device=IPV4\n" REFUSED("m") "created=2001\n", NULL, "2006"},

    {"an older machine goes first", POOL_OF_1 MINE OLDER "\n" OLDER_REFUSED, NULL, "no"},
    {"one free address for each", POOL_OF_2 MINE OLDER "\n" OLDER_REFUSED, NULL, "1006"},
    {"two older ones for two addresses",
     POOL_OF_2 MINE OLDER
     "\n" OLDER_REFUSED
     "elfmachine ns/older created=300 device=IPV4\n" REFUSED("older") "created=1000\n",
     NULL, "no"},
    {"a younger machine does not",
     POOL_OF_1 MINE
     "elfmachine ns/young created=600 device=IPV4\n" REFUSED("young") "created=900\n",
     NULL, "1006"},
    {"of the same age: by name",
     POOL_OF_1 MINE "elfmachine ns/a created=500 device=IPV4\n" REFUSED("a") "created=1000\n", NULL,
     "no"},
    {"the same machine's other claim goes first",
     POOL_OF_1 "elfmachine ns/m device=IPV4 device=IPV4\n"
               "ipclaim ns/ns-m-0 pool=ns/pool owner=ns/m/1 error=no created=1000\n"
               "ipclaim ns/a pool=ns/pool owner=ns/m/0 error=no created=1000\n",
     NULL, "no"},

    /* who is not asked for anew holds nobody up (as one claim does in M3IPAM, #988) */
    {"an older one that was refused again since",
     POOL_OF_1 MINE OLDER "\n" REFUSED("old") "created=2003\n", NULL, "1006"},
    {"an older one whose machine is gone", POOL_OF_1 MINE OLDER_REFUSED, NULL, "1006"},
    {"an older one whose machine is being deleted",
     POOL_OF_1 MINE OLDER " deleting\n" OLDER_REFUSED, NULL, "1006"},
    {"an older one whose machine has failed", POOL_OF_1 MINE OLDER " failed\n" OLDER_REFUSED, NULL,
     "1006"},
    {"an older one whose machine is paused", POOL_OF_1 MINE OLDER " paused\n" OLDER_REFUSED, NULL,
     "1006"},
    {"an older one whose Cluster is paused",
     POOL_OF_1 MINE OLDER " cluster=c\ncluster ns/c paused\n" OLDER_REFUSED, NULL, "1006"},
    {"an older one whose machine wants no address any more",
     POOL_OF_1 MINE "elfmachine ns/old created=400 device=IPV4,ip=10.9.9.9\n" OLDER_REFUSED, NULL,
     "1006"},
    {"an older one that is being deleted",
     POOL_OF_1 MINE OLDER "\n" REFUSED("old") "created=1000 deleting\n", NULL, "1006"},
    {"an older one of another pool",
     POOL_OF_1 MINE OLDER "\nipclaim ns/ns-old-0 pool=far/pool owner=ns/old/0 error=no "
                          "created=1000\n",
     NULL, "1006"},
};

static void describe(const struct world_text *text, char *got, size_t size)
{
    const struct elfmachine *machine = world_find_elfmachine(text->world, STR("ns"), STR("m"));
    const struct ipclaim *claim = world_find_ipclaim(text->world, STR("ns"), STR("ns-m-0"));
    int64_t at_ms = 0;
    if (claim_retry_is_due(text->world, machine, &claim->object, text->wall_ms, &at_ms))
        snprintf(got, size, "%lld", (long long)at_ms / 1000);
    else
        snprintf(got, size, "no");
}

static void test_turns(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world_text *text = world_text_new(cases[i].world, NOW_MS);
        char got[32];
        if (cases[i].later) {
            text->wall_ms += 100 * 1000;
            world_text_add(text, cases[i].later);
        }
        describe(text, got, sizeof(got));
        if (strcmp(got, cases[i].want) != 0) {
            print_error("%s: got \"%s\", want \"%s\"\n", cases[i].name, got, cases[i].want);
            wrong++;
        }
        world_text_free(text);
    }
    assert_int_equal(wrong, 0);
}

static void test_an_address_comes_free(void **state)
{
    struct world_text *text = world_text_new(
        POOL_OF_1
        "ipaddress ns/a pool=ns/pool\nelfmachine ns/m device=IPV4\n" REFUSED("m") "created=2050\n",
        NOW_MS);
    char got[32];
    (void)state;
    text->wall_ms += 100 * 1000;
    describe(text, got, sizeof(got));
    assert_string_equal(got, "no");
    world_text_remove(text, "ipaddress ns/a");
    describe(text, got, sizeof(got));
    assert_string_equal(got, "2056");
    world_text_free(text);
}

/* As many as there are addresses, and the oldest, however many wait. */
static void test_many_for_few(void **state)
{
    enum { MACHINES = 300, ADDRESSES = 7 };
    struct world_text *text =
        world_text_new("ippool ns/pool start=10.0.0.10 end=10.0.0.16\n", NOW_MS);
    size_t due = 0;
    (void)state;
    for (int i = 0; i < MACHINES; i++) {
        char lines[256];
        snprintf(lines, sizeof(lines),
                 "elfmachine ns/m%d created=%d device=IPV4\n"
                 "ipclaim ns/ns-m%d-0 pool=ns/pool owner=ns/m%d/0 error=no created=1000\n",
                 i, 100 + i, i, i);
        world_text_add(text, lines);
    }
    for (int i = 0; i < MACHINES; i++) {
        char name[32];
        char claim_name[32];
        int64_t at_ms;
        snprintf(name, sizeof(name), "m%d", i);
        snprintf(claim_name, sizeof(claim_name), "ns-m%d-0", i);
        bool is_due = claim_retry_is_due(
            text->world, world_find_elfmachine(text->world, STR("ns"), str_from(name)),
            &world_find_ipclaim(text->world, STR("ns"), str_from(claim_name))->object, NOW_MS,
            &at_ms);
        assert_int_equal(is_due, i < ADDRESSES);
        due += is_due;
    }
    assert_int_equal(due, ADDRESSES);
    world_text_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_an_address_comes_free),
        cmocka_unit_test(test_many_for_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
