#include "kube/model/object.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/must.h"
#include "kube/model/json.h"

/* Far beyond what an API server stores (1.5 MiB of JSON) can come to. */
enum { VIEW_MAX_BYTES = 256 << 20 };

static uint32_t count_kept(yyjson_val *map, const char *const *keys)
{
    uint32_t count = 0;
    for (size_t i = 0; keys && keys[i]; i++)
        count += yyjson_is_str(yyjson_obj_get(map, keys[i]));
    return count;
}

/* A copy in the arena, unless the kind's own texts or what is kept of this object already have the
 * same: its own name, namespace and uid, and those of its owners, are what objects repeat. */
static struct str keep_text(const struct kube_kind *kind, const struct kube_meta *meta,
                            struct arena *arena, struct str text)
{
    for (size_t i = 0; kind->known_texts && kind->known_texts[i]; i++)
        if (str_eq_cstr(text, kind->known_texts[i]))
            return str_from(kind->known_texts[i]);
    const struct str own[] = {meta->name, meta->ns, meta->uid};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (str_eq(text, own[i]))
            return own[i];
    for (uint32_t i = 0; meta->owners && i < meta->owner_count; i++) {
        if (str_eq(text, meta->owners[i].name))
            return meta->owners[i].name;
        if (str_eq(text, meta->owners[i].uid))
            return meta->owners[i].uid;
    }
    return arena_dup_str(arena, text);
}

/* The entries of a map of strings (labels, annotations) that the kind keeps, in the kind's order.
 */
static const struct kube_label *parse_kept(const struct kube_kind *kind,
                                           const struct kube_meta *meta, yyjson_val *map,
                                           const char *const *keys, struct arena *arena,
                                           uint32_t *count_out)
{
    *count_out = count_kept(map, keys);
    if (*count_out == 0)
        return NULL;
    struct kube_label *kept = arena_new_array(arena, struct kube_label, *count_out);
    uint32_t filled = 0;
    for (size_t i = 0; keys[i]; i++) {
        yyjson_val *value = yyjson_obj_get(map, keys[i]);
        if (yyjson_is_str(value))
            kept[filled++] = (struct kube_label){
                .key = keys[i],
                .value = keep_text(kind, meta, arena, json_value_str(value)),
            };
    }
    return kept;
}

static bool is_owner(yyjson_val *json)
{
    return !str_is_empty(json_str(json, "kind")) && !str_is_empty(json_str(json, "name"));
}

static struct kube_owner parse_owner(const struct kube_kind *kind, const struct kube_meta *meta,
                                     yyjson_val *json, struct arena *arena)
{
    struct str api_version = json_str(json, "apiVersion");
    size_t slash = 0;
    if (!str_find(api_version, '/', &slash)) /* "v1": the core group */
        slash = 0;
    return (struct kube_owner){
        .group = keep_text(kind, meta, arena, (struct str){api_version.ptr, slash}),
        .kind = keep_text(kind, meta, arena, json_str(json, "kind")),
        .name = keep_text(kind, meta, arena, json_str(json, "name")),
        .uid = arena_dup_str(arena, json_str(json, "uid")),
        .is_controller = json_bool(json, "controller"),
    };
}

static void parse_owners(const struct kube_kind *kind, struct kube_meta *meta, yyjson_val *json,
                         struct arena *arena)
{
    size_t i, max;
    yyjson_val *owner;
    yyjson_arr_foreach(json, i, max, owner) meta->owner_count += is_owner(owner);
    if (meta->owner_count == 0)
        return;
    struct kube_owner *owners = arena_new_array(arena, struct kube_owner, meta->owner_count);
    uint32_t filled = 0;
    yyjson_arr_foreach(json, i, max, owner)
    {
        if (is_owner(owner))
            owners[filled++] = parse_owner(kind, meta, owner, arena);
    }
    meta->owners = owners;
}

/* What is no string stays as an empty one: patches name finalizers by their index. */
static void parse_finalizers(const struct kube_kind *kind, struct kube_meta *meta, yyjson_val *json,
                             struct arena *arena)
{
    meta->finalizer_count = (uint32_t)yyjson_arr_size(json);
    if (meta->finalizer_count == 0)
        return;
    struct str *finalizers = arena_new_array(arena, struct str, meta->finalizer_count);
    size_t i, max;
    yyjson_val *finalizer;
    yyjson_arr_foreach(json, i, max, finalizer)
    {
        finalizers[i] = keep_text(kind, meta, arena, json_value_str(finalizer));
    }
    meta->finalizers = finalizers;
}

static int64_t parse_time_s(struct str text)
{
    int64_t wall_us = 0;
    return rfc3339_parse_us(text, &wall_us) ? wall_us / 1000000 : 0;
}

