#include "kube/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "lib/fake_server.h"
#include "lib/loop.h"

#define PODS "/api/v1/namespaces/ns/pods"

enum { CALLS_MAX = 12 };

/* What came of a request or a stream. */
struct outcome {
    struct kube_client *client; /* for those whose callback does something */
    struct kube_call *call;
    struct kube_stream *stream;
    int ends;
    bool has_err;
    struct error err;
    int http_status;
    struct strbuf text; /* the body, or all lines with a "|" behind each */
    int lines;
    int stop_after; /* so many lines; 0: never */
};

struct fixture {
    uv_loop_t loop;
    struct kube_runtime runtime;
    struct kube_config config;
    struct kube_client_options options;
    struct fake_server *server;
    struct kube_client *client;
    struct outcome outcomes[CALLS_MAX];
    bool is_closed;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    must(uv_loop_init(&f->loop) == 0);
    f->runtime = (struct kube_runtime){.loop = &f->loop, .clock = clock_system()};
    random_init(&f->runtime.random, 1);
    f->server = fake_server_new(&f->loop);
    f->config.source = mem_dup_cstr("test");
    f->config.server = mem_dup_cstr(fake_server_url(f->server));
    f->options = (struct kube_client_options){.config = &f->config, .user_agent = "tester/1"};
    *state = f;
    return 0;
}

static void closed(void *ctx)
{
    *(bool *)ctx = true;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->client != NULL) {
        if (!f->is_closed)
            kube_client_stop(f->client, closed, &f->is_closed);
        loop_until(&f->loop, f->is_closed);
    }
    fake_server_free(f->server);
    must(uv_loop_close(&f->loop) == 0);
    for (size_t i = 0; i < CALLS_MAX; i++)
        strbuf_fini(&f->outcomes[i].text);
    free(f->config.source);
    free(f->config.server);
    free(f->config.token);
    free(f->config.token_file);
    free(f);
    return 0;
}

static void start_client(struct fixture *f)
{
    struct error err;
    if (!kube_client_new(&f->runtime, &f->options, &f->client, &err))
        fail_msg("%s", err.text);
}

static void note_err(struct outcome *outcome, const struct error *err)
{
    outcome->ends++;
    outcome->has_err = err != NULL;
    if (err != NULL)
        outcome->err = *err;
}

static void answered(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct outcome *outcome = ctx;
    note_err(outcome, err);
    if (response == NULL)
        return;
    outcome->http_status = response->http_status;
    strbuf_append(&outcome->text, response->body);
}

static struct outcome *ask(struct fixture *f, size_t slot, struct kube_request request)
{
    struct outcome *outcome = &f->outcomes[slot];
    outcome->client = f->client;
    if (str_is_empty(request.path))
        request.path = STR(PODS);
    outcome->call = kube_client_send(f->client, &request, answered, outcome);
    assert_int_equal(outcome->ends, 0); /* never before the call returned */
    return outcome;
}

static struct outcome *ask_and_wait(struct fixture *f, struct kube_request request)
{
    struct outcome *outcome = ask(f, 0, request);
    loop_until(&f->loop, outcome->ends > 0);
    return outcome;
}

