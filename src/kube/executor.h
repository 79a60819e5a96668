/* Carries out the actions of one decision: one request each, all at once, every answer into its
 * store. What failed is not tried again here: the next decision starts from what is there. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "kube/client.h"
#include "kube/discovery.h"
#include "kube/model/actions.h"
#include "kube/model/store.h"
#include "kube/runtime.h"

/* The worse come later: that of several actions is the worst of theirs. */
enum kube_outcome {
    KUBE_DONE,
    KUBE_MISSING,    /* the object is gone; it was taken out of its store */
    KUBE_CONFLICTED, /* somebody else was quicker */
    KUBE_FAILED,
    KUBE_CANCELLED,
};

struct kube_executor {
    struct kube_runtime *runtime; /* all borrowed */
    struct kube_client *client;
    struct kube_discovery *discovery;
    struct kube_store *const *stores; /* of all kinds that actions touch, NULL-terminated */
    struct arena scratch;             /* for parsing answers; init and fini by the owner */
};

struct kube_step;
/* The actions of one decision under way; in the caller's memory. */
struct kube_execution {
    /* Set by the caller: */
    struct kube_executor *executor;
    const struct kube_actions *actions; /* with its arena until all is answered */
    const char *subject_kind;           /* for the log: "elfmachine", "ns/name" */
    struct str subject;
    void (*succeeded)(void *ctx, const struct kube_action *action);
    void (*finished)(void *ctx); /* the last that happens; may free the execution */
    void *ctx;
    /* The answer, once finished: */
    enum kube_outcome outcome;
    bool is_superseded; /* KUBE_CONFLICTED: the stores have newer objects than were decided on */
    struct str what;    /* KUBE_FAILED: the first action that failed, and why */
    struct error error;
    /* Its own: */
    struct kube_step *steps;
    size_t open;
};

/* False: nothing is under way (no actions, or none that could be sent), the outcome is there and
 * `finished` will not be called. */
bool kube_execution_start(struct kube_execution *execution);
void kube_execution_cancel(struct kube_execution *execution); /* finished comes nevertheless */
