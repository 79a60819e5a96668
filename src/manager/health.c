#include "manager/health.h"

#include "base/attr.h"

enum { HTTP_NOT_FOUND = 404, HTTP_UNAVAILABLE = 503 };

struct endpoint {
    const char *name;
    const struct health_check *checks;
    size_t count;
};

static bool is_answering(void *ctx, struct strbuf *reason)
{
    (void)ctx;
    (void)reason;
    return true;
}
static const struct health_check ping = {"ping", is_answering, NULL};

/* Appends a line about the check; whether all is well. */
static bool report_check(const struct health_check *check, struct strbuf *out)
{
    cleanup_strbuf struct strbuf reason = {0};
    bool is_well = check->is_well(check->ctx, &reason);
    if (is_well)
        strbuf_printf(out, "[+]%s ok\n", check->name);
    else
        strbuf_printf(out, "[-]%s failed: " STR_FMT "\n", check->name,
                      STR_ARG(strbuf_str(&reason)));
    return is_well;
}

/* All checks of the endpoint, or the one of that name. */
static void answer_checks(const struct endpoint *endpoint, struct str only, bool is_verbose,
                          struct http_answer *answer)
{
    size_t seen = 0;
    bool are_well = true;
    for (size_t i = 0; i < endpoint->count; i++) {
        if (!str_is_empty(only) && !str_eq_cstr(only, endpoint->checks[i].name))
            continue;
        are_well = report_check(&endpoint->checks[i], &answer->body) && are_well;
        seen++;
    }
    if (seen == 0 && !str_is_empty(only)) {
        answer->status = HTTP_NOT_FOUND;
        strbuf_printf(&answer->body, "no check of this name: /%s?verbose lists them\n",
                      endpoint->name);
        return;
    }
    if (!are_well)
        answer->status = HTTP_UNAVAILABLE;
    if (are_well && !is_verbose) {
        strbuf_clear(&answer->body);
        strbuf_append_cstr(&answer->body, "ok");
    } else if (str_is_empty(only)) {
        strbuf_printf(&answer->body, "%s check %s\n", endpoint->name,
                      are_well ? "passed" : "failed");
    }
}

void health_answer(const struct health *health, struct str path, bool is_verbose,
                   struct http_answer *answer)
{
    const struct endpoint endpoints[] = {
        {"healthz", &ping, 1},
        {"readyz", health->ready, health->ready_count},
    };
    struct str rest = str_skip(path, 1);
    struct str name = str_before(rest, '/');
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
        if (str_eq_cstr(name, endpoints[i].name)) {
            answer_checks(&endpoints[i], str_skip(rest, name.len + 1), is_verbose, answer);
            return;
        }
    }
    answer->status = HTTP_NOT_FOUND;
    strbuf_append_cstr(&answer->body, "not found: /healthz and /readyz are served here\n");
}
