#include "kube/exec_credential.h"

#include <openssl/evp.h>
#include <string.h>
#include <yyjson.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "kube/config_check.h"
#include "kube/model/json.h"
#include "kube/secret.h"

enum { MAX_CA_BYTES = 1024 * 1024 };
_Static_assert(KUBE_EXEC_PADDING >= YYJSON_PADDING_SIZE, "room for yyjson");

void kube_exec_credential_fini(struct kube_exec_credential *credential)
{
    secret_free(credential->token);
    secret_free(credential->cert_pem);
    secret_free(credential->key_pem);
    *credential = (struct kube_exec_credential){0};
}

/* ---------------------------------------------------------------- request */

static void append_member(struct strbuf *json, const char *name, const char *value)
{
    if (value == NULL)
        return;
    strbuf_printf(json, ",\"%s\":", name);
    strbuf_append_json(json, str_from(value));
}

static void append_base64_member(struct strbuf *json, const char *name, struct str data)
{
    cleanup_free unsigned char *text = mem_alloc(4 * (data.len / 3 + 1) + 1);
    EVP_EncodeBlock(text, (const unsigned char *)data.ptr, (int)data.len);
    append_member(json, name, (const char *)text);
}

static bool append_ca(struct strbuf *json, const struct kube_config *config, struct error *err)
{
    static const char name[] = "certificate-authority-data";
    if (config->ca_pem != NULL)
        append_base64_member(json, name, str_from(config->ca_pem));
    if (config->ca_file == NULL)
        return true;
    cleanup_free char *data = NULL;
    size_t size_bytes = 0;
    if (!file_read(config->ca_file, MAX_CA_BYTES, &data, &size_bytes, err))
        return false;
    append_base64_member(json, name, (struct str){data, size_bytes});
    return true;
}

static bool append_cluster(struct strbuf *json, const struct kube_config *config, struct error *err)
{
    strbuf_append_cstr(json, "\"cluster\":{\"server\":");
    strbuf_append_json(json, str_from(config->server));
    append_member(json, "tls-server-name", config->tls_server_name);
    append_member(json, "proxy-url", config->proxy_url);
    if (config->insecure_skip_tls_verify)
        strbuf_append_cstr(json, ",\"insecure-skip-tls-verify\":true");
    if (!append_ca(json, config, err))
        return false;
    if (config->exec->cluster_config_json != NULL)
        strbuf_printf(json, ",\"config\":%s", config->exec->cluster_config_json);
    strbuf_append_cstr(json, "},");
    return true;
}

bool kube_exec_credential_request(const struct kube_config *config, char **out, struct error *err)
{
    cleanup_strbuf struct strbuf json = {0};
    strbuf_append_cstr(&json, "{\"kind\":\"ExecCredential\",\"apiVersion\":");
    strbuf_append_json(&json, str_from(config->exec->api_version));
    strbuf_append_cstr(&json, ",\"spec\":{");
    if (config->exec->provide_cluster_info && !append_cluster(&json, config, err))
        return false;
    strbuf_append_cstr(&json, "\"interactive\":false}}");
    *out = strbuf_take(&json);
    return true;
}

/* ----------------------------------------------------------------- answer */

static bool read_text(yyjson_val *status, const char *name, char **out, struct error *err)
{
    yyjson_val *value = yyjson_obj_get(status, name);
    if (value == NULL || yyjson_is_null(value))
        return true;
    struct str text = json_value_str(value);
    if (!yyjson_is_str(value) || strlen(yyjson_get_str(value)) != text.len)
        return error_set(err, ERROR_INVALID, "status.%s is no text", name);
    if (text.len > 0)
        *out = str_dup_cstr(text);
    return true;
}

static bool read_expiry(yyjson_val *status, int64_t *expires_ms, struct error *err)
{
    cleanup_free char *text = NULL;
    if (!read_text(status, "expirationTimestamp", &text, err))
        return false;
    int64_t expires_us = 0;
    *expires_ms = INT64_MAX;
    if (text == NULL)
        return true;
    if (!rfc3339_parse_us(str_from(text), &expires_us))
        return error_set(err, ERROR_INVALID, "status.expirationTimestamp is no RFC 3339 time");
    *expires_ms = expires_us / 1000;
    return true;
}

static bool check_credential(const struct kube_exec_credential *c, struct error *err)
{
    if (c->token == NULL && c->cert_pem == NULL && c->key_pem == NULL)
        return error_set(err, ERROR_INVALID, "neither a token nor a certificate in status");
    if ((c->cert_pem == NULL) != (c->key_pem == NULL))
        return error_set(err, ERROR_INVALID, "a certificate or a key in status, not both");
    if (c->token != NULL && !config_check_token(str_from(c->token), err))
        return error_wrap(err, "status.token");
    if (c->cert_pem != NULL &&
        !config_check_pem(str_from(c->cert_pem), CONFIG_PEM_CERTIFICATE, err))
        return error_wrap(err, "status.clientCertificateData");
    if (c->key_pem != NULL && !config_check_pem(str_from(c->key_pem), CONFIG_PEM_KEY, err))
        return error_wrap(err, "status.clientKeyData");
    return true;
}

static bool check_type(yyjson_val *root, const char *api_version, struct error *err)
{
    if (!str_eq_cstr(json_str(root, "kind"), "ExecCredential"))
        return error_set(err, ERROR_INVALID, "kind is not ExecCredential");
    struct str version = json_str(root, "apiVersion");
    if (!str_eq_cstr(version, api_version))
        return error_set(err, ERROR_INVALID,
                         "apiVersion is \"%.*s\", but the kubeconfig says %s: make them agree",
                         (int)(version.len < 60 ? version.len : 60), version.ptr, api_version);
    return true;
}

bool kube_exec_credential_parse(char *json, size_t len, const char *api_version,
                                struct kube_exec_credential *out, struct error *err)
{
    memset(json + len, 0, KUBE_EXEC_PADDING);
    yyjson_read_err problem = {0};
    cleanup_json_doc yyjson_doc *doc =
        yyjson_read_opts(json, len, YYJSON_READ_INSITU, NULL, &problem);
    if (doc == NULL)
        return error_set(err, ERROR_INVALID, "no JSON (byte %zu)", problem.pos);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!check_type(root, api_version, err))
        return false;
    yyjson_val *status = json_object(root, "status");
    if (status == NULL)
        return error_set(err, ERROR_INVALID, "no status");
    cleanup_with(kube_exec_credential_fini) struct kube_exec_credential credential = {0};
    if (!read_text(status, "token", &credential.token, err) ||
        !read_text(status, "clientCertificateData", &credential.cert_pem, err) ||
        !read_text(status, "clientKeyData", &credential.key_pem, err) ||
        !read_expiry(status, &credential.expires_ms, err) || !check_credential(&credential, err))
        return false;
    *out = credential;
    credential = (struct kube_exec_credential){0};
    return true;
}
