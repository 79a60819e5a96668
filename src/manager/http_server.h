/* A small HTTP/1.1 server on the loop: GET and HEAD, one request a connection, answers made at
 * once. Strangers may reach it, so that everything is bounded: 64 connections, 4 KiB of request, 5
 * s from the connection to the end of the answer. */
#pragma once
#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

struct MHD_Connection;
struct http_request {
    struct str path; /* decoded, without query; borrowed for the call */
    struct MHD_Connection *connection;
};
bool http_request_has_query(const struct http_request *request, const char *name);

struct http_answer {
    int status;         /* 200 to begin with */
    struct strbuf body; /* text/plain */
};
typedef void http_handler_fn(void *ctx, const struct http_request *request,
                             struct http_answer *answer);

/* `address` and errors: see base/listen.h. */
struct http_server;
must_check bool http_server_new(uv_loop_t *loop, const char *address, http_handler_fn *handler,
                                void *ctx, struct http_server **out, struct error *err);
int http_server_port(const struct http_server *server); /* the real one where ":0" was asked for */
/* Open connections are cut; `closed` comes when all handles are closed; frees it. */
void http_server_stop(struct http_server *server, void (*closed)(void *ctx), void *ctx);
