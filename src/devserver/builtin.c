#include "devserver/builtin.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/must.h"
#include "devserver/builtin_schema.h"
#include "devserver/edit.h"
#include "devserver/resource.h"
#include "kube/model/json.h"

enum { SHORT_NAMES_MAX = 2 };

/* What is called otherwise in events.k8s.io than in the core group, where Events are stored. */
static const struct dev_field_name event_fields[] = {
    {STR("involvedObject"), STR("regarding")},
    {STR("message"), STR("note")},
    {STR("source"), STR("deprecatedSource")},
    {STR("firstTimestamp"), STR("deprecatedFirstTimestamp")},
    {STR("lastTimestamp"), STR("deprecatedLastTimestamp")},
    {STR("count"), STR("deprecatedCount")},
    {STR("reportingComponent"), STR("reportingController")},
};

static const struct builtin {
    const char *group;
    const char *kind;
    const char *plural;
    const char *short_names[SHORT_NAMES_MAX];
    const char *category;
    bool is_cluster_scoped;
    bool has_status;
    bool lacks_delete_collection;
    bool is_event_view; /* of what the core group stores */
    const struct dev_field_table *schema;
} builtins[] = {
    {.kind = "ConfigMap",
     .plural = "configmaps",
     .short_names = {"cm"},
     .schema = &dev_schema_configmap},
    {.kind = "Event", .plural = "events", .short_names = {"ev"}, .schema = &dev_schema_event_core},
    {.kind = "Namespace",
     .plural = "namespaces",
     .short_names = {"ns"},
     .is_cluster_scoped = true,
     .has_status = true,
     .lacks_delete_collection = true,
     .schema = &dev_schema_namespace},
    {.kind = "Secret", .plural = "secrets", .schema = &dev_schema_secret},
    {.kind = "ServiceAccount",
     .plural = "serviceaccounts",
     .short_names = {"sa"},
     .schema = &dev_schema_service_account},
    {.group = "apiextensions.k8s.io",
     .kind = "CustomResourceDefinition",
     .plural = "customresourcedefinitions",
     .short_names = {"crd", "crds"},
     .category = "api-extensions",
     .is_cluster_scoped = true,
     .has_status = true,
     .schema = &dev_schema_crd},
    {.group = "coordination.k8s.io",
     .kind = "Lease",
     .plural = "leases",
     .schema = &dev_schema_lease},
    {.group = "events.k8s.io",
     .kind = "Event",
     .plural = "events",
     .short_names = {"ev"},
     .is_event_view = true,
     .schema = &dev_schema_event},
};

static void add_schema(struct dev_resource *resource, const struct dev_field_table *table)
{
    struct error err = {0};
    struct dev_causes causes = {0};
    cleanup_strbuf struct strbuf text = {0};
    dev_field_table_append(table, &text);
    cleanup_json_doc yyjson_doc *doc = json_read(strbuf_str(&text), &err);
    must(doc);
    resource->hash = hash_stable(strbuf_str(&text));
    resource->versions[0].schema = dev_schema_compile(yyjson_doc_get_root(doc), STR(""), &causes);
    must(resource->versions[0].schema);
}

static struct str *copy_texts(struct arena *arena, const char *const *texts, size_t max,
                              size_t *count)
{
    struct str *out = arena_new_array(arena, struct str, max);
    *count = 0;
    while (*count < max && texts[*count]) {
        out[*count] = str_from(texts[*count]); /* static */
        (*count)++;
    }
    return out;
}

struct dev_resource *dev_builtin_new(size_t index)
{
    if (index >= ARRAY_LEN(builtins))
        return NULL;
    struct arena *arena = NULL;
    const struct builtin *b = &builtins[index];
    struct dev_resource *r = dev_resource_new(&arena);
    r->group = str_from(b->group);
    r->kind = str_from(b->kind);
    r->list_kind = arena_printf(arena, "%sList", b->kind);
    r->plural = str_from(b->plural);
    r->id = b->is_event_view || str_is_empty(r->group)
                ? r->plural
                : arena_printf(arena, "%s.%s", b->plural, b->group);
    char *singular = str_dup_cstr(r->plural);
    singular[r->plural.len - 1] = '\0'; /* all of them end with an s of their own */
    r->singular = arena_dup_str(arena, str_from(singular));
    free(singular);
    r->short_names = copy_texts(arena, b->short_names, SHORT_NAMES_MAX, &r->short_name_count);
    r->categories = copy_texts(arena, &b->category, 1, &r->category_count);
    r->is_namespaced = !b->is_cluster_scoped;
    r->has_delete_collection = !b->lacks_delete_collection;
    r->versions = arena_new(arena, struct dev_version);
    r->version_count = 1;
    *r->versions = (struct dev_version){
        .name = STR("v1"), .is_served = true, .is_storage = true, .has_status = b->has_status};
    add_schema(r, b->schema);
    r->stored_api_version =
        b->is_event_view ? STR("v1") : dev_resource_api_version(arena, r->group, STR("v1"));
    r->field_names = b->is_event_view ? event_fields : NULL;
    r->field_name_count = b->is_event_view ? ARRAY_LEN(event_fields) : 0;
    return r;
}

/* ---- what the server fills in ---------------------------------------------------------------- */

static void default_namespace(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    static const char NAME_LABEL[] = "kubernetes.io/metadata.name";
    yyjson_mut_val *metadata = dev_edit_object(doc, object, "metadata");
    yyjson_mut_val *spec = dev_edit_object(doc, object, "spec");
    yyjson_mut_val *status = dev_edit_object(doc, object, "status");
    struct str name = dev_edit_str(metadata, "name");
    if (!str_is_empty(name))
        dev_edit_put_str(doc, dev_edit_object(doc, metadata, "labels"), NAME_LABEL, name);
    if (yyjson_mut_obj_get(status, "phase"))
        return;
    dev_edit_put_str(doc, status, "phase", STR("Active"));
    if (!yyjson_mut_obj_get(spec, "finalizers"))
        yyjson_mut_arr_add_str(doc, yyjson_mut_obj_add_arr(doc, spec, "finalizers"), "kubernetes");
}

static void move_string_data(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    yyjson_mut_val *texts = yyjson_mut_obj_remove_key(object, "stringData");
    yyjson_mut_val *key, *value;
    size_t i, max;
    if (yyjson_mut_obj_size(texts) == 0)
        return;
    yyjson_mut_val *data = dev_edit_object(doc, object, "data");
    yyjson_mut_obj_foreach(texts, i, max, key, value)
    {
        struct str name = dev_edit_value_str(key);
        cleanup_strbuf struct strbuf encoded = {0};
        base64_encode(dev_edit_value_str(value), &encoded);
        must(yyjson_mut_obj_put(
            data, yyjson_mut_strncpy(doc, name.ptr, name.len),
            yyjson_mut_strncpy(doc, encoded.data ? encoded.data : "", encoded.len)));
    }
}

static void default_secret(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    move_string_data(doc, object);
    if (str_is_empty(dev_edit_str(object, "type")))
        dev_edit_put_str(doc, object, "type", STR("Opaque"));
}

void dev_builtin_default(const struct dev_resource *resource, yyjson_mut_doc *doc,
                         yyjson_mut_val *object)
{
    if (str_eq(resource->id, STR("namespaces")))
        default_namespace(doc, object);
    else if (str_eq(resource->id, STR("secrets")))
        default_secret(doc, object);
}
