#include "kube/kubeconfig.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "kube/config_check.h"
#include "kube/kubeconfig_section.h"
#include "kube/kubeconfig_user.h"
#include "kube/secret.h"
#include "kube/yaml.h"

enum {
    MAX_FILE_BYTES = 4 * 1024 * 1024,
    MAX_EXTENSION_BYTES = 64 * 1024, /* it travels in an environment variable */
};

struct kubeconfig {
    struct kubeconfig_file *files;
    size_t count;
};

struct kubeconfig *kubeconfig_new(void)
{
    return mem_alloc_zero(sizeof(struct kubeconfig));
}

void kubeconfig_free(struct kubeconfig *kubeconfig)
{
    if (kubeconfig == NULL)
        return;
    for (size_t i = 0; i < kubeconfig->count; i++) {
        free(kubeconfig->files[i].path);
        free(kubeconfig->files[i].dir);
        yaml_free(kubeconfig->files[i].yaml);
    }
    free(kubeconfig->files);
    free(kubeconfig);
}

size_t kubeconfig_file_count(const struct kubeconfig *kubeconfig)
{
    return kubeconfig->count;
}

static char *absolute_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct str dir = {path, slash ? (size_t)(slash - path) : 0};
    if (path[0] == '/')
        return str_dup_cstr(dir);
    cleanup_free char *here = getcwd(NULL, 0);
    struct strbuf absolute = {0};
    strbuf_printf(&absolute, "%s/" STR_FMT, here != NULL ? here : ".", STR_ARG(dir));
    return strbuf_take(&absolute);
}

static bool check_root(const struct yaml_node *root, struct error *err)
{
    if (root->type != YAML_MAPPING && root->type != YAML_NULL)
        return error_set(err, ERROR_INVALID, "no kubeconfig, which has clusters, users, contexts");
    const struct yaml_node *kind = yaml_find(root, "kind");
    if (kind != NULL && !str_eq_cstr(kind->text, "Config"))
        return error_set(err, ERROR_INVALID, "kind: must be Config, this is no kubeconfig");
    return true;
}

bool kubeconfig_add_text(struct kubeconfig *kubeconfig, struct str text, const char *path,
                         struct error *err)
{
    if (text.len > MAX_FILE_BYTES) {
        error_set(err, ERROR_INVALID, "larger than %d bytes", MAX_FILE_BYTES);
        return kubeconfig_wrap_path(path, err);
    }
    struct yaml *yaml = NULL;
    if (!yaml_parse(text, &yaml, err))
        return kubeconfig_wrap_path(path, err);
    kubeconfig->files =
        mem_grow_array(kubeconfig->files, kubeconfig->count + 1, sizeof(struct kubeconfig_file));
    kubeconfig->files[kubeconfig->count++] = (struct kubeconfig_file){
        .path = mem_dup_cstr(path), .dir = absolute_dir(path), .yaml = yaml};
    return check_root(yaml_root(yaml), err) || kubeconfig_wrap_path(path, err);
}

bool kubeconfig_add_file(struct kubeconfig *kubeconfig, const char *path, struct error *err)
{
    char *text = NULL;
    size_t size_bytes = 0;
    if (!file_read(path, MAX_FILE_BYTES, &text, &size_bytes, err))
        return error_wrap(err, "kubeconfig");
    bool is_fine = kubeconfig_add_text(kubeconfig, (struct str){text, size_bytes}, path, err);
    secret_free_bytes(text, size_bytes);
    return is_fine;
}

static bool take_entry(struct kubeconfig_section *s, const struct yaml_node *entry,
                       struct error *err)
{
    if (s->node != NULL)
        return section_error(s, "name", "is there twice in this file", err);
    const struct yaml_node *node = yaml_find(entry, s->kind);
    if (node == NULL)
        return section_error(s, s->kind, "is missing beside the name", err);
    if (node->type != YAML_MAPPING)
        return section_error(s, s->kind, "must be a mapping", err);
    s->node = node;
    return true;
}

/* Looks for the entry s->name in the list of the first file that has it; s->node stays NULL where
 * none has. */
