/* What the server has: /api, /apis, /api/v1, /apis/GROUP, /apis/GROUP/VERSION, /version. */
#pragma once
#include <stdbool.h>

#include "base/str.h"
#include "base/strbuf.h"
#include "devserver/registry.h"

struct dev_document {
    const char *content_type; /* static */
    struct strbuf body;
    char etag[24]; /* with its quotes: changes when the body does; empty: none */
};
void dev_document_fini(struct dev_document *document);
void dev_document_seal(struct dev_document *document); /* sets the etag once the body is done */

/* The document at `path` (a slash at its end does not matter). `accept` chooses between the plain
 * documents and, for /api and /apis, the aggregated apidiscovery.k8s.io v2 or v2beta1. False: there
 * is none, the answer is 404. */
bool dev_discovery_document(const struct dev_registry *registry, struct str path, struct str accept,
                            struct dev_document *out);
