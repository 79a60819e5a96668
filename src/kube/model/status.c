#include "kube/model/status.h"

#include "kube/model/json.h"

enum { RETRY_AFTER_MAX_S = 3600 };

static enum error_code code_from(int http_status, struct str reason)
{
    if (str_eq(reason, STR("Expired")) || http_status == 410)
        return ERROR_GONE;
    switch (http_status) {
    case 401:
    case 403:
        return ERROR_DENIED;
    case 404:
        return ERROR_NOT_FOUND;
    case 409: /* "AlreadyExists" as well as "Conflict" */
        return ERROR_CONFLICT;
    case 408:
    case 429:
        return ERROR_UNAVAILABLE;
    default:
        return http_status >= 500 ? ERROR_UNAVAILABLE : ERROR_INVALID;
    }
}

/* What a proxy or the server's front door says in plain text ("404 page not found"): its first
 * line. Empty for pages of HTML and whatever else is no text. */
static struct str plain_line(struct str body)
{
    struct str line = str_trim(str_before(str_trim(body), '\n'));
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] < ' ' || line.ptr[i] > '~')
            return STR("");
    bool is_markup =
        line.len > 0 && (line.ptr[0] == '<' || line.ptr[0] == '{' || line.ptr[0] == '[');
    return is_markup ? STR("") : line;
}

static bool set_error(int http_status, struct str reason, struct str message, struct error *err)
{
    enum error_code code = code_from(http_status, reason);
    if (!str_is_empty(message))
        error_set(err, code, STR_FMT, STR_ARG(message));
    else if (!str_is_empty(reason))
        error_set(err, code, "HTTP status %d: " STR_FMT, http_status, STR_ARG(reason));
    else
        error_set(err, code, "HTTP status %d", http_status);
    err->detail = http_status;
    return false;
}

bool kube_status_json_to_error(int http_status, yyjson_val *status, struct error *err)
{
    return set_error(http_status, json_str(status, "reason"), json_str(status, "message"), err);
}

bool kube_status_to_error(int http_status, struct str body, struct error *err)
{
    struct error not_json;
    cleanup_json_doc yyjson_doc *doc = json_read(body, &not_json);
    if (doc)
        return kube_status_json_to_error(http_status, yyjson_doc_get_root(doc), err);
    return set_error(http_status, plain_line(body), STR(""), err);
}

int64_t kube_status_retry_after_ms(struct str body)
{
    struct error not_json;
    cleanup_json_doc yyjson_doc *doc = json_read(body, &not_json);
    if (!doc)
        return 0;
    yyjson_val *details = json_object(yyjson_doc_get_root(doc), "details");
    int64_t seconds = json_int(details, "retryAfterSeconds", 0);
    if (seconds < 0)
        return 0;
    return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}
