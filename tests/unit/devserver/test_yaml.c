#include "devserver/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "devserver/depth.h"

static bool append_document(void *ctx, struct str json, struct error *err)
{
    struct strbuf *out = ctx;
    (void)err;
    strbuf_append_cstr(out, out->len > 0 ? " | " : "");
    strbuf_append(out, json);
    return true;
}

/* The documents, or the error behind what came before it; heap. */
static char *read_yaml(struct str text)
{
    struct strbuf out = {0};
    struct error err = {0};
    if (!dev_yaml_each(text, append_document, &out, &err)) {
        assert_int_equal(err.code, ERROR_INVALID);
        strbuf_printf(&out, "%s! %s", out.len > 0 ? " " : "", err.text);
    }
    return strbuf_take(&out);
}

/* A `want` that ends with a star is only the beginning: the rest is libfyaml's wording. */
static void check(const char *yaml, const char *want)
{
    cleanup_free char *got = read_yaml(str_from(yaml));
    size_t len = strlen(want);
    bool is_start = len > 0 && want[len - 1] == '*';
    if (is_start ? strncmp(got, want, len - 1) != 0 : strcmp(got, want) != 0)
        fail_msg("%s:\n got %s\nwant %s", yaml, got, want);
}

/* What sigs.k8s.io/yaml 1.6 makes of a value. */
static const struct {
    const char *scalar, *json;
} scalars[] = {
    {"", "null"},
    {"~", "null"},
    {"null", "null"},
    {"NULL", "null"},
    {"nULL", "\"nULL\""},
    {"true", "true"},
    {"True", "true"},
    {"tRue", "\"tRue\""},
    {"y", "true"},
    {"yes", "true"},
    {"YES", "true"},
    {"yEs", "\"yEs\""},
    {"on", "true"},
    {"oN", "\"oN\""},
    {"false", "false"},
    {"n", "false"},
    {"No", "false"},
    {"off", "false"},
    {"'true'", "\"true\""},
    {"\"1\"", "\"1\""},
    {"0", "0"},
    {"-0", "0"},
    {"+1", "1"},
    {"-1", "-1"},
    {"007", "7"},
    {"08", "8"},
    {"010", "8"},
    {"0o17", "15"},
    {"0o8", "\"0o8\""},
    {"0x1F", "31"},
    {"-0x10", "-16"},
    {"0x", "\"0x\""},
    {"0b101", "5"},
    {"0b2", "\"0b2\""},
    {"1_000", "1000"},
    {"_1", "\"_1\""},
    {"9223372036854775807", "9223372036854775807"},
    {"18446744073709551615", "18446744073709551615"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"-9223372036854775809", "-9223372036854776000.0"},
    {"+9223372036854775808", "9223372036854776000.0"},
    {"123456789012345678901234567890", "1.2345678901234568e29"},
    {"1.5", "1.5"},
    {"-1.5", "-1.5"},
    {"1.0", "1"},
    {"1.", "1"},
    {".5", "0.5"},
    {"-.5", "-0.5"},
    {"1e3", "1000"},
    {"1.5e-3", "0.0015"},
    {"1e400", "\"1e400\""},
    {"1e", "\"1e\""},
    {".", "\".\""},
    {"-.", "\"-.\""},
    {"1.2.3", "\"1.2.3\""},
    {"10.0.0.1", "\"10.0.0.1\""},
    {"10Gi", "\"10Gi\""},
    {"12:30", "\"12:30\""},
    {"2024-01-02", "\"2024-01-02\""},
    {"2024-01-02T03:04:05Z", "\"2024-01-02T03:04:05Z\""},
    {"2024", "2024"},
    {".inf", "! line 1, column 4: a number that JSON does not have"},
    {"-.INF", "! line 1, column 4: a number that JSON does not have"},
    {".nan", "! line 1, column 4: a number that JSON does not have"},
    {"!!str 1", "\"1\""},
    {"!!int '3'", "3"},
    {"!!float 1", "1"},
    {"!foo 1", "\"1\""},
    {"!!int x", "! line 1, column *"},
    {"!!binary aGk=", "! line 1, column *"},
    {"a b", "\"a b\""},
    {"|\n x\n y\n", "\"x\\ny\\n\""},
    {">-\n x\n y\n", "\"x y\""},
    {"\"\\u00e9\\x41\\n\"", "\"éA\\n\""},
    {"'it''s'", "\"it's\""},
};

