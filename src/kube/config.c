#include "kube/config.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "kube/config_check.h"
#include "kube/config_incluster.h"
#include "kube/kubeconfig.h"
#include "kube/secret.h"

struct kube_config *kube_config_new(void)
{
    return mem_alloc_zero(sizeof(struct kube_config));
}

static void free_texts(char **texts)
{
    for (char **text = texts; text != NULL && *text != NULL; text++)
        secret_free(*text);
    free(texts);
}

void kube_exec_config_free(struct kube_exec_config *exec)
{
    if (exec == NULL)
        return;
    free(exec->api_version);
    free(exec->command);
    free_texts(exec->args);
    free_texts(exec->env);
    free(exec->install_hint);
    secret_free(exec->cluster_config_json);
    free(exec);
}

void kube_config_free(struct kube_config *config)
{
    if (config == NULL)
        return;
    char *const texts[] = {
        config->source,    config->context,    config->namespace_, config->server,
        config->proxy_url, config->ca_file,    config->ca_pem,     config->tls_server_name,
        config->cert_file, config->cert_pem,   config->key_file,   config->key_pem,
        config->token,     config->token_file, config->username,   config->password,
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        secret_free(texts[i]);
    kube_exec_config_free(config->exec);
    free(config);
}

static const char *given(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool load_file(const char *path, const char *context, struct kube_config **out,
                      struct error *err)
{
    cleanup_kubeconfig struct kubeconfig *kubeconfig = kubeconfig_new();
    return kubeconfig_add_file(kubeconfig, path, err) &&
           kubeconfig_resolve(kubeconfig, context, out, err);
}

/* Files of the list that are not there, and empty names, are passed over, as kubectl does. */
static bool load_list(const char *list, const char *context, struct kube_config **out,
                      struct error *err)
{
    cleanup_kubeconfig struct kubeconfig *kubeconfig = kubeconfig_new();
    struct str rest = str_from(list);
    struct str part;
    while (str_split(&rest, ':', &part)) {
        cleanup_free char *path = str_dup_cstr(part);
        struct error problem = {0};
        if (!kubeconfig_add_file(kubeconfig, path, &problem) && problem.code != ERROR_NOT_FOUND) {
            *err = problem;
            return false;
        }
    }
    if (kubeconfig_file_count(kubeconfig) == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "KUBECONFIG=%s: no such file; unset it or name one that is there", list);
    return kubeconfig_resolve(kubeconfig, context, out, err);
}

static char *home_kubeconfig(void)
{
    char home[PATH_MAX];
    size_t size_bytes = sizeof(home);
    struct strbuf path = {0};
    if (uv_os_homedir(home, &size_bytes) == 0)
        strbuf_printf(&path, "%s/.kube/config", home);
    return strbuf_take(&path);
}

static bool load(const struct kube_config_options *options, struct kube_config **out,
                 struct error *err)
{
    const char *context = given(options->context);
    if (given(options->kubeconfig) != NULL)
        return load_file(options->kubeconfig, context, out, err);
    if (given(getenv("KUBECONFIG")) != NULL)
        return load_list(getenv("KUBECONFIG"), context, out, err);
    cleanup_free char *home_path = home_kubeconfig();
    bool is_at_home = access(home_path, F_OK) == 0;
    if (config_incluster_is_announced()) {
        struct error problem = {0};
        if (config_incluster_load(options->service_account_dir, out, &problem))
            return true;
        if (problem.code != ERROR_NOT_FOUND || !is_at_home) {
            *err = problem;
            return false;
        }
    }
    if (!is_at_home)
        return error_set(err, ERROR_NOT_FOUND,
                         "no cluster: give --kubeconfig or KUBECONFIG, or run in a pod; %s is not "
                         "there either",
                         home_path);
    return load_file(home_path, context, out, err);
}

bool kube_config_load(const struct kube_config_options *options, struct kube_config **out,
                      struct error *err)
{
    bool is_fine = load(options, out, err);
    malloc_trim(0); /* a large file would stay resident for the rest of our life */
    if (!is_fine)
        config_error_to_one_line(err);
    return is_fine;
}

bool kube_config_parse(struct str yaml, const char *path, const char *context,
                       struct kube_config **out, struct error *err)
{
    cleanup_kubeconfig struct kubeconfig *kubeconfig = kubeconfig_new();
    if (kubeconfig_add_text(kubeconfig, yaml, path, err) &&
        kubeconfig_resolve(kubeconfig, context, out, err))
        return true;
    config_error_to_one_line(err);
    return false;
}
