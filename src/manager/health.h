/* /healthz and /readyz, answered as Kubernetes' own components do:
 *
 *   /readyz           "ok", or 503 and a line for each check
 *   /readyz?verbose   a line for each check in any case
 *   /readyz/NAME      one check */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "manager/http_server.h"

struct health_check {
    const char *name; /* [a-z-]: part of a path */
    /* Whether all is well; if not, appends why, in a few words. */
    bool (*is_well)(void *ctx, struct strbuf *reason);
    void *ctx;
};

struct health {
    const struct health_check *ready; /* borrowed; being alive needs no more than an answer */
    size_t ready_count;
};

void health_answer(const struct health *health, struct str path, bool is_verbose,
                   struct http_answer *answer);
