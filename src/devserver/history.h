/* The last changes, for watches that resume, and the watches themselves: who is told what. Bounded
 * by count and bytes; older changes are compacted away (410 Gone, "too old resource version"). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devserver/store.h"

struct dev_history_options {
    size_t max_changes; /* 0: 100,000 */
    size_t max_bytes;   /* 0: 256 MiB */
};
struct dev_history;
struct dev_history *dev_history_new(const struct dev_history_options *options,
                                    uint64_t first_version);
void dev_history_free(struct dev_history *history); /* every watch was stopped before */
/* The store's listener: remembers the change, then tells every watch of that resource. */
void dev_history_add(struct dev_history *history, const struct dev_change *change);
/* Forgets everything up to `version` (tests, faults). */
void dev_history_compact(struct dev_history *history, uint64_t version);
uint64_t dev_history_oldest(const struct dev_history *history); /* versions below are Gone */

struct dev_watch;
/* From now on `changed` is called for each change of the resource, in order. It may begin and stop
 * watches, its own too, and compact; it must not write. */
struct dev_watch *dev_history_watch(struct dev_history *history, struct str resource,
                                    dev_store_listener *changed, void *ctx);
/* The changes of the resource after `version` and up to now. False: too old. fn must not write or
 * compact. */
bool dev_history_replay(const struct dev_history *history, struct str resource, uint64_t version,
                        dev_store_listener *fn, void *ctx);
void dev_watch_stop(struct dev_watch *watch);
