/* Which ElfMachines a change of any object can unblock: they are looked at again. */
#pragma once

#include "controllers/world.h"
#include "kube/model/key.h"

typedef void triggers_wake_fn(void *ctx, struct kube_key key, enum kube_urgency urgency);

struct triggers;
/* Listens to every store of `world`; both are borrowed for its life. */
struct triggers *triggers_new(struct world *world, triggers_wake_fn *wake, void *ctx);
void triggers_free(struct triggers *triggers); /* after the world's stores have gone quiet */
/* Every ElfMachine: a kind has become known. */
void triggers_wake_all(struct triggers *triggers);
