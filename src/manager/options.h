/* What the manager was asked to do: the Go manager's flags and our own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/flags.h"
#include "base/log.h"
#include "base/strbuf.h"

enum options_ipam { OPTIONS_IPAM_METAL3, OPTIONS_IPAM_BUILTIN, OPTIONS_IPAM_CAPI };

/* Texts are never NULL and live in the arguments; empty: not given. */
struct options {
    const char *kubeconfig;
    const char *context;
    const char *ns; /* empty: all */
    const char *watch_filter;
    double kube_api_qps; /* 0: no limit */
    double kube_api_burst;

    int ipam; /* enum options_ipam */
    int64_t elfmachine_concurrency;
    int64_t sync_period_ms; /* 0: never */

    bool leader_elect;
    const char *leader_election_id;
    const char *leader_election_namespace;
    int64_t lease_duration_ms;
    int64_t renew_deadline_ms;
    int64_t retry_period_ms;

    const char *health_addr;
    const char *pod_name;
    int64_t verbosity;
    int logging_format; /* enum log_format */

    bool wants_version;
    struct flags_seen seen;
};

/* `args` without the program's name, NULL-terminated, borrowed for the life of *out. */
must_check bool options_parse(const char *const *args, struct options *out, struct error *err);
void options_append_help(struct strbuf *out);

/* One line for each flag given that does nothing here, and for arguments that are no flags. */
void options_log_ignored(const struct options *options, struct log *log);
const char *options_ipam_name(const struct options *options); /* "metal3" */
