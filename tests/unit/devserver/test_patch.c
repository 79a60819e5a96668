#include "devserver/patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "devserver/depth.h"
#include "kube/model/json.h"
#include "lib/json_text.h"

enum patch_kind { JSON_PATCH, MERGE_PATCH, APPLY };

/* The document after the patch, or "<status> <message>" (422 alone for its only message). In the
 * arena. */
static struct str patched(struct arena *arena, enum patch_kind kind, struct str object,
                          struct str patch, struct str schema)
{
    struct error err = {0};
    cleanup_json_doc yyjson_doc *object_doc = json_read(object, &err);
    cleanup_json_doc yyjson_doc *patch_doc = json_read(patch, &err);
    cleanup_json_doc yyjson_doc *schema_doc = schema.len ? json_read(schema, &err) : NULL;
    if (object_doc == NULL || patch_doc == NULL)
        fail_msg("%s: " STR_FMT, err.text, STR_ARG(patch));
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_val_mut_copy(doc, yyjson_doc_get_root(object_doc));
    yyjson_val *patch_root = yyjson_doc_get_root(patch_doc);
    bool is_fine = false;
    if (kind == JSON_PATCH)
        is_fine = dev_patch_json(doc, &root, patch_root, &err);
    else if (kind == MERGE_PATCH)
        is_fine = dev_patch_merge(doc, &root, patch_root, &err);
    else
        is_fine = dev_patch_apply(doc, &root, patch_root, yyjson_doc_get_root(schema_doc), &err);
    struct str result;
    if (is_fine) {
        cleanup_free char *text = yyjson_mut_val_write(root, YYJSON_WRITE_NOFLAG, NULL);
        result = arena_dup_str(arena, str_from(text));
    } else {
        assert_int_equal(err.code, ERROR_INVALID);
        result = arena_printf(arena, "%d %s", err.detail, err.text);
    }
    yyjson_mut_doc_free(doc);
    return result;
}

/* want "same": as `object`; "422": with kube-apiserver's only words for it. */
static void check(enum patch_kind kind, const char *object, const char *patch, const char *want,
                  const char *schema)
{
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct str got = patched(&arena, kind, json_text(&arena, object), json_text(&arena, patch),
                             json_text(&arena, schema));
    if (strcmp(want, "same") == 0)
        want = object;
    if (strcmp(want, "422") == 0)
        want = "422 the server rejected our request due to an error in our request";
    bool is_failure = want[0] >= '0' && want[0] <= '9';
    if (is_failure && !str_eq_cstr(got, want))
        fail_msg("%s of %s:\n got " STR_FMT "\nwant %s", patch, object, STR_ARG(got), want);
    if (!is_failure)
        assert_same_json(patch, got, json_text(&arena, want));
}

struct patch_case {
    const char *patch, *want;
};

/* All rows are what kube-apiserver 1.36 answers, also where RFC 6902 would have it refuse: of
 * {'a':1,'l':[1,2,3],'o':{'k':'v','nul':null}}. */