static void test_scalars(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scalars); i++) {
        char yaml[128], want[128];
        bool is_error = scalars[i].json[0] == '!';
        (void)snprintf(yaml, sizeof(yaml), "v: %s", scalars[i].scalar);
        (void)snprintf(want, sizeof(want), is_error ? "%s" : "{\"v\":%s}", scalars[i].json);
        check(yaml, want);
    }
}

static const struct {
    const char *yaml, *want;
} documents[] = {
    {"", ""},
    {"# nothing\n", ""},
    {"---\n---\n# nothing\n---\nnull\n...\n", ""},
    {"a: 1\n---\nb: 2\n---\n\n---\nc: 3\n", "{\"a\":1} | {\"b\":2} | {\"c\":3}"},
    {"- 1\n- [a, {b: c}]\n", "[1,[\"a\",{\"b\":\"c\"}]]"},
    {"x\n", "\"x\""},
    {"%YAML 1.1\n---\na: 1\n", "{\"a\":1}"},
    {"\xef\xbb\xbf"
     "a: 1\n",
     "{\"a\":1}"},
    /* JSON is YAML, tabs and all. */
    {"{\n\t\"a\": [1,\n\t\t\"b\\u00e9\"],\n\t\"c\": 1.5\n}\n", "{\"a\":[1,\"bé\"],\"c\":1.5}"},
    {"{\"a\":1}\n---\n{\"b\":2}\n", "{\"a\":1} | {\"b\":2}"},
    {"null", ""},
    /* keys are texts */
    {"1: a\ntrue: b\n1.5: c\n0x10: d\n\"7\": e\n",
     "{\"1\":\"a\",\"true\":\"b\",\"1.5\":\"c\",\"16\":\"d\",\"7\":\"e\"}"},
    {"a: 1\nb: 2\na: 3\n", "{\"b\":2,\"a\":3}"},
    {"{a: 1, b}\n", "{\"a\":1,\"b\":null}"},
    {"~: a\n", "! line 1, column 1: a key that is no text"},
    {"[]: 1", "! line 1, column 1: a key that is no text"},
    /* anchors */
    {"a: &x [1, {b: 2}]\nc: *x\n", "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}]}"},
    {"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
    {"&x a: 1\nb: *x\n", "{\"a\":1,\"b\":\"a\"}"},
    {"a: &x 1\n---\nb: *x\n", "{\"a\":1} ! line 3, column 5: *x names no anchor before it"},
    {"a: &x [*x]", "! line 1, column 9: *x contains itself"},
    {"a: *x", "! line 1, column 5: *x names no anchor before it"},
    /* merge keys */
    {"a: &x {b: 1}\nc: {<<: *x, d: 2}\n", "{\"a\":{\"b\":1},\"c\":{\"d\":2,\"b\":1}}"},
    {"a: &x {b: 1}\nc: {<<: *x, b: 2}\n", "{\"a\":{\"b\":1},\"c\":{\"b\":2}}"},
    {"x: [&x {b: 1}, &z {b: 3, e: 4}]\nc: {<<: [*x, *z], d: 2}\n",
     "{\"x\":[{\"b\":1},{\"b\":3,\"e\":4}],\"c\":{\"d\":2,\"b\":1,\"e\":4}}"},
    {"<<: {a: 1}\nb: 2\n", "{\"b\":2,\"a\":1}"},
    {"\"<<\": 1\n", "{\"<<\":1}"},
    {"a: {<<: 1}\n", "! line 1, column *"},
    {"a: {<<: [1]}\n", "! line 1, column *"},
    /* what is no YAML */
    {"a: 1\n---\nb: [1\nc: 2", "{\"a\":1} ! line 5, column *"},
    {"a:\n\tb: 1\n", "! line 2, column 1: *"},
    {"a: \"\\ud800\"\n", "! line 1, column *"},
    {"a: 1\nb: \xff", "! line 2: not UTF-8 text"},
};

static void test_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        check(documents[i].yaml, documents[i].want);
    cleanup_free char *nul = read_yaml(STR("a: 1\nb: \0"));
    assert_string_equal(nul, "! line 2: not UTF-8 text");
}

static void test_lists_are_taken_apart(void **state)
{
    (void)state;
    check("apiVersion: v1\nkind: List\nitems:\n- {kind: A}\n- {kind: B, x: 1}\n",
          "{\"kind\":\"A\"} | {\"kind\":\"B\",\"x\":1}");
    check("{\"kind\":\"List\",\"items\":[{\"kind\":\"A\"},{\"kind\":\"List\",\"items\":[{\"k\":1}]}"
          "]}",
          "{\"kind\":\"A\"} | {\"k\":1}");
    check("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMapList\",\"items\":[{\"metadata\":{}}]}",
          "{\"metadata\":{},\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}");
    check("{\"kind\":\"List\",\"items\":[]}", "");
    check("{\"kind\":\"List\"}", "{\"kind\":\"List\"}");
    check("{\"kind\":\"Box\",\"items\":[1]}", "{\"kind\":\"Box\",\"items\":[1]}");
}

