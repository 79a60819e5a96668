/* What the embedded server was asked to do on its command line. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/flags.h"
#include "base/log.h"
#include "base/strbuf.h"

/* Texts are never NULL and live in the arguments; empty: not given. */
struct dev_arguments {
    const char *listen;
    bool is_any_address_allowed;
    bool is_tls; /* with a certificate of our own where none is given */
    const char *tls_cert;
    const char *tls_key;
    const char *token;
    const char *kubeconfig_out;

    const char *data; /* empty: in memory */
    struct flag_texts crds;
    struct flag_texts apply;
    int64_t history;
    struct flag_texts faults;

    int64_t verbosity;
    int logging_format; /* enum log_format */
    bool wants_version;
    struct flags_seen seen;
};

/* `args` without the program's name, NULL-terminated, borrowed for the life of *out. */
must_check bool dev_arguments_parse(const char *const *args, struct dev_arguments *out,
                                    struct error *err);
void dev_arguments_append_help(struct strbuf *out);