static bool find_section(const struct kubeconfig *kubeconfig, const char *list,
                         struct kubeconfig_section *s, struct error *err)
{
    for (size_t i = 0; i < kubeconfig->count && s->node == NULL; i++) {
        const struct kubeconfig_file *file = &kubeconfig->files[i];
        const struct yaml_node *entries = yaml_find(yaml_root(file->yaml), list);
        if (entries == NULL)
            continue;
        if (entries->type != YAML_SEQUENCE) {
            error_set(err, ERROR_INVALID, "%s: must be a list", list);
            return kubeconfig_wrap_path(file->path, err);
        }
        for (const struct yaml_node *entry = entries->first; entry; entry = entry->next) {
            const struct yaml_node *name = yaml_find(entry, "name");
            if (name == NULL || name->type != YAML_SCALAR || !str_eq_cstr(name->text, s->name))
                continue;
            s->file = file;
            if (!take_entry(s, entry, err))
                return false;
        }
    }
    return true;
}

/* The cluster or user that the context names. */
static bool find_referenced(const struct kubeconfig *kubeconfig,
                            const struct kubeconfig_section *context, const char *list,
                            struct kubeconfig_section *out, struct error *err)
{
    out->file = context->file;
    if (!find_section(kubeconfig, list, out, err))
        return false;
    if (out->node != NULL)
        return true;
    error_set(err, ERROR_INVALID, "there is no \"%.60s\" under %s: add it or correct the name",
              out->name, list);
    return section_wrap(context, out->kind, err);
}

static bool read_server(const struct kubeconfig_section *s, struct kube_config *config,
                        struct error *err)
{
    cleanup_free char *url = NULL;
    if (!section_text(s, "server", &url, err))
        return false;
    if (url == NULL)
        return section_error(s, "server", "is missing: give the URL of the API server", err);
    return config_check_server(url, &config->server, err) || section_wrap(s, "server", err);
}

/* What the cluster has to tell exec plugins, handed to them as it is. */
static bool read_exec_extension(const struct kubeconfig_section *s, char **out, struct error *err)
{
    const struct yaml_node *extensions = yaml_find(s->node, "extensions");
    if (extensions == NULL || extensions->type != YAML_SEQUENCE)
        return true;
    for (const struct yaml_node *e = extensions->first; e != NULL; e = e->next) {
        const struct yaml_node *name = yaml_find(e, "name");
        const struct yaml_node *value = yaml_find(e, "extension");
        if (name == NULL || value == NULL ||
            !str_eq_cstr(name->text, "client.authentication.k8s.io/exec"))
            continue;
        struct strbuf json = {0};
        bool is_fine = yaml_to_json(value, MAX_EXTENSION_BYTES, &json);
        secret_free(*out);
        *out = strbuf_take(&json);
        if (!is_fine)
            return section_error(s, "extensions", "too large for an exec plugin", err);
    }
    return true;
}

static bool read_cluster(const struct kubeconfig_section *s, struct kube_config *config,
                         struct error *err)
{
    if (!read_server(s, config, err) ||
        !section_text(s, "tls-server-name", &config->tls_server_name, err) ||
        !section_bool(s, "insecure-skip-tls-verify", &config->insecure_skip_tls_verify, err) ||
        !section_text(s, "proxy-url", &config->proxy_url, err) ||
        !section_pem(s, "certificate-authority", CONFIG_PEM_CERTIFICATE, &config->ca_file,
                     &config->ca_pem, err))
        return false;
    if (config->proxy_url != NULL && !config_check_proxy(config->proxy_url, err))
        return section_wrap(s, "proxy-url", err);
    if (config->insecure_skip_tls_verify && (config->ca_file != NULL || config->ca_pem != NULL))
        return section_error(s, "insecure-skip-tls-verify",
                             "contradicts certificate-authority: leave one of them out", err);
    return true;
}

/* What the server is not to get: as client-go, a plugin is not asked where something else was
 * given, and nothing secret goes over a connection without TLS. */
static void drop_unused_credentials(struct kube_config *config)
{
    bool is_tls = str_starts_with(str_from(config->server), STR("https://"));
    bool has_other = config->token != NULL || config->token_file != NULL ||
                     config->username != NULL || config->cert_file != NULL ||
                     config->cert_pem != NULL;
    if (!is_tls || has_other)
        kube_exec_config_free(steal_ptr(config->exec));
    if (is_tls)
        return;
    secret_free(steal_ptr(config->token));
    secret_free(steal_ptr(config->token_file));
    secret_free(steal_ptr(config->username));
    secret_free(steal_ptr(config->password));
    secret_free(steal_ptr(config->cert_file));
    secret_free(steal_ptr(config->cert_pem));
    secret_free(steal_ptr(config->key_file));
    secret_free(steal_ptr(config->key_pem));
}

