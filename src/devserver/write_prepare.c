#include "devserver/write_prepare.h"

#include <inttypes.h>
#include <stdio.h>

#include "devserver/edit.h"
#include "devserver/meta.h"

enum { UID_LEN = 36, SUFFIX_LEN = 5, PREFIX_MAX = 58 };

bool dev_is_definition(const struct dev_resource *resource)
{
    return str_eq_cstr(resource->id, "customresourcedefinitions.apiextensions.k8s.io");
}

bool dev_is_namespace(const struct dev_resource *resource)
{
    return str_eq_cstr(resource->id, "namespaces");
}

bool dev_has_any_finalizer(const struct dev_resource *resource, yyjson_mut_val *object)
{
    yyjson_mut_val *spec = yyjson_mut_obj_get(object, "spec");
    return dev_meta_has_finalizers(yyjson_mut_obj_get(object, "metadata")) ||
           (dev_is_namespace(resource) &&
            yyjson_mut_arr_size(yyjson_mut_obj_get(spec, "finalizers")) > 0);
}

static void put_uid(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *metadata)
{
    char uid[UID_LEN + 1];
    uint64_t high = random_next(&write->server->random);
    uint64_t low = random_next(&write->server->random);
    snprintf(uid, sizeof(uid),
             "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32,
             (high >> 16) & 0xffff, high & 0xfff, ((low >> 48) & 0x3fff) | 0x8000,
             low & 0xffffffffffff);
    dev_edit_put_str(doc, metadata, "uid", str_from(uid));
}

static void generate_name(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *metadata)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    struct strbuf name cleanup_strbuf = {0};
    struct str prefix = dev_edit_str(metadata, "generateName");
    if (!str_is_empty(dev_edit_str(metadata, "name")) || str_is_empty(prefix))
        return;
    strbuf_append(&name, prefix);
    if (name.len > PREFIX_MAX)
        strbuf_truncate(&name, PREFIX_MAX);
    for (int i = 0; i < SUFFIX_LEN; i++)
        strbuf_append_char(&name,
                           letters[random_below(&write->server->random, sizeof(letters) - 1)]);
    dev_edit_put_str(doc, metadata, "name", strbuf_str(&name));
}

static bool has_generation(const struct dev_write *write)
{
    return write->resource->is_custom || dev_is_definition(write->resource);
}

void dev_prepare_create(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    char now[RFC3339_MAX];
    yyjson_mut_val *metadata = dev_edit_object(doc, object, "metadata");
    generate_name(write, doc, metadata);
    put_uid(write, doc, metadata);
    dev_edit_put_str(doc, metadata, "creationTimestamp",
                     rfc3339_format_s(clock_wall_ms(&write->server->clock), now));
    dev_edit_remove(metadata, "resourceVersion");
    dev_edit_remove(metadata, "deletionTimestamp");
    dev_edit_remove(metadata, "deletionGracePeriodSeconds");
    if (has_generation(write))
        dev_edit_put_int(doc, metadata, "generation", 1);
    if (write->version->has_status)
        dev_edit_remove(object, "status");
}

/* Everything but metadata, and status where it is a subresource. */
static bool is_same_content(const struct dev_write *write, yyjson_mut_val *object,
                            yyjson_mut_val *before)
{
    yyjson_mut_val *sides[] = {object, before};
    for (size_t side = 0; side < ARRAY_LEN(sides); side++) {
        size_t i, max;
        yyjson_mut_val *key, *value;
        yyjson_mut_obj_foreach(sides[side], i, max, key, value)
        {
            struct str name = dev_edit_value_str(key);
            if (str_eq_cstr(name, "metadata") ||
                (write->version->has_status && str_eq_cstr(name, "status")))
                continue;
            yyjson_mut_val *other = yyjson_mut_obj_getn(sides[1 - side], name.ptr, name.len);
            if (!dev_edit_same(value, other))
                return false;
        }
    }
    return true;
}

static void keep_server_fields(yyjson_mut_doc *doc, yyjson_mut_val *metadata,
                               yyjson_mut_val *before)
{
    static const char *const if_absent[] = {"uid", "deletionTimestamp",
                                            "deletionGracePeriodSeconds"};
    dev_edit_copy(doc, metadata, before, "creationTimestamp");
    dev_edit_copy(doc, metadata, before, "generation");
    for (size_t i = 0; i < ARRAY_LEN(if_absent); i++) {
        if (!yyjson_mut_obj_get(metadata, if_absent[i]))
            dev_edit_copy(doc, metadata, before, if_absent[i]);
    }
}

/* All members of `object` but `name` become those of `before`. */
static void keep_all_but(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_mut_val *before,
                         const char *name)
{
    size_t i, max;
    yyjson_mut_val *key, *value;
    yyjson_mut_val *kept = yyjson_mut_obj_remove_key(object, name);
    yyjson_mut_obj_clear(object);
    yyjson_mut_obj_foreach(before, i, max, key, value)
    {
        if (!str_eq_cstr(dev_edit_value_str(key), name))
            yyjson_mut_obj_add(object, yyjson_mut_val_mut_copy(doc, key),
                               yyjson_mut_val_mut_copy(doc, value));
    }
    if (kept)
        dev_edit_put(doc, object, name, kept);
}

static void keep_other_parts(const struct dev_write *write, yyjson_mut_doc *doc,
                             yyjson_mut_val *object, yyjson_mut_val *before)
{
    if (str_eq_cstr(write->subresource, "finalize")) {
        keep_all_but(doc, object, before, "spec");
    } else if (str_eq_cstr(write->subresource, "status")) {
        if (write->resource->is_custom)
            keep_all_but(doc, object, before, "status");
        else
            dev_edit_copy(doc, object, before, "spec");
    } else {
        if (write->version->has_status)
            dev_edit_copy(doc, object, before, "status");
        if (dev_is_namespace(write->resource))
            dev_edit_copy(doc, object, before, "spec");
    }
}

void dev_prepare_update(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object,
                        yyjson_mut_val *before)
{
    yyjson_mut_val *old_metadata = yyjson_mut_obj_get(before, "metadata");
    keep_other_parts(write, doc, object, before);
    yyjson_mut_val *metadata = dev_edit_object(doc, object, "metadata");
    keep_server_fields(doc, metadata, old_metadata);
    if (has_generation(write) && !is_same_content(write, object, before))
        dev_edit_put_int(doc, metadata, "generation",
                         dev_edit_int(old_metadata, "generation", 0) + 1);
}
