/* Writes of single objects, of clients and of our own: what is filled in, what may change, what is
 * stored. Nothing here knows HTTP. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "devserver/api.h"
#include "devserver/options.h"
#include "devserver/status.h"

struct dev_write {
    struct dev_server *server;
    const struct dev_resource *resource;
    const struct dev_version *version; /* that the client speaks */
    struct str ns;
    struct str name;        /* of the path; empty: create */
    struct str subresource; /* empty, "status", "finalize" */
    struct dev_write_options options;
    struct arena *arena;       /* for texts that the status refers to */
    struct dev_status *status; /* what went wrong */
    struct strbuf *warnings;   /* one a line */
    struct strbuf duplicates;  /* `duplicate field "a"`, one a line, from dev_body_read_object */
    struct strbuf stored;      /* the object as it is stored now (or would be) */
    bool is_created;
    bool is_patch; /* complaints about the object's form are a 422 then */
};
void dev_write_fini(struct dev_write *write);

/* The object as it is, in the writer's document. */
struct dev_before {
    yyjson_mut_val *stored;
    yyjson_mut_val *shown; /* in the client's version */
    struct str version;    /* resourceVersion; in the write's arena */
};
/* False: not there. */
bool dev_write_load(struct dev_write *write, yyjson_mut_doc *doc, struct dev_before *out);

/* The root of `doc` is the object in the client's version; it is changed. False: *status. */
bool dev_write_create(struct dev_write *write, yyjson_mut_doc *doc);
bool dev_write_update(struct dev_write *write, yyjson_mut_doc *doc,
                      const struct dev_before *before);
/* A PUT, which creates what is not there where the kind allows it. */
bool dev_write_replace(struct dev_write *write, yyjson_mut_doc *doc);

/* The 422 for a patched object that is no longer one of its kind. Returns false. */
bool dev_write_bad_patch(struct dev_write *write, yyjson_mut_val *object, struct str problem);

/* Stores the object (stored form) as it is, without looking at it, with its next resourceVersion;
 * *json_out gets the text. For what has been checked before. */
bool dev_write_store(struct dev_server *server, const struct dev_key *key, yyjson_mut_doc *doc,
                     yyjson_mut_val *object, enum dev_change_type type, struct strbuf *json_out,
                     struct error *err);
/* The object as text, in place of what *out had. */
void dev_write_text(yyjson_mut_val *object, struct strbuf *out);
/* 500, or 409 and 404 where the store says so. */
bool dev_write_store_failed(struct dev_status *status, const struct dev_resource *resource,
                            struct str name, const struct error *err);
