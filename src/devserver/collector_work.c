#include "devserver/collector_work.h"

#include "base/must.h"
#include "devserver/body.h"
#include "devserver/edit.h"
#include "devserver/meta.h"
#include "devserver/remove.h"
#include "devserver/write.h"
#include "devserver/write_prepare.h"
#include "kube/model/json.h"

enum { REMOVES_PER_LOOK = 100 };

static const char definition_finalizer[] = "customresourcecleanup.apiextensions.k8s.io";

static yyjson_doc *load(const struct dev_collector_ctx *collector, const struct dev_key *key)
{
    struct dev_record record = {0};
    struct error err = {0};
    if (!dev_store_get(collector->server->store, key, &record))
        return NULL;
    yyjson_doc *doc = json_read(record.json, &err);
    must(doc); /* we wrote it */
    return doc;
}

static yyjson_val *metadata_of(yyjson_doc *doc)
{
    return json_object(yyjson_doc_get_root(doc), "metadata");
}

static bool has_finalizer(yyjson_val *metadata, const char *finalizer)
{
    size_t i, max;
    yyjson_val *value;
    yyjson_arr_foreach(json_array(metadata, "finalizers"), i, max, value)
    {
        if (str_eq_cstr(json_value_str(value), finalizer))
            return true;
    }
    return false;
}

/* A refusal (somebody was quicker, the disk is full) is no news: the next change brings us back. */
static void remove_object(const struct dev_collector_ctx *collector, const struct dev_key *key,
                          struct str uid, enum dev_propagation propagation)
{
    struct arena arena cleanup_arena;
    struct dev_status status = {0};
    arena_init(&arena);
    struct dev_remove remove = {
        .server = collector->server,
        .resource = dev_registry_find_id(collector->server->registry, key->resource),
        .ns = key->ns,
        .name = key->name,
        .options = {.uid = uid, .propagation = propagation},
        .arena = &arena,
        .status = &status,
    };
    if (remove.resource && !dev_remove(&remove))
        log_debug(collector->server->log, 2, "The collector could not delete an object",
                  LOG_STR("resource", key->resource), LOG_STR("namespace", key->ns),
                  LOG_STR("name", key->name), LOG_STR("err", strbuf_str(&status.message)));
    dev_remove_fini(&remove);
    dev_status_fini(&status);
}

/* ---- changes of an object's metadata -----------------------------------------------------------
 */

struct edit {
    struct str finalizer;      /* goes from metadata.finalizers; empty: none */
    struct str spec_finalizer; /* goes from spec.finalizers */
    const struct str *uids;    /* owners that go from metadata.ownerReferences */
    size_t uid_count;
};

static bool drop_owners(yyjson_mut_val *metadata, const struct edit *edit)
{
    yyjson_mut_val *references = yyjson_mut_obj_get(metadata, "ownerReferences");
    yyjson_mut_arr_iter iter;
    yyjson_mut_val *reference;
    bool has_changed = false;
    if (!references)
        return false;
    yyjson_mut_arr_iter_init(references, &iter);
    while ((reference = yyjson_mut_arr_iter_next(&iter)) != NULL) {
        bool goes = false;
        for (size_t i = 0; i < edit->uid_count; i++)
            goes = goes || str_eq(dev_edit_str(reference, "uid"), edit->uids[i]);
        if (goes)
            yyjson_mut_arr_iter_remove(&iter);
        has_changed = has_changed || goes;
    }
    if (yyjson_mut_arr_size(references) == 0)
        dev_edit_remove(metadata, "ownerReferences");
    return has_changed;
}

static bool drop_finalizer(yyjson_mut_val *holder, struct str finalizer)
{
    yyjson_mut_val *finalizers = yyjson_mut_obj_get(holder, "finalizers");
    if (str_is_empty(finalizer) || !dev_edit_array_remove(finalizers, finalizer))
        return false;
    if (yyjson_mut_arr_size(finalizers) == 0)
        dev_edit_remove(holder, "finalizers");
    return true;
}

static void edit_object(const struct dev_collector_ctx *collector, const struct dev_key *key,
                        const struct edit *edit)
{
    struct strbuf json cleanup_strbuf = {0};
    struct error err = {0};
    const struct dev_resource *resource =
        dev_registry_find_id(collector->server->registry, key->resource);
    yyjson_doc *stored cleanup_json_doc = load(collector, key);
    if (!stored || !resource)
        return;
    yyjson_mut_doc *doc cleanup_mut_doc = yyjson_doc_mut_copy(stored, NULL);
    must(doc);
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    bool has_changed = drop_owners(metadata, edit);
    has_changed = drop_finalizer(metadata, edit->finalizer) || has_changed;
    has_changed =
        drop_finalizer(yyjson_mut_obj_get(object, "spec"), edit->spec_finalizer) || has_changed;
    if (!has_changed)
        return;
    bool is_over = dev_meta_is_deleting(metadata) && !dev_has_any_finalizer(resource, object);
    if (!dev_write_store(collector->server, key, doc, object, is_over ? DEV_DELETED : DEV_MODIFIED,
                         &json, &err))
        log_warning(collector->server->log, "The collector could not change an object",
                    LOG_STR("resource", key->resource), LOG_STR("name", key->name), LOG_ERR(&err));
}

