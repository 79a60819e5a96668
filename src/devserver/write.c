#include "devserver/write.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/must.h"
#include "devserver/body.h"
#include "devserver/builtin.h"
#include "devserver/convert.h"
#include "devserver/crd.h"
#include "devserver/edit.h"
#include "devserver/meta.h"
#include "devserver/terminating.h"
#include "devserver/write_prepare.h"
#include "kube/model/json.h"

enum { NUMBER_MAX = 24 };

void dev_write_fini(struct dev_write *write)
{
    strbuf_fini(&write->duplicates);
    strbuf_fini(&write->stored);
}

static struct dev_key key_of(const struct dev_write *write, struct str name)
{
    return (struct dev_key){write->resource->id, write->ns, name};
}

bool dev_write_store_failed(struct dev_status *status, const struct dev_resource *resource,
                            struct str name, const struct error *err)
{
    if (err->code == ERROR_CONFLICT)
        return dev_status_already_exists(status, resource->group, resource->plural, name);
    if (err->code == ERROR_NOT_FOUND)
        return dev_status_not_found(status, resource->group, resource->plural, name);
    return dev_status_set(status, 500, "InternalError", "Internal error occurred: %s", err->text);
}

bool dev_write_store(struct dev_server *server, const struct dev_key *key, yyjson_mut_doc *doc,
                     yyjson_mut_val *object, enum dev_change_type type, struct strbuf *json_out,
                     struct error *err)
{
    char version[NUMBER_MAX];
    size_t len = 0;
    snprintf(version, sizeof(version), "%" PRIu64, dev_store_next_version(server->store));
    dev_edit_put_str(doc, dev_edit_object(doc, object, "metadata"), "resourceVersion",
                     str_from(version));
    cleanup_free char *text = yyjson_mut_val_write(object, YYJSON_WRITE_NOFLAG, &len);
    must(text);
    struct str json = {text, len};
    strbuf_clear(json_out);
    strbuf_append(json_out, json);
    switch (type) {
    case DEV_ADDED:
        return dev_store_create(server->store, key, json, err);
    case DEV_MODIFIED:
        return dev_store_update(server->store, key, json, err);
    case DEV_DELETED:
        return dev_store_remove(server->store, key, json, err);
    }
    return false;
}

void dev_write_text(yyjson_mut_val *object, struct strbuf *out)
{
    size_t len = 0;
    cleanup_free char *text = yyjson_mut_val_write(object, YYJSON_WRITE_NOFLAG, &len);
    must(text);
    strbuf_clear(out);
    strbuf_append(out, (struct str){text, len});
}

bool dev_write_load(struct dev_write *write, yyjson_mut_doc *doc, struct dev_before *out)
{
    struct dev_key key = key_of(write, write->name);
    struct dev_record record = {0};
    struct error err = {0};
    *out = (struct dev_before){0};
    if (!dev_store_get(write->server->store, &key, &record))
        return false;
    yyjson_doc *stored cleanup_json_doc = json_read(record.json, &err);
    must(stored); /* we wrote it */
    strbuf_clear(&write->stored);
    strbuf_append(&write->stored, record.json);
    out->stored = yyjson_val_mut_copy(doc, yyjson_doc_get_root(stored));
    out->shown = yyjson_val_mut_copy(doc, yyjson_doc_get_root(stored));
    must(out->stored && out->shown);
    dev_convert_to_version(write->resource, write->version, doc, out->shown);
    out->version = arena_dup_str(
        write->arena, dev_edit_str(yyjson_mut_obj_get(out->stored, "metadata"), "resourceVersion"));
    return true;
}

/* ---- form: what the client sent as the object that it means ------------------------------------
 */

bool dev_write_bad_patch(struct dev_write *write, yyjson_mut_val *object, struct str problem)
{
    struct dev_causes causes = {0};
    struct strbuf message cleanup_strbuf = {0};
    struct strbuf text cleanup_strbuf = {0};
    dev_write_text(object, &text);
    strbuf_append_cstr(&message, "Invalid value: ");
    strbuf_append_json(&message, strbuf_str(&text));
    strbuf_printf(&message, ": " STR_FMT, STR_ARG(problem));
    dev_causes_add(&causes, "FieldValueInvalid", STR("patch"), strbuf_str(&message));
    return dev_status_invalid(write->status, STR(""), STR(""), STR(""), &causes);
}

