#include "kube/config_incluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "kube/config_check.h"
#include "kube/secret.h"

enum { MAX_FILE_BYTES = 1024 * 1024 };

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool config_incluster_is_announced(void)
{
    return variable("KUBERNETES_SERVICE_HOST") != NULL &&
           variable("KUBERNETES_SERVICE_PORT") != NULL;
}

static char *path_in(const char *dir, const char *name)
{
    struct strbuf path = {0};
    strbuf_printf(&path, "%s/%s", dir, name);
    return strbuf_take(&path);
}

static bool load_server(struct kube_config *config, struct error *err)
{
    const char *host = variable("KUBERNETES_SERVICE_HOST");
    const char *port = variable("KUBERNETES_SERVICE_PORT");
    if (host == NULL || port == NULL)
        return error_set(err, ERROR_NOT_FOUND,
                         "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
    bool is_bare_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
    cleanup_strbuf struct strbuf url = {0};
    strbuf_printf(&url, is_bare_ipv6 ? "https://[%s]:%s" : "https://%s:%s", host, port);
    return config_check_server(url.data, &config->server, err) ||
           error_wrap(err, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: %s", url.data);
}

static bool load_token(struct kube_config *config, const char *dir, struct error *err)
{
    config->token_file = path_in(dir, "token");
    cleanup_secret char *token = NULL;
    return config_read_token(config->token_file, &token, err) ||
           error_wrap(err, "no service account (automountServiceAccountToken: false?)");
}

/* Without the file the system's certificates have to do, as with client-go. */
static bool load_ca(struct kube_config *config, const char *dir, struct error *err)
{
    config->ca_file = path_in(dir, "ca.crt");
    struct error problem = {0};
    if (config_check_pem_file(config->ca_file, CONFIG_PEM_CERTIFICATE, &problem))
        return true;
    if (problem.code != ERROR_NOT_FOUND) {
        *err = problem;
        return false;
    }
    free(steal_ptr(config->ca_file));
    return true;
}

static bool load_namespace(struct kube_config *config, const char *dir, struct error *err)
{
    cleanup_free char *path = path_in(dir, "namespace");
    cleanup_free char *text = NULL;
    size_t size_bytes = 0;
    struct error problem = {0};
    if (!file_read(path, MAX_FILE_BYTES, &text, &size_bytes, &problem)) {
        config->namespace_ = mem_dup_cstr("default");
        return true;
    }
    struct str name = str_trim((struct str){text, size_bytes});
    config->namespace_ = str_dup_cstr(name);
    return config_check_namespace(name, err) || error_wrap(err, "%s", path);
}

bool config_incluster_load(const char *dir, struct kube_config **out, struct error *err)
{
    if (dir == NULL)
        dir = "/var/run/secrets/kubernetes.io/serviceaccount";
    cleanup_kube_config struct kube_config *config = kube_config_new();
    config->source = mem_dup_cstr("in-cluster");
    config->context = mem_dup_cstr("");
    if (!load_server(config, err) || !load_token(config, dir, err) || !load_ca(config, dir, err) ||
        !load_namespace(config, dir, err))
        return error_wrap(err, "in-cluster");
    *out = steal_ptr(config);
    return true;
}
