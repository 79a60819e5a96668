#include "kube/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/random.h"

enum { JSON_MAX_BYTES = 4096 };

/* The text as JSON, or the error; heap. */
static char *json_of(struct str text)
{
    struct yaml *yaml = NULL;
    struct error err = {0};
    if (!yaml_parse(text, &yaml, &err))
        return mem_dup_cstr(err.text);
    struct strbuf json = {0};
    if (!yaml_to_json(yaml_root(yaml), JSON_MAX_BYTES, &json))
        strbuf_clear(&json);
    yaml_free(yaml);
    return strbuf_take(&json);
}

static const struct {
    const char *yaml, *want;
} cases[] = {
    {"", "null"},
    {"# nothing\n", "null"},
    {"a: &x [1, \"2\", true, ~]\nb: *x\n", "{\"a\":[1,\"2\",true,null],\"b\":[1,\"2\",true,null]}"},
    {"{\n\t\"a\": [1,\n\t\t\"b\\u00e9\"],\n\t\"c\": null\n}\n", "{\"a\":[1,\"bé\"],\"c\":null}"},
    {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}"},
    {"a: 0x10\nb: 007\nc: -1.5e+3\nd: 1.\ne: 'true'\nf: yes\n",
     "{\"a\":\"0x10\",\"b\":\"007\",\"c\":-1.5e+3,\"d\":\"1.\",\"e\":\"true\",\"f\":\"yes\"}"},
    {"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
    {"&x a: 1\nb: *x\n", "{\"a\":1,\"b\":\"a\"}"},
    {"a: 1\n---\n b: [\n", "{\"a\":1}"},
    {"\"\\L\\L\\L\"", "\"\u2028\u2028\u2028\""},
    {"a: 1\nb: 2\na: 3\n", "line 4, column 1: key \"a\" is there twice"},
    {"a: [1\nb: 2", "line 3, column 1: *"},
    {"a:\n\tb: 1\n", "line 2, column 1: *"},
    {"a: &x [*x]", "line 1, column 9: *x contains itself"},
    {"a: *x", "line 1, column 5: *x names no anchor before it"},
    {"[]: 1", "line 1, column 1: a key that is no text"},
    {"<<: {a: 1}", "line 1, column 1: merge keys (<<) are not supported: write the values out"},
    {"a: 1\nb: \xff", "line 2: not UTF-8 text"},
};

/* A `want` that ends with a star is only the beginning: the rest is libfyaml's wording. */
static bool is_match(const char *got, const char *want)
{
    size_t len = strlen(want);
    if (len > 0 && want[len - 1] == '*')
        return strncmp(got, want, len - 1) == 0;
    return strcmp(got, want) == 0;
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *got = json_of(str_from(cases[i].yaml));
        if (!is_match(got, cases[i].want))
            fail_msg("got \"%s\" instead of \"%s\"", got, cases[i].want);
    }
    cleanup_free char *nul = json_of(STR("a: 1\nb: \0"));
    assert_string_equal(nul, "line 2: not UTF-8 text");
}

static char *repeat(const char *text, int count)
{
    struct strbuf all = {0};
    for (int i = 0; i < count; i++)
        strbuf_append_cstr(&all, text);
    return strbuf_take(&all);
}

/* Texts that cost a careless reader its stack, its memory or its time. */
static void test_parse_survives_hostile_texts(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        int count;
        const char *want;
    } hostile[] = {
        {"[", 100000, "line 1, column 65: nested deeper than 64 levels"},
        {"- ", 100000, "line 1, column 129: nested deeper than 64 levels"},
        {"- a\n", 100001, "line 100000, column 3: more than 100000 values"},
        {"? ", 100000, "line 1, column 3: a key that is no text"},
        {"\n", 1000000, "null"},
    };
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        cleanup_free char *text = repeat(hostile[i].piece, hostile[i].count);
        cleanup_free char *got = json_of(str_from(text));
        assert_string_equal(got, hostile[i].want);
    }
}

static void test_aliases_do_not_multiply_beyond_the_limit(void **state)
{
    (void)state;
    struct strbuf text = {0};
    strbuf_append_cstr(&text, "a0: &a0 [x]\n");
    for (int i = 1; i < 40; i++)
        strbuf_printf(&text, "a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1);
    cleanup_free char *got = json_of(strbuf_str(&text));
    assert_string_equal(got, "");
    for (int i = 40; i < 80; i++)
        strbuf_printf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    cleanup_free char *deep = json_of(strbuf_str(&text));
    assert_string_equal(deep, "line 65, column 16: nested deeper than 64 levels by aliases");
    strbuf_fini(&text);
}

/* The right text with bytes changed, dropped and doubled: anything but a crash is fine. */
static void test_parse_survives_mutations(void **state)
{
    (void)state;
    static const char seed[] =
        "a: &x [1, \"q\\x41\", 'r', {b: *x2}]\n? c\n: |+\n  t\n\n%T\n--- !!t\n"
        "d: >2-\n   u\n...\n";
    static const char special[] = "&*![]{},:?-|>%@`'\"#\n\t \\\xc3\x28";
    struct random random;
    random_init(&random, 1);
    for (int round = 0; round < 3000; round++) {
        char text[2 * sizeof(seed)];
        size_t len = 0;
        for (size_t i = 0; i < sizeof(seed) - 1; i++) {
            uint64_t dice = random_below(&random, 40);
            if (dice == 0)
                text[len++] = special[random_below(&random, sizeof(special) - 1)];
            if (dice != 1)
                text[len++] = seed[i];
        }
        free(json_of((struct str){text, len}));
    }
}

static void test_find(void **state)
{
    (void)state;
    struct yaml *yaml = NULL;
    struct error err;
    assert_true(yaml_parse(STR("a: x\nb: ~\nc: True\nd: 'true'\n"), &yaml, &err));
    const struct yaml_node *root = yaml_root(yaml);
    assert_string_equal(yaml_find(root, "a")->text.ptr, "x");
    assert_null(yaml_find(root, "b"));
    assert_null(yaml_find(root, "z"));
    assert_null(yaml_find(yaml_find(root, "a"), "a"));
    assert_null(yaml_find(NULL, "a"));
    bool value = false;
    assert_true(yaml_bool(yaml_find(root, "c"), &value));
    assert_true(value);
    assert_false(yaml_bool(yaml_find(root, "d"), &value));
    yaml_free(yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_survives_hostile_texts),
        cmocka_unit_test(test_aliases_do_not_multiply_beyond_the_limit),
        cmocka_unit_test(test_parse_survives_mutations),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
