/* The figures beside the caches, and the finders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "controllers/claim_record.h"
#include "lib/world_text.h"

#define NOW_MS (2000 * 1000)
#define POOL_OF_5 "ippool ns/p start=10.0.0.10 end=10.0.0.14 generation=1 "

static uint64_t free_count(const struct world_text *text)
{
    return world_pool_free_count(text->world, world_find_ippool(text->world, STR("ns"), STR("p")));
}

static void test_free_addresses(void **state)
{
    static const struct {
        const char *name;
        const char *world;
        uint64_t want;
    } cases[] = {
        {"all", POOL_OF_5, 5},
        {"in use", POOL_OF_5 "\nipaddress ns/a pool=ns/p\nipaddress ns/b pool=ns/p deleting", 3},
        {"of another pool", POOL_OF_5 "\nipaddress ns/a pool=far/p\nipaddress ns/b pool=ns/q", 5},
        {"claimed", POOL_OF_5 "\nipclaim ns/a-0 pool=ns/p", 4},
        {"answered: its address counts", POOL_OF_5 "\nipclaim ns/a-0 pool=ns/p address=x", 5},
        {"refused", POOL_OF_5 "\nipclaim ns/a-0 pool=ns/p error=no", 5},
        {"leaving", POOL_OF_5 "\nipclaim ns/a-0 pool=ns/p deleting", 5},
        {"from another namespace", POOL_OF_5 "\nipclaim far/a-0 pool=ns/p", 4},
        {"pre-allocated", POOL_OF_5 "reserved=10.0.0.12", 4},
        {"pre-allocated and held already",
         POOL_OF_5 "reserved=10.0.0.12\nipaddress ns/p-10-0-0-12 pool=ns/p", 4},
        {"more taken than there are",
         "ippool ns/p start=10.0.0.1 end=10.0.0.1\nipaddress ns/a pool=ns/p\n"
         "ipaddress ns/b pool=ns/p\nipclaim ns/c-0 pool=ns/p",
         0},
        {"malformed", "ippool ns/p start=x", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world_text *text = world_text_new(cases[i].world, NOW_MS);
        if (free_count(text) != cases[i].want)
            fail_msg("%s: %llu", cases[i].name, (unsigned long long)free_count(text));
        world_text_free(text);
    }
}

/* Figures that are kept as objects come, change and go never drift from a count of what is there.
 */
static void test_figures_never_drift(void **state)
{
    enum { CLAIMS = 8, ROUNDS = 3000 };
    static const char *const claims[] = {
        "pool=ns/p",          "pool=ns/p address=a0",
        "pool=ns/p error=no", "pool=ns/p deleting",
        "pool=ns/q",          "",
    };
    struct world_text *text = world_text_new("", NOW_MS);
    struct random random;
    bool is_pending[CLAIMS] = {false};
    bool is_held[CLAIMS] = {false};
    (void)state;
    random_init(&random, 7);
    for (int round = 0; round < ROUNDS; round++) {
        char line[200];
        uint64_t which = random_below(&random, CLAIMS);
        uint64_t what = random_below(&random, ARRAY_LEN(claims));
        switch (random_below(&random, 6)) {
        case 0:
            snprintf(line, sizeof(line), "ipaddress ns/a%d", (int)which);
            world_text_remove(text, line);
            is_held[which] = false;
            break;
        case 1:
            snprintf(line, sizeof(line), "ipaddress ns/a%d pool=ns/p", (int)which);
            world_text_add(text, line);
            is_held[which] = true;
            break;
        case 2:
            snprintf(line, sizeof(line), "ipclaim ns/c-%d", (int)which);
            world_text_remove(text, line);
            is_pending[which] = false;
            break;
        case 3:
            world_text_remove(text, "ippool ns/p");
            break;
        default:
            snprintf(line, sizeof(line), "ipclaim ns/c-%d %s", (int)which, claims[what]);
            world_text_add(text, line);
            is_pending[which] = what == 0;
            break;
        }
        uint64_t want = 100;
        for (int i = 0; i < CLAIMS; i++)
            want -= is_pending[i] + is_held[i];
        world_text_add(text, "ippool ns/p start=10.0.0.0 end=10.0.0.99 generation=1");
        if (free_count(text) != want)
            fail_msg("round %d: %llu, want %llu", round, (unsigned long long)free_count(text),
                     (unsigned long long)want);
    }
    world_text_free(text);
}

/* The claims of the pool that ought to be in its list of refused ones. */
static size_t count_refused(const struct world *world)
{
    const struct kube_store *claims = world_store(world, WORLD_IPCLAIMS);
    const struct ipclaim *claim;
    size_t position = 0;
    size_t count = 0;
    while ((claim = ipclaim_from(kube_store_each(claims, &position))) != NULL) {
        struct claim_record record;
        const struct elfmachine *machine = NULL;
        if (claim_record_read(&claim->object.meta, &record))
            machine = world_find_elfmachine(world, record.owner_ns, record.owner_name);
        count += machine && ipclaim_is_refused(claim) && str_eq_cstr(claim->pool_name, "p") &&
                 world_is_asking(world, machine);
    }
    return count;
}