static const char object[] = "{'a':1,'l':[1,2,3],'o':{'k':'v','nul':null}}";
static const struct patch_case json_cases[] = {
    {"[{'op':'add','path':'/b','value':1}]", "{'a':1,'b':1,'l':[1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/b'}]", "{'a':1,'b':null,'l':[1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/1','value':9}]", "{'a':1,'l':[1,9,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/3','value':9}]", "{'a':1,'l':[1,2,3,9],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/4','value':9}]", "422"},
    {"[{'op':'add','path':'/l/-','value':9}]", "{'a':1,'l':[1,2,3,9],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/-1','value':9}]", "{'a':1,'l':[1,2,3,9],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/-4','value':9}]", "{'a':1,'l':[9,1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/-5','value':9}]", "422"},
    {"[{'op':'add','path':'/l/01','value':9}]", "{'a':1,'l':[1,9,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/+1','value':9}]", "{'a':1,'l':[1,9,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'/l/x','value':9}]", "422"},
    {"[{'op':'add','path':'/l/','value':9}]", "422"},
    {"[{'op':'add','path':'/x/y','value':1}]", "422"},
    {"[{'op':'add','path':'/o/k/y','value':1}]", "422"},
    {"[{'op':'add','path':'/o/nul/y','value':1}]", "422"},
    {"[{'op':'add','path':'/o/k','value':null}]", "{'a':1,'l':[1,2,3],'o':{'k':null,'nul':null}}"},
    {"[{'op':'add','path':'zz/b','value':1}]",
     "{'a':1,'b':1,'l':[1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'add','path':'','value':{}}]", "422"},
    {"[{'op':'add','path':'spec','value':1}]", "422"},
    {"[{'op':'remove','path':'/a'}]", "{'l':[1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'remove','path':'/b'}]", "422"},
    {"[{'op':'remove','path':'/l/0'}]", "{'a':1,'l':[2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'remove','path':'/l/-1'}]", "{'a':1,'l':[1,2],'o':{'k':'v','nul':null}}"},
    {"[{'op':'remove','path':'/l/3'}]", "422"},
    {"[{'op':'remove','path':'/l/-'}]", "422"},
    {"[{'op':'remove','path':'/o/nul'}]", "{'a':1,'l':[1,2,3],'o':{'k':'v'}}"},
    {"[{'op':'remove','path':'/x/y'}]", "422"},
    {"[{'op':'replace','path':'/a','value':2}]", "{'a':2,'l':[1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'replace','path':'/b','value':2}]",
     "{'a':1,'b':2,'l':[1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'replace','path':'/l/0','value':2}]", "{'a':1,'l':[2,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'replace','path':'/l/3','value':2}]", "422"},
    {"[{'op':'replace','path':'/l/-1','value':2}]", "{'a':1,'l':[1,2,2],'o':{'k':'v','nul':null}}"},
    {"[{'op':'replace','path':'/l/-','value':2}]", "422"},
    {"[{'op':'replace','path':'/x/y','value':2}]", "422"},
    {"[{'op':'replace','path':'/o/nul','value':1}]", "{'a':1,'l':[1,2,3],'o':{'k':'v','nul':1}}"},
    {"[{'op':'replace','path':'/a'}]", "{'a':null,'l':[1,2,3],'o':{'k':'v','nul':null}}"},
    {"[{'op':'move','path':'/z','from':'/a'}]", "{'l':[1,2,3],'o':{'k':'v','nul':null},'z':1}"},
    {"[{'op':'move','path':'/z','from':'/b'}]", "422"},
    {"[{'op':'move','path':'/l/0','from':'/l/2'}]", "{'a':1,'l':[3,1,2],'o':{'k':'v','nul':null}}"},
    {"[{'op':'move','path':'/o/q/r','from':'/o'}]", "422"},
    {"[{'op':'move','path':'/x/y','from':'/a'}]", "422"},
    {"[{'op':'move','path':'/z'}]", "422"},
    {"[{'op':'move','path':'/a','from':'/a'}]", "same"},
    {"[{'op':'move','path':'/z','from':'/o/nul'}]", "{'a':1,'l':[1,2,3],'o':{'k':'v'},'z':null}"},
    {"[{'op':'copy','path':'/z','from':'/o'}]",
     "{'a':1,'l':[1,2,3],'o':{'k':'v','nul':null},'z':{'k':'v','nul':null}}"},
    {"[{'op':'copy','path':'/z','from':'/b'}]",
     "{'a':1,'l':[1,2,3],'o':{'k':'v','nul':null},'z':null}"},
    {"[{'op':'copy','path':'/l/-','from':'/l/0'}]",
     "{'a':1,'l':[1,2,3,1],'o':{'k':'v','nul':null}}"},
    {"[{'op':'copy','path':'/z','from':'/l/7'}]", "422"},
    {"[{'op':'copy','path':'/o/s','from':'/o'}]",
     "{'a':1,'l':[1,2,3],'o':{'k':'v','nul':null,'s':{'k':'v','nul':null}}}"},
    {"[{'op':'copy','path':'/z'}]", "422"},
    {"[{'op':'copy','path':'/l/9','from':'/a'}]", "422"},
    {"[{'op':'copy','path':'/z','from':'/x/y'}]", "422"},
    {"[{'op':'test','path':'/a','value':1}]", "same"},
    {"[{'op':'test','path':'/a','value':2}]", "422"},
    {"[{'op':'test','path':'/a','value':'1'}]", "422"},
    {"[{'op':'test','path':'/b','value':null}]", "same"},
    {"[{'op':'test','path':'/b'}]", "same"},
    {"[{'op':'test','path':'/b','value':1}]", "422"},
    {"[{'op':'test','path':'/a','value':null}]", "422"},
    {"[{'op':'test','path':'/a'}]", "422"},
    {"[{'op':'test','path':'/o','value':{'nul':null,'k':'v'}}]", "same"},
    {"[{'op':'test','path':'/o','value':{'k':'v'}}]", "422"},
    {"[{'op':'test','path':'/l','value':[1,2,3]}]", "same"},
    {"[{'op':'test','path':'/l','value':[1,3,2]}]", "422"},
    {"[{'op':'test','path':'/l','value':[1,2]}]", "422"},
    {"[{'op':'test','path':'/o/nul','value':null}]", "same"},
    {"[{'op':'test','path':'/o/nul'}]", "same"},
    {"[{'op':'test','path':'/o/nul','value':0}]", "422"},
    {"[{'op':'test','path':'/x/y','value':1}]", "422"},
    {"[{'op':'test','path':'/l/3','value':null}]", "422"},
    {"[{'op':'test','path':'/l/-1','value':3}]", "same"},
    {"[{'op':'test','path':'','value':{}}]", "422"},
    {"[{'op':'test','path':'/a','value':2},{'op':'replace','path':'/a','value':3}]", "422"},
    {"[{'op':'replace','path':'/a','value':3},{'op':'test','path':'/"
     "a','value':3},{'op':'test','path':'/a','value':1}]",
     "422"},
    {"[{'op':'frob','path':'/a','value':1}]", "422"},
    {"[{'path':'/a','value':1}]", "422"},
    {"[{'op':'add','value':1}]", "422"},
    {"[{'op':'remove'}]", "422"},
    {"[{'op':'test','value':1}]", "422"},
    {"[{'op':'replace','value':1}]", "422"},
    {"[{}]", "422"},
    {"[]", "same"},
    {"[{'op':'ADD','path':'/a','value':1}]", "422"},
    {"{}", "400 error decoding patch: json: cannot unmarshal object into Go value of type "
           "[]handlers.jsonPatchOp"},
    {"null", "same"},
    {"1", "400 error decoding patch: json: cannot unmarshal number into Go value of type "
          "[]handlers.jsonPatchOp"},
    {"'x'", "400 error decoding patch: json: cannot unmarshal string into Go value of type "
            "[]handlers.jsonPatchOp"},
    {"[1]", "400 error decoding patch: json: cannot unmarshal number into Go value of type "
            "handlers.jsonPatchOp"},
    {"[null]", "422"},
    {"[[]]", "400 error decoding patch: json: cannot unmarshal array into Go value of type "
             "handlers.jsonPatchOp"},
    {"[{'op':1,'path':'/a'}]", "400 error decoding patch: json: cannot unmarshal number into Go "
                               "struct field jsonPatchOp.op of type string"},
    {"[{'op':'add','path':1}]", "400 error decoding patch: json: cannot unmarshal number into Go "
                                "struct field jsonPatchOp.path of type string"},
    {"[{'op':'add','path':null,'value':1}]", "422"},
    {"[{'op':'test','path':'/a','value':1.0}]", "422"},
    {"[{'op':'add','path':'/z','value':1,'x':2}]",
     "{'a':1,'l':[1,2,3],'o':{'k':'v','nul':null},'z':1}"},
    {"[{'op':'move','from':1,'path':'/z'}]",
     "400 error decoding patch: json: cannot unmarshal number into Go struct field "
     "jsonPatchOp.from of type string"},
    {"[{'op':'replace','path':'','value':1}]", "422"},
    {"[{'op':'add','path':'/q','value':{'a':null,'b':[null,{'c':null}]}}]",
     "{'a':1,'l':[1,2,3],'o':{'k':'v','nul':null},'q':{'a':null,'b':[null,{'c':null}]}}"},
};

