#include "kube/config_check.h"

#include <curl/curl.h>
#include <string.h>

#include "base/file.h"
#include "base/must.h"
#include "kube/secret.h"

enum {
    MAX_PEM_BYTES = 1024 * 1024,
    MAX_TOKEN_BYTES = 64 * 1024,
    MAX_NAMESPACE_LEN = 63,
};

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}
#define cleanup_url cleanup_with(url_cleanup)

static void curl_text_cleanup(char **text)
{
    curl_free(*text);
}
#define cleanup_curl_text cleanup_with(curl_text_cleanup)

static bool url_has(CURLU *url, CURLUPart part)
{
    cleanup_curl_text char *value = NULL;
    return curl_url_get(url, part, &value, 0) == CURLUE_OK;
}

static bool scheme_is(CURLU *url, const char *const *schemes)
{
    cleanup_curl_text char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return false;
    while (*schemes != NULL && strcmp(*schemes, scheme) != 0)
        schemes++;
    return *schemes != NULL;
}

static bool parse_url(const char *text, CURLU **out, struct error *err)
{
    cleanup_url CURLU *url = curl_url();
    must(url != NULL);
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        return error_set(err, ERROR_INVALID, "no URL (%s)", curl_url_strerror(code));
    *out = steal_ptr(url);
    return true;
}

bool config_check_server(const char *text, char **out, struct error *err)
{
    static const char *const schemes[] = {"https", "http", NULL};
    cleanup_url CURLU *url = NULL;
    if (!parse_url(text, &url, err))
        return error_wrap(err, "must be like https://host:6443");
    if (!scheme_is(url, schemes))
        return error_set(err, ERROR_INVALID, "must start with https:// or http://");
    if (url_has(url, CURLUPART_USER) || url_has(url, CURLUPART_PASSWORD))
        return error_set(err, ERROR_INVALID,
                         "must be without user and password: they belong to "
                         "the user entry");
    curl_url_set(url, CURLUPART_QUERY, NULL, 0);
    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    cleanup_curl_text char *whole = NULL;
    CURLUcode code = curl_url_get(url, CURLUPART_URL, &whole, 0);
    if (code != CURLUE_OK)
        return error_set(err, ERROR_INVALID, "no URL (%s)", curl_url_strerror(code));
    struct str kept = str_from(whole);
    while (str_ends_with(kept, STR("/")))
        kept.len--;
    *out = str_dup_cstr(kept);
    return true;
}

bool config_check_proxy(const char *text, struct error *err)
{
    static const char *const schemes[] = {"http", "https", "socks5", NULL};
    cleanup_url CURLU *url = NULL;
    if (!parse_url(text, &url, err))
        return error_wrap(err, "must be like http://host:3128");
    if (!scheme_is(url, schemes))
        return error_set(err, ERROR_INVALID, "must start with http://, https:// or socks5://");
    return true;
}

bool config_check_namespace(struct str name, struct error *err)
{
    bool is_fine = name.len > 0 && name.len <= MAX_NAMESPACE_LEN && name.ptr[0] != '-' &&
                   name.ptr[name.len - 1] != '-';
    for (size_t i = 0; i < name.len && is_fine; i++) {
        char c = name.ptr[i];
        is_fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    if (!is_fine)
        return error_set(err, ERROR_INVALID, "\"%.*s\" is no name of a namespace",
                         (int)(name.len < 80 ? name.len : 80), name.ptr);
    return true;
}

bool config_check_token(struct str token, struct error *err)
{
    if (token.len == 0)
        return error_set(err, ERROR_INVALID, "is empty");
    if (token.len > MAX_TOKEN_BYTES)
        return error_set(err, ERROR_INVALID, "is longer than %d bytes", MAX_TOKEN_BYTES);
    for (size_t i = 0; i < token.len; i++) {
        unsigned char c = (unsigned char)token.ptr[i];
        if (c <= ' ' || c >= 0x7f)
            return error_set(err, ERROR_INVALID, "has a character at %zu that no token has", i);
    }
    return true;
}

bool config_read_token(const char *path, char **out, struct error *err)
{
    char *text = NULL;
    size_t size_bytes = 0;
    if (!file_read(path, 2 * MAX_TOKEN_BYTES, &text, &size_bytes, err))
        return false;
    struct str token = str_trim((struct str){text, size_bytes});
    bool is_fine = config_check_token(token, err) || error_wrap(err, "%s", path);
    if (is_fine)
        *out = str_dup_cstr(token);
    secret_free_bytes(text, size_bytes);
    return is_fine;
}

static bool contains(struct str text, const char *wanted)
{
    return memmem(text.ptr, text.len, wanted, strlen(wanted)) != NULL;
}

bool config_check_pem(struct str text, enum config_pem kind, struct error *err)
{
    if (str_is_empty(text))
        return error_set(err, ERROR_INVALID, "is empty");
    if (memchr(text.ptr, '\0', text.len) != NULL || !contains(text, "-----BEGIN "))
        return error_set(err, ERROR_INVALID, "is not PEM (text with -----BEGIN ...-----)");
    if (kind == CONFIG_PEM_CERTIFICATE)
        return contains(text, "CERTIFICATE-----") ||
               error_set(err, ERROR_INVALID, "is PEM, but has no certificate in it");
    if (!contains(text, "PRIVATE KEY-----"))
        return error_set(err, ERROR_INVALID, "is PEM, but has no private key in it");
    if (contains(text, "ENCRYPTED"))
        return error_set(err, ERROR_INVALID, "needs a passphrase: take it off with openssl pkey");
    return true;
}

bool config_check_pem_file(const char *path, enum config_pem kind, struct error *err)
{
    char *data = NULL;
    size_t size_bytes = 0;
    if (!file_read(path, MAX_PEM_BYTES, &data, &size_bytes, err))
        return false;
    bool is_fine =
        config_check_pem((struct str){data, size_bytes}, kind, err) || error_wrap(err, "%s", path);
    secret_free_bytes(data, size_bytes);
    return is_fine;
}

void config_error_to_one_line(struct error *err)
{
    for (char *c = err->text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\t' || *c == '\r')
            *c = ' ';
        else if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
}
