/* Faults on demand, for tests: rules that say which requests go wrong and how.
 *
 *   RULE = ACTION[,KEY=VALUE]...
 *   ACTION of requests:
 *            status (answer `code`, 409 410 429 500 503, instead of doing it), delay (`ms`),
 *            crash-before, crash-after (the process kills itself before or after the write is
 *            stored, without an answer), gone (history is compacted: a watch gets 410);
 *            but not of watches:
 *            cut (the connection, after `bytes` of the answer), garbage (bytes that are no JSON)
 *   ACTION of a watch's events:
 *            cut (in the middle of the line), garbage (in place of the line), drop (later events
 *            are kept back and the stream just stays silent), close (the watch ends in order),
 *            duplicate (the event is sent twice), reorder (it is sent after the next one of another
 *            kind)
 *   KEY      which requests: verb (get list watch create update patch delete),
 *            resource, name, namespace, user-agent (a part of it);
 *            which of them: skip=N (leave the first N matches alone), count=N (only N times;
 * default 1, 0: always), probability=0.1, seed=N; how: code, ms, bytes, retry-after=S
 *
 * A restart of the process forgets the rules. GET /faults lists them with how often each has
 * matched and acted, POST /faults adds rules (a line each), DELETE /faults removes all. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

enum dev_fault_action {
    DEV_FAULT_NONE,
    DEV_FAULT_STATUS,
    DEV_FAULT_DELAY,
    DEV_FAULT_CUT,
    DEV_FAULT_GARBAGE,
    DEV_FAULT_DROP,
    DEV_FAULT_CLOSE,
    DEV_FAULT_DUPLICATE,
    DEV_FAULT_REORDER,
    DEV_FAULT_CRASH_BEFORE,
    DEV_FAULT_CRASH_AFTER,
    DEV_FAULT_GONE,
};

struct dev_fault { /* what happens to one request or event */
    enum dev_fault_action action;
    int status;
    int64_t delay_ms;
    size_t cut_bytes;
    int retry_after_s;
};
struct dev_fault_subject { /* borrowed */
    struct str verb;
    struct str resource; /* plural */
    struct str ns;
    struct str name;
    struct str user_agent;
    bool is_event; /* one event of a watch (with verb watch), not a request */
};

struct dev_faults;
struct dev_faults *dev_faults_new(void);
void dev_faults_free(struct dev_faults *faults);
must_check bool dev_faults_add(struct dev_faults *faults, struct str rule, struct error *err);
/* A rule a line; empty lines are skipped. All or, when one is wrong, none. */
must_check bool dev_faults_add_lines(struct dev_faults *faults, struct str lines,
                                     struct error *err);
void dev_faults_clear(struct dev_faults *faults);
/* "status,code=409,verb=patch matched=3 acted=1", a line each. */
void dev_faults_list(const struct dev_faults *faults, struct strbuf *out);
/* The first rule that matches and has something left; counts it. */
struct dev_fault dev_faults_ask(struct dev_faults *faults, const struct dev_fault_subject *subject);