static void assert_sorted(const struct world *world, const struct refused_claims *refused)
{
    const struct kube_meta *last = NULL;
    for (size_t i = 0; i < refused->count; i++) {
        const struct ipclaim *claim = refused->items[i].claim;
        struct claim_record record;
        assert_true(claim_record_read(&claim->object.meta, &record));
        const struct kube_meta *machine =
            &world_find_elfmachine(world, record.owner_ns, record.owner_name)->object.meta;
        assert_true(!last || kube_meta_cmp_age(last, machine) <= 0);
        assert_int_equal(refused_claims_before(refused, machine, claim), i);
        last = machine;
    }
}

/* Whatever comes, changes and goes, in whatever order. */
static void test_refused_claims_never_drift(void **state)
{
    enum { THINGS = 6, ROUNDS = 5000 };
    static const char *const kinds[] = {"elfmachine", "ipclaim", "machine", "cluster"};
    static const char *const options[][4] = {
        {"owner=x0 device=IPV4 created=5", "owner=x1 device=IPV4 created=5 failed",
         "cluster=x0 device=IPV4 created=3", "device=IPV4,ip=10.0.0.1 created=4"},
        {"pool=ns/p owner=ns/x0/0 error=no", "pool=ns/p owner=ns/x1/0 error=no",
         "pool=ns/p owner=ns/x2/0", "pool=ns/q owner=ns/x2/0 error=no"},
        {"cluster=x0", "cluster=x1", "", "cluster=x2"},
        {"", "paused", "", "paused"},
    };
    struct world_text *text = world_text_new("ippool ns/p\n", NOW_MS);
    struct random random;
    size_t most = 0;
    (void)state;
    random_init(&random, 3);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t kind = random_below(&random, ARRAY_LEN(kinds));
        char line[200];
        if (round % 10 == 0) /* the pool goes and comes again: what it has refused is still there */
            world_text_remove(text, "ippool ns/p");
        int len = snprintf(line, sizeof(line), "%s ns/x%d", kinds[kind],
                           (int)random_below(&random, THINGS));
        if (random_below(&random, 4) == 0) {
            world_text_remove(text, line);
        } else {
            snprintf(line + len, sizeof(line) - (size_t)len, " %s",
                     options[kind][random_below(&random, 4)]);
            world_text_add(text, line);
        }
        if (round % 10 == 0)
            world_text_add(text, "ippool ns/p");
        const struct refused_claims *refused =
            world_pool_refused(text->world, world_find_ippool(text->world, STR("ns"), STR("p")));
        if (refused->count != count_refused(text->world))
            fail_msg("round %d, %s: %zu, want %zu", round, line, refused->count,
                     count_refused(text->world));
        assert_sorted(text->world, refused);
        most = refused->count > most ? refused->count : most;
    }
    assert_true(most >= 3);
    world_text_free(text);
}

static int64_t eased_s(const struct world_text *text)
{
    return world_pool_eased_ms(text->world, STR("ns"), STR("p")) / 1000;
}

static void test_when_a_pool_eased(void **state)
{
    struct world_text *text = world_text_new("", NOW_MS);
    (void)state;
    text->wall_ms = 2100 * 1000;
    assert_int_equal(eased_s(text), 2000); /* the start of the process */
    world_text_add(text, POOL_OF_5 "\nipaddress ns/a pool=ns/p\nipaddress ns/b pool=ns/p");
    assert_int_equal(eased_s(text), 2100); /* it is new */
    text->wall_ms = 2200 * 1000;
    world_text_add(text, POOL_OF_5 "group=g\nipaddress ns/c pool=ns/p\nipaddress ns/x pool=ns/q");
    world_text_add(text, "ipaddress ns/a pool=ns/p deleting");
    world_text_remove(text, "ipaddress ns/x");
    assert_int_equal(eased_s(text), 2100); /* nothing has come free */
    world_text_remove(text, "ipaddress ns/a");
    assert_int_equal(eased_s(text), 2200);
    text->wall_ms = 2300 * 1000;
    world_text_add(text, "ippool ns/p start=10.0.0.10 end=10.0.0.99 generation=2");
    assert_int_equal(eased_s(text), 2300);
    world_text_free(text);
}

