/* The representations that a client may ask for by Accept: the object itself,
 * PartialObjectMetadata, a Table (what `kubectl get` prints). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "base/str.h"
#include "base/strbuf.h"
#include "devserver/registry.h"

enum dev_form { DEV_FORM_OBJECT, DEV_FORM_PARTIAL, DEV_FORM_TABLE };

/* From an Accept header: the first form that is known; *is_acceptable false: 406. The charset, q
 * and protobuf alternatives ("application/vnd.kubernetes.protobuf,application/json") are
 * understood. */
enum dev_form dev_form_from_accept(struct str accept, bool *is_acceptable);

struct dev_render {
    const struct dev_resource *resource;
    const struct dev_version *version; /* that the client asked for */
    enum dev_form form;
    int64_t now_ms;      /* wall clock, for ages */
    bool include_object; /* Table: ?includeObject=Object (else Metadata) */
    bool omit_object;    /* Table: ?includeObject=None */
};

/* One stored object (storage version) in the client's version and form, without newline. */
void dev_render_object(const struct dev_render *render, struct str stored, struct strbuf *out);
/* A list, grown item by item: begin, items, end. remaining < 0: not said. */
void dev_render_list_begin(const struct dev_render *render, struct strbuf *out);
void dev_render_list_item(const struct dev_render *render, struct str stored, bool is_first,
                          struct strbuf *out);
void dev_render_list_end(const struct dev_render *render, uint64_t version,
                         struct str continue_token, int64_t remaining, struct strbuf *out);
/* One watch event's object: a Table of one row for Tables (column definitions only with is_first).
 */
void dev_render_event(const struct dev_render *render, struct str stored, bool is_first,
                      struct strbuf *out);