static bool bad_form(struct dev_write *write, yyjson_mut_val *object, struct str problem)
{
    if (write->is_patch)
        return dev_write_bad_patch(write, object, problem);
    return dev_status_bad_request(write->status,
                                  STR_FMT " in version \"" STR_FMT
                                          "\" cannot be handled as a " STR_FMT ": " STR_FMT,
                                  STR_ARG(write->resource->kind), STR_ARG(write->version->name),
                                  STR_ARG(write->resource->kind), STR_ARG(problem));
}

/* `unknown field "spec.foo"` for each line of *unknown. */
static void name_unknown(const struct strbuf *unknown, struct strbuf *out)
{
    struct str rest = strbuf_str(unknown);
    struct str line = {0};
    while (str_split(&rest, '\n', &line)) {
        if (!str_is_empty(line))
            strbuf_printf(out, "unknown field \"" STR_FMT "\"\n", STR_ARG(line));
    }
}

static bool tell_unknown(struct dev_write *write, yyjson_mut_val *object,
                         const struct strbuf *unknown)
{
    struct strbuf lines cleanup_strbuf = {0};
    struct strbuf text cleanup_strbuf = {0};
    struct str line = {0};
    strbuf_append(&lines, strbuf_str(&write->duplicates));
    name_unknown(unknown, &lines);
    if (write->options.validation == DEV_FIELDS_WARN)
        strbuf_append(write->warnings, strbuf_str(&lines));
    if (write->options.validation != DEV_FIELDS_STRICT || lines.len == 0)
        return true;
    struct str rest = strbuf_str(&lines);
    strbuf_append_cstr(&text, "strict decoding error: ");
    for (bool is_first = true; str_split(&rest, '\n', &line); is_first = false) {
        if (!str_is_empty(line))
            strbuf_printf(&text, "%s" STR_FMT, is_first ? "" : ", ", STR_ARG(line));
    }
    return bad_form(write, object, strbuf_str(&text));
}

static bool read_form(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    struct strbuf unknown cleanup_strbuf = {0};
    struct error err = {0};
    bool wants_unknown = write->options.validation != DEV_FIELDS_IGNORE;
    struct strbuf *to = wants_unknown ? &unknown : NULL;
    if (!dev_meta_decode(write->resource, doc, object, to, &err))
        return bad_form(write, object, str_from(err.text));
    if (write->version->schema) {
        dev_schema_prune(write->version->schema, doc, object, to);
        dev_schema_default(write->version->schema, doc, object);
    }
    return tell_unknown(write, object, &unknown);
}

static bool check_namespace_matches(struct dev_write *write, yyjson_mut_doc *doc,
                                    yyjson_mut_val *metadata)
{
    struct str ns = dev_edit_str(metadata, "namespace");
    if (!str_is_empty(ns) && !str_eq(ns, write->ns))
        return dev_status_bad_request(write->status,
                                      "the namespace of the provided object does not "
                                      "match the namespace sent on the request");
    if (!str_is_empty(write->ns))
        dev_edit_put_str(doc, metadata, "namespace", write->ns);
    return true;
}

static bool check_name_matches(struct dev_write *write, yyjson_mut_val *metadata)
{
    struct str name = dev_edit_str(metadata, "name");
    if (str_is_empty(name))
        return dev_status_bad_request(write->status,
                                      "the name of the object (" STR_FMT
                                      " based on URL) was undeterminable: name must be provided",
                                      STR_ARG(write->name));
    if (!str_eq(name, write->name))
        return dev_status_bad_request(write->status,
                                      "the name of the object (" STR_FMT
                                      ") does not match the name on the URL (" STR_FMT ")",
                                      STR_ARG(name), STR_ARG(write->name));
    return true;
}

/* ---- validation -------------------------------------------------------------------------------
 */

static const struct dev_version *storage_version(const struct dev_resource *resource)
{
    for (size_t i = 0; i < resource->version_count; i++) {
        if (resource->versions[i].is_storage)
            return &resource->versions[i];
    }
    return NULL;
}