static void assert_text(const char *got, const char *want)
{
    if (strstr(got, want) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", want, got);
}

static void assert_err(const struct outcome *outcome, enum error_code code, const char *text)
{
    assert_int_equal(outcome->ends, 1);
    assert_true(outcome->has_err);
    assert_string_equal(error_code_name(outcome->err.code), error_code_name(code));
    assert_text(outcome->err.text, text);
    assert_null(strchr(outcome->err.text, '\n'));
}

static void test_request_and_answer(void **state)
{
    static const struct {
        struct kube_request given;
        const char *method, *content_type, *accept, *body;
    } cases[] = {
        {{.verb = KUBE_GET}, "GET", "", "application/json", ""},
        {{.verb = KUBE_GET, .accept = KUBE_ACCEPT_PARTIAL_METADATA_LIST},
         "GET",
         "",
         "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
         ""},
        {{.verb = KUBE_POST, .body = STR("{1}")},
         "POST",
         "application/json",
         "application/json",
         "{1}"},
        {{.verb = KUBE_PUT, .body = STR("{2}")},
         "PUT",
         "application/json",
         "application/json",
         "{2}"},
        {{.verb = KUBE_PATCH_JSON, .body = STR("[3]")},
         "PATCH",
         "application/json-patch+json",
         "application/json",
         "[3]"},
        {{.verb = KUBE_PATCH_MERGE, .body = STR("{4}")},
         "PATCH",
         "application/merge-patch+json",
         "application/json",
         "{4}"},
        {{.verb = KUBE_DELETE}, "DELETE", "", "application/json", ""},
        {{.verb = KUBE_DELETE, .body = STR("{5}")},
         "DELETE",
         "application/json",
         "application/json",
         "{5}"},
        {{.verb = KUBE_POST}, "POST", "application/json", "application/json", ""},
        {{.verb = KUBE_GET}, "GET", "", "application/json", ""}, /* nothing of before is left */
    };
    struct fixture *f = *state;
    f->config.token = mem_dup_cstr("s3cret");
    start_client(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_server_reply(f->server, cases[i].method, PODS, 200, "fine");
        struct outcome *outcome = ask(f, i, cases[i].given);
        loop_until(&f->loop, outcome->ends > 0);
        assert_int_equal(outcome->ends, 1);
        assert_false(outcome->has_err);
        assert_int_equal(outcome->http_status, 200);
        assert_string_equal(outcome->text.data, "fine");
        const struct fake_exchange *got = fake_server_exchange(f->server, i);
        assert_string_equal(got->method, cases[i].method);
        assert_string_equal(got->path, PODS);
        assert_true(str_eq_cstr(got->body, cases[i].body));
        assert_true(str_eq_cstr(fake_exchange_header(got, "Content-Type"), cases[i].content_type));
        assert_true(str_eq_cstr(fake_exchange_header(got, "Accept"), cases[i].accept));
        assert_true(str_eq_cstr(fake_exchange_header(got, "User-Agent"), "tester/1"));
        assert_true(str_eq_cstr(fake_exchange_header(got, "Authorization"), "Bearer s3cret"));
        assert_true(str_is_empty(fake_exchange_header(got, "Expect")));
    }
    assert_int_equal(fake_server_connections(f->server), 1);
    struct kube_client_figures figures = kube_client_figures(f->client);
    assert_int_equal(figures.requests, ARRAY_LEN(cases));
    assert_int_equal(figures.requests_by_verb[KUBE_POST], 2);
    assert_int_equal(figures.answers_by_class[2], ARRAY_LEN(cases));
    assert_int_equal(figures.connections, 1);
    assert_int_equal(kube_client_pending(f->client), 0);
}

static void test_server_with_path_and_password(void **state)
{
    struct fixture *f = *state;
    char server[64];
    snprintf(server, sizeof(server), "%s/k8s/clusters/c1", fake_server_url(f->server));
    free(f->config.server);
    f->config.server = mem_dup_cstr(server);
    f->config.username = mem_dup_cstr("ann");
    f->config.password = mem_dup_cstr("b:c");
    start_client(f);
    fake_server_reply(f->server, "GET", "/k8s/clusters/c1" PODS, 200, "{}");
    assert_false(ask_and_wait(f, (struct kube_request){.verb = KUBE_GET})->has_err);
    struct str header = fake_exchange_header(fake_server_exchange(f->server, 0), "Authorization");
    assert_true(str_eq(header, STR("Basic YW5uOmI6Yw==")));
    free(f->config.username);
    free(f->config.password);
}

static void test_bad_server_url(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"ftp://host", "https://", "https://host:99999", ""};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        free(f->config.server);
        f->config.server = mem_dup_cstr(urls[i]);
        struct error err;
        assert_false(kube_client_new(&f->runtime, &f->options, &f->client, &err));
        assert_int_equal(err.code, ERROR_INVALID);
        assert_text(err.text, "test: server");
    }
}

