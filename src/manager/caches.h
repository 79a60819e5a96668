/* Keeps the world equal to what the API server has: finds out which kinds it serves, follows each
 * of them with a reflector, and asks once whether CAPE's devices know nameservers of their own. */
#pragma once
#include <stdbool.h>

#include "controllers/world.h"
#include "kube/client.h"
#include "kube/discovery.h"
#include "manager/health.h"

struct caches_options {
    const char *ns;           /* of all kinds but the IPAM's; empty: all */
    const char *watch_filter; /* of ElfMachines; empty: none */
    /* A cache has been filled, or something else that the questions below depend on. */
    void (*changed)(void *ctx);
    void *ctx;
};

struct caches;
/* Everything is borrowed; `options` for the call only. */
struct caches *caches_new(struct kube_runtime *runtime, struct kube_client *client,
                          struct world *world, const struct caches_options *options);
struct kube_discovery *caches_discovery(const struct caches *caches);
void caches_start(struct caches *caches);

bool caches_are_filled(const struct caches *caches);
/* Nothing more is to be expected soon: each cache is filled, or its kind is not served. */
bool caches_are_settled(const struct caches *caches);
/* WORLD_KIND_COUNT of them: each cache is filled. */
const struct health_check *caches_checks(const struct caches *caches);

void caches_stop(struct caches *caches, void (*closed)(void *ctx), void *ctx);
void caches_free(struct caches *caches); /* after the client has stopped */
