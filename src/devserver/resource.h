/* How a struct dev_resource is made: with an arena for all it points to. */
#pragma once
#include "base/arena.h"
#include "devserver/registry.h"

/* One reference; texts that go into it are copied to the arena. */
struct dev_resource *dev_resource_new(struct arena **arena_out);
/* "apps/v1"; of the core group "v1". In the arena. */
struct str dev_resource_api_version(struct arena *arena, struct str group, struct str version);
/* Which comes first in Kubernetes' order of preference: v2, v1, v1beta2, v1beta1, v1alpha1, then
 * other names by the alphabet. As strcmp. */
int dev_version_compare(struct str a, struct str b);
