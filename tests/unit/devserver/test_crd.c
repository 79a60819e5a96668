#include "devserver/crd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "devserver/yaml.h"
#include "kube/model/json.h"
#include "lib/json_text.h"

static const char BASE[] =
    "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition',"
    "'metadata':{'name':'things.x.io'},'spec':{'group':'x.io','scope':'Namespaced',"
    "'names':{'plural':'things','kind':'Thing'},'versions':[{'name':'v1','served':true,"
    "'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}}]}}";

/* Sets the member that `path` names ("spec/group") to a value, or removes it (NULL). */
static void change(struct arena *arena, yyjson_mut_doc *doc, const char *path, const char *value)
{
    struct error err = {0};
    struct str rest = str_from(path);
    struct str part;
    yyjson_mut_val *at = yyjson_mut_doc_get_root(doc);
    while (str_split(&rest, '/', &part) && rest.len > 0) {
        uint64_t index = 0;
        at = str_to_u64(part, &index) ? yyjson_mut_arr_get(at, (size_t)index)
                                      : yyjson_mut_obj_getn(at, part.ptr, part.len);
        assert_non_null(at);
    }
    (void)yyjson_mut_obj_remove_keyn(at, part.ptr, part.len);
    if (!value)
        return;
    cleanup_json_doc yyjson_doc *new_value = json_read(json_text(arena, value), &err);
    assert_non_null(new_value);
    yyjson_mut_obj_add(at, yyjson_mut_strncpy(doc, part.ptr, part.len),
                       yyjson_val_mut_copy(doc, yyjson_doc_get_root(new_value)));
}

/* The CRD as the server would read it after the change. */
static yyjson_doc *completed(struct arena *arena, const char *path, const char *value)
{
    struct error err = {0};
    cleanup_json_doc yyjson_doc *base = json_read(json_text(arena, BASE), &err);
    assert_non_null(base);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(base, NULL);
    if (path)
        change(arena, doc, path, value);
    dev_crd_complete(doc, yyjson_mut_doc_get_root(doc), 1795471861000);
    yyjson_doc *out = yyjson_mut_doc_imut_copy(doc, NULL);
    yyjson_mut_doc_free(doc);
    return out;
}

#define DNS_1035                                                                                   \
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "   \
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "           \
    "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
#define BAD_NAME                                                                                   \
    "FieldValueInvalid metadata.name: Invalid value: \"things.x.io\": must be "                    \
    "spec.names.plural+\".\"+spec.group\n"

/* What kube-apiserver v1.36.3 answered, but for the Go structs that it shows of versions and what
 * follows from its status. */