static bool stop_at_second(void *ctx, struct str json, struct error *err)
{
    append_document(ctx, json, err);
    return str_eq_cstr(json, "1") || error_set(err, ERROR_CONFLICT, "enough");
}

static void test_it_stops_when_it_is_told_to(void **state)
{
    (void)state;
    static const char *const texts[] = {"1\n---\n2\n---\n3\n",
                                        "{\"kind\":\"List\",\"items\":[1,2,3]}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cleanup_strbuf struct strbuf got = {0};
        struct error err = {0};
        assert_false(dev_yaml_each(str_from(texts[i]), stop_at_second, &got, &err));
        assert_int_equal(err.code, ERROR_CONFLICT);
        assert_string_equal(err.text, "enough");
        assert_string_equal(got.data, "1 | 2");
    }
}

/* ---- limits ----------------------------------------------------------------------------------*/

static void append_times(struct strbuf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strbuf_append_cstr(out, text);
}

static void check_refused(const struct strbuf *text, const char *words)
{
    cleanup_free char *got = read_yaml(strbuf_str(text));
    if (got[0] != '!' || strstr(got, words) == NULL)
        fail_msg("got %.200s instead of %s", got, words);
}

/* Each level has ten of the one below: the tenth would be ten thousand millions. */
static void test_aliases_may_not_multiply_without_end(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf values = {0};
    strbuf_append_cstr(&values, "l0: &l0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++) {
        strbuf_printf(&values, "l%d: &l%d [", i, i);
        for (int j = 0; j < 10; j++)
            strbuf_printf(&values, "%s*l%d", j > 0 ? "," : "", i - 1);
        strbuf_append_cstr(&values, "]\n");
    }
    check_refused(&values, "too much for one document");

    cleanup_strbuf struct strbuf texts = {0};
    strbuf_append_cstr(&texts, "a: &a ");
    append_times(&texts, "0123456789abcdef", 65536);
    strbuf_append_cstr(&texts, "\nb: [");
    append_times(&texts, "*a,", 100);
    strbuf_append_cstr(&texts, "]\n");
    check_refused(&texts, "too much for one document");
}

static void test_depth_has_a_limit(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf json = {0};
    append_times(&json, "[", DEV_JSON_MAX_DEPTH + 1);
    append_times(&json, "]", DEV_JSON_MAX_DEPTH + 1);
    check_refused(&json, "max depth");

    cleanup_strbuf struct strbuf flow = {0};
    append_times(&flow, "[x, ", 100000);
    check_refused(&flow, "");

    cleanup_strbuf struct strbuf block = {0};
    append_times(&block, "- ", DEV_JSON_MAX_DEPTH + 1);
    strbuf_append_cstr(&block, "x");
    check_refused(&block, "");

    cleanup_strbuf struct strbuf aliases = {0};
    strbuf_append_cstr(&aliases, "a0: &a0 [x]\n");
    for (int i = 1; i <= DEV_JSON_MAX_DEPTH; i++)
        strbuf_printf(&aliases, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    check_refused(&aliases, "");
}

static void test_length_has_a_limit(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf text = {0};
    append_times(&text, "# 0123456789abc\n", 2 * 1024 * 1024 + 1);
    check_refused(&text, "longer than");
}

/* libfyaml would print what it thinks of a text. */
static void test_nothing_is_printed(void **state)
{
    (void)state;
    int fds[2];
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(fds), 0);
    assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
    cleanup_free char *got = read_yaml(STR("a: [1\nb: {\n"));
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(fds[1]);
    char byte;
    ssize_t printed = read(fds[0], &byte, 1);
    close(fds[0]);
    close(saved);
    assert_int_equal(printed, 0);
    assert_int_equal(got[0], '!');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_lists_are_taken_apart),
        cmocka_unit_test(test_it_stops_when_it_is_told_to),
        cmocka_unit_test(test_aliases_may_not_multiply_without_end),
        cmocka_unit_test(test_depth_has_a_limit),
        cmocka_unit_test(test_length_has_a_limit),
        cmocka_unit_test(test_nothing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
