/* Keys that want looking at: each at most once, never two at a time, urgent ones first, failed ones
 * later and later. Pure: time is an argument. A key is a namespace and a name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "base/str.h"
#include "kube/model/key.h"

struct kube_queue_options {
    int64_t backoff_first_ms; /* 0: 10 ms; doubles with each failure, with jitter */
    int64_t backoff_max_ms;   /* 0: 5 min */
};

struct kube_queue;
struct kube_queue *kube_queue_new(const struct kube_queue_options *options, struct random *random);
void kube_queue_free(struct kube_queue *queue);

/* Keys are copied. A key that is being worked on is handed out again after kube_queue_done. */
void kube_queue_add(struct kube_queue *queue, struct kube_key key, enum kube_urgency urgency,
                    int64_t now_ms);
/* At that time (the earlier of two wishes wins); forgotten when the key is taken before. */
void kube_queue_add_at(struct kube_queue *queue, struct kube_key key, int64_t at_ms);
/* After this key's back-off, which grows. Returns the wait in ms. */
int64_t kube_queue_add_failed(struct kube_queue *queue, struct kube_key key, int64_t now_ms);
void kube_queue_forget_failures(struct kube_queue *queue, struct kube_key key);

/* Moves what is due into the queue and takes the next key; false: none now. The key is valid until
 * kube_queue_done for it. */
bool kube_queue_take(struct kube_queue *queue, int64_t now_ms, struct kube_key *out);
void kube_queue_done(struct kube_queue *queue, struct kube_key key, int64_t now_ms);
int64_t kube_queue_next_due_ms(const struct kube_queue *queue); /* -1: nothing is delayed */

struct kube_queue_figures {
    size_t depth; /* ready to be taken */
    size_t delayed;
    size_t working;
    size_t known;  /* keys that cost memory: those above and those with failures */
    uint64_t adds; /* without those that changed nothing */
    uint64_t retries;
    int64_t longest_wait_ms; /* of a ready key */
};
struct kube_queue_figures kube_queue_figures(const struct kube_queue *queue, int64_t now_ms);