/* ---- owners that are being deleted ------------------------------------------------------------
 */

/* Its keys stay when the set of dependents changes. */
struct dependents {
    struct arena arena;
    struct dev_key *keys;
    size_t count;
};

static void find_dependents(const struct dev_collector_ctx *collector, struct str uid,
                            struct dependents *out)
{
    const struct dev_dependent *first = dev_owners_find(collector->owners, uid);
    size_t count = 0;
    arena_init(&out->arena);
    for (const struct dev_dependent *at = first; at; at = at->next)
        count++;
    out->keys = arena_new_array(&out->arena, struct dev_key, count + 1);
    out->count = 0;
    for (const struct dev_dependent *at = first; at; at = at->next) {
        out->keys[out->count++] = (struct dev_key){arena_dup_str(&out->arena, at->key.resource),
                                                   arena_dup_str(&out->arena, at->key.ns),
                                                   arena_dup_str(&out->arena, at->key.name)};
    }
}

static void orphan_dependents(const struct dev_collector_ctx *collector, const struct dev_key *key,
                              struct str uid)
{
    struct dependents dependents;
    const struct edit forget = {.uids = &uid, .uid_count = 1};
    const struct edit finish = {.finalizer = STR("orphan")};
    find_dependents(collector, uid, &dependents);
    for (size_t i = 0; i < dependents.count; i++)
        edit_object(collector, &dependents.keys[i], &forget);
    arena_fini(&dependents.arena);
    edit_object(collector, key, &finish);
}

static bool blocks(yyjson_val *metadata, struct str uid)
{
    size_t i, max;
    yyjson_val *reference;
    yyjson_arr_foreach(json_array(metadata, "ownerReferences"), i, max, reference)
    {
        if (str_eq(json_str(reference, "uid"), uid) && json_bool(reference, "blockOwnerDeletion"))
            return true;
    }
    return false;
}

/* Dependents go first; each that goes brings us back here. */
static void delete_dependents(const struct dev_collector_ctx *collector, const struct dev_key *key,
                              struct str uid)
{
    const struct edit finish = {.finalizer = STR("foregroundDeletion")};
    const struct dev_dependent *at = dev_owners_find(collector->owners, uid);
    bool is_blocked = false;
    for (; at; at = at->next) {
        yyjson_doc *doc cleanup_json_doc = load(collector, &at->key);
        yyjson_val *metadata = metadata_of(doc);
        is_blocked = is_blocked || blocks(metadata, uid);
        if (str_is_empty(json_str(metadata, "deletionTimestamp")))
            collector->look(collector->ctx, &at->key);
    }
    if (!is_blocked)
        edit_object(collector, key, &finish);
}

/* ---- dependents -------------------------------------------------------------------------------
 */

enum owner_state { OWNER_SOLID, OWNER_WAITING, OWNER_ABSENT, OWNER_UNKNOWN };

static enum owner_state find_owner(const struct dev_collector_ctx *collector,
                                   const struct dev_key *dependent, yyjson_val *reference)
{
    struct str version = json_str(reference, "apiVersion");
    size_t slash = 0;
    struct str group = {version.ptr, str_find(version, '/', &slash) ? slash : 0};
    const struct dev_resource *resource =
        dev_registry_find_kind(collector->server->registry, group, json_str(reference, "kind"));
    if (!resource || (resource->is_namespaced && str_is_empty(dependent->ns)))
        return OWNER_UNKNOWN;
    const struct dev_key key = {resource->id, resource->is_namespaced ? dependent->ns : STR(""),
                                json_str(reference, "name")};
    yyjson_doc *doc cleanup_json_doc = load(collector, &key);
    yyjson_val *metadata = metadata_of(doc);
    if (!doc || !str_eq(json_str(metadata, "uid"), json_str(reference, "uid")))
        return OWNER_ABSENT;
    bool is_waiting = !str_is_empty(json_str(metadata, "deletionTimestamp")) &&
                      has_finalizer(metadata, "foregroundDeletion");
    return is_waiting ? OWNER_WAITING : OWNER_SOLID;
}

static enum dev_propagation propagation_of(yyjson_val *metadata, bool is_for_waiting_owner,
                                           bool has_dependents)
{
    if (is_for_waiting_owner && has_dependents)
        return DEV_PROPAGATION_FOREGROUND;
    if (has_finalizer(metadata, "orphan"))
        return DEV_PROPAGATION_ORPHAN;
    return has_finalizer(metadata, "foregroundDeletion") ? DEV_PROPAGATION_FOREGROUND
                                                         : DEV_PROPAGATION_BACKGROUND;
}

