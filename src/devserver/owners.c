#include "devserver/owners.h"

#include "base/hash.h"
#include "base/must.h"
#include "kube/model/json.h"

struct dev_owner {
    struct dev_dependent *first; /* not NULL: the last one takes the owner with it */
    struct str uid;              /* follows the struct */
};

void dev_owners_init(struct dev_owners *owners)
{
    map_init(&owners->owners);
    map_init(&owners->dependents);
}

void dev_owners_fini(struct dev_owners *owners)
{
    size_t index = 0;
    void *value;
    while ((value = map_each(&owners->dependents, &index)) != NULL)
        free(value);
    index = 0;
    while ((value = map_each(&owners->owners, &index)) != NULL)
        free(value);
    map_fini(&owners->dependents);
    map_fini(&owners->owners);
}

static struct str put(char **to, struct str s)
{
    struct str copy = {*to, s.len};
    if (s.len > 0)
        memcpy(*to, s.ptr, s.len);
    *to += s.len;
    return copy;
}

static struct dev_owner *find_owner(const struct dev_owners *owners, struct str uid)
{
    struct map_cursor at = map_seek(&owners->owners, hash_table_key(uid, STR("")));
    struct dev_owner *owner;
    while ((owner = map_next(&owners->owners, &at)) != NULL && !str_eq(owner->uid, uid))
        ;
    return owner;
}

static struct dev_owner *make_owner(struct dev_owners *owners, struct str uid)
{
    struct dev_owner *owner = find_owner(owners, uid);
    if (owner)
        return owner;
    owner = mem_alloc_zero(sizeof(*owner) + uid.len);
    char *text = (char *)(owner + 1);
    owner->uid = put(&text, uid);
    map_add(&owners->owners, hash_table_key(uid, STR("")), owner);
    return owner;
}

static void add(struct dev_owners *owners, const struct dev_key *key, struct str uid)
{
    struct dev_owner *owner = make_owner(owners, uid);
    struct dev_dependent *dependent =
        mem_alloc_zero(sizeof(*dependent) + key->resource.len + key->ns.len + key->name.len);
    char *text = (char *)(dependent + 1);
    dependent->key.resource = put(&text, key->resource);
    dependent->key.ns = put(&text, key->ns);
    dependent->key.name = put(&text, key->name);
    dependent->owner = owner;
    dependent->next = owner->first;
    if (owner->first)
        owner->first->prev = dependent;
    owner->first = dependent;
    map_add(&owners->dependents, hash_table_key(key->name, uid), dependent);
}

static bool is_key(const struct dev_key *a, const struct dev_key *b)
{
    return str_eq(a->name, b->name) && str_eq(a->ns, b->ns) && str_eq(a->resource, b->resource);
}

static void drop(struct dev_owners *owners, struct dev_dependent *dependent, uint64_t hash)
{
    struct dev_owner *owner = dependent->owner;
    map_remove(&owners->dependents, hash, dependent);
    if (dependent->prev)
        dependent->prev->next = dependent->next;
    else
        owner->first = dependent->next;
    if (dependent->next)
        dependent->next->prev = dependent->prev;
    free(dependent);
    if (owner->first)
        return;
    map_remove(&owners->owners, hash_table_key(owner->uid, STR("")), owner);
    free(owner);
}

void dev_owners_add(struct dev_owners *owners, const struct dev_key *key, yyjson_val *references)
{
    size_t i, max;
    yyjson_val *reference;
    yyjson_arr_foreach(references, i, max, reference) add(owners, key, json_str(reference, "uid"));
}

void dev_owners_remove(struct dev_owners *owners, const struct dev_key *key, yyjson_val *references)
{
    size_t i, max;
    yyjson_val *reference;
    yyjson_arr_foreach(references, i, max, reference)
    {
        struct str uid = json_str(reference, "uid");
        uint64_t hash = hash_table_key(key->name, uid);
        struct map_cursor at = map_seek(&owners->dependents, hash);
        struct dev_dependent *dependent;
        while ((dependent = map_next(&owners->dependents, &at)) != NULL &&
               !(is_key(&dependent->key, key) && str_eq(dependent->owner->uid, uid)))
            ;
        if (dependent)
            drop(owners, dependent, hash);
    }
}

const struct dev_dependent *dev_owners_find(const struct dev_owners *owners, struct str uid)
{
    const struct dev_owner *owner = find_owner(owners, uid);
    return owner ? owner->first : NULL;
}
