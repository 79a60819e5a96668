/* A kind of object as this program sees it: where it is served and which view of it is kept. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct kube_object;
struct yyjson_val;

/* Parts of metadata that a view keeps; the rest is dropped while parsing. */
enum kube_meta_part {
    KUBE_META_OWNERS = 1 << 0,
    KUBE_META_FINALIZERS = 1 << 1,
};

struct kube_kind {
    const char *group; /* "" for the core group */
    const char *kind;
    const char *plural;             /* what discovery is expected to say; its answer wins */
    const char *const *versions;    /* NULL-terminated, the most wanted first */
    bool is_metadata_only;          /* fetched as PartialObjectMetadata */
    unsigned meta_parts;            /* enum kube_meta_part */
    const char *const *labels;      /* NULL-terminated keys that are kept; NULL: none */
    const char *const *annotations; /* the same */
    /* NULL-terminated finalizers, groups and kinds of owners that most objects name; NULL: none. A
     * view points at these instead of holding copies: a hundred bytes less for an ElfMachine. */
    const char *const *known_texts;
    size_t view_size; /* of the struct that begins with struct kube_object */
    /* Fills the zeroed view beyond its metadata from the whole object; everything it keeps is
     * copied to `arena`. It runs twice per object (measure, then build) and must do the same both
     * times. NULL: metadata is all. Odd content is kept as it is or left out, so that a decision
     * can say what is wrong; ERROR_INVALID only where no view is possible. */
    bool (*parse)(struct kube_object *view, struct yyjson_val *json, struct arena *arena,
                  struct error *err);
};
