#include "devserver/openapi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/model/json.h"
#include "lib/json_text.h"

static void define(struct dev_registry *registry, const char *description)
{
    struct error err = {0};
    struct dev_causes causes = {0};
    struct arena arena;
    arena_init(&arena);
    struct str text = arena_printf(
        &arena,
        "{'metadata':{'name':'things.b.a.io'},'spec':{'group':'b.a.io','scope':'Namespaced',"
        "'names':{'plural':'things','singular':'thing','kind':'Thing','listKind':'ThingList'},"
        "'versions':[{'name':'v1','served':true,'storage':true,'subresources':{'status':{}},"
        "'schema':{'openAPIV3Schema':{'type':'object','description':'%s','required':['spec'],"
        "'properties':{'apiVersion':{'type':'string'},'metadata':{'type':'object'},'spec':{'type':"
        "'object','properties':{'size':{'type':'integer'}}}}}}}]}}",
        description);
    cleanup_json_doc yyjson_doc *doc = json_read(json_text(&arena, text.ptr), &err);
    assert_non_null(doc);
    assert_true(dev_registry_define(registry, yyjson_doc_get_root(doc), &causes, &err));
    arena_fini(&arena);
}

static yyjson_doc *document_at(const struct dev_registry *registry, const char *path)
{
    struct error err = {0};
    struct dev_document document;
    if (!dev_openapi_document(registry, str_from(path), &document))
        return NULL;
    yyjson_doc *doc = json_read(strbuf_str(&document.body), &err);
    assert_non_null(doc);
    dev_document_fini(&document);
    return doc;
}

/* Every "$ref" below `value` names a schema that is there. */
static void check_references(yyjson_val *schemas, yyjson_val *value)
{
    static const struct str prefix = {"#/components/schemas/", 21};
    yyjson_val *key, *child;
    size_t i, max;
    yyjson_arr_foreach(value, i, max, child)
    {
        check_references(schemas, child);
    }
    yyjson_obj_foreach(value, i, max, key, child)
    {
        if (yyjson_equals_str(key, "$ref")) {
            struct str name = json_value_str(child);
            assert_true(str_starts_with(name, prefix));
            name = str_skip(name, prefix.len);
            if (!yyjson_obj_getn(schemas, name.ptr, name.len))
                fail_msg("nothing there: " STR_FMT, STR_ARG(name));
        }
        check_references(schemas, child);
    }
}

static void test_documents_refer_to_what_is_in_them(void **state)
{
    (void)state;
    struct dev_registry *registry = dev_registry_new();
    define(registry, "A thing.");
    cleanup_json_doc yyjson_doc *index = document_at(registry, "/openapi/v3");
    assert_non_null(index);
    yyjson_val *key, *entry;
    size_t i, max;
    size_t count = 0;
    yyjson_obj_foreach(json_object(yyjson_doc_get_root(index), "paths"), i, max, key, entry)
    {
        struct str url = str_before(json_str(entry, "serverRelativeURL"), '?');
        assert_true(str_ends_with(url, json_value_str(key)));
        cleanup_free char *path = str_dup_cstr(url);
        cleanup_json_doc yyjson_doc *doc = document_at(registry, path);
        assert_non_null(doc);
        yyjson_val *root = yyjson_doc_get_root(doc);
        check_references(json_object(json_object(root, "components"), "schemas"), root);
        count++;
    }
    assert_int_equal(count, 5);
    dev_registry_free(registry);
}

static void test_version_2_is_there_and_empty(void **state)
{
    (void)state;
    struct dev_registry *registry = dev_registry_new();
    struct dev_document document = {0};
    assert_true(dev_openapi_document(registry, STR("/openapi/v2"), &document));
    assert_non_null(strstr(document.content_type, "spec.v2.v1.0+protobuf"));
    assert_true(str_starts_with(strbuf_str(&document.body), STR("\x0a\x03"
                                                                "2.0")));
    dev_document_fini(&document);
    dev_registry_free(registry);
}

static void test_schema_of_a_kind(void **state)
{
    (void)state;
    struct dev_registry *registry = dev_registry_new();
    struct arena arena;
    arena_init(&arena);
    define(registry, "A thing.");
    cleanup_json_doc yyjson_doc *doc = document_at(registry, "/openapi/v3/apis/b.a.io/v1");
    assert_non_null(doc);
    yyjson_val *schemas =
        json_object(json_object(yyjson_doc_get_root(doc), "components"), "schemas");
    cleanup_free char *got = yyjson_val_write(yyjson_obj_get(schemas, "io.a.b.v1.Thing"), 0, NULL);
    assert_non_null(got);
    assert_same_json(
        "Thing", str_from(got),
        json_text(&arena,
                  "{'type':'object','description':'A thing.','required':['spec'],'properties':{"
                  "'apiVersion':{'type':'string','description':'Group and version of this form of "
                  "the object.'},'kind':{'type':'string','description':'Kind of the object.'},"
                  "'metadata':{'description':'What the object says of itself.','allOf':[{'$ref':"
                  "'#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'}]},"
                  "'spec':{'type':'object','properties':{'size':{'type':'integer'}}}},"
                  "'x-kubernetes-group-version-kind':[{'group':'b.a.io','version':'v1','kind':"
                  "'Thing'}]}"));
    assert_non_null(yyjson_obj_get(schemas, "io.a.b.v1.ThingList"));
    arena_fini(&arena);
    dev_registry_free(registry);
}

