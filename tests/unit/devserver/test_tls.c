#include "devserver/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/attr.h"

struct fixture {
    char *cert_pem;
    char *key_pem;
    struct dev_tls_context *context;
    struct dev_tls *server;
    SSL_CTX *client_ctx;
    SSL *client;
    BIO *to_client;
    BIO *from_client;
    struct strbuf plain; /* what the server got */
    bool is_open;        /* the server's end */
};

static void trust(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(cert);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert), 1);
    X509_free(cert);
    BIO_free(bio);
}

static void start_client(struct fixture *f, const char *host)
{
    static const unsigned char offered[] = "\x02h2\x08http/1.1";
    f->client_ctx = SSL_CTX_new(TLS_client_method());
    trust(f->client_ctx, f->cert_pem);
    SSL_CTX_set_verify(f->client_ctx, SSL_VERIFY_PEER, NULL);
    f->client = SSL_new(f->client_ctx);
    f->to_client = BIO_new(BIO_s_mem());
    f->from_client = BIO_new(BIO_s_mem());
    SSL_set_bio(f->client, f->to_client, f->from_client);
    SSL_set_connect_state(f->client);
    assert_int_equal(SSL_set_alpn_protos(f->client, offered, sizeof(offered) - 1), 0);
    if (!X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(f->client), host))
        assert_int_equal(SSL_set1_host(f->client, host), 1);
}

static void setup(struct fixture *f, const char *host)
{
    struct error err = {0};
    *f = (struct fixture){.is_open = true};
    assert_true(dev_tls_make_certificate(STR("192.0.2.7"), &f->cert_pem, &f->key_pem, &err));
    if (!dev_tls_context_new(f->cert_pem, f->key_pem, &f->context, &err))
        fail_msg("%s", err.text);
    f->server = dev_tls_new(f->context);
    start_client(f, host);
}

static void teardown(struct fixture *f)
{
    SSL_free(f->client);
    SSL_CTX_free(f->client_ctx);
    dev_tls_free(f->server);
    dev_tls_context_free(f->context);
    strbuf_fini(&f->plain);
    free(f->cert_pem);
    free(f->key_pem);
    ERR_clear_error();
}

/* Carries what the client has sent to the server and back, `step` bytes at a time. */
static void carry(struct fixture *f, size_t step)
{
    cleanup_strbuf struct strbuf wire = {0};
    char buf[4096];
    int got = 0;
    while (f->is_open && (got = BIO_read(f->from_client, buf, (int)step)) > 0)
        f->is_open = dev_tls_receive(f->server, (struct str){buf, (size_t)got}, &f->plain, &wire);
    if (wire.len > 0)
        assert_int_equal(BIO_write(f->to_client, wire.data, (int)wire.len), (int)wire.len);
}

static bool shake_hands(struct fixture *f, size_t step)
{
    for (size_t i = 0; i < 10 && SSL_do_handshake(f->client) != 1; i++)
        carry(f, step);
    carry(f, step);
    return SSL_is_init_finished(f->client);
}

static void test_both_ways_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 100, 4096};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct fixture f;
        cleanup_strbuf struct strbuf wire = {0};
        char answer[16] = "";
        setup(&f, "127.0.0.1");
        assert_true(shake_hands(&f, steps[i]));
        assert_int_equal(SSL_write(f.client, "GET /", 5), 5);
        carry(&f, steps[i]);
        assert_string_equal(f.plain.data, "GET /");
        assert_true(dev_tls_send(f.server, STR("HTTP/1.1 200"), &wire));
        assert_int_equal(BIO_write(f.to_client, wire.data, (int)wire.len), (int)wire.len);
        assert_int_equal(SSL_read(f.client, answer, sizeof(answer) - 1), 12);
        assert_string_equal(answer, "HTTP/1.1 200");
        SSL_shutdown(f.client);
        carry(&f, steps[i]);
        assert_false(f.is_open);
        teardown(&f);
    }
}

static void test_the_certificate_is_for_loopback_and_its_host(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_trusted;
    } cases[] = {{"127.0.0.1", true}, {"::1", true},        {"localhost", true},
                 {"192.0.2.7", true}, {"192.0.2.8", false}, {"example.com", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        setup(&f, cases[i].host);
        if (shake_hands(&f, 4096) != cases[i].is_trusted)
            fail_msg("%s", cases[i].host);
        teardown(&f);
    }
}

static void test_http_1_1_is_chosen(void **state)
{
    (void)state;
    struct fixture f;
    const unsigned char *chosen = NULL;
    unsigned len = 0;
    setup(&f, "localhost");
    assert_true(shake_hands(&f, 4096));
    SSL_get0_alpn_selected(f.client, &chosen, &len);
    assert_true(str_eq((struct str){(const char *)chosen, len}, STR("http/1.1")));
    teardown(&f);
}

static void test_what_is_no_tls_ends_the_connection(void **state)
{
    (void)state;
    struct fixture f;
    cleanup_strbuf struct strbuf wire = {0};
    setup(&f, "localhost");
    assert_false(dev_tls_receive(f.server, STR("GET / HTTP/1.1\r\n\r\n"), &f.plain, &wire));
    assert_int_equal(f.plain.len, 0);
    teardown(&f);
}

static void test_wrong_files_are_said(void **state)
{
    (void)state;
    struct fixture f;
    struct dev_tls_context *context = NULL;
    struct error err = {0};
    char *cert_pem = NULL;
    char *key_pem = NULL;
    setup(&f, "localhost");
    assert_false(dev_tls_context_new("nonsense", f.key_pem, &context, &err));
    assert_non_null(strstr(err.text, "certificate"));
    assert_false(dev_tls_context_new(f.cert_pem, f.cert_pem, &context, &err));
    assert_non_null(strstr(err.text, "key"));
    assert_true(dev_tls_make_certificate(STR(""), &cert_pem, &key_pem, &err));
    assert_false(dev_tls_context_new(f.cert_pem, key_pem, &context, &err));
    assert_non_null(strstr(err.text, "key"));
    assert_null(context);
    free(cert_pem);
    free(key_pem);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways_in_pieces_of_any_size),
        cmocka_unit_test(test_the_certificate_is_for_loopback_and_its_host),
        cmocka_unit_test(test_http_1_1_is_chosen),
        cmocka_unit_test(test_what_is_no_tls_ends_the_connection),
        cmocka_unit_test(test_wrong_files_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
