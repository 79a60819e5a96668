#include "kube/model/watch_event.h"

#include "kube/model/json.h"
#include "kube/model/status.h"

static bool find_type(struct str name, enum kube_watch_type *out)
{
    static const char *const names[] = {
        [KUBE_WATCH_ADDED] = "ADDED",     [KUBE_WATCH_MODIFIED] = "MODIFIED",
        [KUBE_WATCH_DELETED] = "DELETED", [KUBE_WATCH_BOOKMARK] = "BOOKMARK",
        [KUBE_WATCH_ERROR] = "ERROR",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq_cstr(name, names[i])) {
            *out = (enum kube_watch_type)i;
            return true;
        }
    }
    return false;
}

static bool is_initial_end(yyjson_val *metadata)
{
    yyjson_val *annotations = json_object(metadata, "annotations");
    return str_eq(json_str(annotations, "k8s.io/initial-events-end"), STR("true"));
}

bool kube_watch_event_parse(struct str line, struct kube_watch_event *out, struct error *err)
{
    cleanup_json_doc yyjson_doc *doc = json_read(line, err);
    if (!doc)
        return error_wrap(err, "watch event");
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct kube_watch_event event = {.object = json_object(root, "object")};
    struct str type = json_str(root, "type");
    if (!find_type(type, &event.type))
        return error_set(err, ERROR_INVALID, "watch event: type \"" STR_FMT "\" is unknown",
                         STR_ARG(type));
    if (!event.object)
        return error_set(err, ERROR_INVALID, "watch event " STR_FMT ": no object", STR_ARG(type));
    yyjson_val *metadata = json_object(event.object, "metadata");
    if (event.type != KUBE_WATCH_ERROR &&
        !str_to_u64(json_str(metadata, "resourceVersion"), &event.resource_version))
        return error_set(err, ERROR_INVALID, "watch event " STR_FMT ": no decimal resourceVersion",
                         STR_ARG(type));
    event.is_initial_end = event.type == KUBE_WATCH_BOOKMARK && is_initial_end(metadata);
    event.doc = steal_ptr(doc);
    *out = event;
    return true;
}

bool kube_watch_event_error(const struct kube_watch_event *event, struct error *err)
{
    int64_t code = json_int(event->object, "code", 0);
    bool is_status = code >= 400 && code <= 599;
    return kube_status_json_to_error(is_status ? (int)code : 500, event->object, err);
}

void kube_watch_event_fini(struct kube_watch_event *event)
{
    yyjson_doc_free(event->doc);
    *event = (struct kube_watch_event){0};
}