/* RFC 6901: "~1" is a slash, "~0" a tilde, and the empty member has a name too. */
static const char escaped_object[] = "{'':0,'a/b':1,'m~n':2}";
static const struct patch_case escape_cases[] = {
    {"[{'op':'add','path':'/a~1b','value':5}]", "{'':0,'a/b':5,'m~n':2}"},
    {"[{'op':'add','path':'/m~0n','value':5}]", "{'':0,'a/b':1,'m~n':5}"},
    {"[{'op':'add','path':'/m~01n','value':5}]", "{'':0,'a/b':1,'m~1n':5,'m~n':2}"},
    {"[{'op':'add','path':'/~2','value':5}]", "{'':0,'a/b':1,'m~n':2,'~2':5}"},
    {"[{'op':'add','path':'/','value':5}]", "{'':5,'a/b':1,'m~n':2}"},
};

static void test_json_patch(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(json_cases); i++)
        check(JSON_PATCH, object, json_cases[i].patch, json_cases[i].want, "");
    for (size_t i = 0; i < ARRAY_LEN(escape_cases); i++)
        check(JSON_PATCH, escaped_object, escape_cases[i].patch, escape_cases[i].want, "");
}

/* RFC 6902, appendix A, where the rows above have nothing like it. */
static const struct {
    const char *object, *patch, *want;
} rfc_cases[] = {
    {"{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}}",
     "[{'op':'move','from':'/foo/waldo','path':'/qux/thud'}]",
     "{'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}"},
    {"{'foo':['all','grass','cows','eat']}", "[{'op':'move','from':'/foo/1','path':'/foo/3'}]",
     "{'foo':['all','cows','eat','grass']}"},
    {"{'baz':'qux','foo':['a',2,'c']}",
     "[{'op':'test','path':'/baz','value':'qux'},{'op':'test','path':'/foo/1','value':2}]", "same"},
    {"{'foo':'bar'}", "[{'op':'add','path':'/child','value':{'grandchild':{}}}]",
     "{'foo':'bar','child':{'grandchild':{}}}"},
    {"{'foo':['bar']}", "[{'op':'add','path':'/foo/-','value':['abc','def']}]",
     "{'foo':['bar',['abc','def']]}"},
    {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':10}]", "same"},
    {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':'10'}]", "422"},
    {"{'l':[1]}", "[{'op':'add','path':'/l/18446744073709551616','value':1}]", "422"},
    {"{'a':{'b':1}}", "[{'op':'copy','from':'/a','path':'/a/c'},{'op':'remove','path':'/a/b'}]",
     "{'a':{'c':{'b':1}}}"},
    {"[1]", "[{'op':'add','path':'/-','value':2}]", "[1,2]"},
    {"{'a':1}",
     "[{'op':'replace','path':'','value':{'b':2}},{'op':'test','path':'','value':{'b':2}}]",
     "{'b':2}"},
};

static void test_json_patch_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rfc_cases); i++)
        check(JSON_PATCH, rfc_cases[i].object, rfc_cases[i].patch, rfc_cases[i].want, "");
}

