/* A core/v1 Event as text. Pure. */
#pragma once
#include <stdint.h>

#include "base/str.h"
#include "base/strbuf.h"
#include "kube/model/actions.h"

enum { KUBE_EVENT_MESSAGE_MAX = 1024, KUBE_EVENT_NAME_MAX = 253 };

/* The object an Event is about. All texts of this header are borrowed. */
struct kube_event_subject {
    const char *group; /* "": core */
    struct str version;
    const char *kind;
    struct str ns; /* empty: cluster-scoped */
    struct str name;
    struct str uid;
    uint64_t resource_version; /* 0: not said */
};

struct kube_event {
    struct kube_event_subject about;
    enum kube_event_type type;
    struct str reason;
    struct str message;
    const char *component;
    const char *instance;
    uint64_t id;      /* makes the name unique */
    int64_t count;    /* how often it happened */
    int64_t first_ms; /* wall clock */
    int64_t last_ms;
};

/* Where Events about cluster-scoped objects are kept too: "default". */
struct str kube_event_namespace(const struct kube_event *event);
/* "<object name>.<16 hexadecimal digits>", the object's name cut where it is too long. */
struct str kube_event_name(const struct kube_event *event, char buf[KUBE_EVENT_NAME_MAX + 1]);
/* Appends the object to POST. */
void kube_event_write(struct strbuf *out, const struct kube_event *event);
/* Appends the merge patch that counts it up. */
void kube_event_write_count(struct strbuf *out, const struct kube_event *event);
