/* The one patch that writes everything that is ready to a machine's devices. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "controllers/elfmachine.h"
#include "controllers/provider.h"

struct device_allocation {
    uint32_t device_index;
    struct ip_allocation allocation;
    struct str pool_ns; /* for the Event */
    struct str pool_name;
};

/* `has_device_nameservers`: the schema keeps nameservers per device; otherwise they go to the list
 * of the whole machine. Adds one action with the Event IPAllocated; count > 0. */
void device_patch_add(struct kube_actions *out, const struct elfmachine *machine,
                      const struct device_allocation *allocations, size_t count,
                      bool has_device_nameservers);
