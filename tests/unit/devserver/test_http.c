#include "devserver/http.h"

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
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "lib/loop.h"

#define HOST "Host: a\r\n"

/* The server's paths: /echo answers method, path, query "q" and body; /later waits for
 * f->held; /watch streams; /big answers 8 MiB. */
struct fixture {
    uv_loop_t loop;
    struct dev_http *http;
    bool is_closed;
    size_t requests;
    struct dev_http_exchange *held;
    struct dev_http_exchange *watch;
    size_t gone;
};

static void on_gone(void *ctx)
{
    struct fixture *f = ctx;
    f->gone++;
    f->watch = NULL;
}

static void answer_echo(const struct dev_http_request *request)
{
    static const char *const headers[] = {"X-One: 1", "Warning: 299 - \"a\r\nb\"", NULL};
    cleanup_strbuf struct strbuf text = {0};
    struct str q = STR("-");
    (void)dev_http_query(request, "q", &q);
    strbuf_printf(&text, STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT " %zu:" STR_FMT "\n",
                  STR_ARG(request->method), STR_ARG(request->path), STR_ARG(q),
                  STR_ARG(dev_http_header(request, "accept")), request->body.len,
                  (int)(request->body.len < 20 ? request->body.len : 20), request->body.ptr);
    dev_http_answer(request->exchange, 200, "text/plain", strbuf_str(&text), headers);
}

static void answer_big(const struct dev_http_request *request)
{
    const size_t size = 8 << 20;
    char *body = malloc(size);
    memset(body, 'x', size);
    dev_http_answer(request->exchange, 200, "text/plain", (struct str){body, size}, NULL);
    free(body);
}

static void serve(void *ctx, const struct dev_http_request *request)
{
    struct fixture *f = ctx;
    f->requests++;
    if (str_eq(request->path, STR("/later"))) {
        f->held = request->exchange;
    } else if (str_eq(request->path, STR("/watch"))) {
        f->watch = request->exchange;
        dev_http_stream(request->exchange, 200, "application/json", on_gone, f);
    } else if (str_eq(request->path, STR("/big"))) {
        answer_big(request);
    } else {
        answer_echo(request);
    }
}

static int setup(void **state)
{
    const struct dev_http_options options = {.listen = "127.0.0.1:0", .max_body_bytes = 1000};
    struct fixture *f = calloc(1, sizeof(*f));
    struct error err = {0};
    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    if (!dev_http_new(&f->loop, &options, serve, f, &f->http, &err))
        fail_msg("%s", err.text);
    *state = f;
    return 0;
}