static void test_answers_that_are_errors(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum error_code code;
        const char *text;
    } cases[] = {
        {404, "{\"kind\":\"Status\",\"message\":\"pods \\\"a\\\" not found\"}", ERROR_NOT_FOUND,
         "GET " PODS ": pods \"a\" not found"},
        {409, "{}", ERROR_CONFLICT, "GET " PODS ": HTTP status 409"},
        {403, "go away", ERROR_DENIED, "GET " PODS ": HTTP status 403: go away"},
        {410, "{}", ERROR_GONE, "410"},
        {422, "{}", ERROR_INVALID, "422"},
        {500, "{}", ERROR_UNAVAILABLE, "500"},
        {503, "{}", ERROR_UNAVAILABLE, "503"}, /* no Retry-After: may have been carried out */
        {302, "", ERROR_INVALID, "unexpected HTTP status 302"},
    };
    struct fixture *f = *state;
    start_client(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_server_reply(f->server, "GET", PODS, cases[i].status, cases[i].body);
        struct outcome *outcome =
            ask(f, i, (struct kube_request){.path = STR(PODS "?limit=1"), .verb = KUBE_GET});
        loop_until(&f->loop, outcome->ends > 0);
        assert_err(outcome, cases[i].code, cases[i].text);
        assert_int_equal(outcome->err.detail, cases[i].status);
        assert_int_equal(outcome->http_status, cases[i].status);
        assert_string_equal(outcome->text.len > 0 ? outcome->text.data : "", cases[i].body);
    }
    assert_int_equal(fake_server_count(f->server), ARRAY_LEN(cases));
}

static void test_broken_answers(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"\x15\x03\x01 what is this\r\n\r\n", "is not HTTP"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "before the end of its answer"},
        {"", "without an answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "longer than 64 bytes"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "GET " PODS ": http://127"},
    };
    struct fixture *f = *state;
    f->options.max_response_bytes = 64;
    start_client(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_server_raw(f->server, "GET", PODS, cases[i].bytes);
        struct outcome *outcome = ask(f, i, (struct kube_request){.verb = KUBE_GET});
        loop_until(&f->loop, fake_server_count(f->server) == i + 1);
        if (strstr(cases[i].text, "longer") != NULL)
            for (int n = 0; n < 10; n++)
                fake_exchange_raw(fake_server_exchange(f->server, i), STR("0123456789"));
        else
            fake_exchange_cut(fake_server_exchange(f->server, i));
        loop_until(&f->loop, outcome->ends > 0);
        bool is_too_long = strstr(cases[i].text, "longer") != NULL;
        assert_err(outcome, is_too_long ? ERROR_INVALID : ERROR_UNAVAILABLE, cases[i].text);
        assert_int_equal(outcome->http_status, 0);
    }
    assert_int_equal(kube_client_figures(f->client).answers_by_class[0], ARRAY_LEN(cases));
}

static void test_refused_and_back_again(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    fake_server_down(f->server);
    struct outcome *outcome = ask(f, 0, (struct kube_request){.verb = KUBE_GET});
    loop_until(&f->loop, outcome->ends > 0);
    assert_err(outcome, ERROR_UNAVAILABLE, "cannot connect to http://127.0.0.1:");
    assert_text(outcome->err.text, "Connection refused");
    fake_server_up(f->server);
    fake_server_reply(f->server, "GET", PODS, 200, "{}");
    outcome = ask(f, 1, (struct kube_request){.verb = KUBE_GET});
    loop_until(&f->loop, outcome->ends > 0);
    assert_false(outcome->has_err);
}

static void test_no_answer_in_time(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    fake_server_silent(f->server, "GET", PODS);
    struct outcome *outcome = ask(f, 0, (struct kube_request){.verb = KUBE_GET});
    loop_until(&f->loop, fake_server_count(f->server) == 1);
    loop_skip_ms(&f->loop, 29000);
    loop_run_ready(&f->loop);
    assert_int_equal(outcome->ends, 0);
    loop_skip_ms(&f->loop, 1001);
    loop_until(&f->loop, outcome->ends > 0);
    assert_err(outcome, ERROR_UNAVAILABLE, "within 30 s");
}

static void test_retry_after(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    fake_server_silent(f->server, "POST", PODS);
    fake_server_reply(f->server, "POST", PODS, 503, "{\"details\":{\"retryAfterSeconds\":3}}");
    fake_server_reply(f->server, "POST", PODS, 201, "made");
    struct outcome *outcome =
        ask(f, 0, (struct kube_request){.verb = KUBE_POST, .body = STR("{}")});
    loop_until(&f->loop, fake_server_count(f->server) == 1);
    fake_exchange_reply_with(fake_server_exchange(f->server, 0), 429, "Retry-After: 7\r\n", "");
    loop_until(&f->loop, kube_client_figures(f->client).retries == 1);
    loop_skip_ms(&f->loop, 6900);
    loop_run_ready(&f->loop);
    loop_run_ready(&f->loop);
    assert_int_equal(fake_server_count(f->server), 1);
    loop_skip_ms(&f->loop, 200);
    loop_until(&f->loop, kube_client_figures(f->client).retries == 2);
    loop_skip_ms(&f->loop, 2800);
    loop_run_ready(&f->loop);
    loop_run_ready(&f->loop);
    assert_int_equal(fake_server_count(f->server), 2);
    loop_skip_ms(&f->loop, 300);
    loop_until(&f->loop, outcome->ends > 0);
    assert_false(outcome->has_err);
    assert_int_equal(outcome->http_status, 201);
    assert_true(str_eq(fake_server_exchange(f->server, 2)->body, STR("{}")));
}

