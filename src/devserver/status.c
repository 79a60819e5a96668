#include "devserver/status.h"

#include <stdarg.h>

/* From anew: what was said before does not count. */
static void set(struct dev_status *status, int code, const char *reason)
{
    struct strbuf message = status->message;
    strbuf_clear(&message);
    dev_causes_fini(&status->causes);
    *status = (struct dev_status){.code = code, .reason = reason, .message = message};
}

void dev_status_fini(struct dev_status *status)
{
    strbuf_fini(&status->message);
    dev_causes_fini(&status->causes);
}

bool dev_status_set(struct dev_status *s, int code, const char *reason, const char *fmt, ...)
{
    va_list args;
    set(s, code, reason);
    va_start(args, fmt);
    strbuf_vprintf(&s->message, fmt, args);
    va_end(args);
    return false;
}

bool dev_status_bad_request(struct dev_status *s, const char *fmt, ...)
{
    va_list args;
    set(s, 400, "BadRequest");
    va_start(args, fmt);
    strbuf_vprintf(&s->message, fmt, args);
    va_end(args);
    return false;
}

/* `machines.cluster.x-k8s.io "a"` */
static void append_name(struct strbuf *out, struct str group, struct str what, struct str name)
{
    strbuf_append(out, what);
    if (!str_is_empty(group))
        strbuf_printf(out, "." STR_FMT, STR_ARG(group));
    strbuf_append_char(out, ' ');
    strbuf_append_json(out, name);
}

static void set_details(struct dev_status *s, struct str group, struct str kind, struct str name)
{
    s->has_details = true;
    s->group = group;
    s->kind = kind;
    s->name = name;
}

bool dev_status_not_found(struct dev_status *s, struct str group, struct str plural,
                          struct str name)
{
    set(s, 404, "NotFound");
    append_name(&s->message, group, plural, name);
    strbuf_append_cstr(&s->message, " not found");
    set_details(s, group, plural, name);
    return false;
}

bool dev_status_already_exists(struct dev_status *s, struct str group, struct str plural,
                               struct str name)
{
    set(s, 409, "AlreadyExists");
    append_name(&s->message, group, plural, name);
    strbuf_append_cstr(&s->message, " already exists");
    set_details(s, group, plural, name);
    return false;
}

bool dev_status_conflict(struct dev_status *s, struct str group, struct str plural, struct str name,
                         const char *why)
{
    set(s, 409, "Conflict");
    strbuf_append_cstr(&s->message, "Operation cannot be fulfilled on ");
    append_name(&s->message, group, plural, name);
    strbuf_printf(&s->message, ": %s",
                  why ? why
                      : "the object has been modified; please apply your changes to the latest "
                        "version and try again");
    set_details(s, group, plural, name);
    return false;
}

/* ---- 422 -------------------------------------------------------------------------------------*/

static bool is_same_cause(const struct dev_cause *a, const struct dev_cause *b)
{
    return str_eq(a->field, b->field) && str_eq(a->message, b->message);
}

/* Causes are few (dev_causes_add caps them). */
static bool is_repeated(const struct dev_causes *causes, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_same_cause(&causes->items[i], &causes->items[index]))
            return true;
    }
    return false;
}

/* `field: message`, or in brackets with commas when they are several; doubles count once. */
static void append_causes(struct strbuf *out, const struct dev_causes *causes)
{
    cleanup_strbuf struct strbuf joined = {0};
    size_t count = 0;
    for (size_t i = 0; i < causes->count; i++) {
        const struct dev_cause *cause = &causes->items[i];
        if (is_repeated(causes, i))
            continue;
        strbuf_append_cstr(&joined, count++ > 0 ? ", " : "");
        if (!str_is_empty(cause->field))
            strbuf_printf(&joined, STR_FMT ": ", STR_ARG(cause->field));
        strbuf_append(&joined, cause->message);
    }
    strbuf_append_cstr(out, count > 1 ? "[" : "");
    strbuf_append(out, strbuf_str(&joined));
    strbuf_append_cstr(out, count > 1 ? "]" : "");
}

bool dev_status_invalid(struct dev_status *s, struct str group, struct str kind, struct str name,
                        struct dev_causes *causes)
{
    struct dev_causes taken = *causes;
    *causes = (struct dev_causes){0};
    set(s, 422, "Invalid");
    append_name(&s->message, group, kind, name);
    strbuf_append_cstr(&s->message, " is invalid: ");
    append_causes(&s->message, &taken);
    set_details(s, group, kind, name);
    s->causes = taken;
    return false;
}

/* ---- as JSON ---------------------------------------------------------------------------------*/

/* A member with its comma, left out when it is empty, as Go's omitempty does. */
static void render_member(struct strbuf *out, const char *name, struct str value)
{
    if (str_is_empty(value))
        return;
    char last = out->len > 0 ? out->data[out->len - 1] : '{';
    strbuf_printf(out, "%s\"%s\":", last == '{' ? "" : ",", name);
    strbuf_append_json(out, value);
}

static void render_causes(struct strbuf *out, const struct dev_causes *causes)
{
    if (causes->count == 0)
        return;
    strbuf_append_cstr(out, out->data[out->len - 1] == '{' ? "\"causes\":[" : ",\"causes\":[");
    for (size_t i = 0; i < causes->count; i++) {
        strbuf_append_cstr(out, i > 0 ? ",{" : "{");
        render_member(out, "reason", causes->items[i].reason);
        render_member(out, "message", causes->items[i].message);
        render_member(out, "field", causes->items[i].field);
        strbuf_append_char(out, '}');
    }
    strbuf_append_char(out, ']');
}

static bool has_details(const struct dev_status *status)
{
    return status->has_details || !str_is_empty(status->name) || !str_is_empty(status->group) ||
           !str_is_empty(status->kind) || !str_is_empty(status->uid) || status->causes.count > 0 ||
           status->retry_after_s > 0;
}

static void render_details(struct strbuf *out, const struct dev_status *status)
{
    strbuf_append_cstr(out, ",\"details\":{");
    render_member(out, "name", status->name);
    render_member(out, "group", status->group);
    render_member(out, "kind", status->kind);
    render_member(out, "uid", status->uid);
    render_causes(out, &status->causes);
    if (status->retry_after_s > 0)
        strbuf_printf(out, "%s\"retryAfterSeconds\":%d", out->data[out->len - 1] == '{' ? "" : ",",
                      status->retry_after_s);
    strbuf_append_char(out, '}');
}

void dev_status_render(const struct dev_status *status, struct strbuf *out)
{
    bool is_failure = status->code != 0;
    strbuf_append_cstr(out, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{}");
    render_member(out, "status", is_failure ? STR("Failure") : STR("Success"));
    render_member(out, "message", strbuf_str(&status->message));
    render_member(out, "reason", str_from(status->reason));
    if (has_details(status))
        render_details(out, status);
    if (is_failure)
        strbuf_printf(out, ",\"code\":%d", status->code);
    strbuf_append_char(out, '}');
}
