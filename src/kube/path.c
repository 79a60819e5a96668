#include "kube/path.h"

#include "base/must.h"

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* RFC 3986; writes at most three bytes for each of `s` and returns the end. */
static char *encode(char *to, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (is_unreserved(c)) {
            *to++ = (char)c;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    return to;
}

static struct str encoded(struct arena *arena, struct str s)
{
    char *text = arena_alloc_array(arena, s.len + 1, 3);
    return (struct str){text, (size_t)(encode(text, s) - text)};
}

struct str kube_path(struct arena *arena, const struct kube_resource *resource, struct str ns,
                     struct str name)
{
    must(!str_is_empty(resource->version) && !str_is_empty(resource->plural));
    bool is_core = str_is_empty(resource->group);
    bool has_ns = resource->is_namespaced && !str_is_empty(ns);
    struct str group = encoded(arena, resource->group);
    struct str version = encoded(arena, resource->version);
    struct str plural = encoded(arena, resource->plural);
    struct str in_ns = encoded(arena, has_ns ? ns : STR(""));
    struct str object = encoded(arena, name);
    return arena_printf(arena, "/%s" STR_FMT "/" STR_FMT "%s" STR_FMT "/" STR_FMT "%s" STR_FMT,
                        is_core ? "api" : "apis/", STR_ARG(group), STR_ARG(version),
                        has_ns ? "/namespaces/" : "", STR_ARG(in_ns), STR_ARG(plural),
                        str_is_empty(name) ? "" : "/", STR_ARG(object));
}

struct str kube_path_query(struct arena *arena, struct str path, const char *key, struct str value)
{
    size_t question = 0;
    bool has_query = str_find(path, '?', &question);
    struct str encoded_key = encoded(arena, str_from(key));
    struct str encoded_value = encoded(arena, value);
    return arena_printf(arena, STR_FMT "%c" STR_FMT "=" STR_FMT, STR_ARG(path),
                        has_query ? '&' : '?', STR_ARG(encoded_key), STR_ARG(encoded_value));
}