static void check_owners(const struct dev_collector_ctx *collector, const struct dev_key *key,
                         yyjson_val *metadata)
{
    struct arena arena cleanup_arena;
    size_t i, max;
    size_t states[OWNER_UNKNOWN + 1] = {0};
    yyjson_val *reference;
    yyjson_val *references = json_array(metadata, "ownerReferences");
    struct edit edit = {0};
    arena_init(&arena);
    struct str *uids = arena_new_array(&arena, struct str, yyjson_arr_size(references) + 1);
    yyjson_arr_foreach(references, i, max, reference)
    {
        enum owner_state state = find_owner(collector, key, reference);
        states[state]++;
        if (state == OWNER_ABSENT || state == OWNER_WAITING)
            uids[edit.uid_count++] = json_str(reference, "uid");
    }
    edit.uids = uids;
    if (edit.uid_count == 0 || states[OWNER_UNKNOWN] > 0)
        return;
    if (states[OWNER_SOLID] > 0) {
        edit_object(collector, key, &edit);
        return;
    }
    struct str uid = json_str(metadata, "uid");
    bool has_dependents = dev_owners_find(collector->owners, uid) != NULL;
    remove_object(collector, key, uid,
                  propagation_of(metadata, states[OWNER_WAITING] > 0, has_dependents));
}

/* ---- namespaces and definitions ---------------------------------------------------------------
 */

struct sweep {
    struct arena arena;
    struct dev_key keys[REMOVES_PER_LOOK];
    size_t count;
    bool has_any; /* also those that are being deleted already */
};

static bool sweep_record(void *ctx, const struct dev_record *record)
{
    struct sweep *sweep = ctx;
    static const char deleting[] = "\"deletionTimestamp\"";
    sweep->has_any = true;
    if (memmem(record->json.ptr, record->json.len, deleting, sizeof(deleting) - 1))
        return true;
    sweep->keys[sweep->count++] =
        (struct dev_key){arena_dup_str(&sweep->arena, record->key.resource),
                         arena_dup_str(&sweep->arena, record->key.ns),
                         arena_dup_str(&sweep->arena, record->key.name)};
    return sweep->count < REMOVES_PER_LOOK;
}

/* True: nothing is left. */
static bool remove_all(const struct dev_collector_ctx *collector, const struct dev_key *key,
                       struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->count; i++)
        remove_object(collector, &sweep->keys[i], STR(""), DEV_PROPAGATION_BACKGROUND);
    if (sweep->count > 0)
        collector->look(collector->ctx, key);
    arena_fini(&sweep->arena);
    return !sweep->has_any;
}

static void empty_namespace(const struct dev_collector_ctx *collector, const struct dev_key *key)
{
    struct sweep sweep = {0};
    const struct edit finish = {.spec_finalizer = STR("kubernetes")};
    const struct dev_registry *registry = collector->server->registry;
    const struct dev_resource *resource;
    size_t position = 0;
    arena_init(&sweep.arena);
    while (sweep.count < REMOVES_PER_LOOK &&
           (resource = dev_registry_each(registry, &position)) != NULL) {
        if (resource->is_namespaced && dev_registry_find_id(registry, resource->id) == resource)
            dev_store_each(collector->server->store, resource->id, key->name, STR(""), STR(""),
                           sweep_record, &sweep);
    }
    if (remove_all(collector, key, &sweep))
        edit_object(collector, key, &finish);
}

static void empty_definition(const struct dev_collector_ctx *collector, const struct dev_key *key)
{
    struct sweep sweep = {0};
    const struct edit finish = {.finalizer = str_from(definition_finalizer)};
    arena_init(&sweep.arena);
    dev_store_each(collector->server->store, key->name, STR(""), STR(""), STR(""), sweep_record,
                   &sweep);
    if (remove_all(collector, key, &sweep))
        edit_object(collector, key, &finish);
}

void dev_collector_look(const struct dev_collector_ctx *collector, const struct dev_key *key)
{
    yyjson_doc *doc cleanup_json_doc = load(collector, key);
    yyjson_val *metadata = metadata_of(doc);
    if (!doc)
        return;
    if (str_is_empty(json_str(metadata, "deletionTimestamp"))) {
        check_owners(collector, key, metadata);
        return;
    }
    struct str uid = json_str(metadata, "uid");
    if (str_eq_cstr(key->resource, "namespaces"))
        empty_namespace(collector, key);
    if (has_finalizer(metadata, definition_finalizer))
        empty_definition(collector, key);
    if (has_finalizer(metadata, "orphan"))
        orphan_dependents(collector, key, uid);
    if (has_finalizer(metadata, "foregroundDeletion"))
        delete_dependents(collector, key, uid);
}
