#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"

static void test_stable_is_fnv1a(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        uint64_t want;
    } cases[] = {
        {{NULL, 0}, 0xCBF29CE484222325},
        {{"a", 1}, 0xAF63DC4C8601EC8C},
        {{"foobar", 6}, 0x85944171F73967E8},
        {{"\xFF\x00\x00\x01", 4}, 0x6961196491CC682D},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (hash_stable(cases[i].text) != cases[i].want)
            fail_msg("case %zu: %016llx", i, (unsigned long long)hash_stable(cases[i].text));
}

static void test_stable_more_separates(void **state)
{
    (void)state;
    uint64_t a_bc = hash_stable_more(hash_stable(STR("a")), STR("bc"));
    uint64_t ab_c = hash_stable_more(hash_stable(STR("ab")), STR("c"));
    uint64_t abc_ = hash_stable_more(hash_stable(STR("abc")), STR(""));
    assert_true(a_bc != ab_c);
    assert_true(a_bc != abc_);
    assert_true(abc_ != hash_stable(STR("abc")));
    assert_true(a_bc == hash_stable(STR("a\xFF"
                                        "bc"))); /* names depend on it: never changes */
}

static void test_table_key_separates(void **state)
{
    (void)state;
    char text[64];
    memset(text, 'x', sizeof(text));
    text[7] = 1; /* lengths and tails must not be taken for one another */
    text[15] = 8;
    uint64_t seen[sizeof(text) + 1];
    for (size_t split = 0; split <= sizeof(text); split++) {
        struct str a = {text, split};
        struct str b = {text + split, sizeof(text) - split};
        seen[split] = hash_table_key(a, b);
        assert_true(seen[split] == hash_table_key(a, b));
        for (size_t i = 0; i < split; i++)
            assert_true(seen[i] != seen[split]);
    }
    assert_true(hash_table_key(STR("a"), STR("b")) != hash_table_key(STR("b"), STR("a")));
    assert_true(hash_table_key(STR("a"), STR("")) != hash_table_key(STR("a\0"), STR("")));
    assert_true(hash_table_key(STR(""), STR("")) == hash_table_key((struct str){NULL, 0}, STR("")));
}

static void test_table_key_heeds_every_byte(void **state)
{
    (void)state;
    char text[40];
    uint64_t seen[2 * sizeof(text)];
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        memset(text, 'x', sizeof(text));
        text[i % sizeof(text)] = 'y';
        struct str s = {text, sizeof(text)};
        seen[i] = i < sizeof(text) ? hash_table_key(s, STR("b")) : hash_table_key(STR("b"), s);
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
}

static void test_table_key_spreads(void **state)
{
    (void)state;
    enum { KEYS = 64 << 10, BUCKETS = 1 << 10 };
    static int low[BUCKETS];
    static int high[BUCKETS];
    char name[32];
    for (int i = 0; i < KEYS; i++) {
        int len = snprintf(name, sizeof(name), "machine-%d", i);
        uint64_t hash = hash_table_key(STR("default"), (struct str){name, (size_t)len});
        low[hash % BUCKETS]++;
        high[hash >> 54]++;
    }
    for (int i = 0; i < BUCKETS; i++) { /* 64 expected; eight standard deviations */
        assert_in_range(low[i], 1, 128);
        assert_in_range(high[i], 1, 128);
    }
}

/* The hash as a process of its own sees it. */
static uint64_t hash_in_child(void)
{
    int ends[2];
    uint64_t hash = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        hash = hash_table_key(STR("a"), STR("b"));
        _exit(write(ends[1], &hash, sizeof(hash)) == sizeof(hash) ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &hash, sizeof(hash)), sizeof(hash));
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return hash;
}

/* Runs first: the parent has no key yet that the children could inherit. */
static void test_table_key_differs_between_processes(void **state)
{
    (void)state;
    assert_true(hash_in_child() != hash_in_child());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_key_differs_between_processes),
        cmocka_unit_test(test_stable_is_fnv1a),
        cmocka_unit_test(test_stable_more_separates),
        cmocka_unit_test(test_table_key_separates),
        cmocka_unit_test(test_table_key_heeds_every_byte),
        cmocka_unit_test(test_table_key_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
