#include "devserver/remove.h"

#include "base/must.h"
#include "devserver/body.h"
#include "devserver/edit.h"
#include "devserver/meta.h"
#include "devserver/write.h"
#include "devserver/write_prepare.h"
#include "kube/model/json.h"

static const char definition_finalizer[] = "customresourcecleanup.apiextensions.k8s.io";

void dev_remove_fini(struct dev_remove *remove)
{
    strbuf_fini(&remove->stored);
}

static bool check_preconditions(struct dev_remove *remove, yyjson_mut_val *metadata)
{
    struct strbuf why cleanup_strbuf = {0};
    const struct dev_delete_options *options = &remove->options;
    struct str uid = dev_edit_str(metadata, "uid");
    struct str version = dev_edit_str(metadata, "resourceVersion");
    if (!str_is_empty(options->uid) && !str_eq(options->uid, uid))
        strbuf_printf(&why,
                      "the UID in the precondition (" STR_FMT ") does not match the UID in record "
                      "(" STR_FMT "). The object might have been deleted and then recreated",
                      STR_ARG(options->uid), STR_ARG(uid));
    else if (!str_is_empty(options->version) && !str_eq(options->version, version))
        strbuf_printf(&why,
                      "the ResourceVersion in the precondition (" STR_FMT
                      ") does not match the ResourceVersion in record (" STR_FMT
                      "). The object might have been modified",
                      STR_ARG(options->version), STR_ARG(version));
    return why.len == 0 || dev_status_conflict(remove->status, remove->resource->group,
                                               remove->resource->kind, remove->name, why.data);
}

static bool is_immortal(const struct dev_remove *remove)
{
    return dev_is_namespace(remove->resource) &&
           (str_eq_cstr(remove->name, "default") || str_eq_cstr(remove->name, "kube-system") ||
            str_eq_cstr(remove->name, "kube-public"));
}

static bool refuse_immortal(struct dev_remove *remove)
{
    dev_status_set(remove->status, 403, "Forbidden",
                   "namespaces \"" STR_FMT "\" is forbidden: this namespace may not be deleted",
                   STR_ARG(remove->name));
    remove->status->has_details = true;
    remove->status->kind = remove->resource->plural;
    remove->status->name = remove->name;
    return false;
}

static void add_finalizer(yyjson_mut_doc *doc, yyjson_mut_val *metadata, struct str finalizer)
{
    yyjson_mut_val *finalizers = yyjson_mut_obj_get(metadata, "finalizers");
    if (!finalizers) {
        finalizers = yyjson_mut_arr(doc);
        dev_edit_put(doc, metadata, "finalizers", finalizers);
    }
    if (!dev_edit_array_has(finalizers, finalizer))
        yyjson_mut_arr_add_strncpy(doc, finalizers, finalizer.ptr, finalizer.len);
}

/* How what depends on the object is treated is written down as a finalizer of the object. */
static void set_propagation(struct dev_remove *remove, yyjson_mut_doc *doc,
                            yyjson_mut_val *metadata)
{
    enum dev_propagation propagation = remove->options.propagation;
    yyjson_mut_val *finalizers = yyjson_mut_obj_get(metadata, "finalizers");
    if (propagation == DEV_PROPAGATION_DEFAULT || dev_is_namespace(remove->resource))
        return;
    if (propagation != DEV_PROPAGATION_ORPHAN)
        dev_edit_array_remove(finalizers, STR("orphan"));
    if (propagation != DEV_PROPAGATION_FOREGROUND)
        dev_edit_array_remove(finalizers, STR("foregroundDeletion"));
    if (propagation == DEV_PROPAGATION_ORPHAN)
        add_finalizer(doc, metadata, STR("orphan"));
    if (propagation == DEV_PROPAGATION_FOREGROUND)
        add_finalizer(doc, metadata, STR("foregroundDeletion"));
}

static void begin_deletion(struct dev_remove *remove, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    char now[RFC3339_MAX];
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    int64_t generation = dev_edit_int(metadata, "generation", 0);
    dev_edit_put_str(doc, metadata, "deletionTimestamp",
                     rfc3339_format_s(clock_wall_ms(&remove->server->clock), now));
    if (dev_is_namespace(remove->resource)) {
        dev_edit_put_str(doc, dev_edit_object(doc, object, "status"), "phase", STR("Terminating"));
        return;
    }
    if (dev_is_definition(remove->resource))
        return;
    dev_edit_put_int(doc, metadata, "deletionGracePeriodSeconds", 0);
    if (generation > 0)
        dev_edit_put_int(doc, metadata, "generation", generation + 1);
}

static bool store(struct dev_remove *remove, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    struct error err = {0};
    const struct dev_key key = {remove->resource->id, remove->ns, remove->name};
    enum dev_change_type type = remove->is_gone ? DEV_DELETED : DEV_MODIFIED;
    if (remove->options.is_dry_run) {
        if (!remove->is_gone)
            dev_write_text(object, &remove->stored);
        return true;
    }
    return dev_write_store(remove->server, &key, doc, object, type, &remove->stored, &err) ||
           dev_write_store_failed(remove->status, remove->resource, remove->name, &err);
}

static bool end_object(struct dev_remove *remove, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    yyjson_mut_val *before = yyjson_mut_val_mut_copy(doc, object);
    must(before);
    set_propagation(remove, doc, metadata);
    if (dev_is_definition(remove->resource) && !dev_meta_is_deleting(metadata))
        add_finalizer(doc, metadata, str_from(definition_finalizer));
    remove->is_gone = !dev_has_any_finalizer(remove->resource, object);
    if (remove->is_gone)
        return store(remove, doc, before);
    if (!dev_meta_is_deleting(metadata))
        begin_deletion(remove, doc, object);
    return yyjson_mut_equals(object, before) || store(remove, doc, object);
}

bool dev_remove(struct dev_remove *remove)
{
    const struct dev_key key = {remove->resource->id, remove->ns, remove->name};
    struct dev_record record = {0};
    struct error err = {0};
    if (is_immortal(remove))
        return refuse_immortal(remove);
    if (!dev_store_get(remove->server->store, &key, &record))
        return dev_status_not_found(remove->status, remove->resource->group,
                                    remove->resource->plural, remove->name);
    strbuf_append(&remove->stored, record.json);
    yyjson_doc *stored cleanup_json_doc = json_read(record.json, &err);
    must(stored); /* we wrote it */
    yyjson_mut_doc *doc cleanup_mut_doc = yyjson_doc_mut_copy(stored, NULL);
    must(doc);
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    remove->uid = arena_dup_str(remove->arena, dev_edit_str(metadata, "uid"));
    return check_preconditions(remove, metadata) && end_object(remove, doc, object);
}
