#include "devserver/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kube/model/json.h"
#include "lib/json_text.h"
#include "unit/devserver/schema_answers.h"

static const char FIELD[] = "spec.validation.openAPIV3Schema";

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "REASON FIELD: MESSAGE" a line, sorted; heap. */
static char *causes_text(const struct dev_causes *causes)
{
    struct strbuf text = {0};
    char **lines = calloc(causes->count + 1, sizeof(*lines));
    assert_non_null(lines);
    for (size_t i = 0; i < causes->count; i++) {
        struct strbuf line = {0};
        const struct dev_cause *c = &causes->items[i];
        strbuf_printf(&line, STR_FMT " " STR_FMT ": " STR_FMT, STR_ARG(c->reason),
                      STR_ARG(c->field), STR_ARG(c->message));
        lines[i] = strbuf_take(&line);
    }
    qsort(lines, causes->count, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < causes->count; i++) {
        strbuf_printf(&text, "%s%s", i > 0 ? "\n" : "", lines[i]);
        free(lines[i]);
    }
    free(lines);
    return strbuf_take(&text);
}

static struct dev_schema *compile(struct arena *arena, const char *single_quoted,
                                  struct dev_causes *causes)
{
    struct error err = {0};
    cleanup_json_doc yyjson_doc *doc = json_read(json_text(arena, single_quoted), &err);
    assert_non_null(doc);
    return dev_schema_compile(yyjson_doc_get_root(doc), str_from(FIELD), causes);
}

static void check_answer(const struct dev_schema *schema, struct arena *arena,
                         const struct answer *want)
{
    struct error err = {0};
    struct dev_causes causes = {0};
    cleanup_strbuf struct strbuf unknown = {0};
    cleanup_json_doc yyjson_doc *given = json_read(json_text(arena, want->given), &err);
    assert_non_null(given);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(given, NULL);
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);

    dev_schema_prune(schema, doc, object, &unknown);
    dev_schema_default(schema, doc, object);
    dev_schema_validate(schema, object, &causes);

    cleanup_free char *got = causes_text(&causes);
    if (strcmp(got, want->causes) != 0)
        fail_msg("%s\ngot:\n%s\nwant:\n%s", want->given, got, want->causes);
    if (want->stored) {
        cleanup_free char *stored = yyjson_mut_write(doc, 0, NULL);
        assert_same_json(want->given, str_from(stored), json_text(arena, want->stored));
        assert_string_equal(unknown.data ? unknown.data : "", want->unknown);
    }
    dev_causes_fini(&causes);
    yyjson_mut_doc_free(doc);
}

static void check_answers(const char *schema_text, const struct answer *answers, size_t count)
{
    struct dev_causes causes = {0};
    struct arena arena;
    arena_init(&arena);
    struct dev_schema *schema = compile(&arena, schema_text, &causes);
    if (!schema) {
        cleanup_free char *text = causes_text(&causes);
        fail_msg("%s", text);
    }
    for (size_t i = 0; i < count; i++)
        check_answer(schema, &arena, &answers[i]);
    dev_schema_free(schema);
    arena_fini(&arena);
}

static void test_answers_like_the_real_server(void **state)
{
    (void)state;
    check_answers(widget_schema, widget_answers, ARRAY_LEN(widget_answers));
    check_answers(gadget_schema, gadget_answers, ARRAY_LEN(gadget_answers));
}