static const struct crd_case {
    const char *path;
    const char *value;
    const char *want;
} crd_cases[] = {
    {NULL, NULL, ""},
    {"metadata/name", "'foo'",
     "FieldValueInvalid metadata.name: Invalid value: \"foo\": must be "
     "spec.names.plural+\".\"+spec.group\n"},
    {"spec/group", NULL, BAD_NAME "FieldValueRequired spec.group: Required value\n"},
    {"spec/group", "'Bad_Group'",
     BAD_NAME "FieldValueInvalid spec.group: Invalid value: \"Bad_Group\": a lowercase RFC 1123 "
              "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
              "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
              "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
              "\n"},
    {"spec/scope", "'Global'",
     "FieldValueNotSupported spec.scope: Unsupported value: \"Global\": supported values: "
     "\"Cluster\", \"Namespaced\"\n"},
    {"spec/scope", NULL, "FieldValueRequired spec.scope: Required value\n"},
    {"spec/names/plural", NULL, BAD_NAME "FieldValueRequired spec.names.plural: Required value\n"},
    {"spec/names/plural", "'Things'",
     BAD_NAME "FieldValueInvalid spec.names.plural: Invalid value: \"Things\": " DNS_1035 "\n"},
    {"spec/names/kind", NULL,
     "FieldValueRequired spec.names.singular: Required value\n"
     "FieldValueRequired spec.names.kind: Required value\n"
     "FieldValueRequired spec.names.listKind: Required value\n"},
    {"spec/names/kind", "'bad kind'",
     "FieldValueInvalid spec.names.singular: Invalid value: \"bad kind\": " DNS_1035 "\n"
     "FieldValueInvalid spec.names.kind: Invalid value: \"bad kind\": may have mixed case, but "
     "should otherwise match: " DNS_1035 "\n"
     "FieldValueInvalid spec.names.listKind: Invalid value: \"bad kindList\": may have mixed case, "
     "but should otherwise match: " DNS_1035 "\n"},
    {"spec/names/shortNames", "['A']",
     "FieldValueInvalid spec.names.shortNames[0]: Invalid value: \"A\": " DNS_1035 "\n"},
    {"spec/versions", "[]",
     "FieldValueInvalid spec.versions: Invalid value: []: must have exactly one version marked as "
     "storage version\n"},
    {"spec/versions/0/storage", "false",
     "FieldValueInvalid spec.versions: Invalid value: [{\"name\":\"v1\",\"served\":true,"
     "\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}},\"storage\":false}]: must have "
     "exactly one version marked as storage version\n"},
    {"spec/versions/0/name", "'V_1'",
     "FieldValueInvalid spec.versions[0].name: Invalid value: \"V_1\": " DNS_1035 "\n"},
    {"spec/versions/0/schema", NULL,
     "FieldValueRequired spec.versions[0].schema.openAPIV3Schema: Required value\n"},
    {"spec/versions/0/schema/openAPIV3Schema/type", NULL,
     "FieldValueRequired spec.validation.openAPIV3Schema.type: Required value: must not be empty "
     "at the root\n"},
    {"spec/versions/0/additionalPrinterColumns", "[{'name':'A','type':'str','jsonPath':'a.b'}]",
     "FieldValueInvalid spec.additionalPrinterColumns[0].type: Invalid value: \"str\": must be one "
     "of boolean,date,integer,number,string\n"
     "FieldValueInvalid spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"a.b\": must be "
     "a simple json path starting with .\n"},
    {"spec/versions/0/additionalPrinterColumns", "[{'name':'','type':'string','jsonPath':''}]",
     "FieldValueRequired spec.additionalPrinterColumns[0].name: Required value\n"
     "FieldValueRequired spec.additionalPrinterColumns[0].JSONPath: Required value\n"},
    {"spec/preserveUnknownFields", "true",
     "FieldValueInvalid spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
     "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead\n"},
    {"spec", NULL,
     BAD_NAME "FieldValueRequired spec.group: Required value\n"
              "FieldValueRequired spec.scope: Required value\n"
              "FieldValueInvalid spec.versions: Invalid value: null: must have exactly one version "
              "marked as storage version\n"
              "FieldValueRequired spec.names.plural: Required value\n"
              "FieldValueRequired spec.names.singular: Required value\n"
              "FieldValueRequired spec.names.kind: Required value\n"
              "FieldValueRequired spec.names.listKind: Required value\n"},
};

static void test_says_what_is_wrong_like_the_real_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(crd_cases); i++) {
        const struct crd_case *c = &crd_cases[i];
        struct dev_causes causes = {0};
        cleanup_strbuf struct strbuf got = {0};
        struct arena arena;
        arena_init(&arena);
        cleanup_json_doc yyjson_doc *crd = completed(&arena, c->path, c->value);
        struct dev_resource *resource = dev_crd_read(yyjson_doc_get_root(crd), &causes);
        assert_int_equal(resource == NULL, causes.count > 0);
        for (size_t n = 0; n < causes.count; n++)
            strbuf_printf(&got, STR_FMT " " STR_FMT ": " STR_FMT "\n",
                          STR_ARG(causes.items[n].reason), STR_ARG(causes.items[n].field),
                          STR_ARG(causes.items[n].message));
        if (!str_eq_cstr(strbuf_str(&got), c->want))
            fail_msg("%s = %s\ngot:\n%s\nwant:\n%s", c->path, c->value, got.data, c->want);
        dev_resource_unref(resource);
        dev_causes_fini(&causes);
        arena_fini(&arena);
    }
}

static void test_reads_all_versions(void **state)
{
    (void)state;
    struct dev_causes causes = {0};
    struct arena arena;
    arena_init(&arena);
    cleanup_json_doc yyjson_doc *crd = completed(
        &arena, "spec/versions",
        "[{'name':'v1alpha2','served':false,'storage':false,'schema':{'openAPIV3Schema':{'type':"
        "'object'}}},{'name':'v1beta1','served':true,'storage':true,'deprecated':true,"
        "'subresources':{'status':{}},'schema':{'openAPIV3Schema':{'type':'object'}},"
        "'additionalPrinterColumns':[{'name':'Ready','type':'string','jsonPath':'.status.ready',"
        "'priority':1}]},{'name':'v1','served':true,'storage':false,'schema':{'openAPIV3Schema':"
        "{'type':'object'}}}]");
    struct dev_resource *r = dev_crd_read(yyjson_doc_get_root(crd), &causes);
    assert_non_null(r);
    assert_true(str_eq_cstr(r->id, "things.x.io"));
    assert_true(str_eq_cstr(r->singular, "thing"));
    assert_true(str_eq_cstr(r->list_kind, "ThingList"));
    assert_true(str_eq_cstr(r->stored_api_version, "x.io/v1beta1"));
    assert_int_equal(r->version_count, 3);
    assert_true(str_eq_cstr(r->versions[0].name, "v1"));
    assert_true(str_eq_cstr(r->versions[1].name, "v1beta1"));
    assert_true(str_eq_cstr(r->versions[2].name, "v1alpha2"));
    assert_true(r->versions[1].has_status && r->versions[1].is_deprecated);
    assert_false(r->versions[0].has_status || r->versions[2].is_served);
    assert_int_equal(r->versions[1].column_count, 1);
    assert_int_equal(r->versions[1].columns[0].priority, 1);
    dev_resource_unref(r);
    arena_fini(&arena);
}

