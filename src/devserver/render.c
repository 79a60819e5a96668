#include "devserver/render.h"

#include <stdlib.h>

#include "base/must.h"
#include "devserver/convert.h"
#include "devserver/table.h"
#include "kube/model/json.h"

/* "GROUP/VERSION" of what the client asked for, as a JSON string. */
static void append_api_version(const struct dev_render *render, struct strbuf *out)
{
    cleanup_strbuf struct strbuf text = {0};
    if (!str_is_empty(render->resource->group))
        strbuf_printf(&text, STR_FMT "/", STR_ARG(render->resource->group));
    strbuf_append(&text, render->version->name);
    strbuf_append_json(out, strbuf_str(&text));
}

static void append_whole(const struct dev_render *render, struct str stored, struct strbuf *out)
{
    if (!dev_convert_text(render->resource, render->version, stored, out))
        strbuf_append(out, stored);
}

static void append_partial(yyjson_val *object, struct strbuf *out)
{
    size_t len = 0;
    yyjson_val *metadata = json_object(object, "metadata");
    cleanup_free char *text = metadata ? yyjson_val_write(metadata, 0, &len) : NULL;
    strbuf_append_cstr(
        out, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":");
    strbuf_append(out, text ? (struct str){text, len} : STR("{}"));
    strbuf_append_char(out, '}');
}

static void append_row(const struct dev_render *render, yyjson_val *object, struct str stored,
                       struct strbuf *out)
{
    strbuf_append_cstr(out, "{\"cells\":");
    dev_table_cells(render->resource, render->version, object, render->now_ms, out);
    strbuf_append_cstr(out, ",\"object\":");
    if (render->omit_object)
        strbuf_append_cstr(out, "null");
    else if (render->include_object)
        append_whole(render, stored, out);
    else
        append_partial(object, out);
    strbuf_append_char(out, '}');
}

static void append_table_start(const struct dev_render *render, bool has_columns,
                               struct strbuf *out)
{
    strbuf_append_cstr(out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\","
                            "\"columnDefinitions\":");
    if (has_columns)
        dev_table_columns(render->resource, render->version, out);
    else
        strbuf_append_cstr(out, "null");
    strbuf_append_cstr(out, ",\"rows\":[");
}

/* One object by itself; has_columns matters to Tables. */
static void append_one(const struct dev_render *render, struct str stored, bool has_columns,
                       struct strbuf *out)
{
    struct error err = {0};
    if (render->form == DEV_FORM_OBJECT) {
        append_whole(render, stored, out);
        return;
    }
    cleanup_json_doc yyjson_doc *doc = json_read(stored, &err);
    must(doc); /* our own text */
    yyjson_val *object = yyjson_doc_get_root(doc);
    if (render->form == DEV_FORM_PARTIAL) {
        append_partial(object, out);
        return;
    }
    append_table_start(render, has_columns, out);
    append_row(render, object, stored, out);
    strbuf_append_cstr(out, "],\"metadata\":{\"resourceVersion\":");
    strbuf_append_json(out, json_str(json_object(object, "metadata"), "resourceVersion"));
    strbuf_append_cstr(out, "}}");
}

void dev_render_object(const struct dev_render *render, struct str stored, struct strbuf *out)
{
    append_one(render, stored, true, out);
}

void dev_render_event(const struct dev_render *render, struct str stored, bool is_first,
                      struct strbuf *out)
{
    append_one(render, stored, is_first, out);
}

/* ---- lists ----------------------------------------------------------------------------------- */

void dev_render_list_begin(const struct dev_render *render, struct strbuf *out)
{
    switch (render->form) {
    case DEV_FORM_TABLE:
        append_table_start(render, true, out);
        return;
    case DEV_FORM_PARTIAL:
        strbuf_append_cstr(out, "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":"
                                "\"meta.k8s.io/v1\",\"items\":[");
        return;
    case DEV_FORM_OBJECT:
        strbuf_append_cstr(out, "{\"apiVersion\":");
        append_api_version(render, out);
        strbuf_append_cstr(out, ",\"kind\":");
        strbuf_append_json(out, render->resource->list_kind);
        strbuf_append_cstr(out, ",\"items\":[");
        return;
    }
}

void dev_render_list_item(const struct dev_render *render, struct str stored, bool is_first,
                          struct strbuf *out)
{
    struct error err = {0};
    if (!is_first)
        strbuf_append_char(out, ',');
    if (render->form == DEV_FORM_OBJECT) {
        append_whole(render, stored, out);
        return;
    }
    cleanup_json_doc yyjson_doc *doc = json_read(stored, &err);
    must(doc); /* our own text */
    if (render->form == DEV_FORM_TABLE)
        append_row(render, yyjson_doc_get_root(doc), stored, out);
    else
        append_partial(yyjson_doc_get_root(doc), out);
}

void dev_render_list_end(const struct dev_render *render, uint64_t version,
                         struct str continue_token, int64_t remaining, struct strbuf *out)
{
    (void)render;
    strbuf_printf(out, "],\"metadata\":{\"resourceVersion\":\"%llu\"", (unsigned long long)version);
    if (!str_is_empty(continue_token)) {
        strbuf_append_cstr(out, ",\"continue\":");
        strbuf_append_json(out, continue_token);
    }
    if (remaining >= 0)
        strbuf_printf(out, ",\"remainingItemCount\":%lld", (long long)remaining);
    strbuf_append_cstr(out, "}}");
}
