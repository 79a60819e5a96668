#include "devserver/arguments.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"

static const char *const logging_formats[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json", NULL};

#define FIELD(name) offsetof(struct dev_arguments, name)

static const struct flag flags[] = {
    {"listen", .heading = "Clients", .type = FLAG_TEXT, .offset = FIELD(listen),
     .initial = "127.0.0.1:0", .value_name = "HOST:PORT",
     .help = "address to serve on; port 0: a free one"},
    {"insecure-any-address", .type = FLAG_BOOL, .offset = FIELD(is_any_address_allowed),
     .help = "serve on addresses that other machines reach, too"},
    {"kubeconfig-out", .type = FLAG_TEXT, .offset = FIELD(kubeconfig_out), .value_name = "FILE",
     .help = "write a kubeconfig for this server here once it is ready"},
    {"tls", .type = FLAG_BOOL, .offset = FIELD(is_tls),
     .help = "serve HTTPS with a certificate made for this run, which the kubeconfig trusts"},
    {"tls-cert", .type = FLAG_TEXT, .offset = FIELD(tls_cert), .value_name = "FILE",
     .help = "serve HTTPS with this certificate (PEM)"},
    {"tls-key", .type = FLAG_TEXT, .offset = FIELD(tls_key), .value_name = "FILE",
     .help = "and its key (PEM)"},
    {"token", .type = FLAG_TEXT, .offset = FIELD(token), .value_name = "TOKEN",
     .help = "ask for this bearer token; implies --tls, without which kubectl sends none"},

    {"data", .heading = "Objects", .type = FLAG_TEXT, .offset = FIELD(data), .value_name = "FILE",
     .help = "keep objects in this SQLite file; without it they live in memory"},
    {"crds", .type = FLAG_TEXTS, .offset = FIELD(crds), .value_name = "PATH",
     .help = "load the CustomResourceDefinitions of this file or folder"},
    {"apply", .type = FLAG_TEXTS, .offset = FIELD(apply), .value_name = "PATH",
     .help = "create or update the objects of this file or folder (YAML or JSON), before the "
             "server is ready"},
    {"history", .type = FLAG_INT, .offset = FIELD(history), .initial = "100000", .min = 1,
     .max = 10000000, .help = "changes kept for watches that resume; older ones get 410 Gone"},
    {"fault", .type = FLAG_TEXTS, .offset = FIELD(faults), .value_name = "RULE",
     .help = "make requests go wrong, such as status,code=409,verb=patch or cut,verb=watch; rules "
             "can be changed by GET, POST and DELETE /faults, too"},

    {"v", .heading = "Watching it work", .letter = 'v', .type = FLAG_INT,
     .offset = FIELD(verbosity), .initial = "0", .min = 0, .max = 100, .help = "how much to log"},
    {"logging-format", .type = FLAG_CHOICE, .offset = FIELD(logging_format), .initial = "text",
     .choices = logging_formats, .help = "form of the log"},
    {"version", .type = FLAG_BOOL, .offset = FIELD(wants_version),
     .help = "print the version and exit"},
};

static const struct flag_set flag_set = {flags, ARRAY_LEN(flags)};

/* What RFC 6750 lets a bearer token be. */
static bool is_token(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=") ==
           strlen(text);
}

bool dev_arguments_parse(const char *const *args, struct dev_arguments *out, struct error *err)
{
    if (!flags_parse(&flag_set, args, out, &out->seen, err))
        return false;
    if (out->seen.wants_help || out->wants_version)
        return true;
    if (out->seen.left_over)
        return error_set(err, ERROR_INVALID, "\"%.64s\" is no flag: --help lists all flags",
                         out->seen.left_over);
    if ((out->tls_cert[0] == '\0') != (out->tls_key[0] == '\0'))
        return error_set(err, ERROR_INVALID, "--tls-cert and --tls-key go together");
    if (!is_token(out->token))
        return error_set(err, ERROR_INVALID,
                         "--token: expected letters, digits and any of -._~+/=");
    out->is_tls = out->is_tls || out->tls_cert[0] != '\0' || out->token[0] != '\0';
    return true;
}

void dev_arguments_append_help(struct strbuf *out)
{
    strbuf_append_cstr(
        out, "A small Kubernetes API server on SQLite for trying, developing and testing "
             "on a machine that\nhas no cluster. Production runs on Kubernetes itself.\n\n"
             "Usage: cape-ip-devserver [flags]\n");
    flags_append_help(&flag_set, out);
}
