#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "base/map.h"
#include "base/random.h"
#include "unit/base/aborts.h"

#define cleanup_map cleanup_with(map_fini)

static bool has(const struct map *map, uint64_t hash, const void *value)
{
    struct map_cursor at = map_seek(map, hash);
    const void *found;
    while ((found = map_next(map, &at)) != NULL)
        if (found == value)
            return true;
    return false;
}

static size_t count_of(const struct map *map, uint64_t hash)
{
    size_t count = 0;
    struct map_cursor at = map_seek(map, hash);
    while (map_next(map, &at))
        count++;
    return count;
}

static void test_empty(void **state)
{
    (void)state;
    cleanup_map struct map map;
    map_init(&map);
    size_t index = 0;
    assert_int_equal(count_of(&map, 7), 0);
    assert_false(map_remove(&map, 7, &map));
    assert_null(map_each(&map, &index));
    assert_null(map.slots);
}

static void test_several_values_per_hash(void **state)
{
    (void)state;
    int values[3];
    cleanup_map struct map map;
    map_init(&map);
    map_add(&map, 7, &values[0]);
    map_add(&map, 7, &values[1]);
    map_add(&map, 8, &values[2]);
    assert_int_equal(count_of(&map, 7), 2);
    assert_int_equal(count_of(&map, 8), 1);
    assert_int_equal(count_of(&map, 9), 0);
    assert_false(map_remove(&map, 8, &values[0])); /* under another hash */
    assert_true(map_remove(&map, 7, &values[0]));
    assert_false(map_remove(&map, 7, &values[0]));
    assert_true(has(&map, 7, &values[1]));
    assert_int_equal(map.count, 2);
}

static void test_one_value_may_be_there_twice(void **state)
{
    (void)state;
    int value;
    cleanup_map struct map map;
    map_init(&map);
    map_add(&map, 7, &value);
    map_add(&map, 7, &value);
    assert_int_equal(count_of(&map, 7), 2);
    assert_true(map_remove(&map, 7, &value));
    assert_int_equal(count_of(&map, 7), 1);
}

enum { VALUES = 600 };
struct model {
    struct map map;
    char values[VALUES]; /* only their addresses matter */
    uint64_t hashes[VALUES];
    bool is_in[VALUES];
    size_t count;
};

/* Whether a search for `hash` yields as many values as were added with it, and no others. */
static bool finds_all_of(const struct model *m, uint64_t hash)
{
    size_t want = 0;
    for (size_t i = 0; i < VALUES; i++)
        want += m->is_in[i] && m->hashes[i] == hash;
    struct map_cursor at = map_seek(&m->map, hash);
    const char *value;
    for (size_t found = 0; (value = map_next(&m->map, &at)) != NULL; found++)
        if (m->hashes[value - m->values] != hash || found == want)
            return false;
    return count_of(&m->map, hash) == want;
}

static void check_against_model(struct model *m)
{
    size_t seen = 0;
    size_t index = 0;
    const char *value;
    assert_int_equal(m->map.count, m->count);
    for (size_t i = 0; i < VALUES; i++)
        if (has(&m->map, m->hashes[i], &m->values[i]) != m->is_in[i])
            fail_msg("value %zu: %s", i, m->is_in[i] ? "lost" : "still there");
    for (size_t i = 0; i < VALUES; i += 37)
        assert_true(finds_all_of(m, m->hashes[i]));
    while ((value = map_each(&m->map, &index)) != NULL) {
        assert_true(m->is_in[value - m->values]);
        seen++;
    }
    assert_int_equal(seen, m->count);
}

static void toggle(struct model *m, size_t i, uint64_t hash)
{
    if (m->is_in[i]) {
        assert_true(map_remove(&m->map, m->hashes[i], &m->values[i]));
        m->count--;
    } else {
        m->hashes[i] = hash;
        map_add(&m->map, hash, &m->values[i]);
        m->count++;
    }
    m->is_in[i] = !m->is_in[i];
}

/* Few different hashes make long runs, which wrap around the end of the table. */
static void test_random_operations_against_a_model(void **state)
{
    (void)state;
    static const uint64_t different_hashes[] = {1, 5, 40, 1000, UINT64_MAX};
    for (size_t round = 0; round < ARRAY_LEN(different_hashes); round++) {
        struct model m = {0};
        struct random random;
        random_init(&random, round);
        map_init(&m.map);
        for (int step = 0; step < 6000; step++) {
            uint64_t hash = random_below(&random, different_hashes[round]);
            toggle(&m, random_below(&random, step / 2000 % 2 ? 20 : VALUES), hash);
            if (step % 97 == 0)
                check_against_model(&m);
        }
        for (size_t i = 0; i < VALUES; i++) {
            if (m.is_in[i])
                toggle(&m, i, 0);
            if (i % 29 == 0)
                check_against_model(&m);
        }
        assert_null(m.map.slots);
        map_fini(&m.map);
    }
}

static void test_load_stays_within_bounds(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static char values[MANY];
    cleanup_map struct map map;
    map_init(&map);
    for (size_t i = 0; i < MANY; i++) {
        map_add(&map, i, &values[i]);
        assert_true(map.count <= map.capacity * 4 / 5);
        assert_int_equal(map.capacity & (map.capacity - 1), 0);
    }
    assert_true(map.capacity <= 262144);
    for (size_t i = 0; i < MANY - 10; i++) {
        assert_true(map_remove(&map, i, &values[i]));
        assert_true(map.capacity <= 8 || map.count > map.capacity / 8);
    }
    for (size_t i = MANY - 10; i < MANY; i++)
        assert_true(has(&map, i, &values[i]));
}

/* Sequential hashes, multiples of big powers of two, and equal low halves must not pile up. */
static void test_weak_hashes_spread(void **state)
{
    (void)state;
    static const int shifts[] = {0, 16, 32, 44};
    static char values[10000];
    for (size_t s = 0; s < ARRAY_LEN(shifts); s++) {
        cleanup_map struct map map;
        map_init(&map);
        for (size_t i = 0; i < sizeof(values); i++)
            map_add(&map, (uint64_t)i << shifts[s], &values[i]);
        size_t longest = 0;
        size_t run = 0;
        for (size_t i = 0; i < map.capacity; i++) {
            run = map.slots[i].value ? run + 1 : 0;
            longest = run > longest ? run : longest;
        }
        if (longest > 200)
            fail_msg("shift %d: a run of %zu", shifts[s], longest);
    }
}

static void call_add_null(void *arg)
{
    map_add(arg, 1, NULL);
}

static void test_null_is_no_value(void **state)
{
    (void)state;
    cleanup_map struct map map;
    map_init(&map);
    assert_aborts(call_add_null, &map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_several_values_per_hash),
        cmocka_unit_test(test_one_value_may_be_there_twice),
        cmocka_unit_test(test_random_operations_against_a_model),
        cmocka_unit_test(test_load_stays_within_bounds),
        cmocka_unit_test(test_weak_hashes_spread),
        cmocka_unit_test(test_null_is_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