static void test_retries_end(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    for (int i = 0; i < 9; i++)
        fake_server_reply(f->server, "GET", PODS, 429, "{}");
    struct outcome *outcome = ask(f, 0, (struct kube_request){.verb = KUBE_GET});
    for (unsigned i = 1; i < 4; i++) {
        loop_until(&f->loop, kube_client_figures(f->client).retries == i);
        loop_run_ready(&f->loop);
        loop_skip_ms(&f->loop, 1000);
    }
    loop_until(&f->loop, outcome->ends > 0);
    assert_err(outcome, ERROR_UNAVAILABLE, "429");
    assert_int_equal(fake_server_count(f->server), 4);
}

static void test_lease_never_waits(void **state)
{
    struct fixture *f = *state;
    f->options.flow.min_in_flight = f->options.flow.max_in_flight = 1;
    start_client(f);
    fake_server_silent(f->server, "GET", PODS);
    fake_server_reply(f->server, "PUT", "/lease", 200, "{}");
    fake_server_reply(f->server, "PUT", "/lease", 429, "{}");
    struct outcome *normal = ask(f, 0, (struct kube_request){.verb = KUBE_GET});
    struct outcome *waiting = ask(f, 1, (struct kube_request){.verb = KUBE_GET});
    struct kube_request lease = {
        .verb = KUBE_PUT, .path = STR("/lease"), .priority = KUBE_PRIORITY_LEASE};
    struct outcome *first = ask(f, 2, lease);
    loop_until(&f->loop, first->ends > 0);
    assert_false(first->has_err);
    struct outcome *second = ask(f, 3, lease);
    loop_until(&f->loop, second->ends > 0);
    assert_err(second, ERROR_UNAVAILABLE, "429"); /* its own deadline is nearer than any retry */
    assert_int_equal(fake_server_count_of(f->server, "GET", PODS), 1);
    assert_int_equal(normal->ends + waiting->ends, 0);
    assert_int_equal(kube_client_pending(f->client), 2);
}

static void test_in_flight_limit_and_order(void **state)
{
    struct fixture *f = *state;
    f->options.flow.min_in_flight = f->options.flow.max_in_flight = 2;
    start_client(f);
    static const struct {
        const char *path;
        enum kube_priority priority;
    } sent[] = {{"/b1", KUBE_PRIORITY_BACKGROUND},
                {"/n1", KUBE_PRIORITY_NORMAL},
                {"/b2", KUBE_PRIORITY_BACKGROUND},
                {"/n2", KUBE_PRIORITY_NORMAL},
                {"/n3", KUBE_PRIORITY_NORMAL}};
    static const char *const wanted[] = {"/n1", "/n2", "/n3", "/b1", "/b2"};
    for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
        fake_server_silent(f->server, "GET", "/");
        ask(f, i,
            (struct kube_request){
                .verb = KUBE_GET, .path = str_from(sent[i].path), .priority = sent[i].priority});
    }
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        loop_until(&f->loop, fake_server_count(f->server) > i);
        loop_run_ready(&f->loop);
        assert_true(fake_server_count(f->server) <= i + 2);
        fake_exchange_reply(fake_server_last(f->server, "GET", wanted[i]), 200, "{}");
        loop_until(&f->loop, kube_client_pending(f->client) == ARRAY_LEN(wanted) - i - 1);
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Says 401 to the first `refusals` requests and rotates the token file. */
struct guard {
    struct fixture *f;
    int refusals;
};

static void guard_request(void *ctx, struct fake_exchange *exchange)
{
    struct guard *guard = ctx;
    if (guard->refusals-- > 0) {
        write_text(guard->f->config.token_file, "new");
        fake_exchange_reply(exchange, 401, "{\"message\":\"Unauthorized\"}");
    } else {
        fake_exchange_reply(exchange, 200, "{}");
    }
}

