#include "devserver/openapi_paths.h"

#include "base/attr.h"
#include "devserver/openapi_meta.h"

void dev_openapi_schema_name(const struct dev_resource *resource, const struct dev_version *version,
                             struct strbuf *out)
{
    struct str rest = resource->group;
    if (!resource->is_custom) {
        struct str group = str_before(resource->group, '.');
        strbuf_printf(out, "io.k8s.api." STR_FMT,
                      STR_ARG(str_is_empty(group) ? STR("core") : group));
        rest = STR("");
    }
    while (rest.len > 0) { /* the labels of the group from the last to the first */
        size_t start = rest.len;
        while (start > 0 && rest.ptr[start - 1] != '.')
            start--;
        strbuf_printf(out, "%s" STR_FMT, out->len > 0 ? "." : "", STR_ARG(str_skip(rest, start)));
        rest.len = start > 0 ? start - 1 : 0;
    }
    strbuf_printf(out, "." STR_FMT "." STR_FMT, STR_ARG(version->name), STR_ARG(resource->kind));
}

/* One operation as kubectl looks at it: by its kind it finds what a resource is called and which
 * parameters and kinds of patches there are. */
struct operation {
    const char *method;
    const char *action;
    const char *const *parameters; /* of the query; NULL-terminated */
    const char *body;              /* what it takes: NULL, "object", "patch", "options" */
    bool is_list;                  /* of what it answers */
};

static const char *const no_parameters[] = {NULL};
static const char *const list_parameters[] = {"allowWatchBookmarks",
                                              "continue",
                                              "fieldSelector",
                                              "labelSelector",
                                              "limit",
                                              "resourceVersion",
                                              "resourceVersionMatch",
                                              "sendInitialEvents",
                                              "timeoutSeconds",
                                              "watch",
                                              NULL};
static const char *const write_parameters[] = {"dryRun", "fieldManager", "fieldValidation", NULL};
static const char *const patch_parameters[] = {"dryRun", "fieldManager", "fieldValidation", "force",
                                               NULL};
static const char *const delete_parameters[] = {"dryRun", "gracePeriodSeconds", "orphanDependents",
                                                "propagationPolicy", NULL};

static const struct operation op_list = {"get", "list", list_parameters, NULL, true};
static const struct operation op_get = {"get", "get", no_parameters, NULL, false};
static const struct operation op_post = {"post", "post", write_parameters, "object", false};
static const struct operation op_put = {"put", "put", write_parameters, "object", false};
static const struct operation op_patch = {"patch", "patch", patch_parameters, "patch", false};
static const struct operation op_delete = {"delete", "delete", delete_parameters, "options", false};
static const struct operation op_delete_all = {"delete", "deletecollection", list_parameters,
                                               "options", false};

/* What all operations of a resource share. */
struct subject {
    const struct dev_resource *resource;
    const struct dev_version *version;
    struct str schema_name;
};

static const char *parameter_type(const char *name)
{
    static const char *const booleans[] = {"allowWatchBookmarks", "force", "orphanDependents",
                                           "sendInitialEvents", "watch"};
    static const char *const integers[] = {"gracePeriodSeconds", "limit", "timeoutSeconds"};
    for (size_t i = 0; i < ARRAY_LEN(booleans); i++) {
        if (strcmp(name, booleans[i]) == 0)
            return "boolean";
    }
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        if (strcmp(name, integers[i]) == 0)
            return "integer";
    }
    return "string";
}

static void append_parameters(const char *const *names, struct strbuf *out)
{
    strbuf_append_cstr(out, "\"parameters\":[");
    for (size_t i = 0; names[i]; i++)
        strbuf_printf(out, "%s{\"name\":\"%s\",\"in\":\"query\",\"schema\":{\"type\":\"%s\"}}",
                      i > 0 ? "," : "", names[i], parameter_type(names[i]));
    strbuf_append_char(out, ']');
}

static void append_content(const char *type, struct str schema, struct strbuf *out)
{
    strbuf_printf(out, "%s\"%s\":{\"schema\":{\"$ref\":\"#/components/schemas/" STR_FMT "\"}}",
                  out->data[out->len - 1] == '{' ? "" : ",", type, STR_ARG(schema));
}

/* Strategic merge patches are for built-in kinds, as in the real server; the fields have no
 * strategies, so that kubectl's are plain merge patches. */
