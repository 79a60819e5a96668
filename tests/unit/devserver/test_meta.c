#include "devserver/meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/must.h"
#include "devserver/body.h"
#include "lib/json_text.h"

static const struct dev_resource widgets = {
    .id = {"widgets.example.com", 19}, .kind = {"Widget", 6}, .is_custom = true};
static const struct dev_resource maps = {.id = {"configmaps", 10}, .kind = {"ConfigMap", 9}};

static yyjson_mut_doc *read_json(struct arena *arena, const char *single_quoted)
{
    struct str text = json_text(arena, single_quoted);
    yyjson_doc *doc = yyjson_read(text.ptr, text.len, 0);
    must(doc);
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    yyjson_doc_free(doc);
    return copy;
}

static void test_decode(void **state)
{
    (void)state;
    static const struct {
        const char *metadata;
        const char *want; /* what is left of it, or how the error begins */
        const char *unknown;
    } cases[] = {
        {"{'name':'a','uid':'u'}", "{'name':'a','uid':'u'}", ""},
        {"null", "{}", ""},
        {"{'name':'','labels':{},'finalizers':[],'ownerReferences':[],'uid':null}", "{}", ""},
        {"{'selfLink':'/x','managedFields':[{}],'generation':0}", "{'generation':0}", ""},
        {"{'creationTimestamp':'2026-01-02T05:04:05.6+02:00'}",
         "{'creationTimestamp':'2026-01-02T03:04:05Z'}", ""},
        {"{'labels':{'a':null}}", "{'labels':{'a':''}}", ""},
        {"{'x':1,'ownerReferences':[{'uid':'u','y':2}]}", "{'ownerReferences':[{'uid':'u'}]}",
         "metadata.x\nmetadata.ownerReferences[0].y\n"},
        {"5", "json: cannot unmarshal number into Go value of type v1.ObjectMeta", NULL},
        {"{'name':5}",
         "json: cannot unmarshal number into Go struct field ObjectMeta.name of type "
         "string",
         NULL},
        {"{'labels':[]}",
         "json: cannot unmarshal array into Go struct field ObjectMeta.labels of "
         "type map[string]string",
         NULL},
        {"{'labels':{'a':true}}", "json: cannot unmarshal bool into", NULL},
        {"{'finalizers':{}}", "json: cannot unmarshal object into", NULL},
        {"{'finalizers':[{}]}", "json: cannot unmarshal object into", NULL},
        {"{'generation':1.5}", "json: cannot unmarshal number into", NULL},
        {"{'ownerReferences':[{'uid':5}]}",
         "json: cannot unmarshal number into Go struct field "
         "OwnerReference.ownerReferences.uid of type types.UID",
         NULL},
        {"{'ownerReferences':['x']}", "json: cannot unmarshal string into", NULL},
        {"{'deletionTimestamp':'soon'}", "parsing time \"soon\" as", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena cleanup_arena;
        struct strbuf text cleanup_strbuf = {0};
        struct strbuf unknown cleanup_strbuf = {0};
        struct error err = {0};
        arena_init(&arena);
        strbuf_printf(&text, "{'metadata':%s}", cases[i].metadata);
        yyjson_mut_doc *doc cleanup_mut_doc = read_json(&arena, text.data);
        yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
        if (!dev_meta_decode(&widgets, doc, object, &unknown, &err)) {
            if (cases[i].unknown || strncmp(err.text, cases[i].want, strlen(cases[i].want)) != 0)
                fail_msg("%s: %s", cases[i].metadata, err.text);
            continue;
        }
        char *left = yyjson_mut_val_write(yyjson_mut_obj_get(object, "metadata"), 0, NULL);
        if (!cases[i].unknown)
            fail_msg("%s: no error: %s", cases[i].metadata, left);
        assert_same_json(cases[i].metadata, str_from(left), json_text(&arena, cases[i].want));
        free(left);
        assert_string_equal(unknown.data ? unknown.data : "", cases[i].unknown);
    }
}

/* The fields that are complained about, "a b". */
static struct str fields_of(struct arena *arena, const struct dev_causes *causes)
{
    struct str text = STR("");
    for (size_t i = 0; i < causes->count; i++)
        text = arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(text), i > 0 ? " " : "",
                            STR_ARG(causes->items[i].field));
    return text;
}

