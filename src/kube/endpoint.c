#include "kube/endpoint.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "kube/secret.h"

enum {
    KEEPALIVE_IDLE_S = 10,
    KEEPALIVE_INTERVAL_S = 5,
    UNACKNOWLEDGED_MS = 20000,
    READ_BYTES = 16384, /* an HTTP/2 frame: of a larger one libcurl 7.88 forgets the rest */
    UPLOAD_BYTES = 16384,
    CA_CACHE_S = 60, /* a CA file may be rotated */
};

struct url_parts {
    char *scheme, *host, *port, *path; /* libcurl's memory */
};

static void url_parts_fini(struct url_parts *parts)
{
    curl_free(parts->scheme);
    curl_free(parts->host);
    curl_free(parts->port);
    curl_free(parts->path);
}

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

static bool url_split(const char *text, struct url_parts *parts)
{
    CURLU *url cleanup_with(url_cleanup) = curl_url();
    must(url != NULL);
    return curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_SCHEME, &parts->scheme, 0) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_HOST, &parts->host, 0) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_PORT, &parts->port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_PATH, &parts->path, 0) == CURLUE_OK &&
           (strcmp(parts->scheme, "https") == 0 || strcmp(parts->scheme, "http") == 0);
}

/* As Go sees it when it decides about proxies. */
static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

/* The variables that libcurl looks at; their no_proxy may say otherwise. */
static bool environment_has_proxy(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
                                        "ALL_PROXY"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (getenv(names[i]) != NULL)
            return true;
    return false;
}

static char *printed(const char *fmt, ...) format_printf(1, 2);
static char *printed(const char *fmt, ...)
{
    struct strbuf text = {0};
    va_list args;
    va_start(args, fmt);
    strbuf_vprintf(&text, fmt, args);
    va_end(args);
    return strbuf_take(&text);
}

/* libcurl asks for a certificate of the URL's host: so the URL gets the wanted name, and libcurl is
 * told to connect to the real one all the same. */
static void rename_server(struct kube_endpoint *endpoint, const struct url_parts *parts)
{
    cleanup_free char *connect_to = printed("::%s:%s", parts->host, parts->port);
    endpoint->connect_to = curl_slist_append(NULL, connect_to);
    must(endpoint->connect_to != NULL);
    endpoint->host = printed("%s:%s", parts->host, parts->port);
    free(endpoint->base_url);
    endpoint->base_url =
        printed("%s://%s:%s%s", parts->scheme, endpoint->tls_name, parts->port, parts->path);
}

static void drop_trailing_slash(char *url)
{
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        url[--len] = '\0';
}

bool kube_endpoint_init(struct kube_endpoint *endpoint, const struct kube_config *config,
                        const char *user_agent, struct error *err)
{
    struct url_parts parts cleanup_with(url_parts_fini) = {0};
    if (!url_split(config->server, &parts))
        return error_set(err, ERROR_INVALID, "server \"%s\" is no http or https URL",
                         config->server);
    *endpoint = (struct kube_endpoint){.config = config};
    endpoint->user_agent = mem_dup_cstr(user_agent);
    endpoint->server = printed("%s://%s:%s", parts.scheme, parts.host, parts.port);
    endpoint->base_url = mem_dup_cstr(config->server);
    endpoint->is_tls = strcmp(parts.scheme, "https") == 0;
    endpoint->is_loopback = is_loopback(parts.host);
    endpoint->has_proxy =
        config->proxy_url != NULL || (!endpoint->is_loopback && environment_has_proxy());
    const char *name = config->tls_server_name;
    endpoint->tls_name = mem_dup_cstr(name != NULL ? name : parts.host);
    if (config->tls_server_name != NULL && endpoint->is_tls)
        rename_server(endpoint, &parts);
    drop_trailing_slash(endpoint->base_url);
    return true;
}

void kube_endpoint_fini(struct kube_endpoint *endpoint)
{
    free(endpoint->user_agent);
    free(endpoint->server);
    free(endpoint->tls_name);
    free(endpoint->base_url);
    free(endpoint->host);
    curl_slist_free_all(endpoint->connect_to);
}

/* A CURLOPT_SOCKOPTFUNCTION. Data and keepalive probes that are not acknowledged break the
 * connection in time. */
static int socket_made(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    (void)purpose;
    uint64_t *sockets = ctx;
    (*sockets)++;
    unsigned limit_ms = UNACKNOWLEDGED_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
    fcntl(fd, F_SETFD, FD_CLOEXEC); /* a credential plugin has no business with it */
    return CURL_SOCKOPT_OK;
}