static void append_body(const struct subject *s, const struct operation *op, struct strbuf *out)
{
    strbuf_append_cstr(out, ",\"requestBody\":{\"content\":{");
    if (strcmp(op->body, "patch") == 0) {
        append_content("application/apply-patch+yaml", STR(OPENAPI_PATCH), out);
        append_content("application/json-patch+json", STR(OPENAPI_PATCH), out);
        append_content("application/merge-patch+json", STR(OPENAPI_PATCH), out);
        if (!s->resource->is_custom)
            append_content("application/strategic-merge-patch+json", STR(OPENAPI_PATCH), out);
    } else if (strcmp(op->body, "options") == 0)
        append_content("application/json", STR(OPENAPI_DELETE_OPTIONS), out);
    else {
        append_content("application/json", s->schema_name, out);
        append_content("application/yaml", s->schema_name, out);
    }
    strbuf_append_cstr(out, "}}");
}

static void append_operation(const struct subject *s, const struct operation *op,
                             struct strbuf *out)
{
    bool is_status = op->body && strcmp(op->body, "options") == 0;
    strbuf_printf(out, "%s\"%s\":{", out->data[out->len - 1] == '{' ? "" : ",", op->method);
    append_parameters(op->parameters, out);
    if (op->body)
        append_body(s, op, out);
    strbuf_append_cstr(out, ",\"responses\":{\"200\":{\"description\":\"OK\",\"content\":{"
                            "\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/");
    if (is_status)
        strbuf_append_cstr(out, OPENAPI_STATUS);
    else
        strbuf_printf(out, STR_FMT "%s", STR_ARG(s->schema_name), op->is_list ? "List" : "");
    strbuf_printf(out,
                  "\"}}}}},\"x-kubernetes-action\":\"%s\",\"x-kubernetes-group-version-kind\":{"
                  "\"group\":\"" STR_FMT "\",\"version\":\"" STR_FMT "\",\"kind\":\"" STR_FMT
                  "\"}}",
                  op->action, STR_ARG(s->resource->group), STR_ARG(s->version->name),
                  STR_ARG(s->resource->kind));
}

enum path_scope { PATH_ALL, PATH_NAMESPACE };

static void append_path(const struct subject *s, enum path_scope scope, const char *end,
                        const struct operation *const *operations, struct strbuf *out)
{
    const struct dev_resource *r = s->resource;
    if (str_is_empty(r->group))
        strbuf_append_cstr(out, "\"/api");
    else
        strbuf_printf(out, "\"/apis/" STR_FMT, STR_ARG(r->group));
    strbuf_printf(out, "/" STR_FMT "/%s" STR_FMT "%s\":{", STR_ARG(s->version->name),
                  scope == PATH_NAMESPACE ? "namespaces/{namespace}/" : "", STR_ARG(r->plural),
                  end);
    for (size_t i = 0; operations[i]; i++)
        append_operation(s, operations[i], out);
    strbuf_append_char(out, '}');
}

void dev_openapi_append_paths(const struct dev_resource *resource,
                              const struct dev_version *version, struct str schema_name,
                              struct strbuf *out)
{
    static const struct operation *const all[] = {&op_list, NULL};
    static const struct operation *const of_list[] = {&op_list, &op_post, &op_delete_all, NULL};
    static const struct operation *const of_namespaces[] = {&op_list, &op_post, NULL};
    static const struct operation *const of_object[] = {&op_get, &op_put, &op_patch, &op_delete,
                                                        NULL};
    static const struct operation *const of_status[] = {&op_get, &op_put, &op_patch, NULL};
    struct subject s = {resource, version, schema_name};
    enum path_scope scope = resource->is_namespaced ? PATH_NAMESPACE : PATH_ALL;
    if (resource->is_namespaced) {
        append_path(&s, PATH_ALL, "", all, out);
        strbuf_append_char(out, ',');
    }
    append_path(&s, scope, "", resource->has_delete_collection ? of_list : of_namespaces, out);
    strbuf_append_char(out, ',');
    append_path(&s, scope, "/{name}", of_object, out);
    if (!version->has_status)
        return;
    strbuf_append_char(out, ',');
    append_path(&s, scope, "/{name}/status", of_status, out);
}
