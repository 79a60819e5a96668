#include <ctype.h>

#include "base/clock.h"
#include "devserver/crd.h"
#include "devserver/edit.h"

static yyjson_mut_val *array_at(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *key)
{
    yyjson_mut_val *child = yyjson_mut_obj_get(parent, key);
    if (yyjson_mut_is_arr(child))
        return child;
    child = yyjson_mut_arr(doc);
    dev_edit_put(doc, parent, key, child);
    return child;
}

static void default_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                         struct str text)
{
    if (str_is_empty(dev_edit_str(object, key)))
        dev_edit_put_str(doc, object, key, text);
}

static void complete_names(yyjson_mut_doc *doc, yyjson_mut_val *names)
{
    struct str kind = dev_edit_str(names, "kind");
    if (str_is_empty(kind))
        return;
    cleanup_strbuf struct strbuf text = {0};
    strbuf_append(&text, kind);
    strbuf_append_cstr(&text, "List");
    default_text(doc, names, "listKind", strbuf_str(&text));
    strbuf_truncate(&text, kind.len);
    for (size_t i = 0; i < text.len; i++)
        text.data[i] = (char)tolower((unsigned char)text.data[i]);
    default_text(doc, names, "singular", strbuf_str(&text));
}

static yyjson_mut_val *find_condition(yyjson_mut_val *conditions, const char *type)
{
    yyjson_mut_val *condition;
    size_t i, max;
    yyjson_mut_arr_foreach(conditions, i, max, condition)
    {
        if (str_eq_cstr(dev_edit_str(condition, "type"), type))
            return condition;
    }
    return NULL;
}

static void add_condition(yyjson_mut_doc *doc, yyjson_mut_val *conditions, const char *type,
                          const char *reason, const char *message, int64_t now_ms)
{
    char time[RFC3339_MAX];
    if (find_condition(conditions, type))
        return;
    yyjson_mut_val *condition = yyjson_mut_arr_add_obj(doc, conditions);
    dev_edit_put_str(doc, condition, "lastTransitionTime", rfc3339_format_s(now_ms, time));
    dev_edit_put_str(doc, condition, "message", str_from(message));
    dev_edit_put_str(doc, condition, "reason", str_from(reason));
    dev_edit_put_str(doc, condition, "status", STR("True"));
    dev_edit_put_str(doc, condition, "type", str_from(type));
}

/* Every version that ever was the storage version, until somebody edits the status. */
static void complete_stored_versions(yyjson_mut_doc *doc, yyjson_mut_val *spec,
                                     yyjson_mut_val *status)
{
    yyjson_mut_val *stored = array_at(doc, status, "storedVersions");
    yyjson_mut_val *version;
    size_t i, max;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(spec, "versions"), i, max, version)
    {
        struct str name = dev_edit_str(version, "name");
        if (yyjson_mut_is_true(yyjson_mut_obj_get(version, "storage")) && !str_is_empty(name) &&
            !dev_edit_array_has(stored, name))
            yyjson_mut_arr_add_strncpy(doc, stored, name.ptr, name.len);
    }
}

void dev_crd_complete(yyjson_mut_doc *doc, yyjson_mut_val *crd, int64_t now_ms)
{
    yyjson_mut_val *spec = dev_edit_object(doc, crd, "spec");
    yyjson_mut_val *names = dev_edit_object(doc, spec, "names");
    yyjson_mut_val *status = dev_edit_object(doc, crd, "status");
    complete_names(doc, names);
    default_text(doc, dev_edit_object(doc, spec, "conversion"), "strategy", STR("None"));
    dev_edit_put(doc, status, "acceptedNames", yyjson_mut_val_mut_copy(doc, names));
    yyjson_mut_val *conditions = array_at(doc, status, "conditions");
    add_condition(doc, conditions, "NamesAccepted", "NoConflicts", "no conflicts found", now_ms);
    add_condition(doc, conditions, "Established", "InitialNamesAccepted",
                  "the initial names have been accepted", now_ms);
    complete_stored_versions(doc, spec, status);
}
