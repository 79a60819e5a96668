#include "kube/feed.h"

#include "kube/model/json.h"
#include "kube/model/watch_event.h"

void kube_feed_init(struct kube_feed *feed, struct kube_store *store, struct log *log)
{
    *feed = (struct kube_feed){.store = store, .log = log};
    arena_init(&feed->scratch);
}

void kube_feed_fini(struct kube_feed *feed)
{
    arena_fini(&feed->scratch);
}

/* The version in the store outlives one that cannot be read, also when a list is what replaces it;
 * unless it is of another object, which had the name before. */
static bool keep_older(struct kube_feed *feed, yyjson_val *metadata)
{
    const struct kube_object *older =
        kube_store_find(feed->store, json_str(metadata, "namespace"), json_str(metadata, "name"));
    struct str uid = json_str(metadata, "uid");
    if (!older || (!str_is_empty(uid) && !str_eq(older->meta.uid, uid)))
        return false;
    kube_store_put(feed->store, kube_object_ref(older)); /* changes nothing, but counts as listed */
    return true;
}

static void put(struct kube_feed *feed, yyjson_val *json)
{
    const struct kube_object *object = NULL;
    struct error err = {0};
    if (kube_object_parse(kube_store_kind(feed->store), json, &feed->scratch, &object, &err)) {
        kube_store_put(feed->store, object);
        return;
    }
    yyjson_val *metadata = json_object(json, "metadata");
    bool is_kept = keep_older(feed, metadata);
    feed->bad_lines++;
    log_warning(feed->log, "An object cannot be read and is left out",
                LOG_CSTR("kind", kube_store_kind(feed->store)->kind),
                LOG_STR("namespace", json_str(metadata, "namespace")),
                LOG_STR("name", json_str(metadata, "name")), LOG_ERR(&err),
                LOG_BOOL("olderVersionStays", is_kept));
}

static void remove_seen(struct kube_feed *feed, yyjson_val *json)
{
    yyjson_val *metadata = json_object(json, "metadata");
    kube_store_remove_seen(feed->store, json_str(metadata, "namespace"), json_str(metadata, "name"),
                           json_str(metadata, "uid"));
}

static enum kube_feed_result take_event(struct kube_feed *feed,
                                        const struct kube_watch_event *event, struct error *err)
{
    switch (event->type) {
    case KUBE_WATCH_ADDED:
    case KUBE_WATCH_MODIFIED:
        feed->events++;
        put(feed, event->object);
        return KUBE_FEED_OBJECT;
    case KUBE_WATCH_DELETED:
        feed->events++;
        remove_seen(feed, event->object);
        return KUBE_FEED_OBJECT;
    case KUBE_WATCH_BOOKMARK:
        return event->is_initial_end ? KUBE_FEED_INITIAL_END : KUBE_FEED_BOOKMARK;
    case KUBE_WATCH_ERROR:
        kube_watch_event_error(event, err);
        return KUBE_FEED_ERROR;
    }
    return KUBE_FEED_UNREADABLE;
}

enum kube_feed_result kube_feed_line(struct kube_feed *feed, struct str line,
                                     uint64_t *resource_version_out, struct error *err)
{
    struct kube_watch_event event = {0};
    if (!kube_watch_event_parse(line, &event, err)) {
        feed->bad_lines++;
        log_warning(feed->log, "A line of a watch cannot be read and is left out",
                    LOG_CSTR("kind", kube_store_kind(feed->store)->kind), LOG_ERR(err));
        return KUBE_FEED_UNREADABLE;
    }
    enum kube_feed_result result = take_event(feed, &event, err);
    *resource_version_out = event.resource_version;
    kube_watch_event_fini(&event);
    return result;
}

bool kube_feed_page(struct kube_feed *feed, struct str body, struct kube_feed_page *out,
                    struct error *err)
{
    cleanup_json_doc yyjson_doc *doc = json_read(body, err);
    if (!doc)
        return error_wrap(err, "list");
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *metadata = json_object(root, "metadata");
    uint64_t resource_version = 0;
    if (!str_to_u64(json_str(metadata, "resourceVersion"), &resource_version) ||
        resource_version == 0)
        return error_set(err, ERROR_INVALID, "list: no decimal resourceVersion");
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(json_array(root, "items"), i, max, item)
    {
        put(feed, item);
    }
    struct str token = json_str(metadata, "continue");
    out->resource_version = resource_version;
    out->continue_token = str_is_empty(token) ? NULL : str_dup_cstr(token);
    return true;
}
