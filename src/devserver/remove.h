/* Deletes: at once, or by a deletionTimestamp while finalizers remain. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "devserver/api.h"
#include "devserver/options.h"
#include "devserver/status.h"

struct dev_remove {
    struct dev_server *server;
    const struct dev_resource *resource;
    struct str ns;
    struct str name;
    struct dev_delete_options options;
    struct arena *arena;       /* for texts that the status refers to */
    struct dev_status *status; /* what went wrong */
    struct strbuf stored;      /* the object as it is now, or was last */
    struct str uid;            /* in the arena */
    bool is_gone;
};
void dev_remove_fini(struct dev_remove *remove);
bool dev_remove(struct dev_remove *remove);
