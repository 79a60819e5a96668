/* The options of requests, from the query or a body, checked as kube-apiserver checks them. All
 * return false with a status; texts are borrowed from the request or the body's document. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "devserver/http.h"
#include "devserver/status.h"

enum dev_field_validation { DEV_FIELDS_WARN, DEV_FIELDS_IGNORE, DEV_FIELDS_STRICT };

struct dev_write_options {
    bool is_dry_run;
    enum dev_field_validation validation;
};
/* `kind`: "CreateOptions", "UpdateOptions", "PatchOptions". */
bool dev_write_options_read(const struct dev_http_request *request, const char *kind, bool is_apply,
                            struct dev_write_options *out, struct dev_status *status);

enum dev_match { DEV_MATCH_NONE, DEV_MATCH_EXACT, DEV_MATCH_NOT_OLDER };

struct dev_list_options {
    bool is_watch;
    bool has_version; /* resourceVersion was given and is not empty */
    bool has_send_initial;
    bool is_send_initial;
    bool wants_bookmarks;
    uint64_t version;
    enum dev_match match;
    uint64_t limit;    /* 0: none */
    int64_t timeout_s; /* 0: not said */
    struct str token;  /* continue */
    struct str labels;
    struct str fields;
};
bool dev_list_options_read(const struct dev_http_request *request, struct dev_list_options *out,
                           struct dev_status *status);
/* resourceVersion of a get. */
bool dev_get_options_read(const struct dev_http_request *request, uint64_t *version,
                          struct dev_status *status);

enum dev_propagation {
    DEV_PROPAGATION_DEFAULT,
    DEV_PROPAGATION_BACKGROUND,
    DEV_PROPAGATION_FOREGROUND,
    DEV_PROPAGATION_ORPHAN
};

struct dev_delete_options {
    struct str uid;     /* preconditions; empty: none */
    struct str version; /* resourceVersion */
    enum dev_propagation propagation;
    bool is_dry_run;
    bool
        has_orphan_false; /* orphanDependents was given as false: answered 202 when it takes time */
};
/* `body` NULL: none, then the query counts. */
bool dev_delete_options_read(const struct dev_http_request *request, yyjson_val *body,
                             struct dev_delete_options *out, struct dev_status *status);
