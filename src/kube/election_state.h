/* Who leads, by the rules of client-go's leaderelection: pure. One step takes what happened and the
 * time, and says what to ask of the server and what to tell our own side.
 *
 *   STANDBY --time is up, or the Lease came free--> LOOKING --may be taken--> CLAIMING
 *   LOOKING, CLAIMING --held by another, refused, no answer--> STANDBY
 *   CLAIMING --written--> LEADING --time is up--> RENEWING --written--> LEADING
 *   RENEWING --refused, no answer--> CHECKING --still ours--> RENEWING
 *   RENEWING (after CHECKING), CHECKING --no answer--> LEADING, to try again
 *   LEADING, RENEWING, CHECKING --not renewed in time, or another holds it--> LOST, for good
 *
 *   stop: what is under way ends first (2 s at most); if the Lease is ours RELEASING, then CLOSED;
 *   if it may be ours it is looked at before
 *
 * Another's Lease has expired when we have not seen it change for its duration, by our own
 * monotonic clock: nobody compares clocks. Our own counts from when its last successful renewal was
 * sent. A standby comes back after the retry period and up to 1.2 times as much by chance, but not
 * later than the expiry, and at once when the Lease is released or deleted. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "kube/lease.h"

enum { KUBE_ELECTION_RELEASE_MS = 2000 }; /* how long a stop may take */

enum kube_election_phase {
    KUBE_ELECTION_STANDBY,
    KUBE_ELECTION_LOOKING,  /* a GET is under way */
    KUBE_ELECTION_CLAIMING, /* a PUT or POST */
    KUBE_ELECTION_LEADING,
    KUBE_ELECTION_RENEWING,  /* a PUT or POST */
    KUBE_ELECTION_CHECKING,  /* a GET */
    KUBE_ELECTION_RELEASING, /* a PUT */
    KUBE_ELECTION_LOST,
    KUBE_ELECTION_CLOSED,
};

enum kube_election_event_type {
    KUBE_ELECTION_START,
    KUBE_ELECTION_TICK,    /* kube_election_state_wake_ms has come */
    KUBE_ELECTION_SEEN,    /* the watch: there is such a Lease */
    KUBE_ELECTION_DELETED, /* the watch: there is none */
    KUBE_ELECTION_FOUND,   /* the GET's answer */
    KUBE_ELECTION_ABSENT,  /* the same: 404 */
    KUBE_ELECTION_WRITTEN, /* the PUT or POST succeeded */
    KUBE_ELECTION_FAILED,  /* the request did not */
    KUBE_ELECTION_STOP,
};

struct kube_election_event {
    enum kube_election_event_type type;
    int64_t now_ms;                 /* monotonic */
    int64_t wall_us;                /* only ever written down */
    const struct kube_lease *lease; /* SEEN, FOUND */
    uint64_t resource_version;      /* of it */
    enum error_code code;           /* FAILED */
};

enum kube_election_act {
    KUBE_ELECTION_KEEP,
    KUBE_ELECTION_GET,
    KUBE_ELECTION_PUT,  /* `lease` over what was seen last, which the server compares */
    KUBE_ELECTION_POST, /* `lease` */
    KUBE_ELECTION_CANCEL,
    KUBE_ELECTION_CLOSE, /* nothing follows */
};

struct kube_election_effect {
    enum kube_election_act act;
    struct kube_lease lease;
    bool is_elected;
    bool is_lost;
    bool is_other_leader; /* the holder in the event's lease is one we have not told of */
};

struct kube_election_timing {
    int64_t lease_duration_ms;
    int64_t renew_deadline_ms;
    int64_t retry_period_ms;
};

/* What is known of the Lease, and since when. */
struct kube_election_view {
    uint64_t fingerprint;
    uint64_t resource_version;
    uint64_t holder_hash;
    bool is_free; /* nobody holds it, or it is not there */
    bool is_ours;
    int64_t expires_at_ms;
    int64_t acquired_us;
    int64_t transitions;
};

struct kube_election_state {
    struct kube_election_timing timing;
    struct str identity; /* borrowed */
    enum kube_election_phase phase;
    struct kube_election_view view;
    struct kube_lease writing; /* what the request under way writes */
    bool is_asking;            /* a request is under way */
    bool is_cancelled;         /* the request under way is */
    bool is_stopping;
    bool is_rung;    /* the watch told something since the last look began */
    bool has_looked; /* the write under way rests on a look just before it */
    bool is_sure;    /* the view is what the server had at our last renewal */
    bool may_hold;   /* a claim whose outcome we do not know */
    int64_t asked_at_ms;
    int64_t rested_at_ms; /* when STANDBY or LEADING began */
    int64_t retry_at_ms;
    int64_t leader_until_ms;
    int64_t stop_at_ms;
    uint64_t told_holder_hash;
};

void kube_election_state_init(struct kube_election_state *state,
                              const struct kube_election_timing *timing, struct str identity);
struct kube_election_effect kube_election_step(struct kube_election_state *state,
                                               const struct kube_election_event *event,
                                               struct random *random);
/* When the next TICK is wanted; INT64_MAX: never. */
int64_t kube_election_state_wake_ms(const struct kube_election_state *state);
bool kube_election_state_is_leader(const struct kube_election_state *state);
