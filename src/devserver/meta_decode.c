/* Reading metadata as the typed object would: see meta.h. */
#include "base/clock.h"
#include "base/must.h"
#include "devserver/edit.h"
#include "devserver/meta.h"

enum field_type { TEXT, UID, NUMBER, BOOLEAN, TIME, TEXT_MAP, TEXT_LIST, OWNERS, DROPPED };

struct field {
    const char *name;
    enum field_type type;
};

static const struct field object_meta[] = {
    {"name", TEXT},
    {"generateName", TEXT},
    {"namespace", TEXT},
    {"selfLink", DROPPED},
    {"uid", UID},
    {"resourceVersion", TEXT},
    {"generation", NUMBER},
    {"creationTimestamp", TIME},
    {"deletionTimestamp", TIME},
    {"deletionGracePeriodSeconds", NUMBER},
    {"labels", TEXT_MAP},
    {"annotations", TEXT_MAP},
    {"ownerReferences", OWNERS},
    {"finalizers", TEXT_LIST},
    {"managedFields", DROPPED},
};

static const struct field owner_reference[] = {
    {"apiVersion", TEXT}, {"kind", TEXT},          {"name", TEXT},
    {"uid", UID},         {"controller", BOOLEAN}, {"blockOwnerDeletion", BOOLEAN},
};

struct decoder {
    yyjson_mut_doc *doc;
    const struct dev_resource *resource;
    const char *type_name;   /* of the Go struct that is being read */
    const char *in_metadata; /* where it stands there: "", "ownerReferences." */
    struct strbuf *unknown;
    struct error *err;
};

static const char *go_type(yyjson_mut_val *value)
{
    switch (yyjson_mut_get_type(value)) {
    case YYJSON_TYPE_BOOL:
        return "bool";
    case YYJSON_TYPE_NUM:
        return "number";
    case YYJSON_TYPE_STR:
        return "string";
    case YYJSON_TYPE_ARR:
        return "array";
    default:
        return "object";
    }
}

static bool wrong_type(const struct decoder *decoder, const char *field, yyjson_mut_val *value,
                       const char *wanted)
{
    return error_set(decoder->err, ERROR_INVALID,
                     "json: cannot unmarshal %s into Go struct field %s.%s%s%s of type %s",
                     go_type(value), decoder->type_name,
                     decoder->resource->is_custom ? "" : "metadata.", decoder->in_metadata, field,
                     wanted);
}

static bool decode_time(const struct decoder *decoder, const char *name, yyjson_mut_val *value)
{
    struct str text = dev_edit_value_str(value);
    char buf[RFC3339_MAX];
    int64_t wall_us = 0;
    if (!yyjson_mut_is_str(value))
        return wrong_type(decoder, name, value, "string");
    if (!rfc3339_parse_us(text, &wall_us))
        return error_set(decoder->err, ERROR_INVALID,
                         "parsing time \"" STR_FMT "\" as \"2006-01-02T15:04:05Z07:00\": cannot "
                         "parse \"" STR_FMT "\" as \"2006\"",
                         STR_ARG(text), STR_ARG(text));
    struct str normal = rfc3339_format_s(wall_us / 1000, buf);
    yyjson_mut_val *copy = yyjson_mut_strncpy(decoder->doc, normal.ptr, normal.len);
    must(copy);
    yyjson_mut_set_strn(value, yyjson_mut_get_str(copy), normal.len);
    return true;
}

static bool decode_text_map(const struct decoder *decoder, const char *name, yyjson_mut_val *map)
{
    size_t i, max;
    yyjson_mut_val *key, *value;
    if (!yyjson_mut_is_obj(map))
        return wrong_type(decoder, name, map, "map[string]string");
    yyjson_mut_obj_foreach(map, i, max, key, value)
    {
        if (yyjson_mut_is_null(value))
            yyjson_mut_set_str(value, "");
        else if (!yyjson_mut_is_str(value))
            return wrong_type(decoder, name, value, "string");
    }
    return true;
}

static bool decode_text_list(const struct decoder *decoder, const char *name, yyjson_mut_val *list)
{
    size_t i, max;
    yyjson_mut_val *value;
    if (!yyjson_mut_is_arr(list))
        return wrong_type(decoder, name, list, "[]string");
    yyjson_mut_arr_foreach(list, i, max, value)
    {
        if (yyjson_mut_is_null(value))
            yyjson_mut_set_str(value, "");
        else if (!yyjson_mut_is_str(value))
            return wrong_type(decoder, name, value, "string");
    }
    return true;
}

