#include "devserver/meta.h"

#include "base/must.h"
#include "devserver/edit.h"
#include "devserver/names.h"

enum { ANNOTATIONS_MAX_BYTES = 256 * 1024 };

static void add_invalid(struct dev_causes *causes, const char *field, struct str value,
                        const char *problem)
{
    struct strbuf message cleanup_strbuf = {0};
    strbuf_append_cstr(&message, "Invalid value: ");
    strbuf_append_json(&message, value);
    strbuf_printf(&message, ": %s", problem);
    dev_causes_add(causes, "FieldValueInvalid", str_from(field), strbuf_str(&message));
}

static void add_invalid_value(struct dev_causes *causes, const char *field, yyjson_mut_val *value,
                              const char *problem)
{
    struct strbuf message cleanup_strbuf = {0};
    cleanup_free char *text = value ? yyjson_mut_val_write(value, YYJSON_WRITE_NOFLAG, NULL) : NULL;
    strbuf_printf(&message, "Invalid value: %s: %s", text ? text : "null", problem);
    dev_causes_add(causes, "FieldValueInvalid", str_from(field), strbuf_str(&message));
}

static void validate_name(const struct dev_resource *resource, yyjson_mut_val *metadata,
                          struct dev_causes *causes)
{
    bool is_namespace = str_eq_cstr(resource->id, "namespaces");
    const char *(*check)(struct str) =
        is_namespace ? dev_names_check_label : dev_names_check_subdomain;
    struct str prefix = dev_edit_str(metadata, "generateName");
    struct str name = dev_edit_str(metadata, "name");
    const char *problem = str_is_empty(prefix) ? NULL : dev_names_check_prefix(prefix, check);
    if (problem)
        add_invalid(causes, "metadata.generateName", prefix, problem);
    problem = str_is_empty(name) ? NULL : check(name);
    if (problem)
        add_invalid(causes, "metadata.name", name, problem);
    if (str_is_empty(name))
        dev_causes_add(causes, "FieldValueRequired", STR("metadata.name"),
                       STR("Required value: name or generateName is required"));
}

static void validate_labels(yyjson_mut_val *labels, struct dev_causes *causes)
{
    size_t i, max;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(labels, i, max, key, value)
    {
        const char *problem = dev_names_check_qualified(dev_edit_value_str(key));
        if (problem)
            add_invalid(causes, "metadata.labels", dev_edit_value_str(key), problem);
        problem = dev_names_check_label_value(dev_edit_value_str(value));
        if (problem)
            add_invalid(causes, "metadata.labels", dev_edit_value_str(value), problem);
    }
}

/* Keys of annotations may have capital letters in their prefix. */
static const char *check_annotation_key(struct str key)
{
    char lower[512];
    if (key.len > sizeof(lower))
        return dev_names_check_qualified(key);
    for (size_t i = 0; i < key.len; i++)
        lower[i] = key.ptr[i] >= 'A' && key.ptr[i] <= 'Z' ? (char)(key.ptr[i] + 32) : key.ptr[i];
    return dev_names_check_qualified((struct str){lower, key.len});
}

static void validate_annotations(yyjson_mut_val *annotations, struct dev_causes *causes)
{
    size_t i, max;
    size_t total_bytes = 0;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(annotations, i, max, key, value)
    {
        const char *problem = check_annotation_key(dev_edit_value_str(key));
        if (problem)
            add_invalid(causes, "metadata.annotations", dev_edit_value_str(key), problem);
        total_bytes += yyjson_mut_get_len(key) + yyjson_mut_get_len(value);
    }
    if (total_bytes > ANNOTATIONS_MAX_BYTES)
        dev_causes_add(causes, "FieldValueTooLong", STR("metadata.annotations"),
                       STR("Too long: may not be more than 262144 bytes"));
}

static bool is_standard_finalizer(struct str name)
{
    size_t slash = 0;
    return str_eq_cstr(name, "kubernetes") || str_eq_cstr(name, "orphan") ||
           str_eq_cstr(name, "foregroundDeletion") || str_find(name, '/', &slash);
}

