/* A request on its way through the API: what it asks for, and how it is answered. */
#pragma once
#include <stdbool.h>

#include "base/strbuf.h"
#include "devserver/api.h"
#include "devserver/render.h"
#include "devserver/route.h"
#include "devserver/status.h"

struct dev_call {
    struct dev_server *server;
    const struct dev_http_request *request;
    struct dev_route route;
    struct dev_target target;
    enum dev_form form;
    struct dev_status status; /* what went wrong */
    struct strbuf warnings;   /* one a line, for Warning headers */
    struct dev_fault fault;   /* what happens to the answer */
};

void dev_call_fini(struct dev_call *call);
/* How the client wants objects. False: 406. */
bool dev_call_accept(struct dev_call *call);
struct dev_render dev_call_render(const struct dev_call *call);
/* The answers; each exactly once. */
void dev_call_answer_status(struct dev_call *call); /* call->status */
void dev_call_answer_object(struct dev_call *call, int http_status, struct str stored);
void dev_call_answer_json(struct dev_call *call, int http_status, struct str body);