/* RFC 7386, appendix A (those of an object), and the rest from kube-apiserver 1.36. */
static const struct {
    const char *object, *patch, *want;
} merge_cases[] = {
    {"{'a':'b'}", "{'a':'c'}", "{'a':'c'}"},
    {"{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}"},
    {"{'a':'b'}", "{'a':null}", "{}"},
    {"{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}"},
    {"{'a':['b']}", "{'a':'c'}", "{'a':'c'}"},
    {"{'a':'c'}", "{'a':['b']}", "{'a':['b']}"},
    {"{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}"},
    {"{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}"},
    {"{'e':null}", "{'a':1}", "{'e':null,'a':1}"},
    {"{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}"},
    {"{'a':1}", "{'a':[{'x':null,'y':1},null]}", "{'a':[{'y':1},null]}"},
    {"{'a':[1]}", "{'a':[{'x':null,'y':1},null,[{'x':null}]]}", "{'a':[{'y':1},null,[{}]]}"},
    {"{'a':{'b':1}}", "{'a':1}", "{'a':1}"},
    {"{'a':null}", "{'a':{'b':null,'c':1}}", "{'a':{'c':1}}"},
    {"{'a':1}", "{'zz':null}", "same"},
    {"{'a':1}", "{}", "same"},
    {"{'a':1}", "[]",
     "400 error decoding patch: json: cannot unmarshal array into Go value of type "
     "map[string]interface {}"},
    {"{'a':1}", "1",
     "400 error decoding patch: json: cannot unmarshal number into Go value of type "
     "map[string]interface {}"},
    {"{'a':1}", "'x'",
     "400 error decoding patch: json: cannot unmarshal string into Go value of type "
     "map[string]interface {}"},
    {"{'a':1}", "true",
     "400 error decoding patch: json: cannot unmarshal bool into Go value of type "
     "map[string]interface {}"},
    {"{'a':1}", "null", "400 Invalid JSON Patch"},
};

