/* The Kubernetes API: from an HTTP request to the store and back. */
#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "devserver/fault.h"
#include "devserver/history.h"
#include "devserver/http.h"
#include "devserver/registry.h"
#include "devserver/store.h"

/* Everything that a request is served with; lives as long as the server. */
struct dev_server {
    uv_loop_t *loop;
    struct log *log;
    struct clock clock;
    struct random random;
    struct dev_store *store;
    struct dev_history *history;
    struct dev_registry *registry;
    struct dev_faults *faults;
    const char *token; /* bearer token that is asked for; NULL: none */
    bool is_ready;     /* everything given at the start is loaded */
};

/* dev_http_fn; ctx is the struct dev_server. */
void dev_api_serve(void *ctx, const struct dev_http_request *request);

/* The same as a POST or PUT of the object would do, for --crds and --apply (create or update):
 * `manifest` is the JSON of any object. The error is the Status' message. */
must_check bool dev_api_apply(struct dev_server *server, struct str manifest, struct error *err);
