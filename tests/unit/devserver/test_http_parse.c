#include "devserver/http_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/attr.h"

#define HOST "Host: a\r\n"

/* "METHOD path query fields body flags", or the status of the refusal, or "more". */
static void append_head(struct strbuf *out, const struct dev_http_head *head, struct str text,
                        enum dev_http_progress progress)
{
    if (progress == DEV_HTTP_MORE) {
        strbuf_append_cstr(out, "more");
    } else if (progress == DEV_HTTP_REFUSED) {
        strbuf_printf(out, "%d", head->status);
        assert_non_null(head->why);
    } else {
        strbuf_printf(out, STR_FMT " " STR_FMT " [" STR_FMT "] %zu %llu%s%s%s",
                      STR_ARG(dev_http_span_of(text, head->method)),
                      STR_ARG(dev_http_span_of(text, head->path)),
                      STR_ARG(dev_http_span_of(text, head->query)), head->field_count,
                      (unsigned long long)head->body_bytes, head->keeps_alive ? " keep" : "",
                      head->is_chunked ? " chunked" : "", head->wants_continue ? " continue" : "");
    }
}

static const struct {
    const char *text;
    const char *want;
} heads[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", "GET / [] 1 0 keep"},
    {"GET /a%2Fb?x=1&y HTTP/1.1\r\n" HOST "\r\nrest", "GET /a%2Fb [x=1&y] 1 0 keep"},
    {"GET /a? HTTP/1.1\r\n" HOST "\r\n", "GET /a [] 1 0 keep"},
    {"GET /a?b?c HTTP/1.1\r\n" HOST "\r\n", "GET /a [b?c] 1 0 keep"},
    {"GET http://h:1/a?b HTTP/1.1\r\n" HOST "\r\n", "GET /a [b] 1 0 keep"},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS * [] 1 0 keep"},
    {"GET / HTTP/1.1\n"
     "Host: a\n\n",
     "GET / [] 1 0 keep"},
    {"GET / HTTP/1.0\r\n\r\n", "GET / [] 0 0"},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / [] 1 0 keep"},
    {"GET / HTTP/1.1\r\n" HOST "connection: x, CLOSE\r\n\r\n", "GET / [] 2 0"},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 12\r\nCONTENT-LENGTH:12\r\n\r\n",
     "PUT / [] 3 12 keep"},
    {"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", "PUT / [] 2 0 keep chunked"},
    {"PUT / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\n\r\n", "PUT / [] 2 0 keep continue"},
    {"GET / HTTP/1.1\r\n" HOST "A:\r\nB: \t\r\n\r\n", "GET / [] 3 0 keep"},
    {"GET /\xC3\xA9 HTTP/1.1\r\n" HOST "\r\n", "GET /\xC3\xA9 [] 1 0 keep"},

    {"", "more"},
    {"GET / HTTP/1.1\r\n" HOST, "more"},
    {"GET / HTTP/1.1\r\n" HOST "\r", "more"},

    {"\r\nGET / HTTP/1.1\r\n", "400"},
    {"\x16\x03\x01\x02", "400"},
    {"GET / HTTP/1.1\r\n\r\n", "400"},
    {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400"},
    {"GET / HTTP/2.0\r\n", "505"},
    {"GET / HTTP/1\r\n", "400"},
    {"GET / HTTP/1.1 \r\n", "400"},
    {"GET  / HTTP/1.1\r\n", "400"},
    {"GET /\r\n", "400"},
    {"GET\r\n", "400"},
    {"G@T / HTTP/1.1\r\n", "400"},
    {"GET a HTTP/1.1\r\n", "400"},
    {"GET http://h HTTP/1.1\r\n", "400"},
    {"GET /\x01 HTTP/1.1\r\n", "400"},
    {"GET / HTTP/1.1\r\n" HOST " folded\r\n", "400"},
    {"GET / HTTP/1.1\r\n" HOST "A : b\r\n", "400"},
    {"GET / HTTP/1.1\r\n" HOST ": b\r\n", "400"},
    {"GET / HTTP/1.1\r\n" HOST "nothing\r\n", "400"},
    {"GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n", "400"},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n", "400"},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n", "400"},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n", "400"},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n", "400"},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
    {"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
    {"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n", "501"},
    {"PUT / HTTP/1.1\r\n" HOST "Expect: miracles\r\n", "417"},
};