static void test_validate(void **state)
{
    (void)state;
    static const struct {
        const struct dev_resource *resource;
        const char *metadata;
        const char *want;
    } cases[] = {
        {&maps, "{'name':'a','labels':{'x.y/z':'v'},'finalizers':['x.y/z']}", ""},
        {&maps, "{}", "metadata.name"},
        {&maps, "{'name':'A','generateName':'B-'}", "metadata.generateName metadata.name"},
        {&maps, "{'name':'a','labels':{'a b':'-'}}", "metadata.labels metadata.labels"},
        {&maps, "{'name':'a','annotations':{'Example.com/a':'b'}}", ""},
        {&maps, "{'name':'a','annotations':{'a b':''}}", "metadata.annotations"},
        {&maps, "{'name':'a','finalizers':['plain']}", "metadata.finalizers[0]"},
        {&widgets, "{'name':'a','finalizers':['plain']}", ""},
        {&widgets, "{'name':'a','finalizers':['orphan','foregroundDeletion']}",
         "metadata.finalizers"},
        {&maps, "{'name':'a','ownerReferences':[{'kind':'K'}]}",
         "metadata.ownerReferences.apiVersion metadata.ownerReferences.name "
         "metadata.ownerReferences.uid"},
        {&maps,
         "{'name':'a','ownerReferences':[{'apiVersion':'v1','kind':'K','name':'n','uid':'u',"
         "'controller':true},{'apiVersion':'v1','kind':'K','name':'m','uid':'w','controller':true}]"
         "}",
         "metadata.ownerReferences"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena cleanup_arena;
        struct dev_causes causes = {0};
        arena_init(&arena);
        yyjson_mut_doc *doc cleanup_mut_doc = read_json(&arena, cases[i].metadata);
        dev_meta_validate(cases[i].resource, yyjson_mut_doc_get_root(doc), &causes);
        struct str got = fields_of(&arena, &causes);
        if (!str_eq_cstr(got, cases[i].want))
            fail_msg("%s: \"" STR_FMT "\"", cases[i].metadata, STR_ARG(got));
        dev_causes_fini(&causes);
    }
}

static void test_validate_update(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *after;
        bool is_allowed;
    } cases[] = {
        {"{'uid':'u'}", "{'uid':'u','labels':{'a':'b'}}", true},
        {"{'uid':'u'}", "{'uid':'v'}", false},
        {"{}", "{'deletionTimestamp':'2026-01-01T00:00:00Z'}", false},
        {"{'deletionTimestamp':'x','finalizers':['a/b','c/d']}",
         "{'deletionTimestamp':'x','finalizers':['c/d']}", true},
        {"{'deletionTimestamp':'x','finalizers':['a/b']}",
         "{'deletionTimestamp':'x','finalizers':['a/b','c/d']}", false},
        {"{'finalizers':['a/b']}", "{'finalizers':['a/b','c/d']}", true},
        {"{'deletionGracePeriodSeconds':0}", "{'deletionGracePeriodSeconds':1}", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena cleanup_arena;
        struct dev_causes causes = {0};
        arena_init(&arena);
        yyjson_mut_doc *before cleanup_mut_doc = read_json(&arena, cases[i].before);
        yyjson_mut_doc *after cleanup_mut_doc = read_json(&arena, cases[i].after);
        dev_meta_validate_update(yyjson_mut_doc_get_root(after), yyjson_mut_doc_get_root(before),
                                 &causes);
        if ((causes.count == 0) != cases[i].is_allowed)
            fail_msg("%s to %s", cases[i].before, cases[i].after);
        dev_causes_fini(&causes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_validate),
        cmocka_unit_test(test_validate_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
