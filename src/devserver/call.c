#include "devserver/call.h"

#include <stdio.h>

#include "base/must.h"

enum { MAX_WARNINGS = 64, NUMBER_MAX = 24 };

void dev_call_fini(struct dev_call *call)
{
    dev_status_fini(&call->status);
    strbuf_fini(&call->warnings);
}

bool dev_call_accept(struct dev_call *call)
{
    bool is_acceptable = true;
    call->form = dev_form_from_accept(dev_http_header(call->request, "Accept"), &is_acceptable);
    if (is_acceptable)
        return true;
    return dev_status_set(&call->status, 406, "NotAcceptable",
                          "only the following media types are accepted: application/json");
}

struct dev_render dev_call_render(const struct dev_call *call)
{
    struct str include = {0};
    struct dev_render render = {
        .resource = call->target.resource,
        .version = call->target.version,
        .form = call->form,
        .now_ms = clock_wall_ms(&call->server->clock),
    };
    if (dev_http_query(call->request, "includeObject", &include)) {
        render.include_object = str_eq_cstr(include, "Object");
        render.omit_object = str_eq_cstr(include, "None");
    }
    return render;
}

/* `Warning: 299 - "text"` for each warning; the lines live in *text. */
static void write_warnings(const struct dev_call *call, struct strbuf *text,
                           const char *headers[MAX_WARNINGS + 2])
{
    size_t starts[MAX_WARNINGS] = {0};
    size_t count = 0;
    struct str rest = strbuf_str(&call->warnings);
    struct str line = {0};
    while (count < MAX_WARNINGS && str_split(&rest, '\n', &line)) {
        if (str_is_empty(line))
            continue;
        starts[count++] = text->len;
        strbuf_append_cstr(text, "Warning: 299 - ");
        strbuf_append_json(text, line);
        strbuf_append_char(text, '\0');
    }
    for (size_t i = 0; i < count; i++)
        headers[i] = text->data + starts[i];
    headers[count] = NULL;
}

static void answer(struct dev_call *call, int http_status, struct str body)
{
    struct strbuf text cleanup_strbuf = {0};
    char retry_after[NUMBER_MAX + sizeof("Retry-After: ")];
    const char *headers[MAX_WARNINGS + 2];
    switch (call->fault.action) {
    case DEV_FAULT_CUT:
        if (body.len > call->fault.cut_bytes)
            body.len = call->fault.cut_bytes;
        dev_http_cut(call->request->exchange, body);
        return;
    case DEV_FAULT_GARBAGE:
        dev_http_answer(call->request->exchange, http_status, "application/json",
                        STR("{\"kind\":\"\xff\x00garbage"), NULL);
        return;
    default:
        break;
    }
    write_warnings(call, &text, headers);
    if (call->status.retry_after_s > 0) {
        snprintf(retry_after, sizeof(retry_after), "Retry-After: %d", call->status.retry_after_s);
        size_t count = 0;
        while (headers[count])
            count++;
        headers[count] = retry_after;
        headers[count + 1] = NULL;
    }
    dev_http_answer(call->request->exchange, http_status, "application/json", body, headers);
}

void dev_call_answer_json(struct dev_call *call, int http_status, struct str body)
{
    answer(call, http_status, body);
}

void dev_call_answer_status(struct dev_call *call)
{
    struct strbuf body cleanup_strbuf = {0};
    if (call->status.code == 404 && call->status.message.len == 0) {
        dev_http_answer(call->request->exchange, 404, "text/plain; charset=utf-8",
                        STR("404 page not found\n"), NULL);
        return;
    }
    dev_status_render(&call->status, &body);
    answer(call, call->status.code > 0 ? call->status.code : 200, strbuf_str(&body));
}

void dev_call_answer_object(struct dev_call *call, int http_status, struct str stored)
{
    struct strbuf body cleanup_strbuf = {0};
    struct dev_render render = dev_call_render(call);
    dev_render_object(&render, stored, &body);
    answer(call, http_status, strbuf_str(&body));
}
