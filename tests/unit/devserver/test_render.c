#include "devserver/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devserver/age.h"
#include "devserver/crd.h"
#include "kube/model/json.h"
#include "lib/json_text.h"

static const struct accept_case {
    const char *accept;
    enum dev_form form;
    bool is_acceptable;
} accept_cases[] = {
    /* as kube-apiserver v1.36.3 chose, but that YAML and v1beta1 are not offered */
    {"", DEV_FORM_OBJECT, true},
    {"application/json", DEV_FORM_OBJECT, true},
    {"application/json, */*", DEV_FORM_OBJECT, true},
    {"*/*", DEV_FORM_OBJECT, true},
    {"text/html,*/*;q=0.8", DEV_FORM_OBJECT, true},
    {"application/*", DEV_FORM_OBJECT, true},
    {"application/json;charset=utf-8", DEV_FORM_OBJECT, true},
    {"application/json;foo=bar", DEV_FORM_OBJECT, true},
    {"application/json;stream=watch", DEV_FORM_OBJECT, true},
    {"application/vnd.kubernetes.protobuf,application/json", DEV_FORM_OBJECT, true},
    {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;"
     "g=meta.k8s.io,application/json",
     DEV_FORM_TABLE, true},
    {"application/json;q=0.1,application/json;as=Table;g=meta.k8s.io;v=v1;q=0.9", DEV_FORM_TABLE,
     true},
    {"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", DEV_FORM_PARTIAL, true},
    {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
     "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
     DEV_FORM_PARTIAL, true},
    {"application/xml", DEV_FORM_OBJECT, false},
    {"application/vnd.kubernetes.protobuf", DEV_FORM_OBJECT, false},
    {"application/json;as=Foo;g=meta.k8s.io;v=v1", DEV_FORM_OBJECT, false},
    {"application/json;as=Table;g=meta.k8s.io;v=v9", DEV_FORM_OBJECT, false},
    {"application/json;as=Table;g=x;v=v1", DEV_FORM_OBJECT, false},
    {"application/json;as=Table", DEV_FORM_OBJECT, false},
    {"application/json;g=meta.k8s.io;v=v1", DEV_FORM_OBJECT, false},
    {"garbage", DEV_FORM_OBJECT, false},
    {",;=,", DEV_FORM_OBJECT, false},
};

static void test_chooses_by_accept(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accept_cases); i++) {
        const struct accept_case *c = &accept_cases[i];
        bool is_acceptable = !c->is_acceptable;
        enum dev_form form = dev_form_from_accept(str_from(c->accept), &is_acceptable);
        if (is_acceptable != c->is_acceptable || (is_acceptable && form != c->form))
            fail_msg("%s: form %d, %d", c->accept, form, is_acceptable);
    }
}

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
static const int64_t DAY = 24 * HOUR;

