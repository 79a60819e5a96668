#include "devserver/strategic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/must.h"
#include "devserver/body.h"
#include "kube/model/json.h"
#include "lib/json_text.h"

static void test_merge(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        const char *patch;
        const char *want;
    } cases[] = {
        {"{'a':1}", "{'b':{'c':2}}", "{'a':1,'b':{'c':2}}"},
        {"{'a':{'b':1,'c':2}}", "{'a':{'b':null,'d':3}}", "{'a':{'c':2,'d':3}}"},
        {"{'a':{'b':1}}", "{'a':{'c':2,'$patch':'replace'}}", "{'a':{'c':2}}"},
        {"{'a':{'b':1},'c':2}", "{'a':{'$patch':'delete'}}", "{'c':2}"},
        {"{'a':{'b':1,'c':2}}", "{'a':{'$retainKeys':['c'],'c':3}}", "{'a':{'c':3}}"},
        {"{'l':[1,2]}", "{'l':[3]}", "{'l':[3]}"},
        {"{'finalizers':['x']}", "{'finalizers':['y','x']}", "{'finalizers':['y','x']}"},
        {"{}", "{'finalizers':['y']}", "{'finalizers':['y']}"},
        {"{'finalizers':['x','y','x']}", "{'$deleteFromPrimitiveList/finalizers':['x']}",
         "{'finalizers':['y']}"},
        {"{'finalizers':['x']}", "{'finalizers':null}", "{}"},
        {"{'ownerReferences':[{'uid':'a','k':1},{'uid':'b'}]}",
         "{'$setElementOrder/ownerReferences':[{'uid':'a'}],'ownerReferences':[{'uid':'a','k':2},"
         "{'uid':'b','$patch':'delete'},{'uid':'c'}]}",
         "{'ownerReferences':[{'uid':'a','k':2},{'uid':'c'}]}"},
        {"{'secrets':[{'name':'a'}]}", "{'secrets':[{'name':'b'},{'$patch':'replace'}]}",
         "{'secrets':[{'name':'b'}]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena cleanup_arena;
        struct error err = {0};
        arena_init(&arena);
        yyjson_doc *before cleanup_json_doc = json_read(json_text(&arena, cases[i].object), &err);
        yyjson_doc *patch cleanup_json_doc = json_read(json_text(&arena, cases[i].patch), &err);
        yyjson_mut_doc *doc cleanup_mut_doc = yyjson_doc_mut_copy(before, NULL);
        yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
        if (!dev_strategic_merge(doc, &object, yyjson_doc_get_root(patch), &err))
            fail_msg("%s: %s", cases[i].patch, err.text);
        char *got = yyjson_mut_val_write(object, 0, NULL);
        assert_same_json(cases[i].patch, str_from(got), json_text(&arena, cases[i].want));
        free(got);
    }
}

static void test_a_patch_is_an_object(void **state)
{
    (void)state;
    struct error err = {0};
    yyjson_doc *patch cleanup_json_doc = json_read(STR("[]"), &err);
    yyjson_mut_doc *doc cleanup_mut_doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    assert_false(dev_strategic_merge(doc, &object, yyjson_doc_get_root(patch), &err));
    assert_string_equal(
        err.text, "json: cannot unmarshal array into Go value of type map[string]interface {}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_a_patch_is_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
