#include "devserver/table_builtin.h"

#include <ctype.h>

#include "devserver/age.h"
#include "kube/model/json.h"

#define NAME_COLUMN                                                                                \
    {                                                                                              \
        "Name", "string", "name", "Name of the object, unique within its namespace.", 0            \
    }
#define AGE_COLUMN                                                                                 \
    {                                                                                              \
        "Age", "string", "", "Time since the object was created.", 0                               \
    }

const struct dev_table_column dev_table_name_column = NAME_COLUMN;
const struct dev_table_column dev_table_age_column = {"Age", "date", "",
                                                      "Time since the object was created.", 0};

/* ---- cells ----------------------------------------------------------------------------------- */

static void append_text(struct strbuf *out, struct str text)
{
    if (out->len > 0 && out->data[out->len - 1] != '[')
        strbuf_append_char(out, ',');
    strbuf_append_json(out, text);
}

static void append_number(struct strbuf *out, int64_t number)
{
    strbuf_printf(out, ",%lld", (long long)number);
}

static void append_since(struct strbuf *out, struct str time, int64_t now_ms)
{
    cleanup_strbuf struct strbuf age = {0};
    dev_age_append_since(time, now_ms, &age);
    append_text(out, strbuf_str(&age));
}

static void append_name(yyjson_val *stored, struct strbuf *out)
{
    append_text(out, json_str(json_object(stored, "metadata"), "name"));
}

static void append_age(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    append_since(out, json_str(json_object(stored, "metadata"), "creationTimestamp"), now_ms);
}

static int64_t member_count(yyjson_val *stored, const char *key)
{
    return (int64_t)yyjson_obj_size(json_object(stored, key));
}

static void configmap_cells(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    append_name(stored, out);
    append_number(out, member_count(stored, "data") + member_count(stored, "binaryData"));
    append_age(stored, now_ms, out);
}

static void secret_cells(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    append_name(stored, out);
    append_text(out, json_str(stored, "type"));
    append_number(out, member_count(stored, "data"));
    append_age(stored, now_ms, out);
}

static void service_account_cells(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    append_name(stored, out);
    append_age(stored, now_ms, out);
}

static void namespace_cells(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    append_name(stored, out);
    append_text(out, json_str(json_object(stored, "status"), "phase"));
    append_age(stored, now_ms, out);
}

static void lease_cells(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    append_name(stored, out);
    append_text(out, json_str(json_object(stored, "spec"), "holderIdentity"));
    append_age(stored, now_ms, out);
}

static void definition_cells(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    (void)now_ms;
    append_name(stored, out);
    append_text(out, json_str(json_object(stored, "metadata"), "creationTimestamp"));
}

/* "ippool/a", or what there is of it. */
static void append_involved(yyjson_val *stored, struct strbuf *out)
{
    cleanup_strbuf struct strbuf text = {0};
    yyjson_val *involved = json_object(stored, "involvedObject");
    struct str name = json_str(involved, "name");
    strbuf_append(&text, json_str(involved, "kind"));
    for (size_t i = 0; i < text.len; i++)
        text.data[i] = (char)tolower((unsigned char)text.data[i]);
    if (!str_is_empty(name))
        strbuf_printf(&text, "/" STR_FMT, STR_ARG(name));
    append_text(out, strbuf_str(&text));
}

static void append_source(yyjson_val *stored, struct strbuf *out)
{
    cleanup_strbuf struct strbuf text = {0};
    yyjson_val *source = json_object(stored, "source");
    struct str component = json_str(source, "component");
    struct str host = json_str(source, "host");
    if (str_is_empty(component))
        component = json_str(stored, "reportingComponent");
    if (str_is_empty(host))
        host = json_str(stored, "reportingInstance");
    strbuf_append(&text, component);
    if (!str_is_empty(host))
        strbuf_printf(&text, ", " STR_FMT, STR_ARG(host));
    append_text(out, strbuf_str(&text));
}

static struct str or_else(struct str text, struct str otherwise)
{
    return str_is_empty(text) ? otherwise : text;
}

static void event_cells(yyjson_val *stored, int64_t now_ms, struct strbuf *out)
{
    yyjson_val *series = json_object(stored, "series");
    struct str first = or_else(json_str(stored, "firstTimestamp"), json_str(stored, "eventTime"));
    struct str last = or_else(json_str(stored, "lastTimestamp"), first);
    int64_t count = json_int(stored, "count", 0);
    if (series) {
        last = json_str(series, "lastObservedTime");
        count = json_int(series, "count", 0);
    } else if (count == 0)
        count = 1;
    append_since(out, last, now_ms);
    append_text(out, json_str(stored, "type"));
    append_text(out, json_str(stored, "reason"));
    append_involved(stored, out);
    append_text(out, json_str(json_object(stored, "involvedObject"), "fieldPath"));
    append_source(stored, out);
    append_text(out, str_trim(json_str(stored, "message")));
    append_since(out, first, now_ms);
    append_number(out, count);
    append_name(stored, out);
}

/* ---- columns --------------------------------------------------------------------------------- */

static const struct dev_table_column configmap_columns[] = {
    NAME_COLUMN, {"Data", "string", "", "How many keys it has.", 0}, AGE_COLUMN};
static const struct dev_table_column secret_columns[] = {
    NAME_COLUMN,
    {"Type", "string", "", "What the secret is for.", 0},
    {"Data", "string", "", "How many keys it has.", 0},
    AGE_COLUMN};
static const struct dev_table_column service_account_columns[] = {NAME_COLUMN, AGE_COLUMN};
static const struct dev_table_column namespace_columns[] = {
    NAME_COLUMN, {"Status", "string", "", "Active or Terminating.", 0}, AGE_COLUMN};
static const struct dev_table_column lease_columns[] = {
    NAME_COLUMN, {"Holder", "string", "", "Who holds the lease.", 0}, AGE_COLUMN};
static const struct dev_table_column definition_columns[] = {
    NAME_COLUMN, {"Created At", "date", "", "When the object was created.", 0}};
static const struct dev_table_column event_columns[] = {
    {"Last Seen", "string", "", "Time since it was seen last.", 0},
    {"Type", "string", "", "Normal or Warning.", 0},
    {"Reason", "string", "", "Why, in one word.", 0},
    {"Object", "string", "", "What the event is about.", 0},
    {"Subobject", "string", "", "Part of the object that it is about.", 1},
    {"Source", "string", "", "Who reports it.", 1},
    {"Message", "string", "", "What happened.", 0},
    {"First Seen", "string", "", "Time since it was seen first.", 1},
    {"Count", "string", "", "How often it was seen.", 1},
    {"Name", "string", "name", "Name of the event.", 1}};

#define TABLE(id, name)                                                                            \
    {                                                                                              \
        id, name##_columns, ARRAY_LEN(name##_columns), name##_cells                                \
    }

const struct dev_table_builtin *dev_table_builtin_find(struct str id)
{
    static const struct dev_table_builtin tables[] = {
        TABLE("configmaps", configmap),
        TABLE("secrets", secret),
        TABLE("serviceaccounts", service_account),
        TABLE("namespaces", namespace),
        TABLE("events", event),
        TABLE("leases.coordination.k8s.io", lease),
        TABLE("customresourcedefinitions.apiextensions.k8s.io", definition),
    };
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        if (str_eq_cstr(id, tables[i].id))
            return &tables[i];
    }
    return NULL;
}
