/* Which Events are worth a request: pure. The same Event within ten minutes of the last one is
 * counted up on the one that is there; an object gets 25 at once and one more every five minutes,
 * as client-go does it. What nobody repeats is forgotten after ten minutes, the least recent first
 * when there are too many. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "base/str.h"
#include "kube/model/actions.h"

struct kube_correlator_options {
    size_t max_entries; /* of each sort; 0: 1024 */
    int64_t window_ms;  /* 0: 10 min */
    int64_t refill_ms;  /* of one token; 0: 5 min */
    int64_t burst;      /* 0: 25 */
};

struct kube_event_facts {
    struct str kind;
    struct str ns;
    struct str name;
    struct str uid;
    enum kube_event_type type;
    struct str reason;
    struct str message;
};

struct kube_event_verdict {
    bool is_dropped;  /* the object has had too many; the rest says nothing */
    bool is_repeat;   /* of the Event with this id; else it is the first */
    uint64_t id;      /* for the Event's name */
    int64_t count;    /* this one included */
    int64_t first_ms; /* wall clock */
};

struct kube_correlator;
struct kube_correlator *kube_correlator_new(const struct kube_correlator_options *options);
void kube_correlator_free(struct kube_correlator *correlator);
/* `now_ms` is monotonic, `wall_ms` only passed on. */
struct kube_event_verdict kube_correlator_judge(struct kube_correlator *correlator,
                                                const struct kube_event_facts *facts,
                                                int64_t now_ms, int64_t wall_ms,
                                                struct random *random);
size_t kube_correlator_count(const struct kube_correlator *correlator); /* entries, for tests */
