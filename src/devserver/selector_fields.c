#include "base/strbuf.h"
#include "devserver/selector_internal.h"

/* Whether kube-apiserver selects a resource by a field. */
struct field_set {
    const char *resource_id;
    const char *const *names;
    bool is_usual; /* metadata alone: an unknown field is told in other words */
};

static const char *const usual_names[] = {"metadata.name", "metadata.namespace", NULL};
static const char *const namespace_names[] = {"metadata.name", "status.phase", NULL};
static const char *const secret_names[] = {"metadata.name", "metadata.namespace", "type", NULL};
static const char *const event_names[] = {"metadata.name",
                                          "metadata.namespace",
                                          "involvedObject.kind",
                                          "involvedObject.namespace",
                                          "involvedObject.name",
                                          "involvedObject.uid",
                                          "involvedObject.apiVersion",
                                          "involvedObject.resourceVersion",
                                          "involvedObject.fieldPath",
                                          "reason",
                                          "reportingComponent",
                                          "source",
                                          "type",
                                          NULL};
static const struct field_set field_sets[] = {
    {"namespaces", namespace_names, false},
    {"secrets", secret_names, false},
    {"events", event_names, false},
    {"configmaps", usual_names, true},
    {"serviceaccounts", usual_names, true},
    {"leases.coordination.k8s.io", usual_names, true},
    {"customresourcedefinitions.apiextensions.k8s.io", usual_names, true},
};
static const struct field_set custom_fields = {NULL, usual_names, false};

static const struct field_set *find_fields(struct str resource_id)
{
    for (size_t i = 0; i < ARRAY_LEN(field_sets); i++) {
        if (str_eq_cstr(resource_id, field_sets[i].resource_id))
            return &field_sets[i];
    }
    return &custom_fields;
}

static bool check_field(const struct field_set *set, struct str path, struct error *err)
{
    for (const char *const *name = set->names; *name != NULL; name++) {
        if (str_eq_cstr(path, *name))
            return true;
    }
    if (set->is_usual)
        return error_set(err, ERROR_INVALID,
                         "\"" STR_FMT "\" is not a known field selector: only \"metadata.name\", "
                         "\"metadata.namespace\"",
                         STR_ARG(path));
    return error_set(err, ERROR_INVALID, "field label not supported: " STR_FMT, STR_ARG(path));
}

/* Events are stored as the core group has them; events.k8s.io has other names for some fields. */
static struct str stored_path(struct arena *arena, struct str path)
{
    const struct str regarding = STR("regarding.");
    if (str_starts_with(path, regarding))
        return arena_printf(arena, "involvedObject." STR_FMT,
                            STR_ARG(str_skip(path, regarding.len)));
    return str_eq_cstr(path, "reportingController") ? STR("reportingComponent") : path;
}

/* The length of the part of `text` before a comma that no backslash is in front of. */
static size_t term_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && text.ptr[len] != ',')
        len += text.ptr[len] == '\\' ? 2 : 1;
    return len < text.len ? len : text.len;
}

/* Splits a term at its first operator. */
static bool split_term(struct str term, struct str *path, struct str *value, bool *is_not)
{
    static const char *const operators[] = {"!=", "==", "="};
    for (size_t at = 0; at < term.len; at++) {
        struct str rest = str_skip(term, at);
        for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
            if (!str_starts_with(rest, str_from(operators[i])))
                continue;
            *path = (struct str){term.ptr, at};
            *value = str_skip(rest, strlen(operators[i]));
            *is_not = operators[i][0] == '!';
            return true;
        }
    }
    return false;
}

static bool is_escapable(char c)
{
    return c == '\\' || c == ',' || c == '=';
}

/* A backslash, a comma or an equals sign has a backslash in front. */
static bool unescape(struct str text, struct strbuf *out, struct error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '=')
            return error_set(err, ERROR_INVALID,
                             "invalid field selector: unescaped character in value: %d", c);
        if (c == '\\') {
            if (i + 1 == text.len || !is_escapable(text.ptr[i + 1]))
                return error_set(err, ERROR_INVALID,
                                 "invalid field selector: invalid escape sequence: " STR_FMT,
                                 (int)(text.len - i < 2 ? text.len - i : 2), text.ptr + i);
            c = text.ptr[++i];
        }
        strbuf_append_char(out, c);
    }
    return true;
}

struct field_parser {
    const struct field_set *set;
    struct arena *arena;
    struct str text; /* the whole selector, in the arena */
    struct error *err;
};

static bool parse_term(const struct field_parser *p, struct str term,
                       struct dev_field_requirement **list)
{
    struct str path, value;
    bool is_not = false;
    cleanup_strbuf struct strbuf text = {0};
    if (!split_term(term, &path, &value, &is_not))
        return error_set(p->err, ERROR_INVALID,
                         "invalid selector: '" STR_FMT "'; can't understand '" STR_FMT "'",
                         STR_ARG(p->text), STR_ARG(term));
    if (!unescape(value, &text, p->err))
        return false;
    if (str_is_empty(path) && str_is_empty(value)) /* "=" says nothing */
        return true;
    path = stored_path(p->arena, path);
    if (!check_field(p->set, path, p->err))
        return false;
    struct dev_field_requirement *requirement = arena_new(p->arena, struct dev_field_requirement);
    *requirement = (struct dev_field_requirement){
        .path = path,
        .value = arena_dup_str(p->arena, strbuf_str(&text)),
        .is_not = is_not,
        .next = *list,
    };
    *list = requirement;
    return true;
}

bool dev_selector_parse_fields(struct str text, struct str resource_id, struct arena *arena,
                               struct dev_field_requirement **out, struct error *err)
{
    const struct field_parser p = {
        .set = find_fields(resource_id),
        .arena = arena,
        .text = arena_dup_str(arena, text),
        .err = err,
    };
    *out = NULL;
    for (struct str rest = p.text; rest.len > 0;) {
        struct str term = {rest.ptr, term_len(rest)};
        rest = str_skip(rest, term.len + 1);
        if (term.len > 0 && !parse_term(&p, term, out))
            return false;
    }
    return true;
}
