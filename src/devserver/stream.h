/* Watches as clients see them: a stream of JSON lines.
 *
 *   INITIAL   the objects that are there are sent in order of namespace and name, in pieces, so
 * that a slow client costs no memory; changes of what was sent already follow at once, changes of
 * what comes later are seen when it comes LIVE      each change is sent when it is committed ENDED
 * nothing more; freed by the loop
 *
 * A client that does not read is ended in order once 32 MiB wait for it: it resumes from the last
 * resourceVersion that it saw. */
#pragma once
#include "devserver/call.h"
#include "devserver/options.h"

struct dev_stream;
struct dev_streams { /* all that are open */
    struct dev_stream *first;
    size_t held_count; /* lines that a fault keeps back for a moment */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* Answers the call with a stream. False: refused with call->status. */
bool dev_stream_serve(struct dev_streams *streams, struct dev_call *call,
                      const struct dev_list_options *options);
/* The resource is served no longer, or otherwise: its watches end in order. */
void dev_streams_end_resource(struct dev_streams *streams, struct str resource_id);
/* All end in order. `closed` comes when they are freed: from the loop, or at once when there are
 * none. */
void dev_streams_stop(struct dev_streams *streams, void (*closed)(void *ctx), void *ctx);
