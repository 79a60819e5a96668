/* The controllers that a cluster cannot do without, in the background on the loop: what has lost
 * its owners is deleted, namespaces and CustomResourceDefinitions that are being deleted are
 * emptied, and the finalizers orphan and foregroundDeletion do what they say. As those of
 * kube-controller-manager:
 *
 * - An owner counts as absent when nobody of its kind, name and uid is there: in the dependent's
 *   namespace, or cluster-wide for kinds without namespaces. A kind that is not served: nobody
 *   knows, the dependent stays.
 * - A dependent without any owner left goes; one that has others keeps those only. */
#pragma once
#include <stdbool.h>

#include "devserver/api.h"

struct dev_collector;
/* Looks at everything that is in the store first. */
struct dev_collector *dev_collector_new(struct dev_server *server);
/* Of every change, in order; it may delete and change others later, not now. */
void dev_collector_note(struct dev_collector *collector, const struct dev_change *change);
/* The CustomResourceDefinition of that name is being deleted. */
bool dev_collector_is_leaving(const struct dev_collector *collector, struct str definition);
/* Frees it, then calls `closed`. */
void dev_collector_stop(struct dev_collector *collector, void (*closed)(void *ctx), void *ctx);
