#include "devserver/groups.h"

#include "devserver/resource.h"

static const struct dev_version *served_version(const struct dev_resource *resource,
                                                struct str name)
{
    for (size_t i = 0; i < resource->version_count; i++) {
        if (resource->versions[i].is_served && str_eq(resource->versions[i].name, name))
            return &resource->versions[i];
    }
    return NULL;
}

static bool is_served(const struct dev_resource *resource)
{
    for (size_t i = 0; i < resource->version_count; i++) {
        if (resource->versions[i].is_served)
            return true;
    }
    return false;
}

bool dev_groups_next(const struct dev_registry *registry, struct dev_groups_cursor *cursor,
                     struct str *group)
{
    const struct dev_resource *resource;
    struct str previous = cursor->position > 0 ? *group : STR(""); /* the core group is not named */
    for (;;) {
        while ((resource = dev_registry_each(registry, &cursor->position)) != NULL) {
            if (resource->is_custom != cursor->is_in_custom || !is_served(resource) ||
                str_eq(resource->group, previous))
                continue;
            *group = resource->group;
            return true;
        }
        if (cursor->is_in_custom)
            return false;
        *cursor = (struct dev_groups_cursor){.is_in_custom = true};
        previous = STR("");
    }
}

bool dev_groups_next_version(const struct dev_registry *registry, struct str group,
                             struct str *version)
{
    const struct dev_resource *resource;
    struct str best = {0};
    size_t position = 0;
    while ((resource = dev_registry_each(registry, &position)) != NULL) {
        if (!str_eq(resource->group, group))
            continue;
        for (size_t i = 0; i < resource->version_count; i++) {
            struct str name = resource->versions[i].name;
            bool is_later = str_is_empty(*version) || dev_version_compare(name, *version) > 0;
            if (resource->versions[i].is_served && is_later &&
                (str_is_empty(best) || dev_version_compare(name, best) < 0))
                best = name;
        }
    }
    *version = best;
    return !str_is_empty(best);
}

const struct dev_resource *dev_groups_next_resource(const struct dev_registry *registry,
                                                    struct str group, struct str version,
                                                    size_t *position,
                                                    const struct dev_version **version_out)
{
    const struct dev_resource *resource;
    while ((resource = dev_registry_each(registry, position)) != NULL) {
        *version_out = str_eq(resource->group, group) ? served_version(resource, version) : NULL;
        if (*version_out)
            return resource;
    }
    return NULL;
}
