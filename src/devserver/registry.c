#include "devserver/registry.h"

#include <stdlib.h>

#include "base/must.h"
#include "devserver/builtin.h"
#include "devserver/crd.h"

/* Some dozens, looked up by walking: sorted by group and plural. */
struct dev_registry {
    const struct dev_resource **resources; /* one reference each */
    size_t count;
    size_t capacity;
    uint64_t generation;
};

static int compare(const struct dev_resource *resource, struct str group, struct str plural)
{
    int order = str_cmp(resource->group, group);
    return order != 0 ? order : str_cmp(resource->plural, plural);
}

/* Takes the reference. What has the same group and plural is replaced. */
static void put(struct dev_registry *registry, const struct dev_resource *resource)
{
    size_t at = 0;
    while (at < registry->count &&
           compare(registry->resources[at], resource->group, resource->plural) < 0)
        at++;
    registry->generation++;
    if (at < registry->count &&
        compare(registry->resources[at], resource->group, resource->plural) == 0) {
        dev_resource_unref(registry->resources[at]);
        registry->resources[at] = resource;
        return;
    }
    if (registry->count == registry->capacity) {
        registry->capacity = registry->capacity > 0 ? 2 * registry->capacity : 16;
        registry->resources =
            mem_grow_array(registry->resources, registry->capacity, sizeof(*registry->resources));
    }
    memmove(&registry->resources[at + 1], &registry->resources[at],
            (registry->count - at) * sizeof(*registry->resources));
    registry->resources[at] = resource;
    registry->count++;
}

struct dev_registry *dev_registry_new(void)
{
    struct dev_registry *registry = mem_alloc_zero(sizeof(*registry));
    const struct dev_resource *resource;
    for (size_t i = 0; (resource = dev_builtin_new(i)) != NULL; i++)
        put(registry, resource);
    return registry;
}

void dev_registry_free(struct dev_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->count; i++)
        dev_resource_unref(registry->resources[i]);
    free(registry->resources);
    free(registry);
}

bool dev_registry_define(struct dev_registry *registry, yyjson_val *crd,
                         struct dev_causes *causes_out, struct error *err)
{
    const struct dev_resource *resource = dev_crd_read(crd, causes_out);
    if (!resource)
        return error_set(err, ERROR_INVALID, "%zu causes", causes_out->count);
    for (size_t i = 0; i < registry->count; i++) {
        const struct dev_resource *other = registry->resources[i];
        if (other->is_custom || !str_eq(other->group, resource->group))
            continue;
        dev_resource_unref(resource);
        dev_causes_add(causes_out, "FieldValueForbidden", STR("spec.group"),
                       STR("Forbidden: the group is built in"));
        return error_set(err, ERROR_INVALID, "the group is built in");
    }
    put(registry, resource);
    return true;
}

void dev_registry_undefine(struct dev_registry *registry, struct str id)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (!registry->resources[i]->is_custom || !str_eq(registry->resources[i]->id, id))
            continue;
        dev_resource_unref(registry->resources[i]);
        registry->count--;
        memmove(&registry->resources[i], &registry->resources[i + 1],
                (registry->count - i) * sizeof(*registry->resources));
        registry->generation++;
        return;
    }
}

const struct dev_resource *dev_registry_find(const struct dev_registry *registry, struct str group,
                                             struct str version, struct str plural,
                                             const struct dev_version **version_out)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct dev_resource *resource = registry->resources[i];
        if (compare(resource, group, plural) != 0)
            continue;
        for (size_t v = 0; v < resource->version_count; v++) {
            *version_out = &resource->versions[v];
            if (resource->versions[v].is_served && str_eq(resource->versions[v].name, version))
                return resource;
        }
    }
    *version_out = NULL;
    return NULL;
}

const struct dev_resource *dev_registry_find_id(const struct dev_registry *registry, struct str id)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (str_eq(registry->resources[i]->id, id))
            return registry->resources[i];
    }
    return NULL;
}

const struct dev_resource *dev_registry_find_kind(const struct dev_registry *registry,
                                                  struct str group, struct str kind)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct dev_resource *resource = registry->resources[i];
        if (str_eq(resource->group, group) && str_eq(resource->kind, kind))
            return resource;
    }
    return NULL;
}

const struct dev_resource *dev_registry_each(const struct dev_registry *registry, size_t *position)
{
    return *position < registry->count ? registry->resources[(*position)++] : NULL;
}

uint64_t dev_registry_generation(const struct dev_registry *registry)
{
    return registry->generation;
}
