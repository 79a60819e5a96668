/* What a reflector does next: when it lists, watches, resumes, pauses. Pure: one step takes what
 * happened and says what to do; the reflector has the sockets, the timer and the store.
 *
 *   UNSERVED --served--> STREAMING --refused, or ended too early--> PAGING
 *                            | listed                                 | listed
 *                            +--------------> WATCHING <--------------+
 *
 *   WATCHING --ended in order--> WATCHING, resumed where it was (PAUSING when it ends over and
 * over) STREAMING, PAGING, WATCHING
 *       --410 or an ERROR event--> STREAMING (PAUSING when it is not the first)
 *       --failed otherwise--> PAUSING --time is up--> WATCHING, STREAMING where the place is lost
 *       --withdrawn, another version, stop--> CLOSING --ended--> UNSERVED, STREAMING, STOPPED
 *   UNSERVED, PAUSING --stop--> STOPPED
 *   PAUSING --withdrawn--> UNSERVED
 *
 * There is never more than one request: a new one begins when the old one has ended. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"

enum kube_reflector_phase {
    KUBE_REFLECTOR_UNSERVED,  /* the server does not have the kind */
    KUBE_REFLECTOR_STREAMING, /* the list, as the beginning of a watch */
    KUBE_REFLECTOR_PAGING,    /* the list, page by page */
    KUBE_REFLECTOR_WATCHING,
    KUBE_REFLECTOR_PAUSING, /* then the list, or the watch from where it ended */
    KUBE_REFLECTOR_CLOSING, /* the request is cancelled but has not ended yet */
    KUBE_REFLECTOR_STOPPED,
};

enum kube_reflector_event_type {
    KUBE_REFLECTOR_SERVED,    /* the kind is to be had */
    KUBE_REFLECTOR_WITHDRAWN, /* no longer */
    KUBE_REFLECTOR_TIME_IS_UP,
    KUBE_REFLECTOR_PAGE,     /* a page that is not the last */
    KUBE_REFLECTOR_LISTED,   /* the list is whole */
    KUBE_REFLECTOR_PROGRESS, /* an object or a bookmark came */
    KUBE_REFLECTOR_ENDED,    /* the request is over */
    KUBE_REFLECTOR_STOP,
};

struct kube_reflector_event {
    enum kube_reflector_event_type type;
    int64_t now_ms;            /* monotonic */
    uint64_t resource_version; /* LISTED, PROGRESS */
    bool is_same_resource;     /* SERVED: where it was served before */
    enum error_code code;      /* ENDED; ERROR_NONE: in order */
    int http_status;           /* ENDED; 0: none */
    int64_t retry_after_ms;    /* ENDED; 0: not said */
    bool is_error_event;       /* ENDED: because of an ERROR event in the stream */
};

enum kube_reflector_act {
    KUBE_REFLECTOR_KEEP, /* go on */
    KUBE_REFLECTOR_STREAM,
    KUBE_REFLECTOR_FIRST_PAGE,
    KUBE_REFLECTOR_NEXT_PAGE,
    KUBE_REFLECTOR_WATCH, /* from state.resource_version */
    KUBE_REFLECTOR_PAUSE, /* for pause_ms */
    KUBE_REFLECTOR_CANCEL,
    KUBE_REFLECTOR_CLOSE, /* nothing follows */
};

struct kube_reflector_effect {
    enum kube_reflector_act act;
    int64_t pause_ms;
    bool doubts_kind; /* discovery should look again */
    bool is_news;     /* a failure that people have not been told of */
    bool is_recovery; /* what they were told of is over */
};

struct kube_reflector_state {
    enum kube_reflector_phase phase;
    uint64_t resource_version; /* where the watch goes on; 0: list first */
    bool is_served;
    bool is_stopping;
    bool wants_pages;     /* this list is not to be had as a stream */
    bool has_progress;    /* the watch brought something new */
    unsigned failures;    /* since something new came */
    unsigned quick_ends;  /* watches in a row that ended at once and brought nothing */
    int64_t since_ms;     /* when the watch began */
    enum error_code told; /* the failure that people were told of */
};

void kube_reflector_state_init(struct kube_reflector_state *state);
struct kube_reflector_effect kube_reflector_step(struct kube_reflector_state *state,
                                                 const struct kube_reflector_event *event,
                                                 struct random *random);
