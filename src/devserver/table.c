#include "devserver/table.h"

#include <stdlib.h>

#include "base/must.h"
#include "devserver/age.h"
#include "devserver/json_path.h"
#include "devserver/table_builtin.h"
#include "kube/model/json.h"

/* ---- columns --------------------------------------------------------------------------------- */

static void append_column(struct strbuf *out, const struct dev_column *column)
{
    strbuf_append_cstr(out, out->data[out->len - 1] == '[' ? "{\"name\":" : ",{\"name\":");
    strbuf_append_json(out, column->name);
    strbuf_append_cstr(out, ",\"type\":");
    strbuf_append_json(out, column->type);
    strbuf_append_cstr(out, ",\"format\":");
    strbuf_append_json(out, column->format);
    strbuf_append_cstr(out, ",\"description\":");
    strbuf_append_json(out, column->description);
    strbuf_printf(out, ",\"priority\":%d}", column->priority);
}

static void append_own_column(struct strbuf *out, const struct dev_table_column *column)
{
    struct dev_column shown = {.name = str_from(column->name),
                               .type = str_from(column->type),
                               .format = str_from(column->format),
                               .description = str_from(column->description),
                               .priority = column->priority};
    append_column(out, &shown);
}

void dev_table_columns(const struct dev_resource *resource, const struct dev_version *version,
                       struct strbuf *out)
{
    const struct dev_table_builtin *builtin =
        resource->is_custom ? NULL : dev_table_builtin_find(resource->id);
    strbuf_append_char(out, '[');
    if (builtin) {
        for (size_t i = 0; i < builtin->column_count; i++)
            append_own_column(out, &builtin->columns[i]);
    } else {
        append_own_column(out, &dev_table_name_column);
        for (size_t i = 0; i < version->column_count; i++)
            append_column(out, &version->columns[i]);
        if (version->column_count == 0)
            append_own_column(out, &dev_table_age_column);
    }
    strbuf_append_char(out, ']');
}

/* ---- cells ----------------------------------------------------------------------------------- */

static void append_json(struct strbuf *out, yyjson_val *value)
{
    size_t len = 0;
    cleanup_free char *text = yyjson_val_write(value, 0, &len);
    must(text);
    strbuf_append(out, (struct str){text, len});
}

/* Whatever it is, as text. */
static void append_as_text(struct strbuf *out, yyjson_val *value)
{
    if (yyjson_is_str(value)) {
        append_json(out, value);
        return;
    }
    cleanup_strbuf struct strbuf text = {0};
    append_json(&text, value);
    strbuf_append_json(out, strbuf_str(&text));
}

static void append_age(struct strbuf *out, struct str time, int64_t now_ms)
{
    cleanup_strbuf struct strbuf age = {0};
    dev_age_append_since(time, now_ms, &age);
    strbuf_append_json(out, strbuf_str(&age));
}

/* As kube-apiserver does: what is not of the column's type is null. */
static void append_cell(struct strbuf *out, const struct dev_column *column, yyjson_val *value,
                        int64_t now_ms)
{
    if (!value || yyjson_is_null(value))
        strbuf_append_cstr(out, "null"); /* NOLINT(bugprone-branch-clone): as of another type */
    else if (str_eq(column->type, STR("string")))
        append_as_text(out, value);
    else if (str_eq(column->type, STR("date")) && yyjson_is_str(value))
        append_age(out, json_value_str(value), now_ms);
    else if (str_eq(column->type, STR("integer")) && yyjson_is_real(value))
        strbuf_printf(out, "%.0f", __builtin_trunc(yyjson_get_real(value)));
    else if ((str_eq(column->type, STR("integer")) && yyjson_is_int(value)) ||
             (str_eq(column->type, STR("number")) && yyjson_is_num(value)) ||
             (str_eq(column->type, STR("boolean")) && yyjson_is_bool(value)))
        append_json(out, value);
    else
        strbuf_append_cstr(out, "null");
}

static void append_custom_cells(struct strbuf *out, const struct dev_version *version,
                                yyjson_val *stored, int64_t now_ms)
{
    yyjson_val *metadata = json_object(stored, "metadata");
    strbuf_append_json(out, json_str(metadata, "name"));
    for (size_t i = 0; i < version->column_count; i++) {
        const struct dev_column *column = &version->columns[i];
        strbuf_append_char(out, ',');
        append_cell(out, column, column->path ? dev_json_path_find(column->path, stored) : NULL,
                    now_ms);
    }
    struct str created = json_str(metadata, "creationTimestamp");
    if (version->column_count > 0)
        return;
    strbuf_append_char(out, ',');
    if (str_is_empty(created))
        strbuf_append_cstr(out, "null");
    else
        append_age(out, created, now_ms);
}

void dev_table_cells(const struct dev_resource *resource, const struct dev_version *version,
                     yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    const struct dev_table_builtin *builtin =
        resource->is_custom ? NULL : dev_table_builtin_find(resource->id);
    strbuf_append_char(out, '[');
    if (builtin)
        builtin->cells(stored, now_ms, out);
    else
        append_custom_cells(out, version, stored, now_ms);
    strbuf_append_char(out, ']');
}