static bool parse_meta(const struct kube_kind *kind, struct kube_meta *meta, yyjson_val *json,
                       struct arena *arena, struct error *err)
{
    struct str name = json_str(json, "name");
    if (str_is_empty(name))
        return error_set(err, ERROR_INVALID, "%s: no metadata.name", kind->kind);
    if (!str_to_u64(json_str(json, "resourceVersion"), &meta->resource_version) ||
        meta->resource_version == 0)
        return error_set(err, ERROR_INVALID, "%s " STR_FMT ": no decimal metadata.resourceVersion",
                         kind->kind, STR_ARG(name));
    meta->ns = arena_dup_str(arena, json_str(json, "namespace"));
    meta->name = arena_dup_str(arena, name);
    meta->uid = arena_dup_str(arena, json_str(json, "uid"));
    meta->generation = json_int(json, "generation", 0);
    meta->created_s = parse_time_s(json_str(json, "creationTimestamp"));
    meta->is_deleting = !str_is_empty(json_str(json, "deletionTimestamp"));
    if (kind->meta_parts & KUBE_META_OWNERS)
        parse_owners(kind, meta, json_array(json, "ownerReferences"), arena);
    if (kind->meta_parts & KUBE_META_FINALIZERS)
        parse_finalizers(kind, meta, json_array(json, "finalizers"), arena);
    yyjson_val *labels = json_object(json, "labels");
    yyjson_val *annotations = json_object(json, "annotations");
    meta->has_labels = labels != NULL;
    meta->has_annotations = annotations != NULL;
    meta->labels = parse_kept(kind, meta, labels, kind->labels, arena, &meta->label_count);
    meta->annotations =
        parse_kept(kind, meta, annotations, kind->annotations, arena, &meta->annotation_count);
    return true;
}

static struct kube_object *build(const struct kube_kind *kind, yyjson_val *json,
                                 struct arena *arena, struct error *err)
{
    struct kube_object *view = arena_alloc(arena, kind->view_size);
    view->kind = kind;
    if (!parse_meta(kind, &view->meta, json_object(json, "metadata"), arena, err))
        return NULL;
    if (kind->parse && !kind->parse(view, json, arena, err)) {
        error_wrap(err, "%s " STR_FMT "/" STR_FMT, kind->kind, STR_ARG(view->meta.ns),
                   STR_ARG(view->meta.name));
        return NULL;
    }
    return view;
}

bool kube_object_parse(const struct kube_kind *kind, yyjson_val *json, struct arena *scratch,
                       const struct kube_object **out, struct error *err)
{
    must(kind->view_size >= sizeof(struct kube_object));
    arena_reset(scratch);
    if (!build(kind, json, scratch, err))
        return false;
    size_t size_bytes = scratch->used_bytes;
    if (size_bytes > VIEW_MAX_BYTES)
        return error_set(err, ERROR_INVALID, "%s: too large", kind->kind);

    struct arena exact;
    void *block = mem_alloc(size_bytes);
    arena_init_fixed(&exact, block, size_bytes);
    struct kube_object *view = build(kind, json, &exact, err);
    must(view == block); /* what was measured is what is built */
    must(exact.used_bytes == size_bytes);
    view->refs = 1;
    view->size_bytes = (uint32_t)size_bytes;
    *out = view;
    return true;
}

bool kube_object_parse_text(const struct kube_kind *kind, struct str text, struct arena *scratch,
                            const struct kube_object **out, struct error *err)
{
    cleanup_json_doc yyjson_doc *doc = json_read(text, err);
    if (!doc)
        return error_wrap(err, "%s", kind->kind);
    return kube_object_parse(kind, yyjson_doc_get_root(doc), scratch, out, err);
}

/* Views are const to everybody else; they all come from mem_alloc above. */
static struct kube_object *writable(const struct kube_object *object)
{
    return (struct kube_object *)(uintptr_t)object;
}

const struct kube_object *kube_object_ref(const struct kube_object *object)
{
    must(object->refs > 0 && object->refs < UINT32_MAX);
    writable(object)->refs++;
    return object;
}

void kube_object_unref(const struct kube_object *object)
{
    if (!object)
        return;
    must(object->refs > 0);
    if (--writable(object)->refs == 0)
        free(writable(object));
}

void kube_object_set_seen(const struct kube_object *object, uint32_t epoch)
{
    writable(object)->seen_epoch = epoch;
}

static const struct kube_label *find_label(const struct kube_label *labels, uint32_t count,
                                           const char *key)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(labels[i].key, key) == 0)
            return &labels[i];
    return NULL;
}

static struct str value_of(const struct kube_label *label)
{
    return label ? label->value : (struct str){NULL, 0};
}

struct str kube_meta_label(const struct kube_meta *meta, const char *key)
{
    return value_of(find_label(meta->labels, meta->label_count, key));
}

struct str kube_meta_annotation(const struct kube_meta *meta, const char *key)
{
    return value_of(find_label(meta->annotations, meta->annotation_count, key));
}

bool kube_meta_has_label(const struct kube_meta *meta, const char *key)
{
    return find_label(meta->labels, meta->label_count, key) != NULL;
}

bool kube_meta_has_annotation(const struct kube_meta *meta, const char *key)
{
    return find_label(meta->annotations, meta->annotation_count, key) != NULL;
}

bool kube_meta_has_finalizer(const struct kube_meta *meta, const char *finalizer)
{
    for (uint32_t i = 0; i < meta->finalizer_count; i++)
        if (str_eq_cstr(meta->finalizers[i], finalizer))
            return true;
    return false;
}

const struct kube_owner *kube_meta_owner(const struct kube_meta *meta, const char *group,
                                         const char *kind)
{
    const struct kube_owner *found = NULL;
    for (uint32_t i = 0; i < meta->owner_count; i++) {
        const struct kube_owner *owner = &meta->owners[i];
        if (!str_eq_cstr(owner->group, group) || !str_eq_cstr(owner->kind, kind))
            continue;
        if (owner->is_controller)
            return owner;
        if (!found)
            found = owner;
    }
    return found;
}

int kube_meta_cmp_age(const struct kube_meta *a, const struct kube_meta *b)
{
    if (a->created_s != b->created_s)
        return a->created_s < b->created_s ? -1 : 1;
    int order = str_cmp(a->ns, b->ns);
    return order != 0 ? order : str_cmp(a->name, b->name);
}
