#include "devserver/yaml_list.h"

#include "base/must.h"
#include "kube/model/json.h"

struct visit {
    dev_yaml_fn *fn;
    void *ctx;
    struct error *err;
};

/* What the items of a list are when they do not say it. */
struct item_type {
    struct str api_version;
    struct str kind; /* empty: not known */
};

static void set_missing(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                        struct str value)
{
    if (yyjson_mut_obj_get(object, key) == NULL && !str_is_empty(value))
        must(yyjson_mut_obj_add_strncpy(doc, object, key, value.ptr, value.len));
}

static bool visit_typed(const struct visit *v, yyjson_val *object, const struct item_type *type)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *copy = yyjson_val_mut_copy(doc, object);
    size_t len = 0;
    set_missing(doc, copy, "apiVersion", type->api_version);
    set_missing(doc, copy, "kind", type->kind);
    cleanup_free char *json = yyjson_mut_val_write(copy, YYJSON_WRITE_NOFLAG, &len);
    yyjson_mut_doc_free(doc);
    must(json != NULL);
    return v->fn(v->ctx, (struct str){json, len}, v->err);
}

static bool visit_one(const struct visit *v, yyjson_val *value, const struct item_type *type)
{
    size_t len = 0;
    if (yyjson_is_obj(value) && !str_is_empty(type->kind))
        return visit_typed(v, value, type);
    cleanup_free char *json = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &len);
    must(json != NULL);
    return v->fn(v->ctx, (struct str){json, len}, v->err);
}

static bool visit_value(const struct visit *v, yyjson_val *value, const struct item_type *type)
{
    struct str kind = json_str(value, "kind");
    yyjson_val *items = json_array(value, "items");
    if (!str_ends_with(kind, STR("List")) || items == NULL)
        return visit_one(v, value, type);
    const struct item_type item_type = {
        .api_version = json_str(value, "apiVersion"),
        .kind = {kind.ptr, kind.len - STR("List").len},
    };
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(items, i, max, item)
    {
        if (!visit_value(v, item, &item_type))
            return false;
    }
    return true;
}

bool dev_yaml_each_item(yyjson_val *document, dev_yaml_fn *fn, void *ctx, struct error *err)
{
    const struct visit v = {fn, ctx, err};
    const struct item_type unknown = {0};
    return yyjson_is_null(document) || visit_value(&v, document, &unknown);
}
