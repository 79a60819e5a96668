#include "devserver/collector.h"

#include "base/hash.h"
#include "base/must.h"
#include "devserver/collector_work.h"
#include "devserver/owners.h"
#include "kube/model/json.h"

enum { LOOKS_PER_TURN = 32 }; /* of the loop, which others wait for */

struct item { /* a key of its own; in a list and in a table */
    struct item *next;
    struct dev_key key; /* its texts follow the struct */
};

struct item_set { /* each key once, in order */
    struct item *first;
    struct item **end;
    struct map table;
};

struct dev_collector {
    struct dev_server *server;
    uv_idle_t idle; /* runs while something is to be looked at */
    struct dev_owners owners;
    struct item_set queue;
    struct item_set leaving; /* namespaces and definitions that are being deleted */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static const char definitions[] = "customresourcedefinitions.apiextensions.k8s.io";

/* ---- sets of keys -----------------------------------------------------------------------------
 */

static void set_init(struct item_set *set)
{
    *set = (struct item_set){.end = &set->first};
    map_init(&set->table);
}

static uint64_t hash_of(const struct dev_key *key)
{
    return hash_table_key(key->ns, key->name) ^ hash_table_key(key->resource, STR(""));
}

static struct item *set_find(const struct item_set *set, const struct dev_key *key)
{
    struct map_cursor at = map_seek(&set->table, hash_of(key));
    struct item *item;
    while ((item = map_next(&set->table, &at)) != NULL) {
        if (str_eq(item->key.name, key->name) && str_eq(item->key.ns, key->ns) &&
            str_eq(item->key.resource, key->resource))
            break;
    }
    return item;
}

static struct str put(char **to, struct str s)
{
    struct str copy = {*to, s.len};
    if (s.len > 0)
        memcpy(*to, s.ptr, s.len);
    *to += s.len;
    return copy;
}

static void set_add(struct item_set *set, const struct dev_key *key)
{
    if (set_find(set, key))
        return;
    struct item *item =
        mem_alloc_zero(sizeof(*item) + key->resource.len + key->ns.len + key->name.len);
    char *text = (char *)(item + 1);
    item->key.resource = put(&text, key->resource);
    item->key.ns = put(&text, key->ns);
    item->key.name = put(&text, key->name);
    *set->end = item;
    set->end = &item->next;
    map_add(&set->table, hash_of(key), item);
}

static struct item *set_take(struct item_set *set) /* the oldest; NULL: none */
{
    struct item *item = set->first;
    if (!item)
        return NULL;
    set->first = item->next;
    if (!set->first)
        set->end = &set->first;
    map_remove(&set->table, hash_of(&item->key), item);
    return item;
}

static void set_remove(struct item_set *set, const struct dev_key *key)
{
    struct item *item = set_find(set, key);
    struct item **link = &set->first;
    if (!item)
        return;
    while (*link != item)
        link = &(*link)->next;
    *link = item->next;
    if (!*link)
        set->end = link;
    map_remove(&set->table, hash_of(key), item);
    free(item);
}

static void set_fini(struct item_set *set)
{
    struct item *item;
    while ((item = set_take(set)) != NULL)
        free(item);
    map_fini(&set->table);
}

/* ---- what is to be looked at ------------------------------------------------------------------
 */

static void on_idle(uv_idle_t *idle);

static void look(void *ctx, const struct dev_key *key)
{
    struct dev_collector *collector = ctx;
    if (!collector->queue.first)
        must(uv_idle_start(&collector->idle, on_idle) == 0);
    set_add(&collector->queue, key);
}

static void on_idle(uv_idle_t *idle)
{
    struct dev_collector *collector = idle->data;
    const struct dev_collector_ctx ctx = {collector->server, &collector->owners, look, collector};
    for (int i = 0; i < LOOKS_PER_TURN; i++) {
        struct item *item = set_take(&collector->queue);
        if (!item)
            break;
        dev_collector_look(&ctx, &item->key);
        free(item);
    }
    if (!collector->queue.first)
        uv_idle_stop(&collector->idle);
}

static bool contains(struct str text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* Only objects that may say anything about owners or deletion are parsed. */
static yyjson_doc *read_if_of_interest(struct str json)
{
    struct error err = {0};
    if (!contains(json, "\"ownerReferences\"") && !contains(json, "\"deletionTimestamp\""))
        return NULL;
    yyjson_doc *doc = json_read(json, &err);
    must(doc); /* we wrote it */
    return doc;
}

static yyjson_val *metadata_of(yyjson_doc *doc)
{
    return json_object(yyjson_doc_get_root(doc), "metadata");
}

static void note_owners(struct dev_collector *collector, const struct dev_key *key,
                        yyjson_val *before, yyjson_val *after)
{
    if (before == after || (before && after && yyjson_equals(before, after)))
        return;
    dev_owners_remove(&collector->owners, key, before);
    dev_owners_add(&collector->owners, key, after);
    if (after)
        look(collector, key);
}

static bool is_emptied(const struct dev_key *key)
{
    return str_eq_cstr(key->resource, "namespaces") || str_eq_cstr(key->resource, definitions);
}

static void note_deletion(struct dev_collector *collector, const struct dev_key *key,
                          yyjson_val *metadata)
{
    if (str_is_empty(json_str(metadata, "deletionTimestamp")))
        return;
    if (is_emptied(key))
        set_add(&collector->leaving, key);
    look(collector, key);
}

/* Owners that wait for this one, the namespace or the definition that is being emptied. */
static void look_at_waiting(struct dev_collector *collector, const struct dev_key *key,
                            yyjson_val *references)
{
    const struct dev_key ns = {STR("namespaces"), STR(""), key->ns};
    const struct dev_key definition = {str_from(definitions), STR(""), key->resource};
    size_t i, max;
    yyjson_val *reference;
    if (collector->leaving.first && set_find(&collector->leaving, &ns))
        look(collector, &ns);
    if (collector->leaving.first && set_find(&collector->leaving, &definition))
        look(collector, &definition);
    yyjson_arr_foreach(references, i, max, reference)
    {
        struct str version = json_str(reference, "apiVersion");
        size_t slash = 0;
        struct str group = {version.ptr, str_find(version, '/', &slash) ? slash : 0};
        const struct dev_resource *owner =
            dev_registry_find_kind(collector->server->registry, group, json_str(reference, "kind"));
        if (!owner)
            continue;
        const struct dev_key owner_key = {owner->id, owner->is_namespaced ? key->ns : STR(""),
                                          json_str(reference, "name")};
        look(collector, &owner_key);
    }
}

static void look_at_dependents(struct dev_collector *collector, struct str json)
{
    struct error err = {0};
    yyjson_doc *doc cleanup_json_doc = json_read(json, &err);
    must(doc); /* we wrote it */
    const struct dev_dependent *dependent =
        dev_owners_find(&collector->owners, json_str(metadata_of(doc), "uid"));
    for (; dependent; dependent = dependent->next)
        look(collector, &dependent->key);
}

void dev_collector_note(struct dev_collector *collector, const struct dev_change *change)
{
    yyjson_doc *before cleanup_json_doc = read_if_of_interest(change->old_json);
    yyjson_doc *after cleanup_json_doc =
        change->type == DEV_DELETED ? NULL : read_if_of_interest(change->json);
    yyjson_val *old_references = json_array(metadata_of(before), "ownerReferences");
    note_owners(collector, &change->key, old_references,
                json_array(metadata_of(after), "ownerReferences"));
    note_deletion(collector, &change->key, metadata_of(after));
    if (change->type != DEV_DELETED)
        return;
    set_remove(&collector->leaving, &change->key);
    look_at_waiting(collector, &change->key, old_references);
    if (collector->owners.owners.count > 0)
        look_at_dependents(collector, change->json);
}

bool dev_collector_is_leaving(const struct dev_collector *collector, struct str definition)
{
    const struct dev_key key = {str_from(definitions), STR(""), definition};
    return collector->leaving.first && set_find(&collector->leaving, &key) != NULL;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static bool note_stored(void *ctx, const struct dev_record *record)
{
    const struct dev_change change = {
        .type = DEV_ADDED, .version = record->version, .key = record->key, .json = record->json};
    dev_collector_note(ctx, &change);
    return true;
}

struct dev_collector *dev_collector_new(struct dev_server *server)
{
    struct dev_collector *collector = mem_alloc_zero(sizeof(*collector));
    const struct dev_resource *resource;
    size_t position = 0;
    collector->server = server;
    dev_owners_init(&collector->owners);
    set_init(&collector->queue);
    set_init(&collector->leaving);
    must(uv_idle_init(server->loop, &collector->idle) == 0);
    collector->idle.data = collector;
    while ((resource = dev_registry_each(server->registry, &position)) != NULL) {
        /* Two views of one kind of object are looked at once. */
        if (dev_registry_find_id(server->registry, resource->id) == resource)
            dev_store_each(server->store, resource->id, STR(""), STR(""), STR(""), note_stored,
                           collector);
    }
    return collector;
}

static void on_closed(uv_handle_t *idle)
{
    struct dev_collector *collector = idle->data;
    void (*closed)(void *ctx) = collector->closed;
    void *closed_ctx = collector->closed_ctx;
    dev_owners_fini(&collector->owners);
    set_fini(&collector->queue);
    set_fini(&collector->leaving);
    free(collector);
    closed(closed_ctx);
}

void dev_collector_stop(struct dev_collector *collector, void (*closed)(void *ctx), void *ctx)
{
    collector->closed = closed;
    collector->closed_ctx = ctx;
    uv_close((uv_handle_t *)&collector->idle, on_closed);
}