static void use_token_file(struct fixture *f)
{
    char path[] = "/tmp/test-client-XXXXXX";
    int fd = mkstemp(path);
    must(fd >= 0 && close(fd) == 0);
    f->config.token_file = mem_dup_cstr(path);
    write_text(path, "old");
}

static void test_unauthorized_once(void **state)
{
    struct fixture *f = *state;
    use_token_file(f);
    start_client(f);
    struct guard guard = {.f = f, .refusals = 1};
    fake_server_on_request(f->server, guard_request, &guard);
    struct outcome *outcome = ask(f, 0, (struct kube_request){.verb = KUBE_POST});
    loop_until(&f->loop, outcome->ends > 0);
    assert_false(outcome->has_err);
    assert_int_equal(fake_server_count(f->server), 2);
    assert_true(str_eq(fake_exchange_header(fake_server_exchange(f->server, 0), "Authorization"),
                       STR("Bearer old")));
    assert_true(str_eq(fake_exchange_header(fake_server_exchange(f->server, 1), "Authorization"),
                       STR("Bearer new")));
    guard.refusals = 9;
    outcome = ask(f, 1, (struct kube_request){.verb = KUBE_POST});
    loop_until(&f->loop, outcome->ends > 0);
    assert_err(outcome, ERROR_DENIED, "Unauthorized");
    assert_null(strstr(outcome->err.text, "new"));
    assert_int_equal(fake_server_count(f->server), 4);
    unlink(f->config.token_file);
}

static void test_cancel(void **state)
{
    struct fixture *f = *state;
    f->options.flow.min_in_flight = f->options.flow.max_in_flight = 1;
    start_client(f);
    fake_server_silent(f->server, "GET", PODS);
    fake_server_reply(f->server, "GET", "/after", 200, "{}");
    struct outcome *open = ask(f, 0, (struct kube_request){.verb = KUBE_GET});
    struct outcome *waiting = ask(f, 1, (struct kube_request){.verb = KUBE_GET});
    struct outcome *after =
        ask(f, 2, (struct kube_request){.verb = KUBE_GET, .path = STR("/after")});
    loop_until(&f->loop, fake_server_count(f->server) == 1);
    kube_call_cancel(waiting->call);
    kube_call_cancel(open->call);
    kube_call_cancel(open->call);
    assert_int_equal(open->ends + waiting->ends, 0);
    loop_until(&f->loop, after->ends > 0); /* the place in flight is free again */
    assert_err(open, ERROR_CANCELLED, "GET " PODS);
    assert_err(waiting, ERROR_CANCELLED, "GET " PODS);
    assert_false(after->has_err);
    assert_int_equal(fake_server_count(f->server), 2);
}

static void test_forbidden_writes(void **state)
{
    struct fixture *f = *state;
    f->options.flow.min_in_flight = f->options.flow.max_in_flight = 2;
    start_client(f);
    fake_server_silent(f->server, "GET", PODS);
    fake_server_silent(f->server, "POST", PODS);
    fake_server_silent(f->server, "PUT", PODS);
    struct outcome *read = ask(f, 0, (struct kube_request){.verb = KUBE_GET});
    struct outcome *open = ask(f, 1, (struct kube_request){.verb = KUBE_POST});
    struct outcome *waiting = ask(f, 2, (struct kube_request){.verb = KUBE_DELETE});
    loop_until(&f->loop, fake_server_count(f->server) == 2);
    kube_client_forbid_writes(f->client);
    struct outcome *late = ask(f, 3, (struct kube_request){.verb = KUBE_PATCH_JSON});
    struct outcome *lease =
        ask(f, 4, (struct kube_request){.verb = KUBE_PUT, .priority = KUBE_PRIORITY_LEASE});
    loop_until(&f->loop, fake_server_count(f->server) == 3);
    assert_err(open, ERROR_CANCELLED, "lease");
    assert_err(waiting, ERROR_CANCELLED, "lease");
    assert_err(late, ERROR_CANCELLED, "lease");
    assert_int_equal(read->ends + lease->ends, 0);
    fake_exchange_reply(fake_server_exchange(f->server, 0), 200, "{}");
    fake_exchange_reply(fake_server_exchange(f->server, 2), 200, "{}");
    loop_until(&f->loop, read->ends + lease->ends == 2);
    assert_false(read->has_err || lease->has_err);
}

