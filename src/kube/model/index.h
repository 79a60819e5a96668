/* One index of a store: objects by keys that a function tells. Part of the store; nobody else uses
 * it.
 *
 * Most keys have a handful of objects, a few have a hundred thousand (all machines of one cluster).
 * So a key starts as entries in one table, without any memory of its own; one that outgrows
 * that becomes a crowd, a set of its own, until its last object leaves. */
#pragma once
#include "base/map.h"
#include "kube/model/store.h"

struct kube_index {
    kube_index_fn *fn;
    struct map few;    /* hash of the key -> const struct kube_object */
    struct map crowds; /* hash of the key -> struct crowd */
};

void kube_index_init(struct kube_index *index, kube_index_fn *fn);
void kube_index_fini(struct kube_index *index);
/* Objects are borrowed until removed. */
void kube_index_insert(struct kube_index *index, const struct kube_object *object);
void kube_index_remove(struct kube_index *index, const struct kube_object *object);
struct kube_store_cursor kube_index_seek(const struct kube_index *index, struct str a,
                                         struct str b);
const struct kube_object *kube_index_next(const struct kube_index *index,
                                          struct kube_store_cursor *cursor);
