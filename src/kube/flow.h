/* How many requests to have in flight: as many as make the API server faster, no more. Pure: it is
 * told what happened and when, and answers with numbers.
 *
 * The rule climbs towards the best throughput. While there is enough to do, rounds of two windows
 * are measured, one with a quarter more places than the limit, one with a quarter less. If the
 * latency grew by as much as the places did, the additional places gained nothing; if it stayed the
 * same, they gained all. The limit follows that gain or loss in a damped step, and the next round
 * begins. The order of the windows alternates, so that a server that becomes slower or faster
 * meanwhile does not mislead, and a window counts only requests that began in it: latencies left
 * over from the other one would make more places look better than they are. With less to do than
 * there are places nothing is learned and nothing changes.
 *
 * Why not a limit by latency, as TCP Vegas and its kin have it: kube-apiserver on etcd writes many
 * requests with one fsync, so its latency grows from the second request on (2.6 ms alone, 16 ms
 * with 16) while its throughput grows too (380/s, 970/s), and only beyond that becomes smaller
 * (670/s with 64). A multiple of the lowest latency that fits there does not fit a server 30 ms
 * away.
 *
 * An answer that says "overloaded" takes three tenths off the limit, once for all that were in
 * flight at that time, and keeps it below what was too much for half a minute. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_flow_options {
    size_t min_in_flight;   /* 0: 2 */
    size_t start_in_flight; /* 0: 8 */
    size_t max_in_flight;   /* 0: 64 */
    double qps;             /* --kube-api-qps; 0: no limit per second */
    double burst;           /* --kube-api-burst; less than 1: as much as a second's */
};

enum kube_flow_probe { KUBE_FLOW_LOW, KUBE_FLOW_HIGH };

/* What was measured with a number of places. */
struct kube_flow_window {
    size_t places;
    size_t answers;
    double sum_us; /* of their latencies */
};

struct kube_flow {
    struct kube_flow_options options;
    double limit;
    size_t in_flight;
    int64_t held_until_ms; /* Retry-After: nothing starts before */
    double tokens;         /* of the qps bucket; below 0: started without asking */
    int64_t tokens_at_ms;

    struct kube_flow_window windows[2]; /* by enum kube_flow_probe */
    enum kube_flow_probe probe;         /* the window that is being measured */
    bool is_second;                     /* of its round */
    bool is_full; /* the latest start took the last place: there is enough to do */
    int64_t window_began_us;

    size_t forgiven;          /* requests in flight that began before the last cut */
    double ceiling;           /* what the limit may not exceed ... */
    int64_t ceiling_until_ms; /* ... until then */
};

enum kube_flow_outcome {
    KUBE_FLOW_ANSWERED,   /* any answer that is not below */
    KUBE_FLOW_OVERLOADED, /* 429, or 503 and 504 */
    KUBE_FLOW_BROKEN,     /* no answer: says nothing about the pressure */
};

void kube_flow_init(struct kube_flow *flow, const struct kube_flow_options *options,
                    int64_t now_ms);
/* 0: one may start now; else the wait in ms, or -1: when another ends. */
int64_t kube_flow_wait_ms(struct kube_flow *flow, int64_t now_ms);
void kube_flow_started(struct kube_flow *flow, int64_t now_ms);
/* retry_after_ms: what the answer asked for, 0: nothing; more than a minute counts as a minute. */
void kube_flow_ended(struct kube_flow *flow, int64_t now_ms, int64_t latency_us,
                     enum kube_flow_outcome outcome, int64_t retry_after_ms);
