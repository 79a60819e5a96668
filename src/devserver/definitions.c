#include "devserver/definitions.h"

#include "base/must.h"
#include "devserver/state.h"
#include "kube/model/json.h"

static const char definitions[] = "customresourcedefinitions.apiextensions.k8s.io";

static void tell_rules(struct dev_server *server, struct str id)
{
    const struct dev_resource *resource = dev_registry_find_id(server->registry, id);
    size_t rules = 0;
    for (size_t i = 0; resource && i < resource->version_count; i++) {
        if (resource->versions[i].schema)
            rules += dev_schema_cel_rules(resource->versions[i].schema);
    }
    if (rules > 0)
        log_info(server->log,
                 "A CustomResourceDefinition has validation rules (CEL), which this server does "
                 "not evaluate",
                 LOG_STR("name", id), LOG_INT("rules", (int64_t)rules));
}

/* It was checked before it was stored; one that is refused all the same is said and not served. */
static void define(struct dev_server *server, struct str json)
{
    struct dev_causes causes = {0};
    struct error err = {0};
    yyjson_doc *doc cleanup_json_doc = json_read(json, &err);
    must(doc); /* we wrote it */
    if (!dev_registry_define(server->registry, yyjson_doc_get_root(doc), &causes, &err))
        log_warning(server->log, "A CustomResourceDefinition cannot be served", LOG_ERR(&err));
    dev_causes_fini(&causes);
}

static bool load_record(void *ctx, const struct dev_record *record)
{
    define(ctx, record->json);
    tell_rules(ctx, record->key.name);
    return true;
}

void dev_definitions_load(struct dev_server *server)
{
    dev_store_each(server->store, str_from(definitions), STR(""), STR(""), STR(""), load_record,
                   server);
}

static uint64_t hash_of(const struct dev_server *server, struct str id)
{
    const struct dev_resource *resource = dev_registry_find_id(server->registry, id);
    return resource ? resource->hash : 0;
}

void dev_definitions_note(struct dev_server *server, const struct dev_change *change)
{
    struct str id = change->key.name; /* a definition's name is its resource's */
    if (!str_eq_cstr(change->key.resource, definitions))
        return;
    uint64_t before = hash_of(server, id);
    if (change->type == DEV_DELETED)
        dev_registry_undefine(server->registry, id);
    else
        define(server, change->json);
    uint64_t now = hash_of(server, id);
    if (now != 0 && now != before)
        tell_rules(server, id);
    if (before != 0 && now != before)
        dev_streams_end_resource(&server->api->streams, id);
}
