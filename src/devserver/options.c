#include "devserver/options.h"

#include <inttypes.h>

#include "kube/model/json.h"

enum { MANAGER_MAX = 128 };

static bool invalid(struct dev_status *status, const char *kind, struct dev_causes *causes)
{
    dev_status_invalid(status, STR("meta.k8s.io"), str_from(kind), STR(""), causes);
    return false;
}

static void forbid(struct dev_causes *causes, const char *field, const char *message)
{
    dev_causes_add(causes, "FieldValueForbidden", str_from(field), str_from(message));
}

static void add_unsupported(struct dev_causes *causes, const char *field, struct str value,
                            const char *supported)
{
    struct strbuf message cleanup_strbuf = {0};
    strbuf_append_cstr(&message, "Unsupported value: ");
    strbuf_append_json(&message, value);
    strbuf_printf(&message, ": supported values: %s", supported);
    dev_causes_add(causes, "FieldValueNotSupported", str_from(field), strbuf_str(&message));
}

static void check_dry_run(struct str value, bool *is_dry_run, struct dev_causes *causes)
{
    struct strbuf message cleanup_strbuf = {0};
    *is_dry_run = str_eq_cstr(value, "All");
    if (*is_dry_run)
        return;
    strbuf_append_cstr(&message, "Unsupported value: [");
    strbuf_append_json(&message, value);
    strbuf_append_cstr(&message, "]: supported values: \"All\"");
    dev_causes_add(causes, "FieldValueNotSupported", STR("dryRun"), strbuf_str(&message));
}

/* "" means true, as kube-apiserver reads it. */
static bool query_bool(const struct dev_http_request *request, const char *name, bool *is_given)
{
    struct str value = {0};
    *is_given = dev_http_query(request, name, &value);
    return *is_given && !str_eq_cstr(value, "0") && !str_eq_cstr(value, "false") &&
           !str_eq_cstr(value, "False") && !str_eq_cstr(value, "FALSE");
}

static bool query_int(const struct dev_http_request *request, const char *name, int64_t *out,
                      struct dev_status *status)
{
    struct str value = {0};
    uint64_t number = 0;
    *out = 0;
    if (!dev_http_query(request, name, &value) || str_is_empty(value))
        return true;
    bool is_negative = value.ptr[0] == '-';
    if (!str_to_u64(str_skip(value, is_negative), &number) || number > INT64_MAX)
        return dev_status_bad_request(
            status, "strconv.ParseInt: parsing \"" STR_FMT "\": invalid syntax", STR_ARG(value));
    *out = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}

static void check_manager(const struct dev_http_request *request, bool is_apply,
                          struct dev_causes *causes)
{
    struct str manager = {0};
    bool is_given = dev_http_query(request, "fieldManager", &manager);
    if (is_apply && (!is_given || str_is_empty(manager)))
        dev_causes_add(causes, "FieldValueRequired", STR("fieldManager"),
                       STR("Required value: is required for apply patch"));
    if (manager.len > MANAGER_MAX)
        dev_causes_add(causes, "FieldValueTooLong", STR("fieldManager"),
                       STR("Too long: may not be more than 128 bytes"));
}

static enum dev_field_validation check_validation(const struct dev_http_request *request,
                                                  struct dev_causes *causes)
{
    struct str value = {0};
    if (!dev_http_query(request, "fieldValidation", &value) || str_is_empty(value) ||
        str_eq_cstr(value, "Warn"))
        return DEV_FIELDS_WARN;
    if (str_eq_cstr(value, "Strict"))
        return DEV_FIELDS_STRICT;
    if (!str_eq_cstr(value, "Ignore"))
        add_unsupported(causes, "fieldValidation", value, "\"\", \"Ignore\", \"Strict\", \"Warn\"");
    return DEV_FIELDS_IGNORE;
}

