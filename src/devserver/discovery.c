#include "devserver/discovery.h"

#include <stdio.h>

#include "base/hash.h"
#include "devserver/groups.h"

/* What this server's API is like; its own version has nothing to do with it. */
#define EMULATED_MAJOR "1"
#define EMULATED_MINOR "32"
#define EMULATED_VERSION "v1.32.0+cape-ip-devserver"

static const char AGGREGATED_V2[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
static const char AGGREGATED_V2BETA1[] =
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

void dev_document_fini(struct dev_document *document)
{
    strbuf_fini(&document->body);
}

void dev_document_seal(struct dev_document *document)
{
    uint64_t hash = hash_stable(strbuf_str(&document->body));
    snprintf(document->etag, sizeof(document->etag), "\"%016llX\"", (unsigned long long)hash);
}

/* ---- lists of texts -------------------------------------------------------------------------- */

static void append_texts(struct strbuf *out, const char *key, const struct str *texts, size_t count)
{
    if (count == 0)
        return;
    strbuf_printf(out, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_append_char(out, ',');
        strbuf_append_json(out, texts[i]);
    }
    strbuf_append_char(out, ']');
}

/* In the orders that the real server has for built-in kinds and for custom resources. */
static void append_verbs(struct strbuf *out, const struct dev_resource *resource)
{
    strbuf_append_cstr(out, ",\"verbs\":[");
    if (resource->is_custom)
        strbuf_append_cstr(out, "\"delete\",\"deletecollection\",\"get\",\"list\",\"patch\","
                                "\"create\",\"update\",\"watch\"]");
    else
        strbuf_printf(out,
                      "\"create\",\"delete\",%s\"get\",\"list\",\"patch\",\"update\",\"watch\"]",
                      resource->has_delete_collection ? "\"deletecollection\"," : "");
}

static const char STATUS_VERBS[] = ",\"verbs\":[\"get\",\"patch\",\"update\"]";

/* ---- plain documents ------------------------------------------------------------------------- */

static void append_group_version(struct strbuf *out, struct str group, struct str version)
{
    strbuf_printf(out, "{\"groupVersion\":\"" STR_FMT "/" STR_FMT "\",\"version\":\"" STR_FMT "\"}",
                  STR_ARG(group), STR_ARG(version), STR_ARG(version));
}

static void append_group(struct strbuf *out, const struct dev_registry *registry, struct str group,
                         const char *start)
{
    struct str version = {0};
    struct str preferred = {0};
    strbuf_printf(out, "%s\"name\":\"" STR_FMT "\",\"versions\":[", start, STR_ARG(group));
    while (dev_groups_next_version(registry, group, &version)) {
        if (str_is_empty(preferred))
            preferred = version;
        else
            strbuf_append_char(out, ',');
        append_group_version(out, group, version);
    }
    strbuf_append_cstr(out, "],\"preferredVersion\":");
    append_group_version(out, group, preferred);
    strbuf_append_char(out, '}');
}

static void append_group_list(struct strbuf *out, const struct dev_registry *registry)
{
    struct dev_groups_cursor at = {0};
    struct str group;
    bool is_first = true;
    strbuf_append_cstr(out, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
    while (dev_groups_next(registry, &at, &group)) {
        append_group(out, registry, group, is_first ? "{" : ",{");
        is_first = false;
    }
    strbuf_append_cstr(out, "]}");
}

static void append_resource(struct strbuf *out, const struct dev_resource *resource,
                            const struct dev_version *version)
{
    const char *namespaced = resource->is_namespaced ? "true" : "false";
    strbuf_printf(out,
                  "{\"name\":\"" STR_FMT "\",\"singularName\":\"" STR_FMT
                  "\",\"namespaced\":%s,\"kind\":\"" STR_FMT "\"",
                  STR_ARG(resource->plural), STR_ARG(resource->singular), namespaced,
                  STR_ARG(resource->kind));
    append_verbs(out, resource);
    append_texts(out, "shortNames", resource->short_names, resource->short_name_count);
    append_texts(out, "categories", resource->categories, resource->category_count);
    strbuf_append_char(out, '}');
    if (!version->has_status)
        return;
    strbuf_printf(out,
                  ",{\"name\":\"" STR_FMT
                  "/status\",\"singularName\":\"\",\"namespaced\":%s,\"kind\":\"" STR_FMT "\"%s}",
                  STR_ARG(resource->plural), namespaced, STR_ARG(resource->kind), STATUS_VERBS);
}

static bool append_resource_list(struct strbuf *out, const struct dev_registry *registry,
                                 struct str group, struct str version)
{
    const struct dev_resource *resource;
    const struct dev_version *served = NULL;
    size_t position = 0;
    bool is_first = true;
    strbuf_printf(out,
                  "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"" STR_FMT
                  "%s" STR_FMT "\",\"resources\":[",
                  STR_ARG(group), str_is_empty(group) ? "" : "/", STR_ARG(version));
    while ((resource = dev_groups_next_resource(registry, group, version, &position, &served))) {
        if (!is_first)
            strbuf_append_char(out, ',');
        append_resource(out, resource, served);
        is_first = false;
    }
    strbuf_append_cstr(out, "]}");
    return !is_first;
}

/* ---- aggregated documents -------------------------------------------------------------------- */

static void append_response_kind(struct strbuf *out, const struct dev_resource *resource,
                                 const struct dev_version *version)
{
    strbuf_printf(out,
                  "\"responseKind\":{\"group\":\"" STR_FMT "\",\"version\":\"" STR_FMT
                  "\",\"kind\":\"" STR_FMT "\"}",
                  STR_ARG(resource->group), STR_ARG(version->name), STR_ARG(resource->kind));
}

static void append_discovered(struct strbuf *out, const struct dev_resource *resource,
                              const struct dev_version *version)
{
    strbuf_printf(out, "{\"resource\":\"" STR_FMT "\",", STR_ARG(resource->plural));
    append_response_kind(out, resource, version);
    strbuf_printf(out, ",\"scope\":\"%s\",\"singularResource\":\"" STR_FMT "\"",
                  resource->is_namespaced ? "Namespaced" : "Cluster", STR_ARG(resource->singular));
    append_verbs(out, resource);
    append_texts(out, "shortNames", resource->short_names, resource->short_name_count);
    append_texts(out, "categories", resource->categories, resource->category_count);
    if (version->has_status) {
        strbuf_append_cstr(out, ",\"subresources\":[{\"subresource\":\"status\",");
        append_response_kind(out, resource, version);
        strbuf_printf(out, "%s}]", STATUS_VERBS);
    }
    strbuf_append_char(out, '}');
}

static void append_discovered_group(struct strbuf *out, const struct dev_registry *registry,
                                    struct str group)
{
    struct str name = {0};
    bool is_first_version = true;
    strbuf_append_cstr(out, "{\"metadata\":{");
    if (!str_is_empty(group))
        strbuf_printf(out, "\"name\":\"" STR_FMT "\"", STR_ARG(group));
    strbuf_append_cstr(out, "},\"versions\":[");
    while (dev_groups_next_version(registry, group, &name)) {
        const struct dev_resource *resource;
        const struct dev_version *version = NULL;
        size_t position = 0;
        bool is_first = true;
        strbuf_printf(out, "%s{\"version\":\"" STR_FMT "\",\"resources\":[",
                      is_first_version ? "" : ",", STR_ARG(name));
        while ((resource = dev_groups_next_resource(registry, group, name, &position, &version))) {
            if (!is_first)
                strbuf_append_char(out, ',');
            append_discovered(out, resource, version);
            is_first = false;
        }
        strbuf_append_cstr(out, "],\"freshness\":\"Current\"}");
        is_first_version = false;
    }
    strbuf_append_cstr(out, "]}");
}

/* The first of the client's alternatives that there is; NULL: the plain document. */
static const char *aggregated_type(struct str accept)
{
    struct str alternative;
    while (str_split(&accept, ',', &alternative)) {
        struct str part;
        bool is_list = false;
        bool is_group = false;
        struct str version = {0};
        while (str_split(&alternative, ';', &part)) {
            part = str_trim(part);
            is_list = is_list || str_eq(part, STR("as=APIGroupDiscoveryList"));
            is_group = is_group || str_eq(part, STR("g=apidiscovery.k8s.io"));
            if (str_starts_with(part, STR("v=")))
                version = str_skip(part, 2);
        }
        if (is_list && is_group && str_eq(version, STR("v2")))
            return AGGREGATED_V2;
        if (is_list && is_group && str_eq(version, STR("v2beta1")))
            return AGGREGATED_V2BETA1;
        if (!is_list && !is_group && str_is_empty(version))
            return NULL;
    }
    return NULL;
}

static void append_aggregated(struct strbuf *out, const struct dev_registry *registry,
                              const char *content_type, bool is_core)
{
    struct dev_groups_cursor at = {0};
    struct str group;
    bool is_first = true;
    strbuf_printf(out,
                  "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/%s\","
                  "\"metadata\":{},\"items\":[",
                  content_type == AGGREGATED_V2 ? "v2" : "v2beta1");
    if (is_core)
        append_discovered_group(out, registry, STR(""));
    while (!is_core && dev_groups_next(registry, &at, &group)) {
        if (!is_first)
            strbuf_append_char(out, ',');
        append_discovered_group(out, registry, group);
        is_first = false;
    }
    strbuf_append_cstr(out, "]}");
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void append_version(struct strbuf *out)
{
    strbuf_append_cstr(out, "{\"major\":\"" EMULATED_MAJOR "\",\"minor\":\"" EMULATED_MINOR
                            "\",\"gitVersion\":\"" EMULATED_VERSION
                            "\",\"gitCommit\":\"\",\"gitTreeState\":\"\",\"buildDate\":"
                            "\"1970-01-01T00:00:00Z\",\"goVersion\":\"\",\"compiler\":\"\","
                            "\"platform\":\"linux/amd64\"}");
}

static bool append_roots(const struct dev_registry *registry, bool is_core, struct str accept,
                         struct dev_document *out)
{
    const char *aggregated = aggregated_type(accept);
    if (aggregated) {
        out->content_type = aggregated;
        append_aggregated(&out->body, registry, aggregated, is_core);
    } else if (is_core)
        strbuf_append_cstr(&out->body, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],"
                                       "\"serverAddressByClientCIDRs\":[]}");
    else
        append_group_list(&out->body, registry);
    return true;
}

/* Behind "/apis/": GROUP or GROUP/VERSION. */
static bool append_group_path(const struct dev_registry *registry, struct str path,
                              struct strbuf *out)
{
    struct str group = str_before(path, '/');
    struct str version = str_skip(path, group.len + 1);
    struct str first = {0};
    if (str_is_empty(group) || !dev_groups_next_version(registry, group, &first))
        return false;
    if (!str_is_empty(version))
        return append_resource_list(out, registry, group, version);
    append_group(out, registry, group, "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
    return true;
}

static bool append_document(const struct dev_registry *registry, struct str path, struct str accept,
                            struct dev_document *out)
{
    if (str_eq(path, STR("/version"))) {
        append_version(&out->body);
        return true;
    }
    if (str_eq(path, STR("/api")) || str_eq(path, STR("/apis")))
        return append_roots(registry, str_eq(path, STR("/api")), accept, out);
    if (str_eq(path, STR("/api/v1")))
        return append_resource_list(&out->body, registry, STR(""), STR("v1"));
    if (str_starts_with(path, STR("/apis/")))
        return append_group_path(registry, str_skip(path, strlen("/apis/")), &out->body);
    return false;
}

bool dev_discovery_document(const struct dev_registry *registry, struct str path, struct str accept,
                            struct dev_document *out)
{
    *out = (struct dev_document){.content_type = "application/json"};
    if (path.len > 1 && str_ends_with(path, STR("/")))
        path.len--;
    if (!append_document(registry, path, accept, out)) {
        dev_document_fini(out);
        return false;
    }
    dev_document_seal(out);
    return true;
}
