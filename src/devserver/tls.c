#include "devserver/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/must.h"

enum { READ_BYTES = 16 << 10, VALID_S = 10 * 365 * 24 * 3600, BACKDATED_S = 3600 };

struct dev_tls_context {
    SSL_CTX *ctx;
};

struct dev_tls {
    SSL *ssl;
    BIO *received; /* the SSL's */
    BIO *wire;     /* the SSL's */
};

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void free_cert(X509 **cert)
{
    X509_free(*cert);
}

static void free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}

static void free_context(struct dev_tls_context **context)
{
    dev_tls_context_free(*context);
}

static bool fail(struct error *err, const char *what)
{
    char text[160];
    ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
    ERR_clear_error();
    return error_set(err, ERROR_INVALID, "%s: %s", what, text);
}

static bool is_ip(const char *host)
{
    unsigned char buf[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, buf) == 1 || inet_pton(AF_INET6, host, buf) == 1;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool is_added = extension && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_names(X509 *cert, struct str host)
{
    cleanup_strbuf struct strbuf names = {0};
    cleanup_free char *name = str_dup_cstr(host);
    strbuf_append_cstr(&names, "DNS:localhost,IP:127.0.0.1,IP:::1");
    if (is_ip(name))
        strbuf_printf(&names, ",IP:%s", name);
    return add_extension(cert, NID_subject_alt_name, names.data);
}

static bool fill_certificate(X509 *cert, EVP_PKEY *key, struct str host)
{
    static const unsigned char common_name[] = "cape-ip-devserver";
    X509_NAME *name = X509_get_subject_name(cert);
    ASN1_INTEGER *serial = X509_get_serialNumber(cert);
    BIGNUM *number = BN_new();
    bool has_serial = number && BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                      BN_to_ASN1_INTEGER(number, serial);
    BN_free(number);
    return has_serial && X509_set_version(cert, X509_VERSION_3) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATED_S) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), VALID_S) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
           add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(cert, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
           add_extension(cert, NID_ext_key_usage, "serverAuth") && add_names(cert, host) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

/* What a memory BIO holds, as text. */
static char *take_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    must(len >= 0);
    return str_dup_cstr((struct str){data, (size_t)len});
}

bool dev_tls_make_certificate(struct str host, char **cert_pem, char **key_pem, struct error *err)
{
    cleanup_with(free_key) EVP_PKEY *key = EVP_EC_gen("P-256");
    cleanup_with(free_cert) X509 *cert = X509_new();
    cleanup_with(free_bio) BIO *cert_bio = BIO_new(BIO_s_mem());
    cleanup_with(free_bio) BIO *key_bio = BIO_new(BIO_s_mem());
    if (!key || !cert || !cert_bio || !key_bio || !fill_certificate(cert, key, host) ||
        PEM_write_bio_X509(cert_bio, cert) != 1 ||
        PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        return fail(err, "cannot make a certificate");
    *cert_pem = take_text(cert_bio);
    *key_pem = take_text(key_bio);
    return true;
}

/* HTTP/1.1 is what is spoken here; a client that offers nothing else goes on without. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)arg;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* The first certificate is ours, the rest goes along with it. */
static bool use_certificates(SSL_CTX *ctx, const char *pem)
{
    cleanup_with(free_bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    cleanup_with(free_cert) X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (!cert || SSL_CTX_use_certificate(ctx, cert) != 1)
        return false;
    X509 *next = NULL;
    while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
            X509_free(next);
            return false;
        }
    }
    ERR_clear_error(); /* the end of the text is told as one */
    return true;
}

/* Keys with a passphrase are refused instead of asking for it on the terminal. */
static int no_passphrase(char *buf, int size, int is_writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)is_writing;
    (void)ctx;
    return -1;
}

static bool use_key(SSL_CTX *ctx, const char *pem)
{
    cleanup_with(free_bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    cleanup_with(free_key) EVP_PKEY *key =
        bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    return key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
}

bool dev_tls_context_new(const char *cert_pem, const char *key_pem, struct dev_tls_context **out,
                         struct error *err)
{
    cleanup_with(free_context) struct dev_tls_context *context = mem_alloc_zero(sizeof(*context));
    context->ctx = SSL_CTX_new(TLS_server_method());
    if (!context->ctx || SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION) != 1)
        return fail(err, "TLS");
    if (!use_certificates(context->ctx, cert_pem))
        return fail(err, "TLS certificate");
    if (!use_key(context->ctx, key_pem))
        return fail(err, "TLS key");
    SSL_CTX_set_alpn_select_cb(context->ctx, choose_protocol, NULL);
    SSL_CTX_set_mode(context->ctx, SSL_MODE_RELEASE_BUFFERS);
    *out = steal_ptr(context);
    return true;
}

void dev_tls_context_free(struct dev_tls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ctx);
    free(context);
}

struct dev_tls *dev_tls_new(struct dev_tls_context *context)
{
    struct dev_tls *tls = mem_alloc_zero(sizeof(*tls));
    tls->ssl = SSL_new(context->ctx);
    tls->received = BIO_new(BIO_s_mem());
    tls->wire = BIO_new(BIO_s_mem());
    must(tls->ssl && tls->received && tls->wire); /* out of memory only */
    SSL_set_bio(tls->ssl, tls->received, tls->wire);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void dev_tls_free(struct dev_tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    free(tls);
}

static void take_wire(struct dev_tls *tls, struct strbuf *wire)
{
    char *data = NULL;
    long len = BIO_get_mem_data(tls->wire, &data);
    if (len <= 0)
        return;
    strbuf_append(wire, (struct str){data, (size_t)len});
    must(BIO_reset(tls->wire) == 1);
}

/* Whether the last call asks for more bytes only. */
static bool is_going_on(struct dev_tls *tls, int result)
{
    int reason = SSL_get_error(tls->ssl, result);
    ERR_clear_error();
    return reason == SSL_ERROR_WANT_READ;
}

bool dev_tls_receive(struct dev_tls *tls, struct str received, struct strbuf *plain,
                     struct strbuf *wire)
{
    must(received.len <= INT_MAX);
    if (received.len > 0)
        must(BIO_write(tls->received, received.ptr, (int)received.len) == (int)received.len);
    int got = 0;
    do {
        strbuf_reserve(plain, READ_BYTES);
        got = SSL_read(tls->ssl, plain->data + plain->len, READ_BYTES);
        if (got > 0)
            plain->len += (size_t)got;
    } while (got > 0);
    bool is_open = is_going_on(tls, got);
    strbuf_truncate(plain, plain->len); /* the NUL: SSL_read wrote behind strbuf's back */
    take_wire(tls, wire);
    return is_open;
}

bool dev_tls_send(struct dev_tls *tls, struct str plain, struct strbuf *wire)
{
    while (plain.len > 0) {
        int count = plain.len < INT_MAX ? (int)plain.len : INT_MAX;
        int sent = SSL_write(tls->ssl, plain.ptr, count);
        if (sent <= 0) {
            ERR_clear_error();
            return false;
        }
        plain = str_skip(plain, (size_t)sent);
    }
    take_wire(tls, wire);
    return true;
}
