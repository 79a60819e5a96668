#include "kube/kubeconfig_user.h"

#include <string.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "kube/secret.h"

static size_t child_count(const struct yaml_node *node)
{
    size_t count = 0;
    for (const struct yaml_node *n = node ? node->first : NULL; n != NULL; n = n->next)
        count++;
    return count;
}

static bool read_args(const struct kubeconfig_section *s, char ***out, struct error *err)
{
    const struct yaml_node *list = yaml_find(s->node, "args");
    if (list != NULL && list->type != YAML_SEQUENCE)
        return section_error(s, "args", "must be a list of texts", err);
    *out = mem_alloc_zero((child_count(list) + 1) * sizeof(char *));
    size_t count = 0;
    for (const struct yaml_node *n = list ? list->first : NULL; n != NULL; n = n->next) {
        if (!section_is_text(n))
            return section_error(s, "args", "must be a list of texts", err);
        (*out)[count++] = str_dup_cstr(n->text);
    }
    return true;
}

static bool read_env(const struct kubeconfig_section *s, char ***out, struct error *err)
{
    static const char problem[] = "must be a list of entries with name and value";
    const struct yaml_node *list = yaml_find(s->node, "env");
    if (list != NULL && list->type != YAML_SEQUENCE)
        return section_error(s, "env", problem, err);
    *out = mem_alloc_zero((child_count(list) + 1) * sizeof(char *));
    size_t count = 0;
    for (const struct yaml_node *n = list ? list->first : NULL; n != NULL; n = n->next) {
        const struct yaml_node *name = yaml_find(n, "name");
        const struct yaml_node *value = yaml_find(n, "value");
        if (!section_is_text(name) || str_is_empty(name->text) ||
            memchr(name->text.ptr, '=', name->text.len) ||
            (value != NULL && !section_is_text(value)))
            return section_error(s, "env", problem, err);
        struct strbuf pair = {0};
        strbuf_printf(&pair, "%s=%s", name->text.ptr, value ? value->text.ptr : "");
        (*out)[count++] = strbuf_take(&pair);
    }
    return true;
}

static bool check_exec_version(const struct kubeconfig_section *s, const char *version,
                               struct error *err)
{
    if (version == NULL)
        return section_error(s, "apiVersion",
                             "is missing: client.authentication.k8s.io/v1 or v1beta1", err);
    if (strcmp(version, "client.authentication.k8s.io/v1alpha1") == 0)
        return section_error(s, "apiVersion",
                             "v1alpha1 is no longer supported: update the plugin and say "
                             "client.authentication.k8s.io/v1",
                             err);
    if (strcmp(version, "client.authentication.k8s.io/v1") != 0 &&
        strcmp(version, "client.authentication.k8s.io/v1beta1") != 0)
        return section_error(s, "apiVersion", "must be client.authentication.k8s.io/v1 or v1beta1",
                             err);
    return true;
}

static bool check_interactive_mode(const struct kubeconfig_section *s, const char *version,
                                   struct error *err)
{
    cleanup_free char *mode = NULL;
    if (!section_text(s, "interactiveMode", &mode, err))
        return false;
    if (mode == NULL) {
        if (strcmp(version, "client.authentication.k8s.io/v1beta1") == 0)
            return true;
        return section_error(s, "interactiveMode", "is missing: Never or IfAvailable", err);
    }
    if (strcmp(mode, "Always") == 0)
        return section_error(s, "interactiveMode",
                             "is Always, but nobody is there to answer: use a plugin that can do "
                             "without, with Never or IfAvailable",
                             err);
    if (strcmp(mode, "Never") != 0 && strcmp(mode, "IfAvailable") != 0)
        return section_error(s, "interactiveMode", "must be Never or IfAvailable", err);
    return true;
}

