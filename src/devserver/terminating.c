#include "devserver/terminating.h"

#include "base/must.h"
#include "devserver/state.h"
#include "kube/model/json.h"

static bool is_deleting(struct str json)
{
    struct error err = {0};
    yyjson_doc *doc cleanup_json_doc = json_read(json, &err);
    must(doc); /* we wrote it */
    yyjson_val *metadata = json_object(yyjson_doc_get_root(doc), "metadata");
    return !str_is_empty(json_str(metadata, "deletionTimestamp"));
}

static bool refuse_in_namespace(const struct dev_resource *resource, struct str ns, struct str name,
                                struct dev_status *status)
{
    struct strbuf message cleanup_strbuf = {0};
    strbuf_printf(&message, "namespace " STR_FMT " is being terminated", STR_ARG(ns));
    dev_status_set(status, 403, "Forbidden",
                   STR_FMT " \"" STR_FMT
                           "\" is forbidden: unable to create new content in namespace " STR_FMT
                           " because it is being terminated",
                   STR_ARG(resource->id), STR_ARG(name), STR_ARG(ns));
    status->has_details = true;
    status->group = resource->group;
    status->kind = resource->plural;
    status->name = name;
    dev_causes_add(&status->causes, "NamespaceTerminating", STR("metadata.namespace"),
                   strbuf_str(&message));
    return false;
}

bool dev_terminating_allows_create(struct dev_server *server, const struct dev_resource *resource,
                                   struct str ns, struct str name, struct dev_status *status)
{
    struct dev_record record = {0};
    const struct dev_key ns_key = {STR("namespaces"), STR(""), ns};
    const struct dev_key crd_key = {STR("customresourcedefinitions.apiextensions.k8s.io"), STR(""),
                                    resource->id};
    if (resource->is_namespaced) {
        if (!dev_store_get(server->store, &ns_key, &record))
            return dev_status_not_found(status, STR(""), STR("namespaces"), ns);
        if (is_deleting(record.json))
            return refuse_in_namespace(resource, ns, name, status);
    }
    /* A definition is large: it is looked at only where the collector knows one that is leaving. */
    if (resource->is_custom && dev_collector_is_leaving(server->api->collector, resource->id) &&
        dev_store_get(server->store, &crd_key, &record))
        return dev_status_set(status, 405, "MethodNotAllowed",
                              "create not allowed while custom resource definition is terminating");
    return true;
}
