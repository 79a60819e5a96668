/* What is to be done about one ElfMachine. Pure: the world in, actions out.
 *
 * Each decision takes the machine one step on from what is there, so a crash between any two steps
 * is the same as a pause: our finalizer; the claims, all at once; the addresses that have come, in
 * one patch. And back: the claims deleted, all at once; our finalizer off. */
#pragma once

#include "controllers/provider.h"
#include "controllers/world.h"
#include "kube/model/actions.h"
#include "kube/model/key.h"

struct elfmachine_decider {
    const struct world *world;
    const struct ip_provider *provider;
    const char *watch_filter; /* --watch-filter; NULL or empty: every machine */
};

/* kube_decide_fn; ctx is a struct elfmachine_decider. */
void elfmachine_decide(void *ctx, struct kube_key key, int64_t wall_ms, struct kube_actions *out);