static bool read_namespace(const struct kubeconfig_section *s, struct kube_config *config,
                           struct error *err)
{
    if (!section_text(s, "namespace", &config->namespace_, err))
        return false;
    if (config->namespace_ == NULL)
        config->namespace_ = mem_dup_cstr("default");
    return config_check_namespace(str_from(config->namespace_), err) ||
           section_wrap(s, "namespace", err);
}

static bool read_context(const struct kubeconfig *kubeconfig,
                         const struct kubeconfig_section *context, struct kube_config *config,
                         struct error *err)
{
    cleanup_free char *cluster_name = NULL;
    cleanup_free char *user_name = NULL;
    if (!section_text(context, "cluster", &cluster_name, err) ||
        !section_text(context, "user", &user_name, err) || !read_namespace(context, config, err))
        return false;
    if (cluster_name == NULL)
        return section_error(context, "cluster", "is missing: name one of clusters", err);
    struct kubeconfig_section cluster = {
        .context = context->context, .kind = "cluster", .name = cluster_name, .prefix = ""};
    if (!find_referenced(kubeconfig, context, "clusters", &cluster, err) ||
        !read_cluster(&cluster, config, err))
        return false;
    if (user_name != NULL) {
        struct kubeconfig_section user = {
            .context = context->context, .kind = "user", .name = user_name, .prefix = ""};
        if (!find_referenced(kubeconfig, context, "users", &user, err) ||
            !kubeconfig_read_user(&user, config, err))
            return false;
    }
    drop_unused_credentials(config);
    return config->exec == NULL ||
           read_exec_extension(&cluster, &config->exec->cluster_config_json, err);
}

static char *join_paths(const struct kubeconfig *kubeconfig)
{
    struct strbuf paths = {0};
    for (size_t i = 0; i < kubeconfig->count; i++)
        strbuf_printf(&paths, "%s%s", i > 0 ? ":" : "", kubeconfig->files[i].path);
    return strbuf_take(&paths);
}

/* The current context: that of the first file that has one. */
static bool current_context(const struct kubeconfig *kubeconfig, char **out, struct error *err)
{
    for (size_t i = 0; i < kubeconfig->count; i++) {
        const struct kubeconfig_file *file = &kubeconfig->files[i];
        const struct yaml_node *node = yaml_find(yaml_root(file->yaml), "current-context");
        if (node == NULL || (node->type == YAML_SCALAR && str_is_empty(node->text)))
            continue;
        if (!section_is_text(node)) {
            error_set(err, ERROR_INVALID, "current-context: must be a text");
            return kubeconfig_wrap_path(file->path, err);
        }
        *out = str_dup_cstr(node->text);
        return true;
    }
    return error_set(err, ERROR_INVALID,
                     "current-context: is missing: choose one with kubectl config use-context");
}

bool kubeconfig_resolve(const struct kubeconfig *kubeconfig, const char *context,
                        struct kube_config **out, struct error *err)
{
    cleanup_kube_config struct kube_config *config = kube_config_new();
    config->source = join_paths(kubeconfig);
    if (context != NULL && context[0] != '\0')
        config->context = mem_dup_cstr(context);
    else if (!current_context(kubeconfig, &config->context, err))
        return kubeconfig_wrap_path(config->source, err);
    struct kubeconfig_section section = {
        .context = config->context, .kind = "context", .name = config->context, .prefix = ""};
    if (!find_section(kubeconfig, "contexts", &section, err))
        return false;
    if (section.node == NULL) {
        error_set(err, ERROR_INVALID,
                  "context \"%.60s\": is not there: choose one of those that "
                  "kubectl config get-contexts shows",
                  config->context);
        return kubeconfig_wrap_path(config->source, err);
    }
    if (!read_context(kubeconfig, &section, config, err))
        return false;
    *out = steal_ptr(config);
    return true;
}
