#include <stdlib.h>

#include "base/must.h"
#include "devserver/schema_node.h"

/* Names of dropped fields; whoever sends a hundred unknown fields learns enough from them. */
enum { UNKNOWN_MAX = 100, DEPTH_MAX = 1000 };

struct pruner {
    bool is_wanted; /* the names */
    int depth;
    char *unknown[UNKNOWN_MAX];
    size_t unknown_count;
};

void dev_schema_path_append(const struct dev_schema_path *path, struct strbuf *out)
{
    if (!path)
        return;
    size_t before = out->len;
    dev_schema_path_append(path->parent, out);
    if (path->name.len == 0)
        strbuf_printf(out, "[%zu]", path->index);
    else
        strbuf_printf(out, "%s" STR_FMT, out->len > before ? "." : "", STR_ARG(path->name));
}

static struct str key_of(yyjson_mut_val *key)
{
    return (struct str){yyjson_mut_get_str(key), yyjson_mut_get_len(key)};
}

static bool is_known_of_resources(struct str name)
{
    return str_eq(name, STR("apiVersion")) || str_eq(name, STR("kind")) ||
           str_eq(name, STR("metadata"));
}

static void remember(struct pruner *p, const struct dev_schema_path *path)
{
    if (!p->is_wanted || p->unknown_count == UNKNOWN_MAX)
        return;
    struct strbuf text = {0};
    dev_schema_path_append(path, &text);
    p->unknown[p->unknown_count++] = strbuf_take(&text);
}

static void prune(struct pruner *p, const struct dev_schema_node *node, yyjson_mut_val *value,
                  const struct dev_schema_path *path, bool is_resource);

/* `node` NULL: nothing is known of the object's fields. */
static void prune_object(struct pruner *p, const struct dev_schema_node *node,
                         yyjson_mut_val *object, const struct dev_schema_path *path,
                         bool is_resource)
{
    yyjson_mut_obj_iter iter;
    yyjson_mut_val *key;
    must(yyjson_mut_obj_iter_init(object, &iter));
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        struct dev_schema_path at = {.parent = path, .name = key_of(key)};
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        if (is_resource && is_known_of_resources(at.name))
            continue;
        const struct dev_schema_node *known = node ? dev_schema_node_property(node, at.name) : NULL;
        if (!known && node)
            known = node->additional;
        if (known)
            prune(p, known, value, &at, known->is_embedded);
        else if (!node || !node->keeps_unknown) {
            remember(p, &at);
            (void)yyjson_mut_obj_iter_remove(&iter);
        }
    }
}

static void prune_array(struct pruner *p, const struct dev_schema_node *items,
                        yyjson_mut_val *array, const struct dev_schema_path *path)
{
    yyjson_mut_val *item;
    size_t i, max;
    yyjson_mut_arr_foreach(array, i, max, item)
    {
        struct dev_schema_path at = {.parent = path, .index = i};
        prune(p, items, item, &at, items && items->is_embedded);
    }
}

static void prune(struct pruner *p, const struct dev_schema_node *node, yyjson_mut_val *value,
                  const struct dev_schema_path *path, bool is_resource)
{
    if (p->depth == DEPTH_MAX)
        return; /* the server takes no such documents */
    p->depth++;
    if (yyjson_mut_is_obj(value))
        prune_object(p, node, value, path, is_resource);
    else if (yyjson_mut_is_arr(value) && !(node && node->keeps_unknown && !node->items))
        prune_array(p, node ? node->items : NULL, value, path);
    p->depth--;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void dev_schema_prune(const struct dev_schema *schema, yyjson_mut_doc *doc, yyjson_mut_val *object,
                      struct strbuf *unknown)
{
    struct pruner p = {.is_wanted = unknown != NULL};
    (void)doc;
    prune(&p, schema->root, object, NULL, true);
    qsort(p.unknown, p.unknown_count, sizeof(*p.unknown), compare_texts);
    for (size_t i = 0; i < p.unknown_count; i++) {
        if (unknown->len > 0)
            strbuf_append_char(unknown, '\n');
        strbuf_append_cstr(unknown, p.unknown[i]);
        free(p.unknown[i]);
    }
}