static const struct schema_case {
    const char *schema;
    const char *want; /* kube-apiserver's causes, behind FIELD; empty: compiles */
} schema_cases[] = {
    {"{'type':'object'}", ""},
    {"{}", "FieldValueRequired .type: Required value: must not be empty at the root"},
    {"{'type':'string'}",
     "FieldValueInvalid .type: Invalid value: \"string\": must be object at the root"},
    {"{'type':'object','properties':{'a':{}}}",
     "FieldValueRequired .properties[a].type: Required value: must not be empty for specified "
     "object fields"},
    {"{'type':'object','properties':{'a':{'type':'array','items':{}}}}",
     "FieldValueRequired .properties[a].items.type: Required value: must not be empty for "
     "specified array items"},
    {"{'type':'object','properties':{'a':{'type':'text'}}}",
     "FieldValueNotSupported .properties[a].type: Unsupported value: \"text\": supported values: "
     "\"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\""},
    {"{'type':'object','properties':{'a':{'type':'string','pattern':'('}}}",
     "FieldValueInvalid .properties[a].pattern: Invalid value: \"(\": must be a valid regular "
     "expression, but isn't: error parsing regexp: missing closing ): `(`"},
    {"{'type':'object','properties':{'a':{'type':'string','default':5}}}",
     "FieldValueTypeInvalid .properties[a].default: Invalid value: \"integer\":  in body must be "
     "of type string: \"integer\""},
    {"{'type':'object','properties':{'a':{'type':'string','$ref':'#/x'}}}",
     "FieldValueForbidden .properties[a].$ref: Forbidden: $ref is not supported"},
    {"{'type':'object','properties':{'a':{'type':'array','uniqueItems':true,'items':{'type':"
     "'string'}}}}",
     "FieldValueForbidden .properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true "
     "since the runtime complexity becomes quadratic"},
    {"{'type':'object','properties':{'a':{'type':'array'}}}",
     "FieldValueRequired .properties[a].items: Required value: must be specified"},
    {"{'type':'object','properties':{'a':{'type':'object','properties':{'q':{'type':'string'}},"
     "'additionalProperties':true}}}",
     ""},
    {"{'type':'object','properties':{'metadata':{'type':'object','properties':{'labels':{'type':"
     "'object'}}}}}",
     "FieldValueForbidden .properties[metadata]: Forbidden: must not specify anything other than "
     "name and generateName, but metadata is implicitly specified"},
    {"{'type':'object','properties':{'a':{'type':'array','items':{'type':'object','properties':{"
     "'n':{'type':'string'}}},'x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['z']}}}",
     "FieldValueInvalid .properties[a].x-kubernetes-list-map-keys: Invalid value: [\"z\"]: entries "
     "must all be names of item properties"},
    {"{'type':'object','properties':{'a':{'type':'array','items':{'type':'object'},"
     "'x-kubernetes-list-type':'foo'}}}",
     "FieldValueNotSupported .properties[a].x-kubernetes-list-type: Unsupported value: \"foo\": "
     "supported values: \"atomic\", \"set\", \"map\""},
    {"{'type':'object','properties':{'a':{'type':'string','anyOf':[{'type':'string'}]}}}",
     "FieldValueForbidden .properties[a].anyOf[0].type: Forbidden: must be empty to be structural"},
    {"{'type':'object','properties':{'a':{'type':'string','format':'nonsense'}}}", ""},
    {"{'type':'object','properties':{'a':{'type':'object','x-kubernetes-embedded-resource':true}}}",
     "FieldValueRequired .properties[a].properties: Required value: must not be empty if "
     "x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"},
};

static void test_refuses_what_is_not_structural(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(schema_cases); i++) {
        const struct schema_case *c = &schema_cases[i];
        struct dev_causes causes = {0};
        struct strbuf got = {0};
        struct arena arena;
        arena_init(&arena);
        struct dev_schema *schema = compile(&arena, c->schema, &causes);
        assert_int_equal(schema == NULL, causes.count > 0);
        assert_in_range(causes.count, 0, 1);
        if (causes.count > 0) {
            const struct dev_cause *cause = &causes.items[0];
            assert_true(str_starts_with(cause->field, str_from(FIELD)));
            strbuf_printf(&got, STR_FMT " " STR_FMT ": " STR_FMT, STR_ARG(cause->reason),
                          STR_ARG(str_skip(cause->field, strlen(FIELD))), STR_ARG(cause->message));
        }
        if (!str_eq_cstr(strbuf_str(&got), c->want))
            fail_msg("%s: got \"%s\"", c->schema, got.data);
        dev_schema_free(schema);
        dev_causes_fini(&causes);
        strbuf_fini(&got);
        arena_fini(&arena);
    }
}

static void test_counts_rules_in_cel(void **state)
{
    (void)state;
    struct dev_causes causes = {0};
    struct arena arena;
    arena_init(&arena);
    struct dev_schema *schema = compile(
        &arena,
        "{'type':'object','x-kubernetes-validations':[{'rule':'true'}],'properties':{'a':{'type':"
        "'string','x-kubernetes-validations':[{'rule':'true'},{'rule':'false'}]}}}",
        &causes);
    assert_non_null(schema);
    assert_int_equal(dev_schema_cel_rules(schema), 3);
    dev_schema_free(schema);
    arena_fini(&arena);
}

/* More levels than the stack has room for, and more faults than anybody reads. */
static void test_is_bounded(void **state)
{
    (void)state;
    enum { LEVELS = 100000, FAULTS = 5000 };
    struct dev_causes causes = {0};
    struct error err = {0};
    cleanup_strbuf struct strbuf text = {0};
    struct arena arena;
    arena_init(&arena);
    struct dev_schema *schema = compile(
        &arena, "{'type':'object','properties':{'a':{'type':'array','items':{'type':'integer'}}}}",
        &causes);
    assert_non_null(schema);
    strbuf_append_cstr(&text, "{\"a\":[");
    for (int i = 0; i < FAULTS; i++)
        strbuf_append_cstr(&text, "\"x\",");
    for (int i = 0; i < LEVELS; i++)
        strbuf_append_char(&text, '[');
    for (int i = 0; i < LEVELS; i++)
        strbuf_append_char(&text, ']');
    strbuf_append_cstr(&text, "]}");
    cleanup_json_doc yyjson_doc *given = json_read(strbuf_str(&text), &err);
    assert_non_null(given);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(given, NULL);
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    dev_schema_prune(schema, doc, object, NULL);
    dev_schema_default(schema, doc, object);
    dev_schema_validate(schema, object, &causes);
    assert_int_equal(causes.count, 1000);
    dev_causes_fini(&causes);
    yyjson_mut_doc_free(doc);
    dev_schema_free(schema);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_like_the_real_server),
        cmocka_unit_test(test_refuses_what_is_not_structural),
        cmocka_unit_test(test_counts_rules_in_cel),
        cmocka_unit_test(test_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