static void test_status_is_what_the_real_server_writes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    cleanup_json_doc yyjson_doc *crd =
        completed(&arena, "status",
                  "{'storedVersions':['v1alpha1'],'conditions':[{'type':'Established','status':"
                  "'True','lastTransitionTime':'2020-01-01T00:00:00Z'}]}");
    cleanup_free char *got =
        yyjson_val_write(yyjson_obj_get(yyjson_doc_get_root(crd), "status"), 0, NULL);
    assert_same_json(
        "status", str_from(got),
        json_text(&arena,
                  "{'acceptedNames':{'kind':'Thing','listKind':'ThingList','plural':'things',"
                  "'singular':'thing'},'conditions':[{'type':'Established','status':'True',"
                  "'lastTransitionTime':'2020-01-01T00:00:00Z'},{'lastTransitionTime':"
                  "'2026-11-23T22:11:01Z','message':'no conflicts found','reason':'NoConflicts',"
                  "'status':'True','type':'NamesAccepted'}],'storedVersions':['v1alpha1','v1']}"));
    assert_true(str_eq_cstr(
        json_str(json_object(json_object(yyjson_doc_get_root(crd), "spec"), "conversion"),
                 "strategy"),
        "None"));
    arena_fini(&arena);
}

/* ---- the project's own ----------------------------------------------------------------------- */

static bool define(void *ctx, struct str json, struct error *err)
{
    struct dev_registry *registry = ctx;
    struct dev_causes causes = {0};
    cleanup_json_doc yyjson_doc *given = json_read(json, err);
    assert_non_null(given);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(given, NULL);
    dev_crd_complete(doc, yyjson_mut_doc_get_root(doc), 0);
    cleanup_json_doc yyjson_doc *crd = yyjson_mut_doc_imut_copy(doc, NULL);
    yyjson_mut_doc_free(doc);
    if (!dev_registry_define(registry, yyjson_doc_get_root(crd), &causes, err))
        fail_msg(STR_FMT ": " STR_FMT, STR_ARG(causes.items[0].field),
                 STR_ARG(causes.items[0].message));
    return true;
}

/* From the root of the source tree, where make runs tests. */
static void test_own_definitions_load(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *id;
    } files[] = {
        {"config/crd/ippools.yaml", "ippools.ipam.metal3.io"},
        {"config/crd/ipclaims.yaml", "ipclaims.ipam.metal3.io"},
        {"config/crd/ipaddresses.yaml", "ipaddresses.ipam.metal3.io"},
        {"config/dev/elfmachines.yaml", "elfmachines.infrastructure.cluster.x-k8s.io"},
        {"config/dev/elfmachinetemplates.yaml",
         "elfmachinetemplates.infrastructure.cluster.x-k8s.io"},
        {"config/dev/elfclusters.yaml", "elfclusters.infrastructure.cluster.x-k8s.io"},
        {"config/dev/machines.yaml", "machines.cluster.x-k8s.io"},
        {"config/dev/clusters.yaml", "clusters.cluster.x-k8s.io"},
    };
    struct dev_registry *registry = dev_registry_new();
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct error err = {0};
        cleanup_free char *text = NULL;
        size_t size = 0;
        if (!file_read(files[i].file, 1 << 20, &text, &size, &err) ||
            !dev_yaml_each((struct str){text, size}, define, registry, &err))
            fail_msg("%s: %s", files[i].file, err.text);
        assert_non_null(dev_registry_find_id(registry, str_from(files[i].id)));
    }
    dev_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_is_wrong_like_the_real_server),
        cmocka_unit_test(test_reads_all_versions),
        cmocka_unit_test(test_status_is_what_the_real_server_writes),
        cmocka_unit_test(test_own_definitions_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