static void validate_finalizers(const struct dev_resource *resource, yyjson_mut_val *finalizers,
                                struct dev_causes *causes)
{
    size_t i, max;
    yyjson_mut_val *value;
    bool has_orphan = dev_edit_array_has(finalizers, STR("orphan"));
    bool has_foreground = dev_edit_array_has(finalizers, STR("foregroundDeletion"));
    yyjson_mut_arr_foreach(finalizers, i, max, value)
    {
        struct str name = dev_edit_value_str(value);
        const char *problem = dev_names_check_qualified(name);
        if (problem)
            add_invalid(causes, "metadata.finalizers", name, problem);
        /* Kinds of the core group are stricter; custom resources get a warning there. */
        if (!resource->is_custom && !is_standard_finalizer(name)) {
            struct strbuf field cleanup_strbuf = {0};
            strbuf_printf(&field, "metadata.finalizers[%zu]", i);
            add_invalid(causes, field.data, name,
                        "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
    if (has_orphan && has_foreground)
        add_invalid_value(causes, "metadata.finalizers", finalizers,
                          "finalizer orphan and foregroundDeletion cannot be both set");
}

static void validate_owner(yyjson_mut_val *owner, struct dev_causes *causes)
{
    struct str version = dev_edit_str(owner, "apiVersion");
    size_t slash = 0;
    bool has_version =
        !str_is_empty(version) && !(str_find(version, '/', &slash) && slash + 1 == version.len);
    if (!has_version)
        add_invalid(causes, "metadata.ownerReferences.apiVersion", version,
                    "version must not be empty");
    if (str_is_empty(dev_edit_str(owner, "kind")))
        add_invalid(causes, "metadata.ownerReferences.kind", STR(""), "must not be empty");
    if (str_is_empty(dev_edit_str(owner, "name")))
        add_invalid(causes, "metadata.ownerReferences.name", STR(""), "must not be empty");
    if (str_is_empty(dev_edit_str(owner, "uid")))
        add_invalid(causes, "metadata.ownerReferences.uid", STR(""), "must not be empty");
}

static void add_two_controllers(yyjson_mut_val *owners, yyjson_mut_val *first,
                                yyjson_mut_val *second, struct dev_causes *causes)
{
    struct strbuf message cleanup_strbuf = {0};
    char *list = yyjson_mut_val_write(owners, YYJSON_WRITE_NOFLAG, NULL);
    strbuf_printf(&message,
                  "Invalid value: %s: Only one reference can have Controller set to true. Found "
                  "\"true\" in references for " STR_FMT "/" STR_FMT " and " STR_FMT "/" STR_FMT,
                  list ? list : "[]", STR_ARG(dev_edit_str(first, "kind")),
                  STR_ARG(dev_edit_str(first, "name")), STR_ARG(dev_edit_str(second, "kind")),
                  STR_ARG(dev_edit_str(second, "name")));
    free(list);
    dev_causes_add(causes, "FieldValueInvalid", STR("metadata.ownerReferences"),
                   strbuf_str(&message));
}

static void validate_owners(yyjson_mut_val *owners, struct dev_causes *causes)
{
    size_t i, max;
    yyjson_mut_val *owner;
    yyjson_mut_val *controller = NULL;
    yyjson_mut_arr_foreach(owners, i, max, owner)
    {
        validate_owner(owner, causes);
        if (!yyjson_mut_get_bool(yyjson_mut_obj_get(owner, "controller")))
            continue;
        if (controller)
            add_two_controllers(owners, controller, owner, causes);
        controller = owner;
    }
}

void dev_meta_validate(const struct dev_resource *resource, yyjson_mut_val *metadata,
                       struct dev_causes *causes)
{
    validate_name(resource, metadata, causes);
    validate_labels(yyjson_mut_obj_get(metadata, "labels"), causes);
    validate_annotations(yyjson_mut_obj_get(metadata, "annotations"), causes);
    validate_owners(yyjson_mut_obj_get(metadata, "ownerReferences"), causes);
    validate_finalizers(resource, yyjson_mut_obj_get(metadata, "finalizers"), causes);
}

static void check_immutable(const char *name, const char *field, yyjson_mut_val *metadata,
                            yyjson_mut_val *old_metadata, struct dev_causes *causes)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(metadata, name);
    if (!dev_edit_same(value, yyjson_mut_obj_get(old_metadata, name)))
        add_invalid_value(causes, field, value, "field is immutable");
}

static int cmp_texts(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void check_new_finalizers(yyjson_mut_val *finalizers, yyjson_mut_val *old_finalizers,
                                 struct dev_causes *causes)
{
    struct strbuf message cleanup_strbuf = {0};
    size_t i, max;
    size_t count = 0;
    yyjson_mut_val *value;
    cleanup_free struct str *added =
        mem_grow_array(NULL, yyjson_mut_arr_size(finalizers) + 1, sizeof(*added));
    yyjson_mut_arr_foreach(finalizers, i, max, value)
    {
        if (!dev_edit_array_has(old_finalizers, dev_edit_value_str(value)))
            added[count++] = dev_edit_value_str(value);
    }
    if (count == 0)
        return;
    qsort(added, count, sizeof(*added), cmp_texts);
    strbuf_append_cstr(&message, "Forbidden: no new finalizers can be added if the object is being "
                                 "deleted, found new finalizers []string{");
    for (i = 0; i < count; i++) {
        strbuf_append_cstr(&message, i == 0 ? "" : ", ");
        strbuf_append_json(&message, added[i]);
    }
    strbuf_append_char(&message, '}');
    dev_causes_add(causes, "FieldValueForbidden", STR("metadata.finalizers"), strbuf_str(&message));
}

static void validate_update(yyjson_mut_val *metadata, yyjson_mut_val *old_metadata,
                            struct dev_causes *causes)
{
    if (dev_meta_is_deleting(old_metadata))
        check_new_finalizers(yyjson_mut_obj_get(metadata, "finalizers"),
                             yyjson_mut_obj_get(old_metadata, "finalizers"), causes);
    check_immutable("uid", "metadata.uid", metadata, old_metadata, causes);
    check_immutable("deletionTimestamp", "metadata.deletionTimestamp", metadata, old_metadata,
                    causes);
    check_immutable("deletionGracePeriodSeconds", "metadata.deletionGracePeriodSeconds", metadata,
                    old_metadata, causes);
}

void dev_meta_validate_update(yyjson_mut_val *metadata, yyjson_mut_val *old_metadata,
                              struct dev_causes *causes)
{
    /* kube-apiserver does so for all kinds, and each kind again: its answers say everything twice.
     */
    validate_update(metadata, old_metadata, causes);
    validate_update(metadata, old_metadata, causes);
}

bool dev_meta_is_deleting(yyjson_mut_val *metadata)
{
    return yyjson_mut_is_str(yyjson_mut_obj_get(metadata, "deletionTimestamp"));
}

bool dev_meta_has_finalizers(yyjson_mut_val *metadata)
{
    return yyjson_mut_arr_size(yyjson_mut_obj_get(metadata, "finalizers")) > 0;
}
