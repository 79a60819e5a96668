#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "kube/model/status.h"

#define STATUS(reason, message)                                                                    \
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"" message     \
    "\",\"reason\":\"" reason "\"}"

static void test_codes_and_texts(void **state)
{
    (void)state;
    static const struct {
        int http_status;
        const char *body;
        enum error_code code;
        const char *text;
    } cases[] = {
        {404, STATUS("NotFound", "ippools \\\"p\\\" not found"), ERROR_NOT_FOUND,
         "ippools \"p\" not found"},
        {409, STATUS("Conflict", "has been modified"), ERROR_CONFLICT, "has been modified"},
        {409, STATUS("AlreadyExists", "already exists"), ERROR_CONFLICT, "already exists"},
        {410, STATUS("Expired", "too old"), ERROR_GONE, "too old"},
        {410, STATUS("Gone", "too old"), ERROR_GONE, "too old"},
        {400, STATUS("Expired", "continue token"), ERROR_GONE, "continue token"},
        {422, STATUS("Expired", "continue token"), ERROR_GONE, "continue token"},
        {400, STATUS("BadRequest", "bad"), ERROR_INVALID, "bad"},
        {401, STATUS("Unauthorized", "Unauthorized"), ERROR_DENIED, "Unauthorized"},
        {403, STATUS("Forbidden", ""), ERROR_DENIED, "HTTP status 403: Forbidden"},
        {405, "", ERROR_INVALID, "HTTP status 405"},
        {408, "", ERROR_UNAVAILABLE, "HTTP status 408"},
        {422, STATUS("Invalid", "spec.pool: wrong"), ERROR_INVALID, "spec.pool: wrong"},
        {429, "Too many requests, please try again later.\n", ERROR_UNAVAILABLE,
         "HTTP status 429: Too many requests, please try again later."},
        {500, STATUS("InternalError", "etcd"), ERROR_UNAVAILABLE, "etcd"},
        {504, STATUS("Timeout", "Too large resource version"), ERROR_UNAVAILABLE,
         "Too large resource version"},
        {404, "404 page not found\n", ERROR_NOT_FOUND, "HTTP status 404: 404 page not found"},
        {502, "<html>\n<h1>502 Bad Gateway</h1></html>", ERROR_UNAVAILABLE, "HTTP status 502"},
        {503, "{\"kind\":\"Status\",\"mess", ERROR_UNAVAILABLE, "HTTP status 503"},
        {503, "\x1f\x8b\x08\x1b[31m", ERROR_UNAVAILABLE, "HTTP status 503"},
        {404, "[]", ERROR_NOT_FOUND, "HTTP status 404"},
        {404, "null", ERROR_NOT_FOUND, "HTTP status 404"},
        {404, "{\"message\":{},\"reason\":7}", ERROR_NOT_FOUND, "HTTP status 404"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        assert_false(kube_status_to_error(cases[i].http_status, str_from(cases[i].body), &err));
        if (err.code != cases[i].code || strcmp(err.text, cases[i].text) != 0)
            fail_msg("%d %s: got %s \"%s\"", cases[i].http_status, cases[i].body,
                     error_code_name(err.code), err.text);
        assert_int_equal(err.detail, cases[i].http_status);
    }
}

static void test_long_messages_are_cut(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf body = {0};
    struct error err = {0};
    for (size_t i = 0; i < 100000; i++)
        strbuf_append_char(&body, 'x');
    kube_status_to_error(500, strbuf_str(&body), &err);
    assert_true(str_ends_with(str_from(err.text), STR("xxx...")));

    strbuf_clear(&body);
    strbuf_append_cstr(&body, "{\"message\":\"");
    for (size_t i = 0; i < 100000; i++)
        strbuf_append_cstr(&body, "\xC3\xBC");
    strbuf_append_cstr(&body, "\"}");
    kube_status_to_error(422, strbuf_str(&body), &err);
    assert_true(str_ends_with(str_from(err.text), STR("\xC3\xBC...")));
}

static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t want_ms;
    } cases[] = {
        {"{\"details\":{\"retryAfterSeconds\":1}}", 1000},
        {"{\"details\":{\"retryAfterSeconds\":0}}", 0},
        {"{\"details\":{\"retryAfterSeconds\":-5}}", 0},
        {"{\"details\":{\"retryAfterSeconds\":\"5\"}}", 0},
        {"{\"details\":{\"retryAfterSeconds\":9223372036854775807}}", 3600000},
        {"{\"details\":[]}", 0},
        {"[]", 0},
        {"", 0},
        {"<html>", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(kube_status_retry_after_ms(str_from(cases[i].body)), cases[i].want_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_and_texts),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