static void on_closed(void *ctx)
{
    struct fixture *f = ctx;
    f->is_closed = true;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dev_http_stop(f->http, on_closed, f);
    assert_false(f->is_closed);
    loop_until(&f->loop, f->is_closed);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

struct client {
    int fd;
    struct strbuf text; /* what came so far */
    bool has_ended;
};

static struct client client_connect(const struct fixture *f)
{
    union {
        struct sockaddr_in v4;
        struct sockaddr any;
    } to = {.v4 = {.sin_family = AF_INET,
                   .sin_port = htons((uint16_t)dev_http_port(f->http)),
                   .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(connect(client.fd, &to.any, sizeof(to.v4)), 0);
    return client;
}

static void client_send(const struct client *client, const char *text)
{
    (void)send(client->fd, text, strlen(text), MSG_NOSIGNAL); /* it may be cut already */
}

/* Takes what there is. */
static struct client *client_read(struct client *client)
{
    char buf[65536];
    ssize_t got = 0;
    while ((got = recv(client->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
        strbuf_append(&client->text, (struct str){buf, (size_t)got});
    client->has_ended = client->has_ended || got == 0 || errno == ECONNRESET;
    return client;
}

static bool client_has(struct client *client, const char *text)
{
    client_read(client);
    return client->text.len > 0 && strstr(client->text.data, text);
}

static bool client_has_ended(struct client *client)
{
    return client_read(client)->has_ended;
}

static void client_close(struct client *client)
{
    close(client->fd);
    strbuf_fini(&client->text);
}

struct exchange {
    const char *request;
    const char *want[3]; /* pieces of the answer */
};
static const struct exchange answered[] = {
    {"GET /echo HTTP/1.1\r\n" HOST "\r\n",
     {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", "X-One: 1\r\n", "\r\n\r\nGET /echo -"}},
    {"GET /a%20b?q=%41&r HTTP/1.1\r\n" HOST "Accept: x/y\r\n\r\n", {"GET /a b A x/y 0:"}},
    {"PUT /c HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", {"PUT /c -  5:hello\n"}},
    {"PUT /c HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
     {"PUT /c -  5:hello\n"}},
    {"HEAD /echo HTTP/1.1\r\n" HOST "\r\n", {"Content-Length: 17\r\n\r\n"}},
    {"GET /echo HTTP/1.1\r\n" HOST "\r\n", {"Warning: 299 - \"a??b\"\r\n"}},
    {"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {"Connection: keep-alive\r\n"}},
};
static const struct exchange last_of_their_connection[] = {
    {"GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
     {"Connection: close\r\n", "GET /echo"}},
    {"GET /echo HTTP/1.0\r\n\r\n", {"Connection: close\r\n", "GET /echo"}},
    {"nonsense\r\n\r\n", {"HTTP/1.1 400 Bad Request\r\n", "Connection: close\r\n"}},
    {"\x16\x03\x01 TLS", {"HTTP/1.1 400 "}},
    {"GET /%zz HTTP/1.1\r\n" HOST "\r\n", {"HTTP/1.1 400 "}},
    {"GET / HTTP/3.0\r\n\r\n", {"HTTP/1.1 505 "}},
    {"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", {"HTTP/1.1 400 "}},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n",
     {"HTTP/1.1 413 ", "\"Request entity too large: limit is 1000\",\"reason\":"
                       "\"RequestEntityTooLarge\",\"code\":413}"}},
    {"PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
     {"HTTP/1.1 413 "}},
    {"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", {"HTTP/1.1 413 "}},
};

static struct client exchange(struct fixture *f, const struct exchange *exchange)
{
    struct client client = client_connect(f);
    client_send(&client, exchange->request);
    for (size_t i = 0; i < ARRAY_LEN(exchange->want) && exchange->want[i]; i++)
        loop_until(&f->loop, client_has(&client, exchange->want[i]));
    return client;
}

static void test_requests_are_answered(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(answered); i++) {
        struct client client = exchange(f, &answered[i]);
        assert_false(client_has_ended(&client));
        client_close(&client);
    }
    for (size_t i = 0; i < ARRAY_LEN(last_of_their_connection); i++) {
        struct client client = exchange(f, &last_of_their_connection[i]);
        loop_until(&f->loop, client_has_ended(&client));
        client_close(&client);
    }
}

static void test_a_head_has_no_body(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client, "HEAD /echo HTTP/1.1\r\n" HOST "\r\n");
    client_send(&client, "GET /two HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, client_has(&client, "GET /two"));
    assert_null(strstr(client.text.data, "HEAD /echo"));
    client_close(&client);
}

static void test_requests_in_pieces_and_in_one_piece(void **state)
{
    static const char three[] = "PUT /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                                "GET /2 HTTP/1.1\r\n" HOST "\r\nGET /3 HTTP/1.1\r\n" HOST "\r\n";
    struct fixture *f = *state;
    struct client whole = client_connect(f);
    struct client pieces = client_connect(f);
    client_send(&whole, three);
    for (size_t i = 0; i < sizeof(three) - 1; i++) {
        assert_int_equal(send(pieces.fd, &three[i], 1, 0), 1);
        loop_run_ready(&f->loop);
    }
    loop_until(&f->loop, client_has(&whole, "/3") && client_has(&pieces, "/3"));
    assert_int_equal(f->requests, 6);
    assert_string_equal(whole.text.data, pieces.text.data);
    client_close(&whole);
    client_close(&pieces);
}

static void test_a_client_that_asks_first_is_told_to_go_on(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client,
                "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    loop_until(&f->loop, client_has(&client, "HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(f->requests, 0);
    client_send(&client, "ok");
    loop_until(&f->loop, client_has(&client, "2:ok"));
    client_close(&client);
}

static void test_answers_may_come_later_and_in_order(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, f->held != NULL);
    loop_run_ready(&f->loop);
    assert_int_equal(f->requests, 1);
    dev_http_answer(f->held, 409, "text/plain", STR("late"), NULL);
    assert_int_equal(f->requests, 1); /* never below the answer */
    loop_until(&f->loop, client_has(&client, "GET /next"));
    assert_true(strstr(client.text.data, "late") < strstr(client.text.data, "/next"));
    client_close(&client);
}

static void test_an_exchange_outlives_its_client(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, f->held != NULL);
    const struct linger now = {.l_onoff = 1};
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* a reset */
    client_close(&client);
    loop_run_ready(&f->loop);
    dev_http_stream(f->held, 200, "application/json", on_gone, f);
    assert_int_equal(f->gone, 0);
    dev_http_send(f->held, STR("to nobody"));
    loop_until(&f->loop, f->gone == 1);
}

static void test_a_client_that_sends_no_more_still_gets_its_answer(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    shutdown(client.fd, SHUT_WR);
    loop_until(&f->loop, f->held != NULL);
    loop_run_ready(&f->loop);
    dev_http_answer(f->held, 200, "text/plain", STR("here"), NULL);
    loop_until(&f->loop, client_has_ended(&client));
    assert_true(client_has(&client, "\r\n\r\nhere"));
    client_close(&client);
}

static struct client open_watch(struct fixture *f)
{
    struct client client = client_connect(f);
    client_send(&client, "GET /watch HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, client_has(&client, "Transfer-Encoding: chunked\r\n\r\n"));
    return client;
}

static void test_a_stream_sends_at_once(void **state)
{
    struct fixture *f = *state;
    struct client client = open_watch(f);
    dev_http_send(f->watch, STR("{\"type\":\"ADDED\"}\n"));
    assert_true(client_has(&client, "\r\n\r\n11\r\n{\"type\":\"ADDED\"}\n\r\n")); /* no loop ran */
    assert_int_equal(dev_http_unsent_bytes(f->watch), 0);
    dev_http_end(f->watch);
    assert_true(client_has(&client, "\r\n0\r\n\r\n"));
    client_send(&client, "GET /next HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, client_has(&client, "GET /next"));
    assert_int_equal(f->gone, 0);
    client_close(&client);
}

static void test_a_quiet_stream_learns_that_its_client_has_left(void **state)
{
    struct fixture *f = *state;
    struct client client = open_watch(f);
    client_close(&client);
    loop_until(&f->loop, f->gone == 1);
}

static void test_a_stream_of_http_1_0_ends_with_its_connection(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client, "GET /watch HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    loop_until(&f->loop, f->watch != NULL);
    dev_http_send(f->watch, STR("plain\n"));
    dev_http_end(f->watch);
    loop_until(&f->loop, client_has_ended(&client));
    assert_true(client_has(&client, "Connection: close\r\n\r\nplain\n"));
    client_close(&client);
}

static void test_a_slow_reader_of_a_stream_is_counted(void **state)
{
    struct fixture *f = *state;
    struct client slow = open_watch(f);
    char line[1000];
    size_t sent = 0;
    memset(line, 'x', sizeof(line));
    for (; dev_http_unsent_bytes(f->watch) < 1 << 20; sent += sizeof(line))
        dev_http_send(f->watch, (struct str){line, sizeof(line)});
    struct client other = client_connect(f);
    client_send(&other, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, client_has(&other, "GET /echo"));
    dev_http_end(f->watch);
    loop_until(&f->loop, client_has(&slow, "\r\n0\r\n\r\n"));
    assert_true(slow.text.len > sent);
    client_close(&slow);
    client_close(&other);
}

static void test_large_answers_leave_as_the_client_takes_them(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client, "GET /big HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, f->requests == 1);
    loop_run_ready(&f->loop);
    assert_int_equal(f->requests, 1); /* the next waits until that is out */
    loop_until(&f->loop, client_has(&client, "GET /next"));
    assert_true(client.text.len > 8 << 20);
    client_close(&client);
}

static void test_cuts(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, f->held != NULL);
    dev_http_cut(f->held, STR("{\"half"));
    loop_until(&f->loop, client_has_ended(&client));
    assert_true(client_has(&client, "chunked\r\n\r\n7\r\n{\"half"));
    client_close(&client);

    f->held = NULL;
    client = client_connect(f);
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, f->held != NULL);
    dev_http_cut(f->held, STR(""));
    loop_until(&f->loop, client_has_ended(&client));
    assert_int_equal(client.text.len, 0);
    client_close(&client);

    client = open_watch(f);
    dev_http_send(f->watch, STR("one\n"));
    dev_http_cut(f->watch, STR("tw"));
    loop_until(&f->loop, client_has_ended(&client));
    assert_true(client_has(&client, "4\r\none\n\r\n3\r\ntw"));
    client_close(&client);
    assert_int_equal(f->gone, 0);
}

static void test_clients_out_of_time_are_told_or_cut(void **state)
{
    struct fixture *f = *state;
    struct client silent = client_connect(f);
    struct client half_head = client_connect(f);
    struct client half_body = client_connect(f);
    struct client idle = client_connect(f);
    struct client watch = open_watch(f);
    struct client stuck = client_connect(f);
    client_send(&half_head, "GET / HT");
    client_send(&half_body, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
    client_send(&idle, "GET /idle HTTP/1.1\r\n" HOST "\r\n");
    client_send(&stuck, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, client_has(&idle, "GET /idle") && f->requests == 3);
    loop_run_ready(&f->loop);
    loop_skip_ms(&f->loop, 35000);
    loop_until(&f->loop, client_has_ended(&silent) && client_has(&half_head, " 408 "));
    assert_int_equal(silent.text.len, 0);
    assert_false(client_has_ended(&idle));
    loop_skip_ms(&f->loop, 30000);
    loop_until(&f->loop, client_has(&half_body, " 408 "));
    loop_skip_ms(&f->loop, 3000); /* lingered long enough */
    loop_until(&f->loop, client_has_ended(&half_body) && client_has_ended(&half_head));
    loop_skip_ms(&f->loop, 30000);
    loop_until(&f->loop, client_has_ended(&idle) && client_has_ended(&stuck));
    assert_true(stuck.text.len < 8 << 20);
    dev_http_send(f->watch, STR("still there\n"));
    assert_true(client_has(&watch, "still there\n"));
    client_close(&silent);
    client_close(&half_head);
    client_close(&half_body);
    client_close(&idle);
    client_close(&stuck);
    client_close(&watch);
    loop_until(&f->loop, f->gone == 1);
}

static void test_too_much_is_answered_while_it_still_comes(void **state)
{
    struct fixture *f = *state;
    struct client client = client_connect(f);
    char piece[65536];
    memset(piece, 'x', sizeof(piece));
    client_send(&client, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 9000000\r\n\r\n");
    for (size_t i = 0; i < 100; i++) {
        (void)send(client.fd, piece, sizeof(piece), MSG_NOSIGNAL | MSG_DONTWAIT);
        loop_run_ready(&f->loop);
    }
    loop_until(&f->loop, client_has(&client, "HTTP/1.1 413 "));
    client_close(&client);
}

static void test_a_flood_behind_a_stream_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct client client = open_watch(f);
    char piece[65536];
    size_t taken = 0;
    memset(piece, 'x', sizeof(piece));
    for (size_t i = 0; i < 1000; i++) {
        ssize_t sent = send(client.fd, piece, sizeof(piece), MSG_NOSIGNAL | MSG_DONTWAIT);
        taken += sent > 0 ? (size_t)sent : 0;
        loop_run_ready(&f->loop);
    }
    assert_true(taken < 32 << 20); /* what the kernel's buffers hold */
    dev_http_send(f->watch, STR("event\n"));
    assert_true(client_has(&client, "event\n"));
    client_close(&client);
}

static void test_two_hundred_clients_at_once(void **state)
{
    struct fixture *f = *state;
    struct client clients[200];
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        clients[i] = client_connect(f);
        client_send(&clients[i], "GET /echo HTTP/1.1\r\n" HOST "\r\n");
        loop_run_ready(&f->loop);
    }
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        loop_until(&f->loop, client_has(&clients[i], "GET /echo"));
        client_close(&clients[i]);
    }
}

static void test_stop_cuts_all_that_is_open(void **state)
{
    struct fixture *f = *state;
    struct client watch = open_watch(f);
    struct client later = client_connect(f);
    struct client idle = client_connect(f);
    client_send(&later, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    loop_until(&f->loop, f->held != NULL);
    teardown(state);
    assert_true(client_has_ended(&watch) && client_has_ended(&later) && client_has_ended(&idle));
    client_close(&watch);
    client_close(&later);
    client_close(&idle);
    setup(state);
}

static void test_only_loopback_unless_asked_for(void **state)
{
    static const char *const addresses[] = {"0.0.0.0:0", ":0"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct dev_http_options options = {.listen = addresses[i]};
        struct dev_http *http = NULL;
        struct error err = {0};
        assert_false(dev_http_new(&f->loop, &options, serve, f, &http, &err));
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, "loopback"));
        options.allow_any_address = true;
        assert_true(dev_http_new(&f->loop, &options, serve, f, &http, &err));
        f->is_closed = false;
        dev_http_stop(http, on_closed, f);
        loop_until(&f->loop, f->is_closed);
    }
    f->is_closed = false;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_requests_are_answered),
        TEST(test_a_head_has_no_body),
        TEST(test_requests_in_pieces_and_in_one_piece),
        TEST(test_a_client_that_asks_first_is_told_to_go_on),
        TEST(test_answers_may_come_later_and_in_order),
        TEST(test_an_exchange_outlives_its_client),
        TEST(test_a_client_that_sends_no_more_still_gets_its_answer),
        TEST(test_a_stream_sends_at_once),
        TEST(test_a_quiet_stream_learns_that_its_client_has_left),
        TEST(test_a_stream_of_http_1_0_ends_with_its_connection),
        TEST(test_a_slow_reader_of_a_stream_is_counted),
        TEST(test_large_answers_leave_as_the_client_takes_them),
        TEST(test_cuts),
        TEST(test_clients_out_of_time_are_told_or_cut),
        TEST(test_too_much_is_answered_while_it_still_comes),
        TEST(test_a_flood_behind_a_stream_is_not_kept),
        TEST(test_two_hundred_clients_at_once),
        TEST(test_stop_cuts_all_that_is_open),
        TEST(test_only_loopback_unless_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
