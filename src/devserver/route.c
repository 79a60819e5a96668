#include "devserver/route.h"

enum { MAX_SEGMENTS = 8 };

/* -1: too many, or one that is empty. A slash at the end does not matter. */
static int split(struct str path, struct str segments[MAX_SEGMENTS])
{
    int count = 0;
    struct str rest = path;
    struct str segment = {0};
    if (rest.len > 1 && rest.ptr[rest.len - 1] == '/')
        rest.len--;
    if (rest.len == 0 || rest.ptr[0] != '/')
        return -1;
    rest = str_skip(rest, 1);
    while (str_split(&rest, '/', &segment)) {
        if (count == MAX_SEGMENTS || str_is_empty(segment))
            return -1;
        segments[count++] = segment;
    }
    return count;
}

bool dev_route_parse(struct str path, struct dev_route *out)
{
    struct str s[MAX_SEGMENTS];
    int count = split(path, s);
    int at = 0;
    *out = (struct dev_route){0};
    if (count >= 3 && str_eq_cstr(s[0], "api")) {
        at = 1;
    } else if (count >= 4 && str_eq_cstr(s[0], "apis")) {
        out->group = s[1];
        at = 2;
    } else {
        return false;
    }
    out->version = s[at++];
    /* /namespaces/NS and its subresources are of the Namespace itself. */
    bool is_in_namespace = str_eq_cstr(s[at], "namespaces") && count - at >= 3 &&
                           !(str_eq_cstr(s[at + 2], "status") && count - at == 3) &&
                           !(str_eq_cstr(s[at + 2], "finalize") && count - at == 3);
    if (is_in_namespace) {
        out->ns = s[at + 1];
        at += 2;
    }
    out->plural = s[at++];
    if (at < count)
        out->name = s[at++];
    if (at < count)
        out->subresource = s[at++];
    return at == count;
}

const char *dev_verb_name(enum dev_verb verb)
{
    switch (verb) {
    case DEV_GET:
        return "get";
    case DEV_LIST:
        return "list";
    case DEV_CREATE:
        return "create";
    case DEV_UPDATE:
        return "update";
    case DEV_PATCH:
        return "patch";
    case DEV_DELETE:
    case DEV_DELETE_COLLECTION:
        return "delete";
    }
    return "";
}

static bool page_not_found(struct dev_status *status)
{
    return dev_status_set(status, 404, "NotFound", "%s", "");
}

/* Of the built-in kinds, which have a handler per path; those of custom resources are alike but for
 * their words. */
static bool no_such_resource(struct dev_status *status)
{
    dev_status_set(status, 404, "NotFound", "the server could not find the requested resource");
    status->has_details = true;
    return false;
}

static bool not_allowed(struct dev_status *status)
{
    dev_status_set(status, 405, "MethodNotAllowed",
                   "the server does not allow this method on the requested resource");
    status->has_details = true;
    return false;
}

static bool not_supported(const struct dev_resource *resource, struct str verb,
                          struct dev_status *status)
{
    dev_status_set(status, 405, "MethodNotAllowed",
                   STR_FMT " is not supported on resources of kind \"" STR_FMT "\"", STR_ARG(verb),
                   STR_ARG(resource->id));
    status->group = resource->group;
    status->kind = resource->plural;
    status->has_details = true;
    return false;
}

static bool is_subresource_known(const struct dev_target *target, struct str subresource)
{
    if (str_eq_cstr(subresource, "finalize"))
        return str_eq_cstr(target->resource->id, "namespaces");
    return str_eq_cstr(subresource, "status") && target->version->has_status;
}

/* Where a method leads on an object or a collection; false: nowhere. */
static bool find_verb(struct str method, bool has_name, enum dev_verb *verb)
{
    if (str_eq_cstr(method, "GET"))
        *verb = has_name ? DEV_GET : DEV_LIST;
    else if (str_eq_cstr(method, "POST"))
        *verb = DEV_CREATE;
    else if (str_eq_cstr(method, "PUT"))
        *verb = DEV_UPDATE;
    else if (str_eq_cstr(method, "PATCH"))
        *verb = DEV_PATCH;
    else if (str_eq_cstr(method, "DELETE"))
        *verb = has_name ? DEV_DELETE : DEV_DELETE_COLLECTION;
    else
        return false;
    return true;
}

static bool resolve_custom(const struct dev_route *route, struct str method, struct dev_target *out,
                           struct dev_status *status)
{
    bool has_name = !str_is_empty(route->name);
    bool is_sub = !str_is_empty(route->subresource);
    if (out->resource->is_namespaced == str_is_empty(route->ns) &&
        !(out->resource->is_namespaced && !has_name && str_eq_cstr(method, "GET")))
        return page_not_found(status);
    if (is_sub && !is_subresource_known(out, route->subresource))
        return dev_status_not_found(status, out->resource->group, out->resource->plural,
                                    route->name);
    if (!find_verb(method, has_name, &out->verb))
        return not_supported(out->resource, STR(""), status);
    if (is_sub && (out->verb == DEV_DELETE || out->verb == DEV_CREATE))
        return not_supported(out->resource, str_from(dev_verb_name(out->verb)), status);
    if (!has_name && (out->verb == DEV_UPDATE || out->verb == DEV_PATCH))
        return dev_status_bad_request(status, "name must be provided");
    if (has_name && out->verb == DEV_CREATE)
        return not_allowed(status);
    return true;
}

static bool resolve_builtin(const struct dev_route *route, struct str method,
                            struct dev_target *out, struct dev_status *status)
{
    const struct dev_resource *resource = out->resource;
    bool has_name = !str_is_empty(route->name);
    bool is_sub = !str_is_empty(route->subresource);
    bool is_everywhere = resource->is_namespaced && str_is_empty(route->ns);
    if ((is_everywhere && has_name) || (!resource->is_namespaced && !str_is_empty(route->ns)))
        return no_such_resource(status);
    if (is_sub && !is_subresource_known(out, route->subresource))
        return no_such_resource(status);
    if (!find_verb(method, has_name, &out->verb))
        return not_allowed(status);
    bool is_for_object = out->verb == DEV_GET || out->verb == DEV_UPDATE ||
                         out->verb == DEV_PATCH || out->verb == DEV_DELETE;
    if (is_for_object != has_name || (is_everywhere && out->verb != DEV_LIST) ||
        (is_sub && out->verb == DEV_DELETE) ||
        (out->verb == DEV_DELETE_COLLECTION && !resource->has_delete_collection))
        return not_allowed(status);
    return true;
}

bool dev_route_resolve(const struct dev_registry *registry, const struct dev_route *route,
                       struct str method, struct dev_target *out, struct dev_status *status)
{
    out->resource =
        dev_registry_find(registry, route->group, route->version, route->plural, &out->version);
    if (!out->resource)
        return str_is_empty(route->group) ? no_such_resource(status) : page_not_found(status);
    return out->resource->is_custom ? resolve_custom(route, method, out, status)
                                    : resolve_builtin(route, method, out, status);
}
