#include "kube/model/patch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/must.h"

/* Every operation ends with "}", so only finish leaves a "]" at the end. */
static bool is_finished(const struct kube_patch *patch)
{
    return str_ends_with(strbuf_str(&patch->text), STR("]"));
}

/* Leaves the operation open behind its path. */
static void begin_op(struct kube_patch *patch, const char *op, const char *path)
{
    must(patch->text.len > 0 && !is_finished(patch));
    if (patch->text.len > 1)
        strbuf_append_char(&patch->text, ',');
    strbuf_append_cstr(&patch->text, "{\"op\":");
    strbuf_append_json(&patch->text, str_from(op));
    strbuf_append_cstr(&patch->text, ",\"path\":");
    strbuf_append_json(&patch->text, str_from(path));
}

void kube_patch_begin(struct kube_patch *patch, struct str uid, uint64_t resource_version)
{
    *patch = (struct kube_patch){0};
    strbuf_append_char(&patch->text, '[');
    kube_patch_op_str(patch, "test", "/metadata/uid", uid);
    if (resource_version == 0)
        return;
    char decimal[24];
    int len = snprintf(decimal, sizeof(decimal), "%" PRIu64, resource_version);
    kube_patch_op_str(patch, "replace", "/metadata/resourceVersion",
                      (struct str){decimal, (size_t)len});
}

void kube_patch_op(struct kube_patch *patch, const char *op, const char *path,
                   struct str value_json)
{
    begin_op(patch, op, path);
    if (!str_is_empty(value_json)) {
        strbuf_append_cstr(&patch->text, ",\"value\":");
        strbuf_append(&patch->text, value_json);
    }
    strbuf_append_char(&patch->text, '}');
}

void kube_patch_op_str(struct kube_patch *patch, const char *op, const char *path, struct str value)
{
    begin_op(patch, op, path);
    strbuf_append_cstr(&patch->text, ",\"value\":");
    strbuf_append_json(&patch->text, value);
    strbuf_append_char(&patch->text, '}');
}

void kube_patch_escape(struct strbuf *out, struct str segment)
{
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.ptr[i] == '~')
            strbuf_append_cstr(out, "~0");
        else if (segment.ptr[i] == '/')
            strbuf_append_cstr(out, "~1");
        else
            strbuf_append_char(out, segment.ptr[i]);
    }
}

struct str kube_patch_finish(struct kube_patch *patch)
{
    must(patch->text.len > 0);
    if (!is_finished(patch))
        strbuf_append_char(&patch->text, ']');
    return strbuf_str(&patch->text);
}

void kube_patch_fini(struct kube_patch *patch)
{
    strbuf_fini(&patch->text);
}
