#include "devserver/page.h"

#include <inttypes.h>

#include "base/base64.h"
#include "kube/model/json.h"

static void append_base64_url(struct strbuf *out, struct str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *in = (const unsigned char *)s.ptr;
    for (size_t i = 0; i < s.len; i += 3) {
        uint32_t bits = (uint32_t)in[i] << 16;
        bits |= i + 1 < s.len ? (uint32_t)in[i + 1] << 8 : 0;
        bits |= i + 2 < s.len ? in[i + 2] : 0;
        for (size_t digit = 0; digit < 4 && i + digit <= s.len; digit++)
            strbuf_append_char(out, digits[(bits >> (18 - 6 * digit)) & 63]);
    }
}

void dev_page_write(const struct dev_page *page, struct strbuf *out)
{
    struct strbuf json cleanup_strbuf = {0};
    strbuf_printf(&json,
                  "{\"v\":\"meta.k8s.io/v1\",\"rv\":%" PRIu64 ",\"before\":%" PRIu64 ",\"ns\":",
                  page->version, page->before);
    strbuf_append_json(&json, page->ns);
    strbuf_append_cstr(&json, ",\"start\":");
    strbuf_append_json(&json, page->name);
    strbuf_append_char(&json, '}');
    append_base64_url(out, strbuf_str(&json));
}

/* To the alphabet and the padding that base64_decode knows. */
static void to_standard(struct str token, struct strbuf *out)
{
    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];
        strbuf_append_char(out, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (out->len % 4 != 0)
        strbuf_append_char(out, '=');
}

static bool refuse(struct dev_status *status)
{
    return dev_status_bad_request(status, "invalid continue token: continue key is not valid");
}

bool dev_page_read(struct str token, struct arena *arena, struct dev_page *out,
                   struct dev_status *status)
{
    struct strbuf standard cleanup_strbuf = {0};
    struct error err = {0};
    cleanup_free char *json = NULL;
    size_t json_len = 0;
    to_standard(token, &standard);
    if (!base64_decode(strbuf_str(&standard), &json, &json_len, &err))
        return refuse(status);
    yyjson_doc *doc cleanup_json_doc = json_read((struct str){json, json_len}, &err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!doc || !str_eq_cstr(json_str(root, "v"), "meta.k8s.io/v1") ||
        str_is_empty(json_str(root, "start")))
        return refuse(status);
    int64_t version = json_int(root, "rv", 0);
    int64_t before = json_int(root, "before", 0);
    out->version = version > 0 ? (uint64_t)version : 0;
    out->before = before > 0 ? (uint64_t)before : 0;
    out->ns = arena_dup_str(arena, json_str(root, "ns"));
    out->name = arena_dup_str(arena, json_str(root, "start"));
    return true;
}