static void check_head(size_t i, struct str text, size_t step)
{
    struct dev_http_head head = {0};
    cleanup_strbuf struct strbuf got = {0};
    enum dev_http_progress progress = DEV_HTTP_MORE;
    for (size_t len = 0; progress == DEV_HTTP_MORE && len < text.len;) {
        len = text.len - len < step ? text.len : len + step;
        progress = dev_http_head_read(&head, (struct str){text.ptr, len});
    }
    append_head(&got, &head, text, progress);
    if (strcmp(got.data, heads[i].want) != 0)
        fail_msg("%zu, %zu bytes at a time: %s: got %s", i, step, heads[i].text, got.data);
    dev_http_head_fini(&head);
}

static void test_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        check_head(i, str_from(heads[i].text), 1);
        check_head(i, str_from(heads[i].text), 7);
        check_head(i, str_from(heads[i].text), 4096);
    }
}

static void test_what_follows_the_head_is_left(void **state)
{
    (void)state;
    struct dev_http_head head = {0};
    struct str text = STR("GET / HTTP/1.1\r\n" HOST "X-One:  1 \r\n\r\nGET /2 HTTP/1.1\r\n");
    assert_int_equal(dev_http_head_read(&head, text), DEV_HTTP_DONE);
    assert_true(str_starts_with(str_skip(text, head.len), STR("GET /2")));
    assert_true(str_eq(dev_http_head_find(&head, text, STR("x-ONE")), STR("1")));
    assert_int_equal(dev_http_head_find(&head, text, STR("x-two")).len, 0);
    dev_http_head_clear(&head);
    assert_int_equal(dev_http_head_read(&head, STR("GET /2 HTTP/1.1\r\n")), DEV_HTTP_MORE);
    dev_http_head_fini(&head);
}

static void test_ten_thousand_headers_are_taken_and_a_megabyte_is_not(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf text = {0};
    struct dev_http_head head = {0};
    strbuf_append_cstr(&text, "GET / HTTP/1.1\r\n" HOST);
    for (size_t i = 0; i < 10000; i++)
        strbuf_printf(&text, "X-Header-%zu: value\r\n", i);
    strbuf_append_cstr(&text, "\r\n");
    assert_int_equal(dev_http_head_read(&head, strbuf_str(&text)), DEV_HTTP_DONE);
    assert_int_equal(head.field_count, 10001);
    dev_http_head_clear(&head);
    strbuf_truncate(&text, text.len - 2);
    while (text.len <= DEV_HTTP_HEAD_MAX_BYTES)
        strbuf_append_cstr(&text, "X-Header: another value, and one more\r\n");
    assert_int_equal(dev_http_head_read(&head, strbuf_str(&text)), DEV_HTTP_REFUSED);
    assert_int_equal(head.status, 431);
    dev_http_head_fini(&head);
}

