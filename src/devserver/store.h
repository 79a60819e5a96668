/* Objects on SQLite: JSON text by resource, namespace and name, with one growing resourceVersion
 * for all. A change is acknowledged only when it is committed (WAL; synchronous=NORMAL: a kill
 * loses nothing, a power cut perhaps the last transactions). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct dev_key {
    struct str resource; /* "elfmachines.infrastructure.cluster.x-k8s.io"; core: "configmaps" */
    struct str ns;       /* empty: cluster-scoped */
    struct str name;
};

struct dev_record {
    struct dev_key key;
    struct str json; /* in the storage version, with metadata.resourceVersion as of `version` */
    uint64_t version;
};

enum dev_change_type { DEV_ADDED, DEV_MODIFIED, DEV_DELETED };
struct dev_change { /* borrowed for the call */
    enum dev_change_type type;
    uint64_t version; /* of the change; a deletion has one of its own */
    struct dev_key key;
    struct str json;     /* the new object; of a deletion its last state with the new version */
    struct str old_json; /* empty: added */
};
typedef void dev_store_listener(void *ctx, const struct dev_change *change);

struct dev_store;
/* path NULL: in memory (2 GiB). A file belongs to one process at a time. Versions begin at 1 (0 has
 * a meaning of its own as resourceVersion) and never go back, also over restarts and deletions.
 * ERROR_INVALID: the file is not ours. */
must_check bool dev_store_open(const char *path, struct dev_store **out, struct error *err);
void dev_store_close(struct dev_store *store);
/* Called after each commit, in the order of versions. One listener; it must not write. */
void dev_store_listen(struct dev_store *store, dev_store_listener *listener, void *ctx);
uint64_t dev_store_version(const struct dev_store *store); /* of the last change */
/* The version that the next change will have: writers put it into the object's metadata. */
uint64_t dev_store_next_version(const struct dev_store *store);
/* Reads that fail (a broken file) say "not there" and leave the reason here; from then on every
 * change is ERROR_UNAVAILABLE, so that nothing is decided on what could not be read. NULL: none. */
const char *dev_store_problem(const struct dev_store *store);

/* The texts of *out live until the next call on the store. False: not there. */
bool dev_store_get(struct dev_store *store, const struct dev_key *key, struct dev_record *out);
/* The caller has checked preconditions; json carries dev_store_next_version. ERROR_CONFLICT:
 * create of what is there, ERROR_NOT_FOUND: update or remove of what is not. */
must_check bool dev_store_create(struct dev_store *store, const struct dev_key *key,
                                 struct str json, struct error *err);
must_check bool dev_store_update(struct dev_store *store, const struct dev_key *key,
                                 struct str json, struct error *err);
must_check bool dev_store_remove(struct dev_store *store, const struct dev_key *key,
                                 struct str last_json, struct error *err);

/* In order of namespace and name, from behind (after_ns, after_name). ns empty: all namespaces.
 * Stops when fn returns false. Records are borrowed for the call; fn may get
 * but neither write nor begin another each. */
typedef bool dev_store_visit_fn(void *ctx, const struct dev_record *record);
void dev_store_each(struct dev_store *store, struct str resource, struct str ns,
                    struct str after_ns, struct str after_name, dev_store_visit_fn *fn, void *ctx);
uint64_t dev_store_count(struct dev_store *store, struct str resource, struct str ns);