bool dev_write_options_read(const struct dev_http_request *request, const char *kind, bool is_apply,
                            struct dev_write_options *out, struct dev_status *status)
{
    struct dev_causes causes = {0};
    struct str value = {0};
    bool has_force = false;
    *out = (struct dev_write_options){0};
    query_bool(request, "force", &has_force);
    if (has_force && !is_apply && str_eq_cstr(str_from(kind), "PatchOptions"))
        forbid(&causes, "force", "Forbidden: may not be specified for non-apply patch");
    check_manager(request, is_apply, &causes);
    if (dev_http_query(request, "dryRun", &value))
        check_dry_run(value, &out->is_dry_run, &causes);
    out->validation = check_validation(request, &causes);
    if (causes.count > 0)
        return invalid(status, kind, &causes);
    return true;
}

static const char bad_version[] = "resourceVersion: Invalid value: \"" STR_FMT
                                  "\": strconv.ParseUint: parsing \"" STR_FMT "\": invalid syntax";

static bool query_version(const struct dev_http_request *request, uint64_t *version, bool *is_given,
                          struct str *text)
{
    *version = 0;
    *is_given = dev_http_query(request, "resourceVersion", text) && !str_is_empty(*text);
    return !*is_given || str_to_u64(*text, version);
}

bool dev_get_options_read(const struct dev_http_request *request, uint64_t *version,
                          struct dev_status *status)
{
    struct str text = {0};
    bool is_given = false;
    if (query_version(request, version, &is_given, &text))
        return true;
    return dev_status_set(status, 500, "", bad_version, STR_ARG(text), STR_ARG(text));
}

