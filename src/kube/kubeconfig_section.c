#include "kube/kubeconfig_section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/strbuf.h"
#include "kube/secret.h"

enum { SHOWN_PATH_LEN = 100 }; /* an error has to have room for the rest, too */

bool kubeconfig_wrap_path(const char *path, struct error *err)
{
    size_t len = strlen(path);
    if (len > SHOWN_PATH_LEN)
        return error_wrap(err, "kubeconfig ...%s", path + len - SHOWN_PATH_LEN);
    return error_wrap(err, "kubeconfig %s", path);
}

bool section_wrap(const struct kubeconfig_section *s, const char *field, struct error *err)
{
    error_wrap(err, "%s%s", s->prefix, field);
    if (strcmp(s->kind, "context") != 0)
        error_wrap(err, "%s \"%.60s\"", s->kind, s->name);
    error_wrap(err, "context \"%.60s\"", s->context);
    return kubeconfig_wrap_path(s->file->path, err);
}

bool section_error(const struct kubeconfig_section *s, const char *field, const char *problem,
                   struct error *err)
{
    error_set(err, ERROR_INVALID, "%s", problem);
    return section_wrap(s, field, err);
}

bool section_is_text(const struct yaml_node *node)
{
    return node != NULL && node->type == YAML_SCALAR &&
           memchr(node->text.ptr, '\0', node->text.len) == NULL;
}

bool section_text(const struct kubeconfig_section *s, const char *field, char **out,
                  struct error *err)
{
    const struct yaml_node *node = yaml_find(s->node, field);
    if (node == NULL || (node->type == YAML_SCALAR && node->text.len == 0))
        return true;
    if (node->type != YAML_SCALAR)
        return section_error(s, field, "must be a text", err);
    if (memchr(node->text.ptr, '\0', node->text.len) != NULL)
        return section_error(s, field, "must have no NUL character", err);
    *out = str_dup_cstr(node->text);
    return true;
}

bool section_bool(const struct kubeconfig_section *s, const char *field, bool *out,
                  struct error *err)
{
    const struct yaml_node *node = yaml_find(s->node, field);
    if (node != NULL && !yaml_bool(node, out))
        return section_error(s, field, "must be true or false", err);
    return true;
}

char *section_resolve_path(const struct kubeconfig_section *s, char *path)
{
    if (path == NULL || path[0] == '/')
        return path;
    struct strbuf absolute = {0};
    strbuf_printf(&absolute, "%s/%s", s->file->dir, path);
    free(path);
    return strbuf_take(&absolute);
}

bool section_path(const struct kubeconfig_section *s, const char *field, char **out,
                  struct error *err)
{
    if (!section_text(s, field, out, err))
        return false;
    *out = section_resolve_path(s, *out);
    return true;
}

static bool decode_pem(const struct kubeconfig_section *s, const char *field, struct str text,
                       enum config_pem kind, char **out, struct error *err)
{
    char *data = NULL;
    size_t size_bytes = 0;
    if (!base64_decode(text, &data, &size_bytes, err))
        return section_wrap(s, field, err);
    if (!config_check_pem((struct str){data, size_bytes}, kind, err)) {
        secret_free_bytes(data, size_bytes);
        return section_wrap(s, field, err);
    }
    *out = data;
    return true;
}

bool section_pem(const struct kubeconfig_section *s, const char *field, enum config_pem kind,
                 char **file_out, char **pem_out, struct error *err)
{
    char data_field[64];
    snprintf(data_field, sizeof(data_field), "%s-data", field);
    cleanup_secret char *encoded = NULL;
    if (!section_text(s, data_field, &encoded, err))
        return false;
    if (encoded != NULL)
        return decode_pem(s, data_field, str_from(encoded), kind, pem_out, err);
    if (!section_path(s, field, file_out, err))
        return false;
    return *file_out == NULL || config_check_pem_file(*file_out, kind, err) ||
           section_wrap(s, field, err);
}