/* From the client's version to what is stored, with everything that the server fills in. */
static void complete(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    const struct dev_version *storage = storage_version(write->resource);
    dev_convert_to_stored(write->resource, doc, object);
    if (storage && storage != write->version && storage->schema) {
        dev_schema_prune(storage->schema, doc, object, NULL);
        dev_schema_default(storage->schema, doc, object);
    }
    dev_builtin_default(write->resource, doc, object);
    if (dev_is_definition(write->resource))
        dev_crd_complete(doc, object, clock_wall_ms(&write->server->clock));
}

static void check_definition(yyjson_mut_val *object, struct dev_causes *causes)
{
    yyjson_doc *copy cleanup_json_doc = yyjson_mut_val_imut_copy(object, NULL);
    must(copy);
    dev_resource_unref(dev_crd_read(yyjson_doc_get_root(copy), causes));
}

static bool check_causes(struct dev_write *write, yyjson_mut_val *metadata,
                         struct dev_causes *causes)
{
    if (causes->count == 0) {
        dev_causes_fini(causes);
        return true;
    }
    struct str name = arena_dup_str(write->arena, dev_edit_str(metadata, "name"));
    return dev_status_invalid(write->status, write->resource->group, write->resource->kind, name,
                              causes);
}

/* In the client's version. `before` NULL: new. */
static bool validate(struct dev_write *write, yyjson_mut_val *object, yyjson_mut_val *before)
{
    struct dev_causes causes = {0};
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    dev_meta_validate(write->resource, metadata, &causes);
    if (before)
        dev_meta_validate_update(metadata, yyjson_mut_obj_get(before, "metadata"), &causes);
    if (write->version->schema)
        dev_schema_validate(write->version->schema, object, &causes);
    return check_causes(write, metadata, &causes);
}

/* In the stored form. */
static bool validate_stored(struct dev_write *write, yyjson_mut_val *object)
{
    struct dev_causes causes = {0};
    if (dev_is_definition(write->resource))
        check_definition(object, &causes);
    return check_causes(write, yyjson_mut_obj_get(object, "metadata"), &causes);
}

/* ---- create -----------------------------------------------------------------------------------
 */

static bool store_new(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    struct error err = {0};
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    struct str name = arena_dup_str(write->arena, dev_edit_str(metadata, "name"));
    struct dev_key key = key_of(write, name);
    struct dev_record record = {0};
    write->is_created = true;
    if (!write->options.is_dry_run)
        return dev_write_store(write->server, &key, doc, object, DEV_ADDED, &write->stored, &err) ||
               dev_write_store_failed(write->status, write->resource, name, &err);
    if (dev_store_get(write->server->store, &key, &record))
        return dev_status_already_exists(write->status, write->resource->group,
                                         write->resource->plural, name);
    dev_write_text(object, &write->stored);
    return true;
}

bool dev_write_create(struct dev_write *write, yyjson_mut_doc *doc)
{
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    if (!read_form(write, doc, object))
        return false;
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    if (!str_is_empty(write->name) && !check_name_matches(write, metadata))
        return false;
    if (!check_namespace_matches(write, doc, metadata))
        return false;
    if (!write->is_patch && !str_is_empty(dev_edit_str(metadata, "resourceVersion")))
        return dev_status_set(write->status, 500, "",
                              "resourceVersion should not be set on objects to be created");
    struct str name = arena_dup_str(write->arena, dev_edit_str(metadata, "name"));
    if (!dev_terminating_allows_create(write->server, write->resource, write->ns, name,
                                       write->status))
        return false;
    dev_prepare_create(write, doc, object);
    if (!validate(write, object, NULL))
        return false;
    complete(write, doc, object);
    return validate_stored(write, object) && store_new(write, doc, object);
}

/* ---- update -----------------------------------------------------------------------------------
 */

static bool may_update_unconditionally(const struct dev_resource *resource)
{
    return !resource->is_custom && !dev_is_definition(resource) &&
           !str_eq_cstr(resource->id, "leases.coordination.k8s.io");
}

static bool check_version(struct dev_write *write, yyjson_mut_val *metadata,
                          const struct dev_before *before)
{
    const struct dev_resource *resource = write->resource;
    struct dev_causes causes = {0};
    struct str version = dev_edit_str(metadata, "resourceVersion");
    uint64_t number = 0;
    if (!str_is_empty(version) && !str_to_u64(version, &number))
        return dev_status_set(write->status, 500, "",
                              "strconv.ParseUint: parsing \"" STR_FMT "\": invalid syntax",
                              STR_ARG(version));
    if (number == 0 && may_update_unconditionally(resource))
        return true;
    if (number == 0) {
        dev_causes_add(&causes, "FieldValueInvalid", STR("metadata.resourceVersion"),
                       STR("Invalid value: 0: must be specified for an update"));
        return dev_status_invalid(write->status, resource->group, resource->plural, write->name,
                                  &causes);
    }
    if (str_eq(version, before->version))
        return true;
    return dev_status_conflict(write->status, resource->group, resource->plural, write->name, NULL);
}

