#include "devserver/resource.h"

#include <stdlib.h>

#include "base/must.h"

struct counted {
    struct dev_resource resource;
    struct arena arena;
    uint32_t refs;
};

/* A resource is const to everybody else; all come from dev_resource_new. */
static struct counted *counted(const struct dev_resource *resource)
{
    return container_of((uintptr_t)resource, struct counted, resource);
}

struct dev_resource *dev_resource_new(struct arena **arena_out)
{
    struct counted *c = mem_alloc_zero(sizeof(*c));
    arena_init(&c->arena);
    c->refs = 1;
    *arena_out = &c->arena;
    return &c->resource;
}

const struct dev_resource *dev_resource_ref(const struct dev_resource *resource)
{
    must(counted(resource)->refs > 0);
    counted(resource)->refs++;
    return resource;
}

void dev_resource_unref(const struct dev_resource *resource)
{
    if (!resource)
        return;
    struct counted *c = counted(resource);
    must(c->refs > 0);
    if (--c->refs > 0)
        return;
    for (size_t i = 0; i < c->resource.version_count; i++)
        dev_schema_free(c->resource.versions[i].schema);
    arena_fini(&c->arena);
    free(c);
}

struct str dev_resource_api_version(struct arena *arena, struct str group, struct str version)
{
    if (str_is_empty(group))
        return arena_dup_str(arena, version);
    return arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(version));
}

struct version_name {
    uint64_t major;
    uint64_t stability; /* 3: v1, 2: v1beta1, 1: v1alpha1, 0: some other name */
    uint64_t minor;
};

static bool take_number(struct str *rest, uint64_t *out)
{
    size_t digits = 0;
    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9')
        digits++;
    struct str number = {rest->ptr, digits};
    *rest = str_skip(*rest, digits);
    return str_to_u64(number, out) && *out > 0;
}

static struct version_name parse_version(struct str name)
{
    static const struct version_name other = {0};
    struct version_name v = {.stability = 3};
    struct str rest = str_skip(name, 1);
    if (!str_starts_with(name, STR("v")) || !take_number(&rest, &v.major))
        return other;
    if (str_is_empty(rest))
        return v;
    if (str_starts_with(rest, STR("beta"))) {
        v.stability = 2;
        rest = str_skip(rest, strlen("beta"));
    } else if (str_starts_with(rest, STR("alpha"))) {
        v.stability = 1;
        rest = str_skip(rest, strlen("alpha"));
    } else
        return other;
    return take_number(&rest, &v.minor) && str_is_empty(rest) ? v : other;
}

static int descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

int dev_version_compare(struct str a, struct str b)
{
    struct version_name x = parse_version(a);
    struct version_name y = parse_version(b);
    int order = descending(x.stability, y.stability);
    if (order == 0)
        order = descending(x.major, y.major);
    if (order == 0)
        order = descending(x.minor, y.minor);
    return order != 0 ? order : str_cmp(a, b);
}