static void test_ages_as_kubectl_prints_them(void **state)
{
    (void)state;
    const struct {
        int64_t age_ms;
        const char *want;
    } cases[] = {
        {-5 * SECOND, "<invalid>"},
        {-1 * SECOND, "0s"},
        {-1, "0s"},
        {0, "0s"},
        {119 * SECOND, "119s"},
        {120 * SECOND, "2m"},
        {131 * SECOND, "2m11s"},
        {10 * MINUTE - 1, "9m59s"},
        {10 * MINUTE + 30 * SECOND, "10m"},
        {179 * MINUTE, "179m"},
        {3 * HOUR, "3h"},
        {7 * HOUR + 59 * MINUTE, "7h59m"},
        {8 * HOUR + 59 * MINUTE, "8h"},
        {47 * HOUR, "47h"},
        {2 * DAY, "2d"},
        {7 * DAY + 23 * HOUR, "7d23h"},
        {8 * DAY + 23 * HOUR, "8d"},
        {729 * DAY, "729d"},
        {730 * DAY, "2y"},
        {740 * DAY, "2y10d"},
        {8 * 365 * DAY + 10 * DAY, "8y"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_strbuf struct strbuf got = {0};
        dev_age_append(cases[i].age_ms, &got);
        assert_string_equal(got.data, cases[i].want);
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const int64_t NOW_MS = 1795472954000; /* 2026-11-23T22:29:14Z */

static struct str render_one(struct arena *arena, const struct dev_registry *registry,
                             const char *group, const char *version, const char *plural,
                             enum dev_form form, const char *stored)
{
    cleanup_strbuf struct strbuf out = {0};
    struct dev_render render = {.form = form, .now_ms = NOW_MS, .omit_object = true};
    render.resource = dev_registry_find(registry, str_from(group), str_from(version),
                                        str_from(plural), &render.version);
    assert_non_null(render.resource);
    dev_render_object(&render, json_text(arena, stored), &out);
    return arena_dup_str(arena, strbuf_str(&out));
}

/* The cells of the only row. */
static struct str cells(struct arena *arena, struct str table)
{
    struct error err = {0};
    cleanup_json_doc yyjson_doc *doc = json_read(table, &err);
    assert_non_null(doc);
    yyjson_val *rows = json_array(yyjson_doc_get_root(doc), "rows");
    assert_int_equal(yyjson_arr_size(rows), 1);
    yyjson_val *row = yyjson_arr_get_first(rows);
    yyjson_val *columns = json_array(yyjson_doc_get_root(doc), "columnDefinitions");
    assert_int_equal(yyjson_arr_size(json_array(row, "cells")), yyjson_arr_size(columns));
    cleanup_free char *text = yyjson_val_write(yyjson_obj_get(row, "cells"), 0, NULL);
    return arena_dup_str(arena, str_from(text));
}

#define META "'metadata':{'name':'a','creationTimestamp':'2026-11-23T22:27:03Z'}"

static const struct cells_case {
    const char *group;
    const char *plural;
    const char *stored;
    const char *want;
} cells_cases[] = {
    {"", "namespaces", "{" META ",'status':{'phase':'Active'}}", "['a','Active','2m11s']"},
    {"", "secrets", "{" META ",'type':'Opaque','data':{'a':'eA=='}}", "['a','Opaque',1,'2m11s']"},
    {"", "configmaps", "{" META ",'data':{'a':'b'},'binaryData':{'c':''}}", "['a',2,'2m11s']"},
    {"", "serviceaccounts", "{" META "}", "['a','2m11s']"},
    {"", "serviceaccounts", "{'metadata':{'name':'a'}}", "['a','<unknown>']"},
    {"coordination.k8s.io", "leases", "{" META ",'spec':{'holderIdentity':'me'}}",
     "['a','me','2m11s']"},
    {"coordination.k8s.io", "leases", "{" META ",'spec':{}}", "['a','','2m11s']"},
    {"apiextensions.k8s.io", "customresourcedefinitions", "{" META "}",
     "['a','2026-11-23T22:27:03Z']"},
    {"", "events",
     "{" META ",'involvedObject':{'kind':'IPPool','name':'p1','fieldPath':'spec.x'},'reason':"
     "'Tested','message':' a message\\n','source':{'component':'comp','host':'h'},"
     "'firstTimestamp':'2026-11-23T22:00:00Z','lastTimestamp':'2026-11-23T22:20:00Z','count':3,"
     "'type':'Normal'}",
     "['9m14s','Normal','Tested','ippool/p1','spec.x','comp, h','a message','29m',3,'a']"},
    {"events.k8s.io", "events",
     "{" META ",'involvedObject':{'kind':'IPPool','name':'p1'},'reason':'Tested','message':"
     "'a note','source':{},'firstTimestamp':null,'eventTime':'2026-11-23T22:10:00.000000Z',"
     "'series':{'count':4,'lastObservedTime':'2026-11-23T22:15:00.000000Z'},"
     "'reportingComponent':'x.io/y','reportingInstance':'y-1','type':'Warning'}",
     "['14m','Warning','Tested','ippool/p1','','x.io/y, y-1','a note','19m',4,'a']"},
};

static void test_cells_of_built_in_kinds(void **state)
{
    (void)state;
    struct dev_registry *registry = dev_registry_new();
    for (size_t i = 0; i < ARRAY_LEN(cells_cases); i++) {
        const struct cells_case *c = &cells_cases[i];
        struct arena arena;
        arena_init(&arena);
        struct str table =
            render_one(&arena, registry, c->group, "v1", c->plural, DEV_FORM_TABLE, c->stored);
        assert_same_json(c->stored, cells(&arena, table), json_text(&arena, c->want));
        arena_fini(&arena);
    }
    dev_registry_free(registry);
}

/* What kube-apiserver v1.36.3 showed of this object. */
static const struct {
    const char *type;
    const char *path;
    const char *want;
} column_cases[] = {
    {"integer", ".spec.a", "5"},
    {"string", ".spec.a", "'5'"},
    {"string", ".spec.m[0]", "'x'"},
    {"string", ".spec.m[*]", "'x'"},
    {"string", ".spec.m", "'[\\'x\\']'"},
    {"string", ".spec.kind.metadata", "'{\\'name\\':\\'z\\'}'"},
    {"string", ".spec.nosuch.x", "null"},
    {"number", ".spec.b", "1.5"},
    {"string", ".spec.b", "'1.5'"},
    {"integer", ".spec.b", "1"},
    {"string", ".metadata.labels.a\\\\.b/c", "'lab'"},
    {"string", ".spec.kind.l[?(@.type==\\'Q\\')].status", "'yes'"},
    {"string", ".spec.kind.l[?(@.type!=\\'P\\')].n", "'2'"},
    {"string", ".spec.kind.l[?(@.n>1)].type", "'Q'"},
    {"boolean", ".spec.enumb", "true"},
    {"string", ".spec.enumb", "'true'"},
    {"date", ".spec.kind.when", "'3d'"},
    {"date", ".spec.m[0]", "'<invalid>'"},
    {"integer", ".spec.m[0]", "null"},
    {"string", ".spec.m[-1]", "'x'"},
    {"string", ".spec.m[7]", "null"},
    {"string", "..type", "null"}, /* 'P' there: searching everywhere is not known here */
};

static void define(struct dev_registry *registry, struct arena *arena, const char *versions)
{
    struct error err = {0};
    struct dev_causes causes = {0};
    struct str text =
        arena_printf(arena,
                     "{'metadata':{'name':'gadgets.x.io'},'spec':{'group':'x.io','scope':"
                     "'Namespaced','names':{'plural':'gadgets','kind':'Gadget','singular':'gadget',"
                     "'listKind':'GadgetList'},'versions':[%s]}}",
                     versions);
    cleanup_json_doc yyjson_doc *doc = json_read(json_text(arena, text.ptr), &err);
    assert_non_null(doc);
    if (!dev_registry_define(registry, yyjson_doc_get_root(doc), &causes, &err))
        fail_msg(STR_FMT ": " STR_FMT, STR_ARG(causes.items[0].field),
                 STR_ARG(causes.items[0].message));
}

static void test_cells_of_custom_resources(void **state)
{
    (void)state;
    static const char OBJECT[] =
        "{'apiVersion':'x.io/v1','kind':'Gadget','metadata':{'name':'g1','labels':{'a.b/c':'lab'}},"
        "'spec':{'a':5,'b':1.5,'m':['x'],'kind':{'metadata':{'name':'z'},'l':[{'type':'P','status':"
        "'no','n':1},{'type':'Q','status':'yes','n':2},{'type':'Q','status':'yes2','n':3}],'when':"
        "'2026-11-20T22:15:00Z'},'enumb':true}}";
    for (size_t i = 0; i < ARRAY_LEN(column_cases); i++) {
        struct dev_registry *registry = dev_registry_new();
        struct arena arena;
        arena_init(&arena);
        struct str versions = arena_printf(
            &arena,
            "{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':"
            "'object'}},'additionalPrinterColumns':[{'name':'C','type':'%s','jsonPath':'%s'}]}",
            column_cases[i].type, column_cases[i].path);
        define(registry, &arena, versions.ptr);
        struct str table =
            render_one(&arena, registry, "x.io", "v1", "gadgets", DEV_FORM_TABLE, OBJECT);
        struct str want = arena_printf(&arena, "['g1',%s]", column_cases[i].want);
        assert_same_json(column_cases[i].path, cells(&arena, table), json_text(&arena, want.ptr));
        arena_fini(&arena);
        dev_registry_free(registry);
    }
}

/* ---- versions -------------------------------------------------------------------------------- */

static const char TWO_VERSIONS[] =
    "{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}},"
    "{'name':'v2','served':true,'storage':false,'schema':{'openAPIV3Schema':{'type':'object',"
    "'properties':{'size':{'type':'integer','default':3}}}}}";

static void test_objects_in_the_clients_version(void **state)
{
    (void)state;
    static const char STORED[] = "{'apiVersion':'x.io/v1','kind':'Gadget','metadata':{'name':'a'}}";
    struct dev_registry *registry = dev_registry_new();
    struct arena arena;
    arena_init(&arena);
    define(registry, &arena, TWO_VERSIONS);
    struct str got = render_one(&arena, registry, "x.io", "v1", "gadgets", DEV_FORM_OBJECT, STORED);
    assert_true(str_eq(got, json_text(&arena, STORED))); /* untouched */
    got = render_one(&arena, registry, "x.io", "v2", "gadgets", DEV_FORM_OBJECT, STORED);
    assert_same_json("v2", got,
                     json_text(&arena, "{'apiVersion':'x.io/v2','kind':'Gadget','metadata':{'name':"
                                       "'a'},'size':3}"));
    /* Stored before the storage version changed. */
    got = render_one(&arena, registry, "x.io", "v1", "gadgets", DEV_FORM_OBJECT,
                     "{'apiVersion':'x.io/v1alpha1','kind':'Gadget'}");
    assert_same_json("old", got, json_text(&arena, "{'apiVersion':'x.io/v1','kind':'Gadget'}"));
    got = render_one(&arena, registry, "x.io", "v1", "gadgets", DEV_FORM_PARTIAL, STORED);
    assert_same_json("partial", got,
                     json_text(&arena, "{'kind':'PartialObjectMetadata','apiVersion':"
                                       "'meta.k8s.io/v1','metadata':{'name':'a'}}"));
    got = render_one(&arena, registry, "events.k8s.io", "v1", "events", DEV_FORM_OBJECT,
                     "{'apiVersion':'v1','kind':'Event','message':'m','count':2,'involvedObject':{"
                     "'name':'x'},'reportingComponent':'c','action':'A'}");
    assert_same_json("event", got,
                     json_text(&arena, "{'apiVersion':'events.k8s.io/v1','kind':'Event','note':'m',"
                                       "'deprecatedCount':2,'regarding':{'name':'x'},"
                                       "'reportingController':'c','action':'A'}"));
    arena_fini(&arena);
    dev_registry_free(registry);
}

static void test_lists(void **state)
{
    (void)state;
    static const char *const want[] = {
        [DEV_FORM_OBJECT] = "{'apiVersion':'v1','kind':'ConfigMapList','items':[{'apiVersion':'v1',"
                            "'metadata':{'name':'a'}},{'apiVersion':'v1','metadata':{'name':'b'}}],"
                            "'metadata':{'resourceVersion':'7','continue':'t','remainingItemCount':"
                            "5}}",
        [DEV_FORM_PARTIAL] =
            "{'kind':'PartialObjectMetadataList','apiVersion':'meta.k8s.io/v1','items':[{'kind':"
            "'PartialObjectMetadata','apiVersion':'meta.k8s.io/v1','metadata':{'name':'a'}},{'kind'"
            ":'PartialObjectMetadata','apiVersion':'meta.k8s.io/v1','metadata':{'name':'b'}}],"
            "'metadata':{'resourceVersion':'7','continue':'t','remainingItemCount':5}}",
    };
    struct dev_registry *registry = dev_registry_new();
    struct arena arena;
    arena_init(&arena);
    for (enum dev_form form = DEV_FORM_OBJECT; form <= DEV_FORM_TABLE; form++) {
        cleanup_strbuf struct strbuf out = {0};
        struct error err = {0};
        struct dev_render render = {.form = form};
        render.resource =
            dev_registry_find(registry, STR(""), STR("v1"), STR("configmaps"), &render.version);
        dev_render_list_begin(&render, &out);
        dev_render_list_item(
            &render, json_text(&arena, "{'apiVersion':'v1','metadata':{'name':'a'}}"), true, &out);
        dev_render_list_item(
            &render, json_text(&arena, "{'apiVersion':'v1','metadata':{'name':'b'}}"), false, &out);
        dev_render_list_end(&render, 7, STR("t"), 5, &out);
        if (form != DEV_FORM_TABLE) {
            assert_same_json("list", strbuf_str(&out), json_text(&arena, want[form]));
            continue;
        }
        cleanup_json_doc yyjson_doc *doc = json_read(strbuf_str(&out), &err);
        yyjson_val *rows = json_array(yyjson_doc_get_root(doc), "rows");
        assert_int_equal(yyjson_arr_size(rows), 2);
        assert_true(str_eq_cstr(json_str(json_object(yyjson_arr_get(rows, 1), "object"), "kind"),
                                "PartialObjectMetadata"));
    }
    arena_fini(&arena);
    dev_registry_free(registry);
}

/* A bookmark is an object that is almost empty; only the first event has the columns. */
static void test_watch_events_as_tables(void **state)
{
    (void)state;
    struct dev_registry *registry = dev_registry_new();
    struct arena arena;
    arena_init(&arena);
    for (int i = 0; i < 2; i++) {
        struct error err = {0};
        cleanup_strbuf struct strbuf out = {0};
        struct dev_render render = {.form = DEV_FORM_TABLE};
        render.resource =
            dev_registry_find(registry, STR(""), STR("v1"), STR("configmaps"), &render.version);
        dev_render_event(&render,
                         json_text(&arena, "{'kind':'ConfigMap','apiVersion':'v1','metadata':{"
                                           "'resourceVersion':'12'}}"),
                         i == 0, &out);
        cleanup_json_doc yyjson_doc *doc = json_read(strbuf_str(&out), &err);
        yyjson_val *table = yyjson_doc_get_root(doc);
        assert_int_equal(yyjson_is_null(yyjson_obj_get(table, "columnDefinitions")), i);
        assert_true(str_eq_cstr(json_str(json_object(table, "metadata"), "resourceVersion"), "12"));
    }
    arena_fini(&arena);
    dev_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chooses_by_accept),
        cmocka_unit_test(test_ages_as_kubectl_prints_them),
        cmocka_unit_test(test_cells_of_built_in_kinds),
        cmocka_unit_test(test_cells_of_custom_resources),
        cmocka_unit_test(test_objects_in_the_clients_version),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_watch_events_as_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
