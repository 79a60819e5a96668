/* Which kinds the server has, in which version: asked at the start, asked again (with growing
 * pauses) for those that are not there yet, and when a reflector finds that its version is gone. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "kube/client.h"
#include "kube/model/kind.h"
#include "kube/path.h"

struct kube_discovery;
/* Called for each wanted kind when it is found, found under another version, or not served
 * (resource NULL): when that is first known, and when it no longer is. */
typedef void kube_discovery_fn(void *ctx, const struct kube_kind *kind,
                               const struct kube_resource *resource);
struct kube_discovery *kube_discovery_new(struct kube_runtime *runtime, struct kube_client *client,
                                          kube_discovery_fn *fn, void *ctx);
void kube_discovery_want(struct kube_discovery *discovery, const struct kube_kind *kind);
void kube_discovery_start(struct kube_discovery *discovery);
/* NULL: not (or not yet) served. Borrowed until the next call of fn for this kind. */
const struct kube_resource *kube_discovery_find(const struct kube_discovery *discovery,
                                                const struct kube_kind *kind);
/* A request for the kind got 404 for its whole path: look again soon. */
void kube_discovery_doubt(struct kube_discovery *discovery, const struct kube_kind *kind);
/* All wanted kinds have been asked for once, and the server has answered. */
bool kube_discovery_is_complete(const struct kube_discovery *discovery);
void kube_discovery_stop(struct kube_discovery *discovery, void (*closed)(void *ctx), void *ctx);
