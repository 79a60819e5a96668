/* HTTP/1.1 requests as they come from the network, piece by piece; pure. Strict where the RFC lets
 * a server be: no folded lines, no length beside chunks, nothing but tokens as names; lines may
 * end in a bare LF, as Go takes them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/strbuf.h"

/* What kube-apiserver (Go's net/http) takes: 1 MiB and a little more, in any number of lines. */
enum { DEV_HTTP_HEAD_MAX_BYTES = (1 << 20) + 4096 };

enum dev_http_progress {
    DEV_HTTP_MORE,    /* all right so far */
    DEV_HTTP_DONE,    /* whole */
    DEV_HTTP_REFUSED, /* by `status`, because of `why` */
};

struct dev_http_span { /* of the head's text */
    uint32_t at;
    uint32_t len;
};
struct dev_http_field {
    struct dev_http_span name;
    struct dev_http_span value; /* trimmed */
};

/* Starts as {0}; to be read again for the next request after dev_http_head_clear. */
struct dev_http_head {
    struct dev_http_span method;
    struct dev_http_span path;  /* as sent: of "http://host/path?query" only "/path" */
    struct dev_http_span query; /* as sent, without the "?" */
    int minor_version;          /* HTTP/1.x */
    struct dev_http_field *fields;
    size_t field_count;
    bool keeps_alive;
    bool wants_continue; /* Expect: 100-continue */
    bool is_chunked;
    uint64_t body_bytes; /* Content-Length; 0 without one */

    size_t len; /* bytes of the text that are whole lines; with DEV_HTTP_DONE: of the head */
    int status; /* of a refusal: 400, 431, 417, 501, 505 */
    const char *why;

    size_t field_capacity;
    size_t scanned;
    bool has_request_line;
    bool has_body_bytes;
    bool has_host;
};
/* `text` is all that came so far of this request (and perhaps of what follows), the same text and
 * more at each call. */
enum dev_http_progress dev_http_head_read(struct dev_http_head *head, struct str text);
void dev_http_head_clear(struct dev_http_head *head); /* keeps a little memory */
void dev_http_head_fini(struct dev_http_head *head);
static inline struct str dev_http_span_of(struct str text, struct dev_http_span span)
{
    return (struct str){text.ptr + span.at, span.len};
}
/* The first of that name, in any case; empty: none. */
struct str dev_http_head_find(const struct dev_http_head *head, struct str text, struct str name);

/* A chunked body. Starts as {0}. */
struct dev_http_chunks {
    enum {
        DEV_CHUNK_SIZE,
        DEV_CHUNK_DATA,
        DEV_CHUNK_DATA_END,
        DEV_CHUNK_TRAILER,
    } state;
    uint64_t left;         /* of the chunk */
    struct strbuf line;    /* not whole yet */
    size_t overhead_bytes; /* of lines, for bodies that consist of nothing else */
    int status;            /* of a refusal: 400, 413 */
    const char *why;
};
/* Appends to `body` what `data` holds of it, max_bytes at most; *used: how much of `data` that was.
 * Trailers are dropped. */
enum dev_http_progress dev_http_chunks_read(struct dev_http_chunks *chunks, struct str data,
                                            size_t max_bytes, struct strbuf *body, size_t *used);
void dev_http_chunks_clear(struct dev_http_chunks *chunks);
void dev_http_chunks_fini(struct dev_http_chunks *chunks);

/* Percent-decoded, in the arena. False: a "%" without two digits. */
bool dev_http_decode(struct str encoded, struct arena *arena, struct str *out);
/* The first value of a parameter, decoded ("+" is a space); false: not there. What cannot be
 * decoded counts as not there, as in Go. */
bool dev_http_query_find(struct str query, struct str name, struct arena *arena, struct str *value);