static bool got_line(void *ctx, struct str line)
{
    struct outcome *outcome = ctx;
    strbuf_append(&outcome->text, line);
    strbuf_append_char(&outcome->text, '|');
    outcome->lines++;
    if (outcome->lines == outcome->stop_after && outcome->stream != NULL)
        kube_stream_cancel(outcome->stream);
    return true;
}

static bool refuse_line(void *ctx, struct str line)
{
    got_line(ctx, line);
    return false;
}

static void stream_ended(void *ctx, const struct error *err)
{
    note_err(ctx, err);
}

static struct outcome *open_stream(struct fixture *f, size_t slot)
{
    static const struct kube_stream_handlers handlers = {.line = got_line, .ended = stream_ended};
    struct outcome *outcome = &f->outcomes[slot];
    outcome->stream = kube_client_stream(f->client, STR(PODS "?watch=true"),
                                         KUBE_ACCEPT_PARTIAL_METADATA, &handlers, outcome);
    return outcome;
}

static struct fake_exchange *watch_of(struct fixture *f)
{
    loop_until(&f->loop, fake_server_last(f->server, "GET", PODS) != NULL);
    return fake_server_last(f->server, "GET", PODS);
}

static void test_stream_lines(void **state)
{
    static const struct {
        const char *chunks[6]; /* NULL behind the last */
        const char *lines;
        bool is_cut;
        const char *err; /* NULL: ended in order */
    } cases[] = {
        {{"a\nbb\n", "ccc\n"}, "a|bb|ccc|", false, NULL},
        {{"a", "b", "c\nd", "\n\n\n", "e\n"}, "abc|d|e|", false, NULL},
        {{"a\nha"}, "a|", false, "the stream ended within a line"},
        {{"a\n", "ha"}, "a|", true, "closed the connection before the end"},
        {{"a\n"}, "a|", true, "closed the connection before the end"},
        {{NULL}, "", false, NULL},
    };
    struct fixture *f = *state;
    start_client(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_server_stream(f->server, "GET", PODS, "");
        struct outcome *outcome = open_stream(f, i);
        loop_until(&f->loop, fake_server_count(f->server) == i + 1);
        struct fake_exchange *watch = fake_server_exchange(f->server, i);
        for (const char *const *chunk = cases[i].chunks; *chunk != NULL; chunk++) {
            fake_exchange_chunk(watch, *chunk);
            loop_run_ready(&f->loop);
            loop_run_ready(&f->loop);
        }
        if (cases[i].is_cut)
            fake_exchange_cut(watch);
        else
            fake_exchange_end(watch);
        loop_until(&f->loop, outcome->ends > 0);
        assert_string_equal(outcome->text.len > 0 ? outcome->text.data : "", cases[i].lines);
        assert_int_equal(outcome->has_err, cases[i].err != NULL);
        if (cases[i].err != NULL)
            assert_err(outcome, ERROR_UNAVAILABLE, cases[i].err);
    }
    assert_true(str_eq(fake_exchange_header(fake_server_exchange(f->server, 0), "Accept"),
                       STR("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")));
}

static void test_stream_has_no_time_limit(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    fake_server_stream(f->server, "GET", PODS, "one\n");
    struct outcome *outcome = open_stream(f, 0);
    loop_until(&f->loop, outcome->lines == 1);
    loop_skip_ms(&f->loop, 3600 * 1000);
    loop_run_ready(&f->loop);
    fake_exchange_chunk(watch_of(f), "two\n");
    loop_until(&f->loop, outcome->lines == 2);
    assert_int_equal(outcome->ends, 0);
}

static void test_silence_breaks_streams(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    for (size_t i = 0; i < 2; i++) {
        fake_server_stream(f->server, "GET", PODS, "one\n");
        fake_server_silent(f->server, "GET", "/silent");
        struct outcome *stream = open_stream(f, 2 * i);
        loop_until(&f->loop, stream->lines == 1);
        struct outcome *request =
            ask(f, 2 * i + 1, (struct kube_request){.verb = KUBE_GET, .path = STR("/silent")});
        loop_until(&f->loop, fake_server_count(f->server) == 2 * i + 2);
        loop_skip_ms(&f->loop, 15000);
        bool speaks = i == 0;
        if (speaks) {
            fake_exchange_chunk(watch_of(f), "two\n");
            loop_until(&f->loop, stream->lines == 2);
        }
        loop_skip_ms(&f->loop, 15001);
        loop_until(&f->loop, request->ends > 0);
        if (speaks) {
            loop_run_ready(&f->loop);
            assert_int_equal(stream->ends, 0);
            kube_stream_cancel(stream->stream);
        }
        loop_until(&f->loop, stream->ends > 0);
        assert_err(stream, speaks ? ERROR_CANCELLED : ERROR_UNAVAILABLE, "GET " PODS);
    }
}

