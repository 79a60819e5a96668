#include "manager/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "lib/loop.h"

enum { LIMIT = 64 }; /* connections at a time */

struct fixture {
    uv_loop_t loop;
    struct http_server *server;
    bool is_closed;
    size_t answers;
};

static void answer_with_path(void *ctx, const struct http_request *request,
                             struct http_answer *answer)
{
    struct fixture *f = ctx;
    f->answers++;
    if (!str_eq_cstr(request->path, "/here"))
        answer->status = 404;
    strbuf_printf(&answer->body, "<" STR_FMT ">%s", STR_ARG(request->path),
                  http_request_has_query(request, "verbose") ? " verbose" : "");
}

static struct fixture *setup(const char *address)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    struct error err = {0};
    if (!http_server_new(&f->loop, address, answer_with_path, f, &f->server, &err))
        fail_msg("%s", err.text);
    return f;
}

static void on_closed(void *ctx)
{
    struct fixture *f = ctx;
    f->is_closed = true;
}

static void teardown(struct fixture *f)
{
    http_server_stop(f->server, on_closed, f);
    assert_false(f->is_closed);
    loop_until(&f->loop, f->is_closed);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
}

struct client {
    int fd;
    char text[2048]; /* what came so far */
    size_t len;
};

static struct client client_connect(const struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(f->server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    union {
        struct sockaddr_in v4;
        struct sockaddr any;
    } to = {address};
    assert_int_equal(connect(client.fd, &to.any, sizeof(address)), 0);
    return client;
}

static void client_send(const struct client *client, const char *text)
{
    (void)send(client->fd, text, strlen(text), MSG_NOSIGNAL); /* it may be cut already */
}

/* Reads what there is; whether the server has closed the connection. */
static bool client_has_ended(struct client *client)
{
    ssize_t got = 0;
    do {
        client->len += (size_t)got;
        client->text[client->len] = '\0';
        got = recv(client->fd, client->text + client->len, sizeof(client->text) - 1 - client->len,
                   MSG_DONTWAIT);
    } while (got > 0);
    return got == 0 || errno == ECONNRESET;
}

static const struct {
    const char *request;
    const char *status; /* the answer's first line; NULL: closed without one */
    const char *has;
} exchanges[] = {
    {"GET /here HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\n</here>"},
    {"GET /here HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\n</here>"},
    {"GET /here?verbose HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "</here> verbose"},
    {"GET /here?a=b&verbose=1 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n",
     "</here> verbose"},
    {"GET /%68ere?verb HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\n</here>"},
    {"GET /there HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "</there>"},
    {"HEAD /here HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 7\r\n"},
    {"POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
     "HTTP/1.1 405 Method Not Allowed\r\n", "Allow: GET, HEAD\r\n"},
    {"DELETE /here HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n",
     "Connection: close\r\n"},
    {"nonsense\r\n\r\n", NULL, ""},
};

static void test_requests_are_answered_and_the_connection_closed(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
        struct client client = client_connect(f);
        client_send(&client, exchanges[i].request);
        loop_until(&f->loop, client_has_ended(&client));
        if (exchanges[i].status &&
            (!strstr(client.text, exchanges[i].has) ||
             strncmp(client.text, exchanges[i].status, strlen(exchanges[i].status)) != 0))
            fail_msg("%sgot:\n%s", exchanges[i].request, client.text);
        close(client.fd);
    }
    teardown(f);
}

static void test_a_head_has_no_body(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    struct client client = client_connect(f);
    client_send(&client, "HEAD /here HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until(&f->loop, client_has_ended(&client));
    assert_null(strstr(client.text, "</here>"));
    close(client.fd);
    teardown(f);
}

static void test_a_request_may_come_in_pieces(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    struct client client = client_connect(f);
    client_send(&client, "GET /he");
    loop_run_ready(&f->loop);
    client_send(&client, "re HTTP/1.1\r\nHost: a\r\n");
    loop_run_ready(&f->loop);
    client_send(&client, "\r\n");
    loop_until(&f->loop, client_has_ended(&client));
    assert_non_null(strstr(client.text, "</here>"));
    close(client.fd);
    teardown(f);
}

static void test_a_request_that_is_too_large_is_refused(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    struct client client = client_connect(f);
    client_send(&client, "GET /here HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 100; i++)
        client_send(&client, "X-Header: 0123456789012345678901234567890123456789012345678901\r\n");
    client_send(&client, "\r\n");
    loop_until(&f->loop, client_has_ended(&client));
    assert_int_equal(f->answers, 0);
    assert_null(strstr(client.text, "200 OK"));
    close(client.fd);
    teardown(f);
}

static void test_a_client_that_trickles_is_cut_after_5_s(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    struct client client = client_connect(f);
    for (int i = 0; i < 4; i++) {
        client_send(&client, "G");
        loop_run_ready(&f->loop);
        loop_skip_ms(&f->loop, 1200);
        loop_run_ready(&f->loop);
        assert_false(client_has_ended(&client));
    }
    client_send(&client, "G");
    loop_skip_ms(&f->loop, 201);
    loop_until(&f->loop, client_has_ended(&client));
    close(client.fd);
    teardown(f);
}

static void test_silent_clients_do_not_shut_others_out_for_long(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    struct client silent[LIMIT];
    for (size_t i = 0; i < LIMIT; i++) {
        silent[i] = client_connect(f);
        loop_run_ready(&f->loop);
    }
    struct client client = client_connect(f);
    client_send(&client, "GET /here HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_run_ready(&f->loop);
    loop_run_ready(&f->loop);
    assert_false(client_has_ended(&client));
    assert_int_equal(f->answers, 0);
    loop_skip_ms(&f->loop, 5001);
    loop_until(&f->loop, client_has_ended(&client));
    assert_non_null(strstr(client.text, "</here>"));
    for (size_t i = 0; i < LIMIT; i++) {
        assert_true(client_has_ended(&silent[i]));
        close(silent[i].fd);
    }
    close(client.fd);
    teardown(f);
}

static void test_clients_that_leave_make_room(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    struct client gone[LIMIT];
    for (size_t i = 0; i < LIMIT; i++) {
        gone[i] = client_connect(f);
        loop_run_ready(&f->loop);
    }
    for (size_t i = 0; i < LIMIT; i++)
        close(gone[i].fd);
    struct client client = client_connect(f);
    client_send(&client, "GET /here HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until(&f->loop, client_has_ended(&client));
    assert_non_null(strstr(client.text, "</here>"));
    close(client.fd);
    teardown(f);
}

static void test_stopping_cuts_open_connections(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    struct client client = client_connect(f);
    client_send(&client, "GET /");
    loop_run_ready(&f->loop);
    teardown(f);
    assert_true(client_has_ended(&client));
    close(client.fd);
}

static void test_all_addresses_are_those_of_ipv4_too(void **state)
{
    (void)state;
    static const char *const addresses[] = {":0", "0.0.0.0:0", "localhost:0"};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct fixture *f = setup(addresses[i]);
        struct client client = client_connect(f);
        client_send(&client, "GET /here HTTP/1.1\r\nHost: a\r\n\r\n");
        loop_until(&f->loop, client_has_ended(&client));
        assert_non_null(strstr(client.text, "</here>"));
        close(client.fd);
        teardown(f);
    }
}

static void test_addresses_that_cannot_be_meant(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "9440",
        "",
        "::1:9440x",
        "[::1]",
        "[::1:9440",
        "a.example:9440",
        "127.0.0.1:65536",
        ":-1",
        ":",
        ":http",
        "[]:9440",
        "::1:9440",
        "1.2.3:9440",
        "[127.0.0.1]:9440",
        "012345678901234567890123456789012345678901234567890123456789:1",
    };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct http_server *server = NULL;
        struct error err = {0};
        if (http_server_new(&loop, addresses[i], answer_with_path, NULL, &server, &err))
            fail_msg("%s was taken", addresses[i]);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, addresses[i]));
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_a_port_in_use_is_a_conflict(void **state)
{
    (void)state;
    struct fixture *f = setup("127.0.0.1:0");
    char address[64];
    snprintf(address, sizeof(address), "127.0.0.1:%d", http_server_port(f->server));
    struct http_server *server = NULL;
    struct error err = {0};
    assert_false(http_server_new(&f->loop, address, answer_with_path, NULL, &server, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_non_null(strstr(err.text, address));
    teardown(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_answered_and_the_connection_closed),
        cmocka_unit_test(test_a_head_has_no_body),
        cmocka_unit_test(test_a_request_may_come_in_pieces),
        cmocka_unit_test(test_a_request_that_is_too_large_is_refused),
        cmocka_unit_test(test_a_client_that_trickles_is_cut_after_5_s),
        cmocka_unit_test(test_silent_clients_do_not_shut_others_out_for_long),
        cmocka_unit_test(test_clients_that_leave_make_room),
        cmocka_unit_test(test_stopping_cuts_open_connections),
        cmocka_unit_test(test_all_addresses_are_those_of_ipv4_too),
        cmocka_unit_test(test_addresses_that_cannot_be_meant),
        cmocka_unit_test(test_a_port_in_use_is_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