static void test_merge_patch(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(merge_cases); i++)
        check(MERGE_PATCH, merge_cases[i].object, merge_cases[i].patch, merge_cases[i].want, "");
}

/* ---- server-side apply: rows from kube-apiserver 1.36 with force ------------------------------*/

static const char schema[] =
    "{'properties':{"
    "'byName':{'x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['name'],"
    " 'items':{'properties':{'name':{'type':'string'}}}},"
    "'byTwo':{'x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['a','b'],"
    " 'items':{'properties':{'a':{'type':'string'},'b':{'type':'string','default':'tcp'}}}},"
    "'tags':{'x-kubernetes-list-type':'set'},"
    "'plain':{'type':'array'},"
    "'each':{'additionalProperties':{'x-kubernetes-list-type':'set'}},"
    "'deep':{'x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['name'],"
    " 'items':{'properties':{'tags':{'x-kubernetes-list-type':'set'}}}},"
    "'atomicMap':{'x-kubernetes-map-type':'atomic'}}}";

#define NOT_TYPED "500 failed to create typed patch object (ns/p; t.example.com/v1, Kind=Box): "

static const struct {
    const char *object, *manifest, *want;
} apply_cases[] = {
    {"{'a':1,'o':{'x':1}}", "{'b':2,'o':{'y':2}}", "{'a':1,'b':2,'o':{'x':1,'y':2}}"},
    {"{'a':1,'o':{'x':1}}", "{'o':null}", "same"},
    {"{'n':{'x':'1'}}", "{'n':{'x':null}}", "{'n':{'x':null}}"},
    {"{'n':{'x':'1'}}", "{'n':{'y':null}}", "{'n':{'x':'1','y':null}}"},
    {"{'n':{'x':'1'}}", "{'n':{}}", "same"},
    {"{'n':1}", "{'n':{'y':1}}", "{'n':{'y':1}}"},
    {"{'byName':[{'name':'a','v':1,'q':1},{'name':'b','v':2}]}",
     "{'byName':[{'name':'c','v':3},{'name':'a','v':9}]}",
     "{'byName':[{'name':'c','v':3},{'name':'a','v':9,'q':1},{'name':'b','v':2}]}"},
    {"{'byName':[{'name':'a','v':1},{'name':'b','v':2}]}", "{'byName':[]}", "same"},
    {"{'byName':[{'name':'a','v':1},{'name':'b','v':2}]}", "{'byName':null}", "same"},
    {"{'byName':[{'name':'a','v':1}]}", "{'byName':[{'name':'a','v':null}]}",
     "{'byName':[{'name':'a','v':null}]}"},
    {"{'byTwo':[{'a':'x','b':'tcp','v':1},{'a':'x','b':'udp','v':2}]}",
     "{'byTwo':[{'a':'x','v':5},{'a':'x','b':'sctp','v':6}]}",
     "{'byTwo':[{'a':'x','b':'tcp','v':5},{'a':'x','b':'udp','v':2},{'a':'x','b':'sctp','v':6}]}"},
    {"{'byName':[{'name':'a'},{'name':'b'},{'name':'c'},{'name':'d'}]}",
     "{'byName':[{'name':'d'},{'name':'x'},{'name':'b'}]}",
     "{'byName':[{'name':'a'},{'name':'c'},{'name':'d'},{'name':'x'},{'name':'b'}]}"},
    {"{'byName':[{'name':'a','v':1},{'name':'b','v':2},{'name':'c'}]}",
     "{'byName':[{'name':'a'},{'name':'x'}]}",
     "{'byName':[{'name':'a','v':1},{'name':'b','v':2},{'name':'c'},{'name':'x'}]}"},
    {"{'tags':['a','b']}", "{'tags':['c','a']}", "{'tags':['c','a','b']}"},
    {"{'tags':['a','b']}", "{'tags':[]}", "same"},
    {"{'tags':['a','b','c','d']}", "{'tags':['d','x','b']}", "{'tags':['a','c','d','x','b']}"},
    {"{'tags':['a','b','c']}", "{'tags':['x','b','y']}", "{'tags':['a','x','b','c','y']}"},
    {"{}", "{'tags':['b','a']}", "{'tags':['b','a']}"},
    {"{'tags':['a','b','a']}", "{'tags':['a']}", "same"},
    {"{'u':{'metadata':{'finalizers':['a']}}}", "{'u':{'metadata':{'finalizers':['b']}}}",
     "{'u':{'metadata':{'finalizers':['b']}}}"},
    {"{'plain':['a','b']}", "{'plain':['c']}", "{'plain':['c']}"},
    {"{'plain':['a','b']}", "{'plain':[]}", "{'plain':[]}"},
    {"{'plain':['a','b']}", "{'plain':null}", "{'plain':null}"},
    {"{'atomicMap':{'a':'1'}}", "{'atomicMap':{'b':'2'}}", "{'atomicMap':{'b':'2'}}"},
    {"{'u':{'a':'1'},'ul':[{'name':'a'}]}", "{'u':{'b':'2'},'ul':[{'name':'b'}]}",
     "{'u':{'a':'1','b':'2'},'ul':[{'name':'b'}]}"},
    {"{'each':{'k':['a']}}", "{'each':{'k':['b']}}", "{'each':{'k':['a','b']}}"},
    {"{'deep':[{'name':'n','tags':['a']}]}", "{'deep':[{'name':'n','tags':['b']}]}",
     "{'deep':[{'name':'n','tags':['a','b']}]}"},
    {"{'metadata':{'finalizers':['x/a','x/b'],'labels':{'a':'1'},"
     "'ownerReferences':[{'uid':'1','name':'n'}]}}",
     "{'metadata':{'finalizers':['x/c','x/a'],'labels':{'b':'1'},"
     "'ownerReferences':[{'uid':'2','name':'m'},{'uid':'1','controller':true}]}}",
     "{'metadata':{'finalizers':['x/c','x/a','x/b'],'labels':{'a':'1','b':'1'},"
     "'ownerReferences':[{'uid':'2','name':'m'},{'uid':'1','name':'n','controller':true}]}}"},
    {"{'byName':[]}", "{'byName':[{'name':'a','v':1},{'name':'a','v':2}]}",
     NOT_TYPED ".byName: duplicate entries for key [name=\"a\"]"},
    {"{}", "{'byTwo':[{'a':'x'},{'a':'x'}]}",
     NOT_TYPED ".byTwo: duplicate entries for key [a=\"x\",b=\"tcp\"]"},
    {"{'tags':['a']}", "{'tags':['c','c']}", NOT_TYPED ".tags: duplicate entries for key [=\"c\"]"},
    {"{}", "{'byName':[{'name':'a'},1]}",
     NOT_TYPED ".byName: element 1: associative list with keys may not have non-map elements"},
    {"{}", "{'byName':[null]}",
     NOT_TYPED ".byName: element 0: associative list with keys may not have a null element"},
    {"{}", "{'tags':['x',null]}",
     NOT_TYPED ".tags: element 1: associative list without keys has an element that's an explicit "
               "null"},
    {"{}", "{'deep':[{'name':'n','tags':['b','b']}]}",
     NOT_TYPED ".deep[name=\"n\"].tags: duplicate entries for key [=\"b\"]"},
};

