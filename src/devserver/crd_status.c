#include <ctype.h>

#include "base/clock.h"
#include "base/must.h"
#include "devserver/crd.h"

/* The object at `key`, made when there is none. */
static yyjson_mut_val *object_at(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *key)
{
    yyjson_mut_val *child = yyjson_mut_obj_get(parent, key);
    if (yyjson_mut_is_obj(child))
        return child;
    (void)yyjson_mut_obj_remove_key(parent, key);
    return yyjson_mut_obj_add_obj(doc, parent, key);
}

static yyjson_mut_val *array_at(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *key)
{
    yyjson_mut_val *child = yyjson_mut_obj_get(parent, key);
    if (yyjson_mut_is_arr(child))
        return child;
    (void)yyjson_mut_obj_remove_key(parent, key);
    return yyjson_mut_obj_add_arr(doc, parent, key);
}

static struct str text_at(yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(object, key);
    return (struct str){yyjson_mut_get_str(value), yyjson_mut_get_len(value)};
}

/* Sets a text that is missing or empty. */
static void default_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                         const char *text)
{
    if (!str_is_empty(text_at(object, key)))
        return;
    (void)yyjson_mut_obj_remove_key(object, key);
    yyjson_mut_obj_add_strcpy(doc, object, key, text);
}

static void complete_names(yyjson_mut_doc *doc, yyjson_mut_val *names)
{
    struct str kind = text_at(names, "kind");
    if (str_is_empty(kind))
        return;
    cleanup_strbuf struct strbuf text = {0};
    strbuf_append(&text, kind);
    strbuf_append_cstr(&text, "List");
    default_text(doc, names, "listKind", text.data);
    strbuf_truncate(&text, kind.len);
    for (size_t i = 0; i < text.len; i++)
        text.data[i] = (char)tolower((unsigned char)text.data[i]);
    default_text(doc, names, "singular", text.data);
}

static yyjson_mut_val *find_condition(yyjson_mut_val *conditions, const char *type)
{
    yyjson_mut_val *condition;
    size_t i, max;
    yyjson_mut_arr_foreach(conditions, i, max, condition)
    {
        if (str_eq_cstr(text_at(condition, "type"), type))
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
    struct str now = rfc3339_format_s(now_ms, time);
    yyjson_mut_val *condition = yyjson_mut_arr_add_obj(doc, conditions);
    yyjson_mut_obj_add_strncpy(doc, condition, "lastTransitionTime", now.ptr, now.len);
    yyjson_mut_obj_add_str(doc, condition, "message", message);
    yyjson_mut_obj_add_str(doc, condition, "reason", reason);
    yyjson_mut_obj_add_str(doc, condition, "status", "True");
    yyjson_mut_obj_add_str(doc, condition, "type", type);
}

/* Every version that ever was the storage version, until somebody edits the status. */
static void add_stored_version(yyjson_mut_doc *doc, yyjson_mut_val *status, struct str version)
{
    yyjson_mut_val *stored = array_at(doc, status, "storedVersions");
    yyjson_mut_val *value;
    size_t i, max;
    yyjson_mut_arr_foreach(stored, i, max, value)
    {
        if (yyjson_mut_equals_strn(value, version.ptr, version.len))
            return;
    }
    yyjson_mut_arr_add_strncpy(doc, stored, version.ptr, version.len);
}

static void complete_stored_versions(yyjson_mut_doc *doc, yyjson_mut_val *spec,
                                     yyjson_mut_val *status)
{
    yyjson_mut_val *version;
    size_t i, max;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(spec, "versions"), i, max, version)
    {
        struct str name = text_at(version, "name");
        if (yyjson_mut_is_true(yyjson_mut_obj_get(version, "storage")) && !str_is_empty(name))
            add_stored_version(doc, status, name);
    }
}

void dev_crd_complete(yyjson_mut_doc *doc, yyjson_mut_val *crd, int64_t now_ms)
{
    yyjson_mut_val *spec = object_at(doc, crd, "spec");
    yyjson_mut_val *names = object_at(doc, spec, "names");
    yyjson_mut_val *status = object_at(doc, crd, "status");
    complete_names(doc, names);
    default_text(doc, object_at(doc, spec, "conversion"), "strategy", "None");
    (void)yyjson_mut_obj_remove_key(status, "acceptedNames");
    yyjson_mut_obj_add_val(doc, status, "acceptedNames", yyjson_mut_val_mut_copy(doc, names));
    yyjson_mut_val *conditions = array_at(doc, status, "conditions");
    add_condition(doc, conditions, "NamesAccepted", "NoConflicts", "no conflicts found", now_ms);
    add_condition(doc, conditions, "Established", "InitialNamesAccepted",
                  "the initial names have been accepted", now_ms);
    complete_stored_versions(doc, spec, status);
}
