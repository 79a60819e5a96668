/* One line of a watch. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/str.h"

enum kube_watch_type {
    KUBE_WATCH_ADDED,
    KUBE_WATCH_MODIFIED,
    KUBE_WATCH_DELETED,
    KUBE_WATCH_BOOKMARK,
    KUBE_WATCH_ERROR
};

struct kube_watch_event {
    enum kube_watch_type type;
    yyjson_doc *doc;           /* owned */
    yyjson_val *object;        /* in doc */
    uint64_t resource_version; /* of the object or bookmark; 0 in ERROR */
    bool is_initial_end;       /* bookmark with k8s.io/initial-events-end: "true" */
};

/* ERROR_INVALID: not a watch event. An ERROR event parses well; kube_watch_event_error says what
 * it holds. */
must_check bool kube_watch_event_parse(struct str line, struct kube_watch_event *out,
                                       struct error *err);
bool kube_watch_event_error(const struct kube_watch_event *event, struct error *err);
void kube_watch_event_fini(struct kube_watch_event *event);
