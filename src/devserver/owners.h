/* Who depends on whom: objects by the uids in their ownerReferences. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/map.h"
#include "devserver/store.h"

struct dev_owners {
    struct map owners;     /* hash of the uid -> struct dev_owner, owned */
    struct map dependents; /* hash of name and the owner's uid -> struct dev_dependent, owned */
};
struct dev_dependent {
    struct dev_key key; /* of the dependent; its texts follow the struct */
    struct dev_owner *owner;
    struct dev_dependent *prev; /* of the same owner */
    struct dev_dependent *next;
};

void dev_owners_init(struct dev_owners *owners);
void dev_owners_fini(struct dev_owners *owners);
/* `references`: metadata.ownerReferences; NULL: none. Each of an object is added once and removed
 * once, as it was added. */
void dev_owners_add(struct dev_owners *owners, const struct dev_key *key, yyjson_val *references);
void dev_owners_remove(struct dev_owners *owners, const struct dev_key *key,
                       yyjson_val *references);
/* The first of those that depend on `uid`, the others by `next`; NULL: nobody does. Every change
 * ends their use. */
const struct dev_dependent *dev_owners_find(const struct dev_owners *owners, struct str uid);
