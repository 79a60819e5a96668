#include "manager/options.h"

#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/str.h"

static const char *const ipam_names[] = {
    [OPTIONS_IPAM_METAL3] = "metal3",
    [OPTIONS_IPAM_BUILTIN] = "builtin",
    [OPTIONS_IPAM_CAPI] = "capi",
    NULL,
};
static const char *const logging_formats[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json", NULL};

enum { HOUR_MS = 3600 * 1000, WEEK_MS = 7 * 24 * HOUR_MS };

#define NO_WEBHOOKS "there are no webhooks"
#define NO_DIAGNOSTICS "diagnostics are not served yet"
#define NO_PROFILER "there is no Go runtime to profile"

#define FIELD(name) offsetof(struct options, name)

static const struct flag flags[] = {
    {"kubeconfig", .heading = "Cluster", .type = FLAG_TEXT, .offset = FIELD(kubeconfig),
     .value_name = "FILE",
     .help = "kubeconfig to use; without it the files of KUBECONFIG, the pod's service account, "
             "~/.kube/config"},
    {"context", .type = FLAG_TEXT, .offset = FIELD(context), .value_name = "NAME",
     .help = "context of the kubeconfig; without it its current-context"},
    {"namespace", .type = FLAG_TEXT, .offset = FIELD(ns), .value_name = "NAME",
     .help = "look after ElfMachines of this namespace only; pools may be in any"},
    {"watch-filter", .type = FLAG_TEXT, .offset = FIELD(watch_filter), .value_name = "VALUE",
     .help = "look after ElfMachines with label cluster.x-k8s.io/watch-filter=VALUE only"},
    {"kube-api-qps", .type = FLAG_NUMBER, .offset = FIELD(kube_api_qps), .initial = "0",
     .help = "requests per second at most; 0: as many as the server likes"},
    {"kube-api-burst", .type = FLAG_NUMBER, .offset = FIELD(kube_api_burst), .initial = "0",
     .help = "requests that may come at once under --kube-api-qps"},

    {"ipam", .heading = "Addresses", .type = FLAG_CHOICE, .offset = FIELD(ipam),
     .initial = "metal3", .choices = ipam_names, .help = "who serves the claims"},
    {"elfmachine-concurrency", .type = FLAG_INT, .offset = FIELD(elfmachine_concurrency),
     .initial = "10", .min = 1, .max = 10000, .help = "ElfMachines worked on at the same time"},
    {"sync-period", .type = FLAG_DURATION, .offset = FIELD(sync_period_ms), .initial = "10m",
     .min = 0, .max = WEEK_MS,
     .help = "look at every ElfMachine again this often, as a safety net; 0: never"},

    {"leader-elect", .heading = "Leader election", .type = FLAG_BOOL, .offset = FIELD(leader_elect),
     .initial = "true", .help = "of several managers let one work"},
    {"leader-election-id", .type = FLAG_TEXT, .offset = FIELD(leader_election_id),
     .initial = "cape-ip-controller-manager-runtime", .value_name = "NAME",
     .help = "name of the Lease"},
    {"leader-election-namespace", .type = FLAG_TEXT, .offset = FIELD(leader_election_namespace),
     .value_name = "NAME",
     .help = "namespace of the Lease; without it the pod's own or the context's"},
    {"leader-elect-lease-duration", .type = FLAG_DURATION, .offset = FIELD(lease_duration_ms),
     .initial = "15s", .min = 1000, .max = HOUR_MS,
     .help = "how long others wait for a leader that is silent"},
    {"leader-elect-renew-deadline", .type = FLAG_DURATION, .offset = FIELD(renew_deadline_ms),
     .initial = "10s", .min = 1, .max = HOUR_MS,
     .help = "how long a leader goes on that cannot renew its Lease"},
    {"leader-elect-retry-period", .type = FLAG_DURATION, .offset = FIELD(retry_period_ms),
     .initial = "2s", .min = 1, .max = HOUR_MS, .help = "how long to wait between two tries"},

    {"health-addr", .heading = "Watching it work", .type = FLAG_TEXT, .offset = FIELD(health_addr),
     .initial = ":9440", .value_name = "HOST:PORT",
     .help = "serve /healthz and /readyz here; empty or 0: nowhere"},
    {"pod-name", .type = FLAG_TEXT, .offset = FIELD(pod_name), .value_name = "NAME",
     .help = "name in Events and in the Lease; without it the host's"},
    {"v", .letter = 'v', .type = FLAG_INT, .offset = FIELD(verbosity), .initial = "0", .min = 0,
     .max = 100, .help = "how much to log"},
    {"logging-format", .type = FLAG_CHOICE, .offset = FIELD(logging_format), .initial = "text",
     .choices = logging_formats, .help = "form of the log"},
    {"version", .type = FLAG_BOOL, .offset = FIELD(wants_version),
     .help = "print the version and exit"},

    {"diagnostics-address", .heading = "Accepted for the Go manager's sake", .type = FLAG_TEXT,
     .initial = ":8443", .value_name = "HOST:PORT", .help = "address of metrics",
     .no_effect = NO_DIAGNOSTICS},
    {"insecure-diagnostics", .type = FLAG_BOOL, .help = "metrics without TLS",
     .no_effect = NO_DIAGNOSTICS},
    {"tls-min-version", .type = FLAG_TEXT, .value_name = "VERSION",
     .help = "oldest TLS version of metrics and webhooks", .no_effect = NO_DIAGNOSTICS},
    {"tls-cipher-suites", .type = FLAG_TEXT, .value_name = "NAMES",
     .help = "cipher suites of metrics and webhooks", .no_effect = NO_DIAGNOSTICS},
    {"webhook-port", .type = FLAG_INT, .initial = "9443", .help = "port of webhooks",
     .no_effect = NO_WEBHOOKS},
    {"webhook-cert-dir", .type = FLAG_TEXT, .value_name = "FOLDER",
     .help = "certificate of webhooks", .no_effect = NO_WEBHOOKS},
    {"webhook-cert-name", .type = FLAG_TEXT, .value_name = "FILE",
     .help = "certificate of webhooks", .no_effect = NO_WEBHOOKS},
    {"webhook-key-name", .type = FLAG_TEXT, .value_name = "FILE", .help = "key of webhooks",
     .no_effect = NO_WEBHOOKS},
    {"profiler-address", .type = FLAG_TEXT, .value_name = "HOST:PORT",
     .help = "address of Go's profiler", .no_effect = NO_PROFILER},
    {"contention-profiling", .type = FLAG_BOOL, .help = "profile Go's locks",
     .no_effect = NO_PROFILER},
    {"feature-gates", .type = FLAG_TEXT, .value_name = "NAME=BOOL,...",
     .help = "features to switch on or off", .no_effect = "there are no feature gates"},
};

static const struct flag_set flag_set = {flags, ARRAY_LEN(flags)};

/* What Kubernetes takes as a name: some letters, separators between them, a greatest length. */
struct name_rule {
    const char *letters;
    const char *separators;
    size_t max_len;
    bool may_be_empty;
    const char *expected;
};
#define LOWER_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"
static const struct name_rule namespace_rule = {
    .letters = LOWER_LETTERS,
    .separators = "-",
    .max_len = 63,
    .may_be_empty = true,
    .expected = "a namespace: up to 63 lower-case letters, digits and '-'"};
static const struct name_rule lease_rule = {
    .letters = LOWER_LETTERS,
    .separators = "-.",
    .max_len = 253,
    .expected = "a name: up to 253 lower-case letters, digits, '-' and '.'"};
static const struct name_rule label_rule = {
    .letters = LOWER_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    .separators = "-_.",
    .max_len = 63,
    .may_be_empty = true,
    .expected = "a label value: up to 63 letters, digits, '-', '_' and '.'"};

static bool check_name(const char *flag, const char *text, const struct name_rule *rule,
                       struct error *err)
{
    size_t len = strlen(text);
    bool is_valid = len <= rule->max_len && (len > 0 || rule->may_be_empty);
    for (size_t i = 0; is_valid && i < len; i++) {
        bool is_inside = i > 0 && i + 1 < len;
        is_valid =
            strchr(rule->letters, text[i]) || (is_inside && strchr(rule->separators, text[i]));
    }
    return is_valid || error_set(err, ERROR_INVALID, "--%s: \"%.64s\" is not valid: expected %s",
                                 flag, text, rule->expected);
}

static bool check_names(const struct options *options, struct error *err)
{
    return check_name("namespace", options->ns, &namespace_rule, err) &&
           check_name("watch-filter", options->watch_filter, &label_rule, err) &&
           check_name("leader-election-namespace", options->leader_election_namespace,
                      &namespace_rule, err) &&
           check_name("leader-election-id", options->leader_election_id, &lease_rule, err);
}

/* The conditions under which two leaders at once are impossible (client-go has the same). */
static bool check_lease_times(const struct options *options, struct error *err)
{
    char shorter[DURATION_MAX];
    if (!options->leader_elect)
        return true;
    if (options->lease_duration_ms <= options->renew_deadline_ms)
        return error_set(err, ERROR_INVALID,
                         "--leader-elect-lease-duration: must be longer than "
                         "--leader-elect-renew-deadline (" STR_FMT ")",
                         STR_ARG(duration_format_ms(options->renew_deadline_ms, shorter)));
    if (options->renew_deadline_ms * 5 <= options->retry_period_ms * 6)
        return error_set(err, ERROR_INVALID,
                         "--leader-elect-renew-deadline: must be longer than 1.2 times "
                         "--leader-elect-retry-period (" STR_FMT ")",
                         STR_ARG(duration_format_ms(options->retry_period_ms, shorter)));
    return true;
}

/* Negative numbers switch client-go's limit off; a limit without a burst lets one pass at a time.
 */
static void settle_limit(struct options *options)
{
    if (options->kube_api_qps < 0)
        options->kube_api_qps = 0;
    if (options->kube_api_burst < 1)
        options->kube_api_burst = options->kube_api_qps > 1 ? options->kube_api_qps : 1;
}

bool options_parse(const char *const *args, struct options *out, struct error *err)
{
    if (!flags_parse(&flag_set, args, out, &out->seen, err))
        return false;
    if (out->seen.wants_help || out->wants_version)
        return true;
    if (out->ipam != OPTIONS_IPAM_METAL3)
        return error_set(err, ERROR_INVALID,
                         "--ipam: \"%s\" is not in this version yet: only metal3 is",
                         options_ipam_name(out));
    settle_limit(out);
    return check_names(out, err) && check_lease_times(out, err);
}

void options_append_help(struct strbuf *out)
{
    strbuf_append_cstr(out,
                       "Gives ElfMachines the static addresses that their network devices wait "
                       "for, and takes them back.\n\n"
                       "Usage: cape-ip-manager [flags]\n");
    flags_append_help(&flag_set, out);
}

void options_log_ignored(const struct options *options, struct log *log)
{
    for (size_t i = 0; i < flag_set.count; i++) {
        const struct flag *flag = &flag_set.flags[i];
        if (flag->no_effect && (options->seen.given >> i & 1))
            log_info(log, "Flag has no effect", LOG_CSTR("flag", flag->name),
                     LOG_CSTR("because", flag->no_effect));
    }
    if (options->seen.left_over)
        log_warning(log, "Arguments that are no flags are ignored",
                    LOG_CSTR("first", options->seen.left_over));
}

const char *options_ipam_name(const struct options *options)
{
    return ipam_names[options->ipam];
}
