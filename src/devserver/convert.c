#include "devserver/convert.h"

#include <stdlib.h>

#include "base/must.h"
#include "kube/model/json.h"

static void set_api_version(yyjson_mut_doc *doc, yyjson_mut_val *object, struct str api_version)
{
    yyjson_mut_val *value = yyjson_mut_strncpy(doc, api_version.ptr, api_version.len);
    must(yyjson_mut_obj_put(object, yyjson_mut_str(doc, "apiVersion"), value));
}

static bool rename_key(yyjson_mut_doc *doc, yyjson_mut_val *key, struct str from, struct str to)
{
    if (!yyjson_mut_equals_strn(key, from.ptr, from.len))
        return false;
    yyjson_mut_val *copy = yyjson_mut_strncpy(doc, to.ptr, to.len);
    must(copy);
    return yyjson_mut_set_strn(key, yyjson_mut_get_str(copy), to.len);
}

static void rename_fields(const struct dev_resource *resource, bool is_to_stored,
                          yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    yyjson_mut_obj_iter iter;
    yyjson_mut_val *key;
    if (resource->field_name_count == 0 || !yyjson_mut_obj_iter_init(object, &iter))
        return;
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        for (size_t i = 0; i < resource->field_name_count; i++) {
            const struct dev_field_name *name = &resource->field_names[i];
            if (is_to_stored ? rename_key(doc, key, name->shown, name->stored)
                             : rename_key(doc, key, name->stored, name->shown))
                break;
        }
    }
}

void dev_convert_to_stored(const struct dev_resource *resource, yyjson_mut_doc *doc,
                           yyjson_mut_val *object)
{
    rename_fields(resource, true, doc, object);
    set_api_version(doc, object, resource->stored_api_version);
}

static struct str shown_api_version(const struct dev_resource *resource,
                                    const struct dev_version *version, struct strbuf *buf)
{
    if (!str_is_empty(resource->group))
        strbuf_printf(buf, STR_FMT "/", STR_ARG(resource->group));
    strbuf_append(buf, version->name);
    return strbuf_str(buf);
}

void dev_convert_to_version(const struct dev_resource *resource, const struct dev_version *version,
                            yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    cleanup_strbuf struct strbuf api_version = {0};
    rename_fields(resource, false, doc, object);
    set_api_version(doc, object, shown_api_version(resource, version, &api_version));
    if (!version->is_storage && version->schema)
        dev_schema_default(version->schema, doc, object);
}

/* Stored texts begin with their apiVersion, as a rule; they can be of an earlier storage version.
 */
static bool begins_with_version(struct str stored, struct str api_version)
{
    static const struct str start = {"{\"apiVersion\":\"", 15};
    return str_starts_with(stored, start) &&
           str_starts_with(str_skip(stored, start.len), api_version) &&
           str_starts_with(str_skip(stored, start.len + api_version.len), STR("\""));
}

bool dev_convert_text(const struct dev_resource *resource, const struct dev_version *version,
                      struct str stored, struct strbuf *out)
{
    struct error err = {0};
    cleanup_strbuf struct strbuf buf = {0};
    struct str api_version = shown_api_version(resource, version, &buf);
    if (resource->field_name_count == 0 && begins_with_version(stored, api_version))
        return false;
    cleanup_json_doc yyjson_doc *parsed = json_read(stored, &err);
    must(parsed); /* our own text */
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(parsed, NULL);
    must(doc);
    dev_convert_to_version(resource, version, doc, yyjson_mut_doc_get_root(doc));
    size_t len = 0;
    cleanup_free char *text = yyjson_mut_write(doc, 0, &len);
    must(text);
    yyjson_mut_doc_free(doc);
    strbuf_append(out, (struct str){text, len});
    return true;
}
