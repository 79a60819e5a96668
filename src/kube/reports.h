/* Why keys wait, and what of that has been said already: a reason is told once when it is new and
 * has lasted its patience, not each time the key is looked at. Pure: time is an argument.
 *
 * Keys and messages are remembered as hashes only, about 32 bytes per waiting key; keys that do not
 * wait cost nothing. A key's first 64 reports are looked at, the rest is not told. Should two keys
 * or messages ever have the same hash, something is told once too often or not at all, and nothing
 * else comes of it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/model/actions.h"
#include "kube/queue.h"

struct kube_reports;
struct kube_reports *kube_reports_new(void);
void kube_reports_free(struct kube_reports *reports);

/* `now` is all that the key waits for at this time; none: it is forgotten. is_due_out[i] says
 * whether now[i] is to be told now: it is not told again for as long as the key has that reason and
 * message without a break. Returns when to look at the key again because the patience of a report
 * ends, or -1. */
int64_t kube_reports_update(struct kube_reports *reports, struct kube_key key,
                            const struct kube_report *now, size_t count, int64_t now_ms,
                            bool *is_due_out);

size_t kube_reports_keys(const struct kube_reports *reports); /* that wait, told or not */
/* Every reason that there has been, with the number of keys that wait for it now, from *position =
 * 0; false: no more. */
bool kube_reports_next(const struct kube_reports *reports, size_t *position, struct str *reason_out,
                       size_t *keys_out);
