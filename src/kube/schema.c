#include "kube/schema.h"

#include "base/must.h"
#include "kube/model/json.h"

struct kube_schema_question {
    const struct kube_kind *kind;
    const char *const *path;
    kube_schema_fn *fn;
    void *ctx;
};

static bool is_schema_of(yyjson_val *schema, const struct kube_kind *kind)
{
    yyjson_val *kinds = json_array(schema, "x-kubernetes-group-version-kind");
    yyjson_arr_iter iter = yyjson_arr_iter_with(kinds);
    yyjson_val *item;
    while ((item = yyjson_arr_iter_next(&iter)) != NULL)
        if (str_eq_cstr(json_str(item, "kind"), kind->kind) &&
            str_eq_cstr(json_str(item, "group"), kind->group))
            return true;
    return false;
}

static yyjson_val *find_schema(yyjson_val *root, const struct kube_kind *kind)
{
    yyjson_val *schemas = json_object(json_object(root, "components"), "schemas");
    yyjson_obj_iter iter = yyjson_obj_iter_with(schemas);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&iter)) != NULL)
        if (is_schema_of(yyjson_obj_iter_get_val(key), kind))
            return yyjson_obj_iter_get_val(key);
    return NULL;
}

static yyjson_val *step(yyjson_val *schema, const char *name)
{
    if (strcmp(name, "[]") == 0)
        return json_object(schema, "items");
    return json_object(json_object(schema, "properties"), name);
}

bool kube_schema_find(struct str document, const struct kube_kind *kind, const char *const *path,
                      bool *has_field, struct error *err)
{
    cleanup_json_doc yyjson_doc *doc = json_read(document, err);
    if (!doc)
        return error_wrap(err, "OpenAPI document of group %s", kind->group);
    yyjson_val *schema = find_schema(yyjson_doc_get_root(doc), kind);
    if (!schema)
        return error_set(err, ERROR_NOT_FOUND, "OpenAPI document of group %s: no kind %s",
                         kind->group, kind->kind);
    for (; schema && *path; path++)
        schema = step(schema, *path);
    *has_field = schema != NULL;
    return true;
}

static void answered(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct kube_schema_question *question = ctx;
    struct error problem;
    bool has_field = false;
    if (!err &&
        !kube_schema_find(response->body, question->kind, question->path, &has_field, &problem))
        err = &problem;
    question->fn(question->ctx, has_field, err);
    free(question);
}

void kube_schema_ask(struct kube_client *client, const struct kube_resource *resource,
                     const struct kube_kind *kind, const char *const *path, kube_schema_fn *fn,
                     void *ctx)
{
    struct kube_schema_question *question = mem_alloc(sizeof(*question));
    *question = (struct kube_schema_question){kind, path, fn, ctx};
    cleanup_arena struct arena arena;
    arena_init(&arena);
    kube_client_send(client,
                     &(struct kube_request){
                         .verb = KUBE_GET,
                         .path = arena_printf(&arena, "/openapi/v3/apis/" STR_FMT "/" STR_FMT,
                                              STR_ARG(resource->group), STR_ARG(resource->version)),
                         .resource = "openapi",
                     },
                     answered, question);
}