static void test_stream_line_too_long(void **state)
{
    static const char *const cases[] = {"ok\n12345678901", "ok\n12345678901\nmore\n"};
    struct fixture *f = *state;
    f->options.max_line_bytes = 10;
    start_client(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_server_stream(f->server, "GET", PODS, cases[i]);
        struct outcome *outcome = open_stream(f, i);
        loop_until(&f->loop, outcome->ends > 0);
        assert_string_equal(outcome->text.data, "ok|");
        assert_err(outcome, ERROR_INVALID, "a line is longer than 10 bytes");
    }
    fake_server_stream(f->server, "GET", PODS, "1234567890\n1234567890\n");
    struct outcome *fits = open_stream(f, 2);
    loop_until(&f->loop, fits->lines == 2);
}

static void test_stream_refused(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    fake_server_reply(f->server, "GET", PODS, 410,
                      "{\"kind\":\"Status\",\n\"reason\":\"Expired\",\"message\":\"too old\"}\n");
    struct outcome *outcome = open_stream(f, 0);
    loop_until(&f->loop, outcome->ends > 0);
    assert_err(outcome, ERROR_GONE, "GET " PODS ": too old");
    assert_int_equal(outcome->err.detail, 410);
    assert_int_equal(outcome->lines, 0);
}

static void test_stream_unauthorized_once(void **state)
{
    struct fixture *f = *state;
    use_token_file(f);
    start_client(f);
    struct guard guard = {.f = f, .refusals = 1};
    fake_server_on_request(f->server, guard_request, &guard);
    struct outcome *outcome = open_stream(f, 0);
    loop_until(&f->loop, outcome->ends > 0);
    assert_int_equal(fake_server_count(f->server), 2);
    assert_err(outcome, ERROR_UNAVAILABLE, "within a line"); /* "{}" without a newline */
    unlink(f->config.token_file);
}

static void test_stream_cancelled_in_a_line(void **state)
{
    static const struct kube_stream_handlers refusing = {.line = refuse_line,
                                                         .ended = stream_ended};
    struct fixture *f = *state;
    start_client(f);
    fake_server_stream(f->server, "GET", PODS, "1\n2\n3\n4\n");
    fake_server_stream(f->server, "GET", PODS, "1\n2\n3\n4\n");
    struct outcome *cancelled = open_stream(f, 0);
    cancelled->stop_after = 2;
    struct outcome *refused = &f->outcomes[1];
    kube_client_stream(f->client, STR(PODS), KUBE_ACCEPT_JSON, &refusing, refused);
    loop_until(&f->loop, cancelled->ends > 0 && refused->ends > 0);
    assert_string_equal(cancelled->text.data, "1|2|");
    assert_err(cancelled, ERROR_CANCELLED, "GET " PODS);
    assert_string_equal(refused->text.data, "1|");
    assert_err(refused, ERROR_CANCELLED, "GET " PODS);
}

static void test_stream_cancelled_outside(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    struct outcome *waiting = open_stream(f, 0);
    kube_stream_cancel(waiting->stream);
    kube_stream_cancel(waiting->stream);
    assert_int_equal(waiting->ends, 0);
    loop_until(&f->loop, waiting->ends > 0);
    assert_err(waiting, ERROR_CANCELLED, "GET");
    fake_server_stream(f->server, "GET", PODS, "1\n");
    struct outcome *open = open_stream(f, 1);
    loop_until(&f->loop, open->lines == 1);
    kube_stream_cancel(open->stream);
    assert_int_equal(open->ends, 0);
    loop_until(&f->loop, open->ends > 0);
    assert_err(open, ERROR_CANCELLED, "GET");
    assert_int_equal(fake_server_count(f->server), 1);
}