static void check_match_of_watch(const struct dev_list_options *options, bool has_match,
                                 struct str match, struct dev_causes *causes)
{
    if (!options->has_send_initial) {
        if (has_match)
            forbid(causes, "resourceVersionMatch",
                   "Forbidden: resourceVersionMatch is forbidden for watch unless "
                   "sendInitialEvents is provided");
        return;
    }
    if (options->match == DEV_MATCH_NOT_OLDER)
        return;
    forbid(causes, "resourceVersionMatch",
           "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (has_match)
        add_unsupported(causes, "resourceVersionMatch", match, "\"NotOlderThan\"");
}

static void check_match_of_list(const struct dev_list_options *options, bool has_match,
                                struct str match, struct dev_causes *causes)
{
    if (options->has_send_initial)
        forbid(causes, "sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list");
    if (!has_match)
        return;
    if (!options->has_version)
        forbid(causes, "resourceVersionMatch",
               "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (options->match == DEV_MATCH_NONE)
        add_unsupported(causes, "resourceVersionMatch", match, "\"Exact\", \"NotOlderThan\", \"\"");
    if (options->match == DEV_MATCH_EXACT && options->has_version && options->version == 0)
        forbid(causes, "resourceVersionMatch",
               "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
}

static bool check_match(const struct dev_http_request *request, struct dev_list_options *options,
                        struct dev_status *status)
{
    struct dev_causes causes = {0};
    struct str match = {0};
    bool has_match =
        dev_http_query(request, "resourceVersionMatch", &match) && !str_is_empty(match);
    if (str_eq_cstr(match, "Exact"))
        options->match = DEV_MATCH_EXACT;
    else if (str_eq_cstr(match, "NotOlderThan"))
        options->match = DEV_MATCH_NOT_OLDER;
    if (!str_is_empty(options->token) && (has_match || options->is_watch))
        forbid(&causes, "resourceVersionMatch",
               "Forbidden: resourceVersionMatch is forbidden when continue is provided");
    if (options->is_watch)
        check_match_of_watch(options, has_match, match, &causes);
    else
        check_match_of_list(options, has_match, match, &causes);
    if (causes.count > 0)
        return invalid(status, "ListOptions", &causes);
    return true;
}

static bool read_numbers(const struct dev_http_request *request, struct dev_list_options *options,
                         struct dev_status *status)
{
    int64_t limit = 0;
    if (!query_int(request, "limit", &limit, status) ||
        !query_int(request, "timeoutSeconds", &options->timeout_s, status))
        return false;
    options->limit = limit > 0 ? (uint64_t)limit : 0;
    return true;
}

bool dev_list_options_read(const struct dev_http_request *request, struct dev_list_options *out,
                           struct dev_status *status)
{
    struct str version = {0};
    bool is_given = false;
    *out = (struct dev_list_options){0};
    out->is_watch = query_bool(request, "watch", &is_given);
    out->is_send_initial = query_bool(request, "sendInitialEvents", &out->has_send_initial);
    out->wants_bookmarks = query_bool(request, "allowWatchBookmarks", &is_given);
    dev_http_query(request, "continue", &out->token);
    dev_http_query(request, "labelSelector", &out->labels);
    dev_http_query(request, "fieldSelector", &out->fields);
    if (!read_numbers(request, out, status))
        return false;
    bool is_version = query_version(request, &out->version, &out->has_version, &version);
    if (!check_match(request, out, status))
        return false;
    if (!is_version && out->is_watch)
        return dev_status_set(status, 500, "", bad_version, STR_ARG(version), STR_ARG(version));
    if (!is_version)
        return dev_status_bad_request(status,
                                      "invalid resource version: resourceVersion: Invalid value: "
                                      "\"" STR_FMT "\": strconv.ParseUint: parsing \"" STR_FMT
                                      "\": invalid syntax",
                                      STR_ARG(version), STR_ARG(version));
    if (!str_is_empty(out->token) && out->has_version && out->version != 0)
        return dev_status_bad_request(
            status, "specifying resource version is not allowed when using continue");
    return true;
}

static void check_propagation(struct str policy, bool has_orphan, bool is_orphan,
                              struct dev_delete_options *out, struct dev_causes *causes)
{
    if (has_orphan)
        out->propagation = is_orphan ? DEV_PROPAGATION_ORPHAN : DEV_PROPAGATION_BACKGROUND;
    out->has_orphan_false = has_orphan && !is_orphan;
    if (str_is_empty(policy))
        return;
    if (has_orphan) {
        struct strbuf message cleanup_strbuf = {0};
        strbuf_append_cstr(&message, "Invalid value: ");
        strbuf_append_json(&message, policy);
        strbuf_append_cstr(&message,
                           ": orphanDependents and deletionPropagation cannot be both set");
        dev_causes_add(causes, "FieldValueInvalid", STR("propagationPolicy"), strbuf_str(&message));
    }
    if (str_eq_cstr(policy, "Background"))
        out->propagation = DEV_PROPAGATION_BACKGROUND;
    else if (str_eq_cstr(policy, "Foreground"))
        out->propagation = DEV_PROPAGATION_FOREGROUND;
    else if (str_eq_cstr(policy, "Orphan"))
        out->propagation = DEV_PROPAGATION_ORPHAN;
    else
        add_unsupported(causes, "propagationPolicy", policy,
                        "\"Foreground\", \"Background\", \"Orphan\", \"nil\"");
}

static void read_delete_body(yyjson_val *body, struct dev_delete_options *out,
                             struct dev_causes *causes)
{
    yyjson_val *preconditions = json_object(body, "preconditions");
    yyjson_val *orphan = yyjson_obj_get(body, "orphanDependents");
    yyjson_val *dry_run = json_array(body, "dryRun");
    out->uid = json_str(preconditions, "uid");
    out->version = json_str(preconditions, "resourceVersion");
    check_propagation(json_str(body, "propagationPolicy"), yyjson_is_bool(orphan),
                      yyjson_get_bool(orphan), out, causes);
    if (yyjson_arr_size(dry_run) > 0)
        check_dry_run(json_value_str(yyjson_arr_get_first(dry_run)), &out->is_dry_run, causes);
}

bool dev_delete_options_read(const struct dev_http_request *request, yyjson_val *body,
                             struct dev_delete_options *out, struct dev_status *status)
{
    struct dev_causes causes = {0};
    struct str policy = {0};
    struct str dry_run = {0};
    int64_t grace_s = 0;
    bool has_orphan = false;
    *out = (struct dev_delete_options){0};
    if (body) {
        read_delete_body(body, out, &causes);
    } else {
        bool is_orphan = query_bool(request, "orphanDependents", &has_orphan);
        dev_http_query(request, "propagationPolicy", &policy);
        if (!query_int(request, "gracePeriodSeconds", &grace_s, status))
            return false;
        check_propagation(policy, has_orphan, is_orphan, out, &causes);
        if (dev_http_query(request, "dryRun", &dry_run))
            check_dry_run(dry_run, &out->is_dry_run, &causes);
    }
    if (causes.count > 0)
        return invalid(status, "DeleteOptions", &causes);
    return true;
}
