#include "kube/event.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/utf8.h"

enum { SUFFIX_LEN = 1 + 16 };

struct str kube_event_namespace(const struct kube_event *event)
{
    return str_is_empty(event->about.ns) ? STR("default") : event->about.ns;
}

struct str kube_event_name(const struct kube_event *event, char buf[KUBE_EVENT_NAME_MAX + 1])
{
    struct str name = utf8_cut(event->about.name, KUBE_EVENT_NAME_MAX - SUFFIX_LEN);
    while (name.len > 0 && (name.ptr[name.len - 1] == '.' || name.ptr[name.len - 1] == '-'))
        name.len--; /* parts of a name end in a letter or digit */
    int len =
        snprintf(buf, KUBE_EVENT_NAME_MAX + 1, STR_FMT ".%016" PRIx64, STR_ARG(name), event->id);
    must(len > 0 && len <= KUBE_EVENT_NAME_MAX);
    return (struct str){buf, (size_t)len};
}

static void write_member(struct strbuf *out, const char *key, struct str value)
{
    strbuf_printf(out, ",\"%s\":", key);
    strbuf_append_json(out, value);
}

static void write_time(struct strbuf *out, const char *key, int64_t wall_ms)
{
    char buf[RFC3339_MAX];
    write_member(out, key, rfc3339_format_s(wall_ms, buf));
}

static void write_api_version(struct strbuf *out, const struct kube_event_subject *about)
{
    struct strbuf text cleanup_strbuf = {0};
    strbuf_printf(&text, "%s%s" STR_FMT, about->group, about->group[0] != '\0' ? "/" : "",
                  STR_ARG(about->version));
    write_member(out, "apiVersion", strbuf_str(&text));
}

static void write_subject(struct strbuf *out, const struct kube_event_subject *about)
{
    strbuf_append(out, STR(",\"involvedObject\":{\"kind\":"));
    strbuf_append_json(out, str_from(about->kind));
    write_api_version(out, about);
    if (!str_is_empty(about->ns))
        write_member(out, "namespace", about->ns);
    write_member(out, "name", about->name);
    if (!str_is_empty(about->uid))
        write_member(out, "uid", about->uid);
    if (about->resource_version > 0)
        strbuf_printf(out, ",\"resourceVersion\":\"%" PRIu64 "\"", about->resource_version);
    strbuf_append_char(out, '}');
}

void kube_event_write(struct strbuf *out, const struct kube_event *event)
{
    char name[KUBE_EVENT_NAME_MAX + 1];
    strbuf_append(out, STR("{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":"));
    strbuf_append_json(out, kube_event_name(event, name));
    write_member(out, "namespace", kube_event_namespace(event));
    strbuf_append_char(out, '}');
    write_subject(out, &event->about);
    write_member(out, "type", event->type == KUBE_EVENT_WARNING ? STR("Warning") : STR("Normal"));
    write_member(out, "reason", event->reason);
    write_member(out, "message", event->message);
    strbuf_append(out, STR(",\"source\":{\"component\":"));
    strbuf_append_json(out, str_from(event->component));
    strbuf_append_char(out, '}');
    write_member(out, "reportingComponent", str_from(event->component));
    write_member(out, "reportingInstance", str_from(event->instance));
    write_time(out, "firstTimestamp", event->first_ms);
    write_time(out, "lastTimestamp", event->last_ms);
    strbuf_printf(out, ",\"count\":%" PRId64 "}", event->count);
}

void kube_event_write_count(struct strbuf *out, const struct kube_event *event)
{
    strbuf_printf(out, "{\"count\":%" PRId64, event->count);
    write_time(out, "lastTimestamp", event->last_ms);
    strbuf_append_char(out, '}');
}