/* Fails only for options that this libcurl was built without, or for want of memory. */
#define SET(easy, option, value) must(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* Go's clients let a SOCKS proxy resolve names; libcurl does so under the name socks5h only. */
static void set_proxy_url(CURL *easy, const char *proxy)
{
    static const char socks5[] = "socks5://";
    cleanup_strbuf struct strbuf url = {0};
    bool is_socks5 = strncasecmp(proxy, socks5, sizeof(socks5) - 1) == 0;
    strbuf_append_cstr(&url, is_socks5 ? "socks5h://" : "");
    strbuf_append_cstr(&url, is_socks5 ? proxy + sizeof(socks5) - 1 : proxy);
    SET(easy, CURLOPT_PROXY, url.data); /* copied */
}

static void setup_proxy(const struct kube_endpoint *endpoint, CURL *easy)
{
    const char *proxy = endpoint->config->proxy_url;
    if (proxy != NULL) {
        set_proxy_url(easy, proxy);
        SET(easy, CURLOPT_NOPROXY, ""); /* the environment's list is about its own proxy */
    } else if (endpoint->is_loopback) {
        SET(easy, CURLOPT_PROXY, "");
    }
}

static void setup_verification(const struct kube_config *config, CURL *easy)
{
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(easy, CURLOPT_SSL_VERIFYPEER, config->insecure_skip_tls_verify ? 0L : 1L);
    SET(easy, CURLOPT_SSL_VERIFYHOST, config->insecure_skip_tls_verify ? 0L : 2L);
    bool has_own_ca = config->ca_pem != NULL || config->ca_file != NULL;
    if (!has_own_ca && !config->insecure_skip_tls_verify)
        return; /* the system's */
    /* The system's would be read into every connection: megabytes for nothing. */
    SET(easy, CURLOPT_CAPATH, NULL);
    SET(easy, CURLOPT_CAINFO, config->ca_file);
    SET(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
    if (config->ca_pem != NULL) {
        struct curl_blob ca = {.data = config->ca_pem, .len = strlen(config->ca_pem)};
        SET(easy, CURLOPT_CAINFO_BLOB, &ca);
    }
}

static void setup_connection(struct kube_endpoint *endpoint, CURL *easy)
{
    SET(easy, CURLOPT_SOCKOPTFUNCTION, socket_made);
    SET(easy, CURLOPT_SOCKOPTDATA, &endpoint->sockets);
    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)KUBE_ENDPOINT_CONNECT_TIMEOUT_MS);
    SET(easy, CURLOPT_TCP_NODELAY, 1L);
    SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    SET(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_S);
    SET(easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES);
    SET(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
}

void kube_endpoint_setup(struct kube_endpoint *endpoint, CURL *easy)
{
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    /* Share the connection that is being made; without TLS it cannot be shared. */
    SET(easy, CURLOPT_PIPEWAIT, endpoint->is_tls ? 1L : 0L);
    SET(easy, CURLOPT_PATH_AS_IS, 1L);
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_QUICK_EXIT, 1L); /* never join a resolver's thread: that would block */
    SET(easy, CURLOPT_USERAGENT, endpoint->user_agent);
    if (endpoint->connect_to != NULL)
        SET(easy, CURLOPT_CONNECT_TO, endpoint->connect_to);
    setup_connection(endpoint, easy);
    setup_proxy(endpoint, easy);
    setup_verification(endpoint->config, easy);
}

/* `pem` NULL: none. Copied. */
static void set_blob(CURL *easy, CURLoption option, const char *pem)
{
    struct curl_blob blob = {.flags = CURL_BLOB_COPY};
    cleanup_secret char *copy = NULL; /* curl_blob has no const */
    if (pem != NULL) {
        copy = mem_dup_cstr(pem);
        blob.data = copy;
        blob.len = strlen(copy);
    }
    must(curl_easy_setopt(easy, option, pem != NULL ? &blob : NULL) == CURLE_OK);
}

void kube_endpoint_setup_certificate(const struct kube_endpoint *endpoint, CURL *easy,
                                     const struct kube_credential *credential)
{
    const struct kube_config *config = endpoint->config;
    bool is_own = credential->cert_pem == NULL;
    set_blob(easy, CURLOPT_SSLCERT_BLOB, is_own ? config->cert_pem : credential->cert_pem);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, is_own ? config->key_pem : credential->key_pem);
    SET(easy, CURLOPT_SSLCERT, is_own ? config->cert_file : NULL);
    SET(easy, CURLOPT_SSLKEY, is_own ? config->key_file : NULL);
}