static bool ask_for_each_line(void *ctx, struct str line)
{
    struct outcome *outcome = ctx;
    struct outcome *others = outcome + 1;
    struct kube_request request = {.verb = KUBE_GET, .path = STR("/other")};
    struct outcome *other = &others[outcome->lines++];
    other->call = kube_client_send(outcome->client, &request, answered, other);
    assert_int_equal(other->ends, 0);
    return !str_is_empty(line);
}

static void test_requests_from_within_lines(void **state)
{
    static const struct kube_stream_handlers asking = {.line = ask_for_each_line,
                                                       .ended = stream_ended};
    struct fixture *f = *state;
    start_client(f);
    fake_server_stream(f->server, "GET", PODS, "1\n2\n");
    fake_server_reply(f->server, "GET", "/other", 200, "{}");
    fake_server_reply(f->server, "GET", "/other", 200, "{}");
    f->outcomes[0].client = f->client;
    kube_client_stream(f->client, STR(PODS), KUBE_ACCEPT_JSON, &asking, &f->outcomes[0]);
    loop_until(&f->loop, f->outcomes[1].ends + f->outcomes[2].ends == 2);
    assert_false(f->outcomes[1].has_err || f->outcomes[2].has_err);
}

static void test_large_list_and_body(void **state)
{
    struct fixture *f = *state;
    start_client(f);
    struct strbuf big = {0};
    for (int i = 0; i < 200000; i++)
        strbuf_append_cstr(&big, "0123456789");
    fake_server_reply(f->server, "POST", PODS, 200, big.data);
    struct outcome *outcome =
        ask_and_wait(f, (struct kube_request){.verb = KUBE_POST, .body = strbuf_str(&big)});
    assert_false(outcome->has_err);
    assert_true(str_eq(strbuf_str(&outcome->text), strbuf_str(&big)));
    assert_true(str_eq(fake_server_exchange(f->server, 0)->body, strbuf_str(&big)));
    strbuf_fini(&big);
}

static void stop_client(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct fixture *f = ctx;
    answered(&f->outcomes[0], response, err);
    kube_client_stop(f->client, closed, &f->is_closed);
}

static void test_stop_with_everything_open(void **state)
{
    struct fixture *f = *state;
    f->options.flow.min_in_flight = f->options.flow.max_in_flight = 2;
    start_client(f);
    fake_server_silent(f->server, "PUT", PODS);
    fake_server_silent(f->server, "POST", PODS);
    fake_server_stream(f->server, "GET", PODS, "1\n");
    struct kube_request stopping = {.verb = KUBE_PUT, .path = STR(PODS)};
    kube_client_send(f->client, &stopping, stop_client, f);
    struct outcome *open = ask(f, 1, (struct kube_request){.verb = KUBE_POST});
    struct outcome *waiting = ask(f, 2, (struct kube_request){.verb = KUBE_POST});
    struct outcome *stream = open_stream(f, 3);
    loop_until(&f->loop, fake_server_count(f->server) == 3 && stream->lines == 1);
    struct outcome *fresh = open_stream(f, 4);
    fake_exchange_reply(fake_server_last(f->server, "PUT", PODS), 200, "{}");
    loop_until(&f->loop, f->is_closed);
    assert_int_equal(f->outcomes[0].ends, 1);
    assert_err(open, ERROR_CANCELLED, "POST " PODS);
    assert_err(waiting, ERROR_CANCELLED, "POST " PODS);
    assert_err(stream, ERROR_CANCELLED, "GET " PODS);
    assert_int_equal(fresh->ends, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_request_and_answer),
        TEST(test_server_with_path_and_password),
        TEST(test_bad_server_url),
        TEST(test_answers_that_are_errors),
        TEST(test_broken_answers),
        TEST(test_refused_and_back_again),
        TEST(test_no_answer_in_time),
        TEST(test_retry_after),
        TEST(test_retries_end),
        TEST(test_lease_never_waits),
        TEST(test_in_flight_limit_and_order),
        TEST(test_unauthorized_once),
        TEST(test_cancel),
        TEST(test_forbidden_writes),
        TEST(test_stream_lines),
        TEST(test_stream_has_no_time_limit),
        TEST(test_silence_breaks_streams),
        TEST(test_stream_line_too_long),
        TEST(test_stream_refused),
        TEST(test_stream_unauthorized_once),
        TEST(test_stream_cancelled_in_a_line),
        TEST(test_stream_cancelled_outside),
        TEST(test_requests_from_within_lines),
        TEST(test_large_list_and_body),
        TEST(test_stop_with_everything_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
