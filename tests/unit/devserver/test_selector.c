#include "devserver/selector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kube/model/json.h"
#include "lib/json_text.h"

#define BOXES "boxes.t.example.com"

static struct dev_selector *parse(const char *labels, const char *fields, const char *resource)
{
    struct dev_selector *selector = NULL;
    struct error err = {0};
    if (!dev_selector_parse(str_from(labels), str_from(fields), str_from(resource), &selector,
                            &err))
        fail_msg("%s %s: %s", labels, fields, err.text);
    return selector;
}

/* A `want` that ends with a star is only the beginning. */
static bool is_match(const char *got, const char *want)
{
    size_t len = strlen(want);
    if (len > 0 && want[len - 1] == '*')
        return strncmp(got, want, len - 1) == 0;
    return strcmp(got, want) == 0;
}

/* want NULL: it is a selector. */
static void check_parse(const char *labels, const char *fields, const char *resource,
                        const char *want)
{
    struct dev_selector *selector = NULL;
    struct error err = {0};
    bool is_fine =
        dev_selector_parse(str_from(labels), str_from(fields), str_from(resource), &selector, &err);
    if (is_fine != (want == NULL))
        fail_msg("\"%s%s\": %s", labels, fields, is_fine ? "is taken" : err.text);
    if (!is_fine) {
        assert_int_equal(err.code, ERROR_INVALID);
        if (!is_match(err.text, want))
            fail_msg("\"%s%s\":\n got %s\nwant %s", labels, fields, err.text, want);
    }
    dev_selector_free(selector);
}

/* What kube-apiserver 1.36 says to them, but for this: where it lists all that is wrong with a
 * requirement, this says the first. */
