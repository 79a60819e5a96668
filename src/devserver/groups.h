/* The registry by groups and versions, as discovery and OpenAPI present it. Only what is served. */
#pragma once
#include "devserver/registry.h"

/* The named groups in order: built-in ones, then custom ones, each by name. From {0}. */
struct dev_groups_cursor {
    bool is_in_custom;
    size_t position;
};
bool dev_groups_next(const struct dev_registry *registry, struct dev_groups_cursor *cursor,
                     struct str *group);
/* The versions of a group, the preferred one first. From an empty *version; false: no more. */
bool dev_groups_next_version(const struct dev_registry *registry, struct str group,
                             struct str *version);
/* The resources of a group and version, from *position = 0. NULL: no more. */
const struct dev_resource *dev_groups_next_resource(const struct dev_registry *registry,
                                                    struct str group, struct str version,
                                                    size_t *position,
                                                    const struct dev_version **version_out);
