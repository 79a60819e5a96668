/* Puts what lists and watches say into a store, object by object. What cannot be read is logged,
 * counted and left out; it never holds up the rest, and never takes an older version of the object,
 * which is still the best that is known of it, out of the store. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "kube/model/store.h"

struct kube_feed {
    struct kube_store *store; /* borrowed */
    struct log *log;
    struct arena scratch;
    uint64_t events;    /* ADDED, MODIFIED, DELETED that could be read */
    uint64_t bad_lines; /* lines and objects that could not */
};

void kube_feed_init(struct kube_feed *feed, struct kube_store *store, struct log *log);
void kube_feed_fini(struct kube_feed *feed);

enum kube_feed_result {
    KUBE_FEED_UNREADABLE,
    KUBE_FEED_OBJECT, /* changed or left something; also one without a view */
    KUBE_FEED_BOOKMARK,
    KUBE_FEED_INITIAL_END, /* the bookmark that ends a streamed list */
    KUBE_FEED_ERROR,       /* the ERROR event in *err */
};
/* *resource_version_out: of an object or bookmark. */
enum kube_feed_result kube_feed_line(struct kube_feed *feed, struct str line,
                                     uint64_t *resource_version_out, struct error *err);

struct kube_feed_page {
    uint64_t resource_version; /* of the whole list */
    char *continue_token;      /* heap; NULL: this was the last page */
};
/* ERROR_INVALID: not a list; *out is untouched. */
must_check bool kube_feed_page(struct kube_feed *feed, struct str body, struct kube_feed_page *out,
                               struct error *err);
