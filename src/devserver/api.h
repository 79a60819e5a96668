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

struct dev_api;

/* Everything that a request is served with; lives as long as the server. Starts zeroed; the owner
 * fills in the rest before dev_api_start. */
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
    struct dev_api
        *api; /* from start to stop: watches, answers held back, what is to be collected */
};

/* Makes the store whole: defines the resources of the CustomResourceDefinitions in it, creates the
 * namespaces that every cluster has, and from now on collects what has lost its owners. Becomes the
 * store's listener and tells the history itself. */
must_check bool dev_api_start(struct dev_server *server, struct error *err);
/* Before dev_http_stop and after the last dev_api_apply: ends the watches in order, forgets answers
 * that a fault holds back, stops collecting. The rest of the server is still needed until `closed`;
 * requests that come meanwhile are answered 503. */
void dev_api_stop(struct dev_server *server, void (*closed)(void *ctx), void *ctx);

/* dev_http_fn; ctx is the struct dev_server. */
void dev_api_serve(void *ctx, const struct dev_http_request *request);

/* The same as a POST or PUT of the object would do, for --crds and --apply (create or update):
 * `manifest` is the JSON of any object. The error is the Status' message. */
must_check bool dev_api_apply(struct dev_server *server, struct str manifest, struct error *err);
