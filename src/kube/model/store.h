/* The cache of one kind: views by namespace and name, with indexes. It holds what the server said,
 * answers to our own writes included, and never goes back to an older resourceVersion.
 *
 * Objects that we know to be gone (a delete answered, a 404) are remembered until the watch has
 * said so too, so that an old event cannot bring them back. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "kube/model/object.h"

enum { KUBE_STORE_MAX_INDEXES = 6 };

/* Collects the keys under which an index files an object; a key is a pair (say namespace, name).
 * Its texts are looked at during the call only; the same key twice is as good as once. */
struct kube_index_keys;
void kube_index_add(struct kube_index_keys *keys, struct str a, struct str b);
/* Pure: it is asked again whenever an object is looked for or leaves. */
typedef void kube_index_fn(const struct kube_object *object, struct kube_index_keys *keys);

/* Called for each change after it is made, not for what is refused. before == NULL: added; after ==
 * NULL: gone; both are borrowed for the call. It may read the store but not change it. */
typedef void kube_store_listener(void *ctx, const struct kube_object *before,
                                 const struct kube_object *after);

struct kube_store;
struct kube_store *kube_store_new(const struct kube_kind *kind);
void kube_store_free(struct kube_store *store);
const struct kube_kind *kube_store_kind(const struct kube_store *store);
/* Listeners are called in the order in which they were added. */
void kube_store_listen(struct kube_store *store, kube_store_listener *listener, void *ctx);
/* Only while the store is empty. Returns the index's number for find. */
size_t kube_store_add_index(struct kube_store *store, kube_index_fn *fn);

/* An object of a list or a watch. Takes the caller's reference. False: what is there is as new or
 * newer, or known to be gone. */
bool kube_store_put(struct kube_store *store, const struct kube_object *object);
/* The same for the answer to a write of our own, which may come late: the list and the watch have
 * the last word. It is refused when it is not there although the watch has come past it
 * (kube_store_saw): it is gone by now. During a list it does not count as listed. */
bool kube_store_put_answer(struct kube_store *store, const struct kube_object *object);
/* How far the watch has come: the resourceVersion of each event, DELETED and BOOKMARK too. */
void kube_store_saw(struct kube_store *store, uint64_t resource_version);
/* The object with this uid is gone as of our own knowledge (our delete, a 404): a later put of the
 * same uid is refused until kube_store_remove_seen or until a list does not have it. What is not
 * there is not remembered either: the watch has said so before. `uid` may be empty: whatever has
 * that name. */
void kube_store_remove_known(struct kube_store *store, struct str ns, struct str name,
                             struct str uid);
/* A DELETED event of the watch. `uid` may be empty: whatever has that name. */
void kube_store_remove_seen(struct kube_store *store, struct str ns, struct str name,
                            struct str uid);

/* A fresh list: begin, put everything, end: what the list did not have and is not newer than the
 * list's resource_version is gone. Begin again restarts. No watch runs meanwhile. */
void kube_store_list_begin(struct kube_store *store);
void kube_store_list_end(struct kube_store *store, uint64_t resource_version);
bool kube_store_is_filled(const struct kube_store *store); /* one list has ended */

/* Borrowed until the store changes; kube_object_ref to keep. NULL: not there. */
const struct kube_object *kube_store_find(const struct kube_store *store, struct str ns,
                                          struct str name);
size_t kube_store_count(const struct kube_store *store);
size_t kube_store_bytes(const struct kube_store *store); /* of all views, for metrics and tests */

/* Objects that an index files under (a, b), in no order:
 *     struct kube_store_cursor at = kube_store_seek(store, index, ns, name);
 *     while ((object = kube_store_next(store, &at)) != NULL) ... */
struct kube_store_cursor {
    struct map_cursor map;
    const struct map *crowd; /* the objects of a key that has many; NULL: it has few */
    size_t index;
    struct str a; /* borrowed from the caller of seek */
    struct str b;
};
struct kube_store_cursor kube_store_seek(const struct kube_store *store, size_t index, struct str a,
                                         struct str b);
const struct kube_object *kube_store_next(const struct kube_store *store,
                                          struct kube_store_cursor *cursor);
/* All objects in no order, from *position = 0. */
const struct kube_object *kube_store_each(const struct kube_store *store, size_t *position);