static const struct {
    const char *text, *error;
} label_texts[] =
    {
        {"a", NULL},
        {"a=b", NULL},
        {"a==b", NULL},
        {"a!=b", NULL},
        {"!a", NULL},
        {"a in (b,c)", NULL},
        {"a notin (b)", NULL},
        {"a in ()", NULL},
        {"a in (,)", NULL},
        {"a in (b,)", NULL},
        {"a in", "unable to parse requirement: found '' expected: '('"},
        {"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
        {"a in b", "unable to parse requirement: found 'b' expected: '('"},
        {"a=b=c", "found '=', expected: ',' or 'end of string'"},
        {"a=", NULL},
        {"a!=", NULL},
        {",", "found ',', expected: !, identifier, or 'end of string'"},
        {"a,", "found '', expected: identifier after ','"},
        {"a,,b", "found ',', expected: identifier after ','"},
        {",a", "found ',', expected: !, identifier, or 'end of string'"},
        {"!", "unable to parse requirement: found '', expected: identifier"},
        {"!!a", "unable to parse requirement: found '!', expected: identifier"},
        {"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
        {"=", "found '=', expected: !, identifier, or 'end of string'"},
        {"=b", "found '=', expected: !, identifier, or 'end of string'"},
        {"in (a)",
         "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"},
        {"in", NULL},
        {"notin", NULL},
        {"in in (in)", NULL},
        {"a>1", NULL},
        {"a<x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
                "operators, the value must be an integer"},
        {"a>", "unable to parse requirement: values[0]: Invalid value: \"\": for 'Gt', 'Lt' "
               "operators, the value must be an integer"},
        {"x/y/z=1", "unable to parse requirement: <nil>: Invalid value: \"x/y/z\": a *"},
        {"/a", "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be "
               "non-empty"},
        {"a/",
         "unable to parse requirement: <nil>: Invalid value: \"a/\": name part must be non-empty*"},
        {"A_b.c", NULL},
        {"-a", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist "
               "of alphanumeric char*"},
        {"a-", "unable to parse requirement: <nil>: Invalid value: \"a-\": name part must consist "
               "of alphanumeric char*"},
        {"a=-b", "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label "
                 "must be an empty strin*"},
        {"a=b_", "unable to parse requirement: values[0][a]: Invalid value: \"b_\": a valid label "
                 "must be an empty strin*"},
        {"a=b c", "found 'c', expected: ',' or 'end of string'"},
        {"a = b , c", NULL},
        {"a\tin\n(b)", NULL},
        {"a=(b)", "unable to parse requirement: found '(', expected: identifier"},
        {"a in (b))", "found ')', expected: ',' or 'end of string'"},
        {"(a)", "found '(', expected: !, identifier, or 'end of string'"},
        {"a=b,a=c", NULL},
        {"a=!b", "unable to parse requirement: found '!', expected: identifier"},
        {"!a=b", "found '=', expected: ',' or 'end of string'"},
        {"a!b", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"},
        {"a=in", NULL},
        {"a notinn (b)",
         "unable to parse requirement: found 'notinn', expected: in, notin, =, ==, !=, gt, lt"},
        {"a>1.5", "unable to parse requirement: values[0]: Invalid value: \"1.5\": for 'Gt', 'Lt' "
                  "operators, the value must be an integer"},
        {"a>99999999999999999999",
         "unable to parse requirement: values[0]: Invalid value: \"99999999999999999999\": for "
         "'Gt', 'Lt' operators, the value must be an integer"},
        {"é=1", "unable to parse requirement: <nil>: Invalid value: \"é\": name part must consist "
                "of alphanumeric chara*"},
        {"a=é", "unable to parse requirement: values[0][a]: Invalid value: \"é\": a valid label "
                "must be an empty string*"},
        {"a in (b,b)", NULL},
        {"a in ( b , c )", NULL},
        {" ", NULL},
        {" a ", NULL},
        {"X.y/a=1", "unable to parse requirement: <nil>: Invalid value: \"X.y/a\": prefix part a "
                    "lowercase RFC 1123 subdoma*"},
        {"a in (x y)", "unable to parse requirement: found 'y', expected: ',' or ')'"},
        {"a exists",
         "unable to parse requirement: found 'exists', expected: in, notin, =, ==, !=, gt, lt"},
        {"a===b", "unable to parse requirement: found '=', expected: identifier"},
        {"a=b)", "found ')', expected: ',' or 'end of string'"},
        {"a<>b", "unable to parse requirement: found '>', expected: identifier"},
        {"a,b in (c),!d", NULL},
        {"a=,b", NULL},
        {"a in (-b,c-)", "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a "
                         "valid label must be*"},
        {"a>-x", "unable to parse requirement: values[0]: Invalid value: \"-x\": for 'Gt', 'Lt' "
                 "operators, the value must be an integer"},
        {"a>+1", "unable to parse requirement: values[0]: Invalid value: \"+1\": *"},
        {"a>-1", "unable to parse requirement: values[0]: Invalid value: \"-1\": *"},
        {"a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"},
        {"a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"},
        {"a in (b!", "unable to parse requirement: found '!', expected: ',' or ')'"},
        {"a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"},
        {"a in (b,,c)", NULL},
        {"a in (,", "unable to parse requirement: found '', expected: ',', or identifier"},
        {"!in", NULL},
        {"! a", NULL},
        {"!a b", "found 'b', expected: ',' or 'end of string'"},
        {"a notin", "unable to parse requirement: found '' expected: '('"},
        {"a/b c", "unable to parse requirement: found 'c', expected: in, notin, =, ==, !=, gt, lt"},
        {"a in(b)", NULL},
        {"ain (b)",
         "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"},
        {"a=b,,", "found ',', expected: identifier after ','"},
        {"\"a\"=b", "unable to parse requirement: <nil>: Invalid value: \"\\\"a\\\"\": name part "
                    "must consist of alphanumeric c*"},
        {"a=b ,!c", NULL},
        {"a in (b)c", "found 'c', expected: ',' or 'end of string'"},
},
  field_texts[] = {
      {"metadata.name=a", NULL},
      {"metadata.name==a", NULL},
      {"metadata.name!=a", NULL},
      {"metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"},
      {"=", NULL},
      {"metadata.name=", NULL},
      {"spec.x=1", "field label not supported: spec.x"},
      {"metadata.namespace=default,metadata.name=a", NULL},
      {"metadata.name=a=b", "invalid field selector: unescaped character in value: 61"},
      {"metadata.name=a\\=b", NULL},
      {"metadata.name=a\\,b", NULL},
      {"metadata.name=a\\x", "invalid field selector: invalid escape sequence: \\x"},
      {"a=b", "field label not supported: a"},
      {"metadata.labels.x=1", "field label not supported: metadata.labels.x"},
      {",", NULL},
      {"metadata.name=a,", NULL},
      {"metadata.name!=a,metadata.name!=b", NULL},
      {"metadata.name in (a)",
       "invalid selector: 'metadata.name in (a)'; can't understand 'metadata.name in (a)'"},
      {" metadata.name=a", "field label not supported:  metadata.name"},
      {"metadata.name= a", NULL},
      {"!metadata.name", "invalid selector: '!metadata.name'; can't understand '!metadata.name'"},
      {"metadata.name<a",
       "invalid selector: 'metadata.name<a'; can't understand 'metadata.name<a'"},
      {"metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"},
      {"metadata.name>=a", "field label not supported: metadata.name>"},
      {"=x", "field label not supported: "},
      {"!=", NULL},
      {"!=x", "field label not supported: "},
      {"==", NULL},
      {"a\\=b=1", "invalid field selector: unescaped character in value: 61"},
      {"metadata.name=\\\\", NULL},
      {"metadata.name=a\\,", NULL},
      {"metadata.name=é=", "invalid field selector: unescaped character in value: 61"},
      {"metadata.name==a==b", "invalid field selector: unescaped character in value: 61"},
      {"metadata.name===a", "invalid field selector: unescaped character in value: 61"},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(label_texts); i++)
        check_parse(label_texts[i].text, "", BOXES, label_texts[i].error);
    for (size_t i = 0; i < ARRAY_LEN(field_texts); i++)
        check_parse("", field_texts[i].text, BOXES, field_texts[i].error);
}

static const struct {
    const char *resource, *field, *error;
} resource_fields[] = {
    {"configmaps", "spec.x=1",
     "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""},
    {"events", "spec.x=1", "field label not supported: spec.x"},
    {"events", "involvedObject.name=a", NULL},
    {"events", "regarding.name=a", NULL},
    {"events", "source=a,reason=b,type=c,involvedObject.uid=d", NULL},
    {"namespaces", "status.phase=Active", NULL},
    {"namespaces", "metadata.namespace=a", "field label not supported: metadata.namespace"},
    {"secrets", "type=Opaque", NULL},
    {"secrets", "data.x=1", "field label not supported: data.x"},
    {BOXES, "type=Opaque", "field label not supported: type"},
};

static void test_fields_of_resources(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(resource_fields); i++)
        check_parse("", resource_fields[i].field, resource_fields[i].resource,
                    resource_fields[i].error);
}

static bool matches(const struct dev_selector *selector, const char *object)
{
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct error err = {0};
    cleanup_json_doc yyjson_doc *doc = json_read(json_text(&arena, object), &err);
    if (doc == NULL)
        fail_msg("%s: %s", object, err.text);
    return dev_selector_matches(selector, yyjson_doc_get_root(doc));
}

static const struct {
    const char *labels, *selector;
    bool matches;
} label_cases[] = {
    {"{'a':'b'}", "", true},
    {"{'a':'b'}", "a", true},
    {"{'a':''}", "a", true},
    {"{}", "a", false},
    {"{'a':'b'}", "!a", false},
    {"{}", "!a", true},
    {"{'a':'b'}", "a=b", true},
    {"{'a':'b'}", "a==c", false},
    {"{}", "a=b", false},
    {"{}", "a=", false},
    {"{'a':''}", "a=", true},
    {"{'a':'b'}", "a!=b", false},
    {"{'a':'c'}", "a!=b", true},
    {"{}", "a!=b", true},
    {"{'a':'c'}", "a in (b,c)", true},
    {"{'a':'d'}", "a in (b,c)", false},
    {"{}", "a in (b,c)", false},
    {"{'a':''}", "a in (b,)", true},
    {"{'a':'c'}", "a notin (b,c)", false},
    {"{'a':'d'}", "a notin (b,c)", true},
    {"{}", "a notin (b,c)", true},
    {"{'a':'10'}", "a>9", true},
    {"{'a':'9'}", "a>9", false},
    {"{'a':'8'}", "a<9", true},
    {"{'a':'9'}", "a<9", false},
    {"{'a':'x'}", "a<9", false},
    {"{'a':'x'}", "a>9", false},
    {"{}", "a>9", false},
    {"{'a':'9223372036854775807'}", "a>9", true},
    {"{'a':'9223372036854775808'}", "a>9", false},
    {"{'in':'notin'}", "in in (notin)", true},
    {"{'a':'b','c':'d'}", "a=b,c=d", true},
    {"{'a':'b','c':'x'}", "a=b,c=d", false},
    {"{'a':'b','c':'d'}", "a=b,c=d,!e", true},
    {"{'x.io/role':'cp'}", "x.io/role = cp", true},
    {"{'ab':'1'}", "a", false},
};

static void test_labels_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(label_cases); i++) {
        struct dev_selector *selector = parse(label_cases[i].selector, "", BOXES);
        char object[128];
        (void)snprintf(object, sizeof(object), "{'metadata':{'labels':%s}}", label_cases[i].labels);
        if (matches(selector, object) != label_cases[i].matches)
            fail_msg("%s of %s", label_cases[i].selector, label_cases[i].labels);
        dev_selector_free(selector);
    }
}