static bool has_parameter(yyjson_val *operation, const char *name)
{
    yyjson_val *parameter;
    size_t i, max;
    yyjson_arr_foreach(json_array(operation, "parameters"), i, max, parameter)
    {
        if (str_eq_cstr(json_str(parameter, "name"), name))
            return true;
    }
    return false;
}

/* kubectl looks here before it sends: which patches, fieldValidation, dryRun; `explain` finds the
 * kind of a resource by the path of its list. */
static void test_paths_say_what_kubectl_asks(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        const char *path;
        bool has_strategic;
    } cases[] = {
        {"/openapi/v3/api/v1", "/api/v1/namespaces/{namespace}/configmaps/{name}", true},
        {"/openapi/v3/api/v1", "/api/v1/namespaces/{name}", true},
        {"/openapi/v3/apis/b.a.io/v1", "/apis/b.a.io/v1/namespaces/{namespace}/things/{name}",
         false},
        {"/openapi/v3/apis/b.a.io/v1",
         "/apis/b.a.io/v1/namespaces/{namespace}/things/{name}/status", false},
    };
    struct dev_registry *registry = dev_registry_new();
    define(registry, "A thing.");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_json_doc yyjson_doc *doc = document_at(registry, cases[i].document);
        yyjson_val *paths = json_object(yyjson_doc_get_root(doc), "paths");
        yyjson_val *patch = json_object(json_object(paths, cases[i].path), "patch");
        assert_non_null(patch);
        assert_true(has_parameter(patch, "fieldValidation") && has_parameter(patch, "dryRun"));
        yyjson_val *content = json_object(json_object(patch, "requestBody"), "content");
        assert_non_null(json_object(content, "application/merge-patch+json"));
        assert_int_equal(json_object(content, "application/strategic-merge-patch+json") != NULL,
                         cases[i].has_strategic);
    }
    cleanup_json_doc yyjson_doc *doc = document_at(registry, "/openapi/v3/apis/b.a.io/v1");
    yyjson_val *list = json_object(
        json_object(json_object(yyjson_doc_get_root(doc), "paths"), "/apis/b.a.io/v1/things"),
        "get");
    assert_true(str_eq_cstr(json_str(json_object(list, "x-kubernetes-group-version-kind"), "kind"),
                            "Thing"));
    dev_registry_free(registry);
}

static struct str hash_at(struct arena *arena, const struct dev_registry *registry,
                          const char *group_version)
{
    cleanup_json_doc yyjson_doc *index = document_at(registry, "/openapi/v3");
    yyjson_val *entry =
        json_object(json_object(yyjson_doc_get_root(index), "paths"), group_version);
    struct str url = json_str(entry, "serverRelativeURL");
    return arena_dup_str(arena, str_skip(url, str_before(url, '?').len));
}

/* kubectl keeps documents on disk under their hash, also from one server to the next. */
static void test_hash_follows_the_definition(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct dev_registry *registry = dev_registry_new();
    struct dev_registry *other = dev_registry_new();
    define(registry, "A thing.");
    define(other, "Something else.");
    define(other, "A thing.");
    struct str hash = hash_at(&arena, registry, "apis/b.a.io/v1");
    assert_true(str_eq(hash, hash_at(&arena, other, "apis/b.a.io/v1")));
    define(other, "Another thing.");
    assert_false(str_eq(hash, hash_at(&arena, other, "apis/b.a.io/v1")));
    assert_true(str_eq(hash_at(&arena, registry, "api/v1"), hash_at(&arena, other, "api/v1")));
    dev_registry_free(registry);
    dev_registry_free(other);
    arena_fini(&arena);
}

static void test_knows_what_there_is_not(void **state)
{
    (void)state;
    static const char *const paths[] = {"/openapi/v3/",
                                        "/openapi/v3/api/v2",
                                        "/openapi/v3/apis",
                                        "/openapi/v3/apis//v1",
                                        "/openapi/v3/apis/x/v1",
                                        "/openapi/v30",
                                        ""};
    struct dev_registry *registry = dev_registry_new();
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_null(document_at(registry, paths[i]));
    dev_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_refer_to_what_is_in_them),
        cmocka_unit_test(test_version_2_is_there_and_empty),
        cmocka_unit_test(test_schema_of_a_kind),
        cmocka_unit_test(test_paths_say_what_kubectl_asks),
        cmocka_unit_test(test_hash_follows_the_definition),
        cmocka_unit_test(test_knows_what_there_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