static bool read_exec(const struct kubeconfig_section *user, struct kube_config *config,
                      struct error *err)
{
    struct kubeconfig_section s = *user;
    s.prefix = "exec.";
    s.node = yaml_find(user->node, "exec");
    if (s.node == NULL)
        return true;
    if (s.node->type != YAML_MAPPING)
        return section_error(user, "exec", "must be a mapping", err);
    struct kube_exec_config *exec = config->exec = mem_alloc_zero(sizeof(*exec));
    if (!section_text(&s, "apiVersion", &exec->api_version, err) ||
        !check_exec_version(&s, exec->api_version, err) ||
        !section_text(&s, "command", &exec->command, err) || !read_args(&s, &exec->args, err) ||
        !read_env(&s, &exec->env, err) ||
        !section_text(&s, "installHint", &exec->install_hint, err) ||
        !section_bool(&s, "provideClusterInfo", &exec->provide_cluster_info, err) ||
        !check_interactive_mode(&s, exec->api_version, err))
        return false;
    if (exec->command == NULL)
        return section_error(&s, "command", "is missing: name the plugin's program", err);
    if (strchr(exec->command, '/') != NULL)
        exec->command = section_resolve_path(&s, exec->command);
    return true;
}

static bool refuse_unsupported(const struct kubeconfig_section *s, struct error *err)
{
    static const char *const impersonation[] = {"as", "as-uid", "as-groups", "as-user-extra"};
    if (yaml_find(s->node, "auth-provider") != NULL)
        return section_error(s, "auth-provider",
                             "is gone from Kubernetes: use exec with a credential plugin (such as "
                             "gke-gcloud-auth-plugin, kubelogin) or a token",
                             err);
    for (size_t i = 0; i < ARRAY_LEN(impersonation); i++) {
        if (yaml_find(s->node, impersonation[i]) != NULL)
            return section_error(s, impersonation[i],
                                 "impersonation is not supported: use credentials of that account",
                                 err);
    }
    return true;
}

static bool read_certificate(const struct kubeconfig_section *s, struct kube_config *config,
                             struct error *err)
{
    if (!section_pem(s, "client-certificate", CONFIG_PEM_CERTIFICATE, &config->cert_file,
                     &config->cert_pem, err) ||
        !section_pem(s, "client-key", CONFIG_PEM_KEY, &config->key_file, &config->key_pem, err))
        return false;
    bool has_certificate = config->cert_file != NULL || config->cert_pem != NULL;
    bool has_key = config->key_file != NULL || config->key_pem != NULL;
    if (has_certificate && !has_key)
        return section_error(s, "client-key", "is missing beside client-certificate", err);
    if (has_key && !has_certificate)
        return section_error(s, "client-certificate", "is missing beside client-key", err);
    return true;
}

static bool read_token(const struct kubeconfig_section *s, struct kube_config *config,
                       struct error *err)
{
    if (!section_text(s, "token", &config->token, err) ||
        !section_path(s, "tokenFile", &config->token_file, err))
        return false;
    if (config->token != NULL && !config_check_token(str_from(config->token), err))
        return section_wrap(s, "token", err);
    if (config->token != NULL || config->token_file == NULL)
        return true; /* beside a token, the file may come later */
    cleanup_secret char *token = NULL;
    return config_read_token(config->token_file, &token, err) || section_wrap(s, "tokenFile", err);
}

bool kubeconfig_read_user(const struct kubeconfig_section *s, struct kube_config *config,
                          struct error *err)
{
    if (!refuse_unsupported(s, err) || !read_token(s, config, err) ||
        !section_text(s, "username", &config->username, err) ||
        !section_text(s, "password", &config->password, err) || !read_certificate(s, config, err) ||
        !read_exec(s, config, err))
        return false;
    bool has_token = config->token != NULL || config->token_file != NULL;
    bool has_basic = config->username != NULL || config->password != NULL;
    if (has_token && has_basic)
        return section_error(s, "token", "stands beside username: leave one of them out", err);
    if (config->password != NULL && config->username == NULL)
        return section_error(s, "username", "is missing beside password", err);
    return true;
}