static const struct {
    const char *resource, *object, *fields;
    bool matches;
} field_cases[] = {
    {BOXES, "{'metadata':{'name':'a','namespace':'n'}}", "metadata.name=a", true},
    {BOXES, "{'metadata':{'name':'a','namespace':'n'}}", "metadata.name!=a", false},
    {BOXES, "{'metadata':{'name':'b','namespace':'n'}}", "metadata.name!=a", true},
    {BOXES, "{'metadata':{'name':'a','namespace':'n'}}", "metadata.name=a,metadata.namespace=n",
     true},
    {BOXES, "{'metadata':{'name':'a','namespace':'n'}}", "metadata.name=a,metadata.namespace=m",
     false},
    {BOXES, "{'metadata':{'name':'a'}}", "metadata.namespace=", true},
    {BOXES, "{'metadata':{'name':'a,b=c'}}", "metadata.name=a\\,b\\=c", true},
    {"events", "{'involvedObject':{'kind':'ElfMachine','uid':'1'}}",
     "involvedObject.kind=ElfMachine,involvedObject.uid=1", true},
    {"events", "{'involvedObject':{'kind':'ElfMachine'}}", "regarding.kind=ElfMachine", true},
    {"events", "{'source':{'component':'c'}}", "source=c", true},
    {"events", "{'source':{},'reportingComponent':'c'}", "source=c", true},
    {"events", "{'reportingComponent':'c'}", "reportingController=c", true},
    {"events", "{'type':'Normal','reason':'R'}", "type=Normal,reason=R", true},
    {"events", "{'type':'Normal','reason':'R'}", "type=Warning", false},
};