static bool decode_fields(const struct decoder *decoder, const struct field *fields,
                          size_t field_count, struct str path, yyjson_mut_val *object);

static bool decode_owners(const struct decoder *decoder, yyjson_mut_val *owners)
{
    size_t i, max;
    yyjson_mut_val *owner;
    struct decoder inner = *decoder;
    inner.type_name = "OwnerReference";
    inner.in_metadata = "ownerReferences.";
    if (!yyjson_mut_is_arr(owners))
        return wrong_type(decoder, "ownerReferences", owners, "[]v1.OwnerReference");
    yyjson_mut_arr_foreach(owners, i, max, owner)
    {
        struct strbuf path cleanup_strbuf = {0};
        strbuf_printf(&path, "metadata.ownerReferences[%zu].", i);
        if (!yyjson_mut_is_obj(owner))
            return wrong_type(decoder, "ownerReferences", owner, "v1.OwnerReference");
        if (!decode_fields(&inner, owner_reference, ARRAY_LEN(owner_reference), strbuf_str(&path),
                           owner))
            return false;
    }
    return true;
}

static bool decode_field(const struct decoder *decoder, const struct field *field,
                         yyjson_mut_val *value)
{
    switch (field->type) {
    case TEXT:
        return yyjson_mut_is_str(value) || wrong_type(decoder, field->name, value, "string");
    case UID:
        return yyjson_mut_is_str(value) || wrong_type(decoder, field->name, value, "types.UID");
    case NUMBER:
        return yyjson_mut_is_int(value) || wrong_type(decoder, field->name, value, "int64");
    case BOOLEAN:
        return yyjson_mut_is_bool(value) || wrong_type(decoder, field->name, value, "bool");
    case TIME:
        return decode_time(decoder, field->name, value);
    case TEXT_MAP:
        return decode_text_map(decoder, field->name, value);
    case TEXT_LIST:
        return decode_text_list(decoder, field->name, value);
    case OWNERS:
        return decode_owners(decoder, value);
    case DROPPED:
        return true;
    }
    return true;
}

static const struct field *find_field(const struct field *fields, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_cstr(name, fields[i].name))
            return &fields[i];
    }
    return NULL;
}

/* As omitempty does. */
static bool is_left_out(const struct field *field, yyjson_mut_val *value)
{
    bool may_be_empty = field->type == TEXT || field->type == UID || field->type == TEXT_MAP ||
                        field->type == TEXT_LIST || field->type == OWNERS;
    return field->type == DROPPED || (may_be_empty && yyjson_mut_get_len(value) == 0);
}

static bool decode_fields(const struct decoder *decoder, const struct field *fields,
                          size_t field_count, struct str path, yyjson_mut_val *object)
{
    yyjson_mut_obj_iter iter;
    yyjson_mut_val *key;
    yyjson_mut_obj_iter_init(object, &iter);
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        struct str name = dev_edit_value_str(key);
        const struct field *field = find_field(fields, field_count, name);
        if (!field && decoder->unknown)
            strbuf_printf(decoder->unknown, STR_FMT STR_FMT "\n", STR_ARG(path), STR_ARG(name));
        bool is_there = field && !yyjson_mut_is_null(value);
        if (is_there && !decode_field(decoder, field, value))
            return false;
        if (!is_there || is_left_out(field, value))
            yyjson_mut_obj_iter_remove(&iter);
    }
    return true;
}

bool dev_meta_decode(const struct dev_resource *resource, yyjson_mut_doc *doc,
                     yyjson_mut_val *object, struct strbuf *unknown, struct error *err)
{
    const struct decoder decoder = {doc, resource, "ObjectMeta", "", unknown, err};
    yyjson_mut_val *metadata = yyjson_mut_obj_get(object, "metadata");
    if (metadata && !yyjson_mut_is_null(metadata) && !yyjson_mut_is_obj(metadata)) {
        if (resource->is_custom)
            return error_set(err, ERROR_INVALID,
                             "json: cannot unmarshal %s into Go value of type v1.ObjectMeta",
                             go_type(metadata));
        return error_set(err, ERROR_INVALID,
                         "json: cannot unmarshal %s into Go struct field " STR_FMT
                         ".metadata of type v1.ObjectMeta",
                         go_type(metadata), STR_ARG(resource->kind));
    }
    metadata = dev_edit_object(doc, object, "metadata");
    return decode_fields(&decoder, object_meta, ARRAY_LEN(object_meta), STR("metadata."), metadata);
}
