/* What a decision wants done: a list of values, made in an arena, that an executor carries out and
 * a person can read. All actions of one decision aim at different objects and may run at the same
 * time; what must wait for something is left to the next decision, which sees the answers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "kube/model/object.h"

enum kube_action_type { KUBE_ACTION_CREATE, KUBE_ACTION_JSON_PATCH, KUBE_ACTION_DELETE };
enum kube_event_type { KUBE_EVENT_NORMAL, KUBE_EVENT_WARNING };

/* A reason stable for machines, a message for people. */
struct kube_report {
    enum kube_event_type type;
    struct str reason;   /* CamelCase; empty: nothing to say */
    struct str message;  /* whole sentences */
    int64_t patience_ms; /* told only when it still holds after this time; 0: at once */
    bool is_log_only;    /* no Event (a paused object is left alone) */
};

struct kube_action {
    enum kube_action_type type;
    struct str what; /* what it does, for logs and tests: "add-finalizer", "create-claim 0" */
    const struct kube_kind *kind;
    struct str ns;
    struct str name;
    struct str uid;            /* patch and delete: precondition */
    uint64_t resource_version; /* patch: precondition; 0: none */
    struct str body;           /* create: the object; patch: the operations, JSON */
    struct kube_report done;   /* told about the decision's subject when it succeeded */
};

struct kube_actions {
    struct arena *arena;       /* everything below lives in it */
    struct kube_action *items; /* grown in the arena */
    size_t count;
    size_t capacity;
    struct kube_report *reports; /* why the subject waits: empty when it does not */
    size_t report_count;
    size_t report_capacity;
    int64_t look_again_ms; /* wall clock; 0: only when something changes */
};

void kube_actions_init(struct kube_actions *actions, struct arena *arena);
/* What add and report return is valid until the next one. A report has a reason. */
/* Copies ns, name and uid, which are a cached object's more often than not: it may be replaced
 * while the action is under way. The other texts are in the arena or static already. */
struct kube_action *kube_actions_add(struct kube_actions *actions, struct kube_action action);
struct kube_report *kube_actions_report(struct kube_actions *actions, struct kube_report report);
/* The earliest wish wins. */
void kube_actions_look_again(struct kube_actions *actions, int64_t wall_ms);
/* "add-finalizer; create-claim 0; wait IPPoolNotFound; again at 1767323045000" (wall clock in ms)
 * for tests and for people; empty: nothing to do. In the arena, NUL-terminated. */
struct str kube_actions_text(const struct kube_actions *actions);