static void test_fields_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(field_cases); i++) {
        struct dev_selector *selector = parse("", field_cases[i].fields, field_cases[i].resource);
        if (matches(selector, field_cases[i].object) != field_cases[i].matches)
            fail_msg("%s of %s", field_cases[i].fields, field_cases[i].object);
        dev_selector_free(selector);
    }
}

static void test_both_have_to_match_and_odd_objects_do_not_harm(void **state)
{
    (void)state;
    struct dev_selector *selector = parse("a=b", "metadata.name=n", BOXES);
    assert_false(dev_selector_is_empty(selector));
    assert_true(matches(selector, "{'metadata':{'name':'n','labels':{'a':'b'}}}"));
    assert_false(matches(selector, "{'metadata':{'name':'m','labels':{'a':'b'}}}"));
    assert_false(matches(selector, "{'metadata':{'name':'n','labels':{'a':'c'}}}"));
    assert_false(matches(selector, "{'metadata':{'name':1,'labels':[]}}"));
    assert_false(matches(selector, "{'metadata':'x'}"));
    assert_false(matches(selector, "[]"));
    dev_selector_free(selector);
    selector = parse(" ", ",", BOXES);
    assert_true(dev_selector_is_empty(selector));
    assert_true(matches(selector, "{}"));
    dev_selector_free(selector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_fields_of_resources),
        cmocka_unit_test(test_labels_match),
        cmocka_unit_test(test_fields_match),
        cmocka_unit_test(test_both_have_to_match_and_odd_objects_do_not_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
