/* Any bytes as what a client sends: a request, a refusal with a status or not whole yet; the same
 * however the bytes are cut into pieces; never a view outside of what came. */
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "devserver/http_parse.h"

enum { MAX_BODY_BYTES = 4096 };

struct outcome {
    enum dev_http_progress head_progress, body_progress;
    struct dev_http_head head;
    struct strbuf body;
    int body_status;
};

static void check_span(struct str text, struct dev_http_span span)
{
    must(span.at <= text.len && span.len <= text.len - span.at);
}

static void check_head(const struct dev_http_head *head, struct str text)
{
    must(head->len <= text.len && head->scanned <= text.len);
    check_span(text, head->method);
    check_span(text, head->path);
    check_span(text, head->query);
    for (size_t i = 0; i < head->field_count; i++) {
        check_span(text, head->fields[i].name);
        check_span(text, head->fields[i].value);
    }
}

static void read_body(struct outcome *o, struct str text, size_t step)
{
    struct dev_http_chunks chunks = {.state = DEV_CHUNK_SIZE};
    o->body_progress = DEV_HTTP_MORE;
    while (o->body_progress == DEV_HTTP_MORE && text.len > 0) {
        size_t used = 0;
        struct str piece = {text.ptr, text.len < step ? text.len : step};
        o->body_progress = dev_http_chunks_read(&chunks, piece, MAX_BODY_BYTES, &o->body, &used);
        must(o->body_progress == DEV_HTTP_REFUSED || used <= piece.len);
        must(o->body.len <= MAX_BODY_BYTES);
        text = str_skip(text, used);
    }
    o->body_status = chunks.status;
    must((o->body_progress == DEV_HTTP_REFUSED) == (chunks.status != 0));
    dev_http_chunks_fini(&chunks);
}

static void read_all(struct outcome *o, struct str text, size_t step)
{
    *o = (struct outcome){.head_progress = DEV_HTTP_MORE};
    for (size_t len = 0; o->head_progress == DEV_HTTP_MORE && len < text.len;) {
        len = text.len - len < step ? text.len : len + step;
        o->head_progress = dev_http_head_read(&o->head, (struct str){text.ptr, len});
        check_head(&o->head, (struct str){text.ptr, len});
    }
    must((o->head_progress == DEV_HTTP_REFUSED) == (o->head.status != 0));
    if (o->head_progress == DEV_HTTP_DONE)
        read_body(o, str_skip(text, o->head.len), step);
}

static void check_texts(const struct outcome *o, struct str text)
{
    struct arena arena;
    struct str out = {0};
    struct str query = dev_http_span_of(text, o->head.query);
    arena_init(&arena);
    if (dev_http_decode(dev_http_span_of(text, o->head.path), &arena, &out))
        must(out.len <= o->head.path.len && out.len > 0);
    if (dev_http_query_find(query, STR("watch"), &arena, &out))
        must(out.len < query.len);
    (void)dev_http_head_find(&o->head, text, STR("accept"));
    arena_fini(&arena);
}

static void outcome_fini(struct outcome *o)
{
    dev_http_head_fini(&o->head);
    strbuf_fini(&o->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, pieces;
    if (size < 1)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    read_all(&whole, text, text.len + 1);
    read_all(&pieces, text, data[0] % 64 + 1);
    must(whole.head_progress == pieces.head_progress);
    must(whole.head.status == pieces.head.status && whole.head.len == pieces.head.len);
    must(whole.body_progress == pieces.body_progress);
    must(whole.body_status == pieces.body_status);
    if (whole.head_progress == DEV_HTTP_DONE)
        check_texts(&whole, text);
    if (whole.body_progress == DEV_HTTP_DONE)
        must(str_eq(strbuf_str(&whole.body), strbuf_str(&pieces.body)));
    outcome_fini(&whole);
    outcome_fini(&pieces);
    return 0;
}