static const struct {
    const char *text;
    const char *want; /* the body, the status, or "more" */
    size_t left;      /* of the text */
} bodies[] = {
    {"0\r\n\r\n", "", 0},
    {"5\r\nhello\r\n0\r\n\r\nrest", "hello", 4},
    {"5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n", "hello!", 0},
    {"00a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0},
    {"2\nhi\n0\n\n", "hi", 0},
    {"5\r\nhel", "more", 0},
    {"5\r\nhello\r\n0\r\n", "more", 0},
    {"x\r\n", "400", 0},
    {"\r\n", "400", 0},
    {"-1\r\n", "400", 0},
    {"5\r\nhelloX\r\n", "400", 0},
    {"11\r\n", "413", 0},
    {"ffffffffffffffff\r\n", "400", 0},
    {"fffffffffffffff\r\n", "413", 0},
    {"a\r\n0123456789\r\n7\r\n", "413", 0},
};

static void check_body(size_t i, struct str text, size_t step)
{
    struct dev_http_chunks chunks = {.state = DEV_CHUNK_SIZE};
    cleanup_strbuf struct strbuf body = {0};
    char status[16];
    struct str rest = text;
    enum dev_http_progress progress = DEV_HTTP_MORE;
    while (progress == DEV_HTTP_MORE && rest.len > 0) {
        size_t used = 0;
        struct str piece = {rest.ptr, rest.len < step ? rest.len : step};
        progress = dev_http_chunks_read(&chunks, piece, 16, &body, &used);
        rest = str_skip(rest, used);
    }
    snprintf(status, sizeof(status), "%d", chunks.status);
    const char *got = progress == DEV_HTTP_MORE      ? "more"
                      : progress == DEV_HTTP_REFUSED ? status
                      : body.data                    ? body.data
                                                     : "";
    if (strcmp(got, bodies[i].want) != 0)
        fail_msg("%s, %zu bytes at a time: got %s", bodies[i].text, step, got);
    if (progress == DEV_HTTP_DONE)
        assert_int_equal(rest.len, bodies[i].left);
    dev_http_chunks_fini(&chunks);
}

static void test_chunked_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        check_body(i, str_from(bodies[i].text), 1);
        check_body(i, str_from(bodies[i].text), 3);
        check_body(i, str_from(bodies[i].text), 4096);
    }
}

static void test_a_body_of_nothing_but_trailers_ends(void **state)
{
    (void)state;
    struct dev_http_chunks chunks = {.state = DEV_CHUNK_SIZE};
    cleanup_strbuf struct strbuf body = {0};
    size_t used = 0;
    enum dev_http_progress progress = dev_http_chunks_read(&chunks, STR("0\r\n"), 16, &body, &used);
    for (size_t i = 0; progress == DEV_HTTP_MORE && i < 1 << 20; i++)
        progress = dev_http_chunks_read(&chunks, STR("Trailer: x\r\n"), 16, &body, &used);
    assert_int_equal(progress, DEV_HTTP_REFUSED);
    dev_http_chunks_fini(&chunks);
}

static const struct {
    const char *query;
    const char *name;
    const char *want; /* NULL: not there */
} queries[] = {
    {"watch=1", "watch", "1"},    {"a=1&watch=true&watch=false", "watch", "true"},
    {"watch", "watch", ""},       {"watch=", "watch", ""},
    {"a=b=c", "a", "b=c"},        {"l=a%3Db%2Cc+d", "l", "a=b,c d"},
    {"%77atch=1", "watch", "1"},  {"a+b=1", "a b", "1"},
    {"", "watch", NULL},          {"&&", "watch", NULL},
    {"watcher=1", "watch", NULL}, {"a=%zz", "a", NULL},
    {"a=%4", "a", NULL},          {"%4=1&b=%41", "b", "A"},
};

static void test_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        cleanup_arena struct arena arena;
        struct str value = {0};
        arena_init(&arena);
        bool is_there = dev_http_query_find(str_from(queries[i].query), str_from(queries[i].name),
                                            &arena, &value);
        if (is_there != (queries[i].want != NULL) ||
            (is_there && !str_eq_cstr(value, queries[i].want)))
            fail_msg("%s: got " STR_FMT, queries[i].query, STR_ARG(value));
    }
}

static void test_paths_keep_what_they_stand_for(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    struct str path = {0};
    arena_init(&arena);
    assert_true(dev_http_decode(STR("/a%2Fb%00c+d%C3%a9"), &arena, &path));
    assert_true(str_eq(path, STR("/a/b\0c+d\xC3\xA9")));
    assert_false(dev_http_decode(STR("/%g0"), &arena, &path));
    assert_false(dev_http_decode(STR("/%"), &arena, &path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_what_follows_the_head_is_left),
        cmocka_unit_test(test_ten_thousand_headers_are_taken_and_a_megabyte_is_not),
        cmocka_unit_test(test_chunked_bodies),
        cmocka_unit_test(test_a_body_of_nothing_but_trailers_ends),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_paths_keep_what_they_stand_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
