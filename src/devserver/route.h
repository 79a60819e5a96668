/* What a path names: /api/v1/namespaces/NS/configmaps/NAME, /apis/GROUP/VERSION/... */
#pragma once
#include <stdbool.h>

#include "base/str.h"
#include "devserver/registry.h"
#include "devserver/status.h"

struct dev_route {    /* borrowed from the path */
    struct str group; /* empty: core */
    struct str version;
    struct str plural;
    struct str ns;   /* empty: all namespaces, or cluster-scoped */
    struct str name; /* empty: the collection */
    struct str subresource;
};

/* False: the path is of no object or collection (discovery, health or nothing at all). */
bool dev_route_parse(struct str path, struct dev_route *out);

enum dev_verb {
    DEV_GET,
    DEV_LIST, /* and watch, which the query tells */
    DEV_CREATE,
    DEV_UPDATE,
    DEV_PATCH,
    DEV_DELETE,
    DEV_DELETE_COLLECTION
};
const char *dev_verb_name(enum dev_verb verb); /* as faults call it; both deletes are "delete" */

struct dev_target {
    const struct dev_resource *resource; /* borrowed until the registry changes */
    const struct dev_version *version;
    enum dev_verb verb;
};

/* What is asked of the route. False: a 404 or 405 in *status; a 404 with an empty message is Go's
 * plain text "404 page not found". */
bool dev_route_resolve(const struct dev_registry *registry, const struct dev_route *route,
                       struct str method, struct dev_target *out, struct dev_status *status);
