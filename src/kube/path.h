/* URL paths of resources. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* Where a kind is served, from discovery. */
struct kube_resource {
    struct str group; /* empty: core */
    struct str version;
    struct str plural;
    bool is_namespaced;
};

/* "/apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME]", percent-encoded; ns empty: all namespaces,
 * name empty: the collection. In the arena. */
struct str kube_path(struct arena *arena, const struct kube_resource *resource, struct str ns,
                     struct str name);
/* `path` with "?key=value" or "&key=value" behind it, percent-encoded. In the arena. */
struct str kube_path_query(struct arena *arena, struct str path, const char *key, struct str value);