static bool check_uid(struct dev_write *write, yyjson_mut_val *metadata,
                      const struct dev_before *before)
{
    struct strbuf why cleanup_strbuf = {0};
    const struct dev_resource *resource = write->resource;
    struct str uid = dev_edit_str(metadata, "uid");
    struct str old_uid = dev_edit_str(yyjson_mut_obj_get(before->stored, "metadata"), "uid");
    if (write->is_patch || str_is_empty(uid) || str_eq(uid, old_uid))
        return true;
    strbuf_printf(&why,
                  "StorageError: invalid object, Code: 4, Key: /registry/" STR_FMT "/" STR_FMT
                  "/" STR_FMT ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID "
                  "in precondition: " STR_FMT ", UID in object meta: " STR_FMT,
                  STR_ARG(resource->plural), STR_ARG(write->ns), STR_ARG(write->name), STR_ARG(uid),
                  STR_ARG(old_uid));
    return dev_status_conflict(write->status, resource->group, resource->plural, write->name,
                               why.data);
}

/* The last finalizer of an object that is being deleted has gone: so does the object. Its last
 * state for watches is the one before, with the resourceVersion of the deletion. */
static bool store_end(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object,
                      const struct dev_before *before)
{
    struct error err = {0};
    struct strbuf last cleanup_strbuf = {0};
    struct dev_key key = key_of(write, write->name);
    dev_write_text(object, &write->stored);
    return write->options.is_dry_run ||
           dev_write_store(write->server, &key, doc, before->stored, DEV_DELETED, &last, &err) ||
           dev_write_store_failed(write->status, write->resource, write->name, &err);
}

static bool store_change(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object,
                         const struct dev_before *before)
{
    struct error err = {0};
    struct dev_key key = key_of(write, write->name);
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    dev_edit_put_str(doc, metadata, "resourceVersion", before->version);
    if (dev_edit_same(object, before->stored))
        return true; /* nothing changes: write->stored is the object already */
    if (dev_meta_is_deleting(metadata) && !dev_has_any_finalizer(write->resource, object))
        return store_end(write, doc, object, before);
    if (write->options.is_dry_run) {
        dev_write_text(object, &write->stored);
        return true;
    }
    return dev_write_store(write->server, &key, doc, object, DEV_MODIFIED, &write->stored, &err) ||
           dev_write_store_failed(write->status, write->resource, write->name, &err);
}

/* The form of *object was read. */
static bool change(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object,
                   const struct dev_before *before)
{
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    if (!check_uid(write, metadata, before) || !check_version(write, metadata, before))
        return false;
    dev_prepare_update(write, doc, object, before->shown);
    if (!validate(write, object, before->shown))
        return false;
    complete(write, doc, object);
    return validate_stored(write, object) && store_change(write, doc, object, before);
}

static bool read_named(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    if (!read_form(write, doc, object))
        return false;
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    return check_name_matches(write, metadata) && check_namespace_matches(write, doc, metadata);
}

bool dev_write_update(struct dev_write *write, yyjson_mut_doc *doc, const struct dev_before *before)
{
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    return read_named(write, doc, object) && change(write, doc, object, before);
}

static bool may_create_on_update(const struct dev_resource *resource)
{
    return str_eq_cstr(resource->id, "leases.coordination.k8s.io") ||
           str_eq_cstr(resource->id, "events");
}

bool dev_write_replace(struct dev_write *write, yyjson_mut_doc *doc)
{
    struct dev_before before;
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    if (dev_write_load(write, doc, &before))
        return dev_write_update(write, doc, &before);
    if (may_create_on_update(write->resource) && str_is_empty(write->subresource))
        return dev_write_create(write, doc);
    if (!read_named(write, doc, object))
        return false;
    return dev_status_not_found(write->status, write->resource->group, write->resource->plural,
                                write->name);
}
