/* Where the API server is and how to be let in: from kubeconfig files, or from inside a cluster. */
#pragma once
#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

/* An exec credential plugin (client.authentication.k8s.io v1, v1beta1). */
struct kube_exec_config {
    char *api_version;
    char *command; /* absolute, or a name that is looked up in PATH */
    char **args;   /* NULL-terminated */
    char **env;    /* "NAME=value", NULL-terminated; added to our own */
    char *install_hint;
    bool provide_cluster_info;
    char *cluster_config_json; /* the cluster's extension for plugins; NULL: none */
};

/* All strings are owned heap; NULL: not given. PEM data is text, paths are absolute. Of a pair
 * *_file and *_pem at most one is set. Of token, username and exec at most one is set; as with
 * client-go there is none of them, nor a certificate, for a server that is not https. */
struct kube_config {
    char *source;     /* for messages: the files, or "in-cluster" */
    char *context;    /* empty in the cluster */
    char *namespace_; /* of the context or the pod; "default" when not said */
    char *server;     /* URL without user, query, fragment and trailing slash */
    char *tls_server_name;
    char *proxy_url; /* http, https or socks5 (where the proxy resolves names: curl's socks5h) */
    bool insecure_skip_tls_verify;
    char *ca_file, *ca_pem; /* neither: the system's */
    char *cert_file, *cert_pem;
    char *key_file, *key_pem;
    char *token_file;
    char *token; /* beside a token_file: for as long as that cannot be read */
    char *username, *password;
    struct kube_exec_config *exec;
};

struct kube_config_options {
    const char *kubeconfig; /* --kubeconfig; NULL or empty: KUBECONFIG (a list, merged), else the
                               cluster we run in, else ~/.kube/config */
    const char *context;    /* NULL: current-context */
    const char *service_account_dir; /* NULL: where Kubernetes mounts it */
};

/* Errors are one line naming file, context and field. ERROR_NOT_FOUND: a file named explicitly is
 * not there, or nothing at all says where a cluster is. */
must_check bool kube_config_load(const struct kube_config_options *options,
                                 struct kube_config **out, struct error *err);
/* One kubeconfig text as if read from `path` (relative paths in it start there): for tests and
 * fuzzing. */
must_check bool kube_config_parse(struct str yaml, const char *path, const char *context,
                                  struct kube_config **out, struct error *err);
struct kube_config *kube_config_new(void);
void kube_config_free(struct kube_config *config);         /* NULL is fine; clears secrets */
void kube_exec_config_free(struct kube_exec_config *exec); /* NULL is fine */

static inline void kube_config_cleanup(struct kube_config **config)
{
    kube_config_free(*config);
}
#define cleanup_kube_config cleanup_with(kube_config_cleanup)