/* The manifest with the members that say what it is. */
static const char *as_manifest(struct arena *arena, const char *members)
{
    bool has_metadata = strstr(members, "'metadata'") != NULL;
    return arena_printf(arena, "{'apiVersion':'t.example.com/v1','kind':'Box'%s%s%s",
                        has_metadata ? "" : ",'metadata':{'namespace':'ns','name':'p'}",
                        strcmp(members, "{}") == 0 ? "" : ",", members + 1)
        .ptr;
}

static void test_apply(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(apply_cases); i++) {
        cleanup_arena struct arena arena;
        arena_init(&arena);
        bool is_same = strcmp(apply_cases[i].want, "same") == 0;
        const char *want = is_same ? apply_cases[i].object : apply_cases[i].want;
        if (want[0] == '{')
            want = as_manifest(&arena, want);
        check(APPLY, apply_cases[i].object, as_manifest(&arena, apply_cases[i].manifest), want,
              schema);
    }
}

static void test_apply_of_what_is_no_manifest(void **state)
{
    (void)state;
    check(APPLY, "{}", "null", "400 invalid object type: /, Kind=", "");
    check(APPLY, "{}", "[]",
          "400 error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
          "unmarshal array into Go value of type map[string]interface {}",
          "");
    check(APPLY, "{'metadata':{'name':'p'},'l':[1],'o':{'a':1}}", "{'l':[2],'o':{'b':2}}",
          "{'metadata':{'name':'p'},'l':[2],'o':{'a':1,'b':2}}", "");
}