/* Pools come and go for years: nothing is kept of one that is gone and that nothing names. */
static void test_pools_are_forgotten(void **state)
{
    static const char *const last[] = {"ipaddress ns/a pool=ns/p", "ipclaim ns/k-0 pool=ns/p",
                                       "ipclaim ns/k-0 pool=ns/p owner=ns/m/0 error=no",
                                       "ippool ns/p"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(last); i++) {
        struct world_text *text = world_text_new("elfmachine ns/m device=IPV4\n", NOW_MS);
        text->wall_ms = 2100 * 1000;
        world_text_add(text, "ippool ns/p");
        world_text_add(text, last[i]);
        world_text_remove(text, "ippool ns/p");
        if (i < ARRAY_LEN(last) - 1)
            assert_int_equal(eased_s(text), 2100); /* something names it yet */
        char what[100];
        struct str line = str_from(last[i]);
        struct str kind = str_before(line, ' ');
        snprintf(what, sizeof(what), STR_FMT " " STR_FMT, STR_ARG(kind),
                 STR_ARG(str_before(str_skip(line, kind.len + 1), ' ')));
        world_text_remove(text, what);
        assert_int_equal(eased_s(text), 2000); /* forgotten: the start of the process again */
        world_text_free(text);
    }
}

#define EVERYTHING                                                                                 \
    "elfmachine ns/m owner=o template=t cluster=own\nmachine ns/o cluster=c\nmachine far/o\n"      \
    "cluster ns/c\ntemplate ns/t\nippool ns/p\nipclaim ns/k\nipaddress ns/a\n"

static void test_finders(void **state)
{
    struct world_text *text = world_text_new(EVERYTHING, NOW_MS);
    const struct world *world = text->world;
    const struct elfmachine *machine = world_find_elfmachine(world, STR("ns"), STR("m"));
    (void)state;
    assert_non_null(machine);
    assert_null(world_find_elfmachine(world, STR("far"), STR("m")));
    assert_true(str_eq_cstr(world_find_owner(world, machine)->meta.ns, "ns"));
    assert_true(str_eq_cstr(world_cluster_name(world, machine), "c"));
    assert_non_null(world_find_cluster(world, STR("ns"), STR("c")));
    assert_true(str_eq_cstr(world_find_template(world, machine)->meta.name, "t"));
    assert_non_null(world_find_ippool(world, STR("ns"), STR("p")));
    assert_non_null(world_find_ipclaim(world, STR("ns"), STR("k")));
    assert_non_null(world_find_ipaddress(world, STR("ns"), STR("a")));
    assert_null(world_find_ippool(world, STR("p"), STR("ns")));

    world_text_remove(text, "machine ns/o");
    assert_null(world_find_owner(world, machine));
    assert_true(str_eq_cstr(world_cluster_name(world, machine), "own"));
    world_text_remove(text, "template ns/t");
    assert_null(world_find_template(world, machine));
    world_text_add(text, "elfmachine ns/bare\nmachine ns/unnamed\nelfmachine ns/n owner=unnamed");
    const struct elfmachine *bare = world_find_elfmachine(world, STR("ns"), STR("bare"));
    assert_null(world_find_owner(world, bare));
    assert_null(world_find_template(world, bare));
    assert_true(str_is_empty(world_cluster_name(world, bare)));
    world_text_free(text);
}

static void test_first_unknown_kind(void **state)
{
    struct world_text *text = world_text_new_unfilled("", NOW_MS);
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        struct kube_store *store = world_store(text->world, kind);
        assert_ptr_equal(world_stores(text->world)[kind], store);
        assert_ptr_equal(world_first_unknown(text->world), kube_store_kind(store));
        kube_store_list_end(store, 1);
    }
    assert_null(world_first_unknown(text->world));
    assert_null(world_stores(text->world)[WORLD_KIND_COUNT]);
    world_text_free(text);
}

/* What the schema says; and when a device has nameservers, the schema has let them through. */
static void test_device_nameservers(void **state)
{
    struct world_text *text = world_text_new("elfmachine ns/m device=IPV4\n", NOW_MS);
    (void)state;
    assert_false(world_has_device_nameservers(text->world));
    world_set_device_nameservers(text->world, WORLD_DEVICE_NAMESERVERS_UNSUPPORTED);
    assert_false(world_has_device_nameservers(text->world));
    world_set_device_nameservers(text->world, WORLD_DEVICE_NAMESERVERS_SUPPORTED);
    assert_true(world_has_device_nameservers(text->world));
    world_set_device_nameservers(text->world, WORLD_DEVICE_NAMESERVERS_UNKNOWN);
    assert_false(world_has_device_nameservers(text->world));
    world_text_add(text, "elfmachine ns/n device=IPV4,dns\n");
    assert_true(world_has_device_nameservers(text->world));
    world_text_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_free_addresses),
        cmocka_unit_test(test_figures_never_drift),
        cmocka_unit_test(test_refused_claims_never_drift),
        cmocka_unit_test(test_when_a_pool_eased),
        cmocka_unit_test(test_pools_are_forgotten),
        cmocka_unit_test(test_finders),
        cmocka_unit_test(test_first_unknown_kind),
        cmocka_unit_test(test_device_nameservers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