/* ---- limits ----------------------------------------------------------------------------------*/

static void append_times(struct strbuf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strbuf_append_cstr(out, text);
}

/* [{"op":"add","path":"/a/a.../a","value":[[...]]}] with so many levels each. */
static char *deep_patch(size_t path_levels, size_t value_levels)
{
    struct strbuf text = {0};
    strbuf_append_cstr(&text, "[{'op':'add','path':'");
    append_times(&text, "/a", path_levels);
    strbuf_append_cstr(&text, "','value':");
    append_times(&text, "[", value_levels);
    append_times(&text, "]", value_levels);
    strbuf_append_cstr(&text, "}]");
    return strbuf_take(&text);
}

static void check_deep(const char *deep_object, size_t path_levels, size_t value_levels,
                       const char *want)
{
    cleanup_free char *patch = deep_patch(path_levels, value_levels);
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct str got = patched(&arena, JSON_PATCH, json_text(&arena, deep_object),
                             json_text(&arena, patch), STR(""));
    if (!str_starts_with(got, str_from(want)))
        fail_msg("%zu+%zu: " STR_FMT, path_levels, value_levels, STR_ARG(got));
}

static void test_depth_has_a_limit(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf nested = {0};
    append_times(&nested, "{'a':", DEV_JSON_MAX_DEPTH / 2);
    strbuf_append_cstr(&nested, "1");
    append_times(&nested, "}", DEV_JSON_MAX_DEPTH / 2);
    size_t rest = DEV_JSON_MAX_DEPTH - DEV_JSON_MAX_DEPTH / 2;
    check_deep(nested.data, DEV_JSON_MAX_DEPTH / 2, rest, "{");
    check_deep(nested.data, DEV_JSON_MAX_DEPTH / 2, rest + 1, "422");
    check_deep("{}", 1, DEV_JSON_MAX_DEPTH, "400 error decoding patch: exceeded max depth");
    check_deep("{}", 1, 1000000, "400 error decoding patch: exceeded max depth");
}

static void test_merge_and_apply_have_a_limit_of_depth(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf nested = {0};
    append_times(&nested, "{'a':", 1000000);
    strbuf_append_cstr(&nested, "1");
    append_times(&nested, "}", 1000000);
    check(MERGE_PATCH, "{}", nested.data, "400 error decoding patch: exceeded max depth", "");
    check(APPLY, "{}", nested.data, "400 error decoding YAML: exceeded max depth", "");
}

static char *many_operations(size_t count)
{
    struct strbuf text = {0};
    strbuf_append_cstr(&text, "[{'op':'test','path':'/a','value':1}");
    append_times(&text, ",{'op':'test','path':'/a','value':1}", count - 1);
    strbuf_append_char(&text, ']');
    return strbuf_take(&text);
}

static void test_operations_and_copies_have_limits(void **state)
{
    (void)state;
    cleanup_free char *most = many_operations(DEV_PATCH_MAX_OPERATIONS);
    check(JSON_PATCH, "{'a':1}", most, "same", "");
    cleanup_free char *more = many_operations(DEV_PATCH_MAX_OPERATIONS + 1);
    check(JSON_PATCH, "{'a':1}", more,
          "413 Request entity too large: The allowed maximum operations in a JSON patch is 10000, "
          "got 10001",
          "");
    cleanup_strbuf struct strbuf doubling = {0};
    strbuf_append_cstr(&doubling, "[{'op':'add','path':'/l','value':['some text']}");
    append_times(&doubling, ",{'op':'copy','from':'/l','path':'/l/-'}", 64);
    strbuf_append_char(&doubling, ']');
    check(JSON_PATCH, "{}", doubling.data, "422", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_patch),
        cmocka_unit_test(test_json_patch_of_the_rfc),
        cmocka_unit_test(test_merge_patch),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_apply_of_what_is_no_manifest),
        cmocka_unit_test(test_depth_has_a_limit),
        cmocka_unit_test(test_merge_and_apply_have_a_limit_of_depth),
        cmocka_unit_test(test_operations_and_copies_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
