#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "kube/model/json.h"
#include "kube/model/watch_event.h"

#define cleanup_event cleanup_with(kube_watch_event_fini)

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        struct kube_watch_event want;
    } cases[] = {
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",
         {.type = KUBE_WATCH_ADDED, .resource_version = 7}},
        {"{\"object\":{\"metadata\":{\"resourceVersion\":\"8\"}},\"type\":\"MODIFIED\"}\r",
         {.type = KUBE_WATCH_MODIFIED, .resource_version = 8}},
        {"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}",
         {.type = KUBE_WATCH_DELETED, .resource_version = 9}},
        {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"10\"}}}",
         {.type = KUBE_WATCH_BOOKMARK, .resource_version = 10}},
        {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"11\","
         "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}",
         {.type = KUBE_WATCH_BOOKMARK, .resource_version = 11, .is_initial_end = true}},
        {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"12\","
         "\"annotations\":{\"k8s.io/initial-events-end\":true}}}}",
         {.type = KUBE_WATCH_BOOKMARK, .resource_version = 12}},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"13\","
         "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}",
         {.type = KUBE_WATCH_ADDED, .resource_version = 13}}, /* somebody's annotation */
        {"{\"type\":\"ERROR\",\"object\":{\"metadata\":{\"resourceVersion\":\"14\"}}}",
         {.type = KUBE_WATCH_ERROR}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_event struct kube_watch_event event = {0};
        struct error err;
        if (!kube_watch_event_parse(str_from(cases[i].line), &event, &err))
            fail_msg("%s: %s", cases[i].line, err.text);
        assert_int_equal(event.type, cases[i].want.type);
        assert_int_equal(event.resource_version, cases[i].want.resource_version);
        assert_int_equal(event.is_initial_end, cases[i].want.is_initial_end);
        assert_non_null(json_object(event.object, "metadata"));
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "null",
        "[]",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}",
        "{\"type\":\"ADDED\"}",
        "{\"type\":\"ADDED\",\"object\":[]}",
        "{\"type\":\"ADDED\",\"object\":{}}",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":7}}}",
        "{\"type\":\"added\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",
        "{\"type\":7,\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",
        "{\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",
        "{\"type\":\"BOOKMARK\",\"object\":{}}",
        "{\"type\":\"ERROR\"}",
        "{\"kind\":\"Status\",\"code\":410}",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct kube_watch_event event = {0};
        struct error err = {0};
        if (kube_watch_event_parse(str_from(lines[i]), &event, &err))
            fail_msg("%s is no watch event", lines[i]);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_null(event.doc);
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        enum error_code code;
        int detail;
        const char *text;
    } cases[] = {
        {"{\"code\":410,\"reason\":\"Expired\",\"message\":\"too old resource version\"}",
         ERROR_GONE, 410, "too old resource version"},
        {"{\"code\":500,\"message\":\"etcd\"}", ERROR_UNAVAILABLE, 500, "etcd"},
        {"{}", ERROR_UNAVAILABLE, 500, "HTTP status 500"},
        {"{\"code\":-9223372036854775808}", ERROR_UNAVAILABLE, 500, "HTTP status 500"},
        {"{\"code\":200}", ERROR_UNAVAILABLE, 500, "HTTP status 500"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_strbuf struct strbuf line = {0};
        strbuf_printf(&line, "{\"type\":\"ERROR\",\"object\":%s}", cases[i].object);
        cleanup_event struct kube_watch_event event = {0};
        struct error err = {0};
        assert_true(kube_watch_event_parse(strbuf_str(&line), &event, &err));
        assert_false(kube_watch_event_error(&event, &err));
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.detail, cases[i].detail);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void append_many(struct strbuf *line, const char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strbuf_append_cstr(line, piece);
}

static void test_big_and_deep(void **state)
{
    (void)state;
    enum { MANY = 1 << 20 };
    struct kube_watch_event event = {0};
    struct error err = {0};
    cleanup_strbuf struct strbuf line = {0};
    append_many(&line, "[", MANY);
    assert_false(kube_watch_event_parse(strbuf_str(&line), &event, &err));

    strbuf_clear(&line);
    strbuf_append_cstr(&line, "{\"type\":\"ADDED\",\"object\":{\"deep\":");
    append_many(&line, "{\"a\":", MANY);
    strbuf_append_cstr(&line, "1");
    append_many(&line, "}", MANY);
    strbuf_append_cstr(&line, ",\"metadata\":{\"resourceVersion\":\"7\"}}}");
    assert_true(kube_watch_event_parse(strbuf_str(&line), &event, &err));
    assert_int_equal(event.resource_version, 7);
    kube_watch_event_fini(&event);
    kube_watch_event_fini(&event); /* as cleanup after an explicit one */
}

/* Every beginning of an event, and the event with each byte spoilt, parses or is refused. */
static void test_broken_anywhere(void **state)
{
    (void)state;
    const struct str line = STR("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":"
                                "{\"resourceVersion\":\"12\",\"annotations\":"
                                "{\"k8s.io/initial-events-end\":\"true\"}}}}");
    for (size_t i = 0; i < line.len; i++) {
        struct kube_watch_event event = {0};
        struct error err;
        cleanup_free char *copy = str_dup_cstr((struct str){line.ptr, i});
        assert_false(kube_watch_event_parse((struct str){copy, i}, &event, &err));
        cleanup_free char *spoilt = str_dup_cstr(line);
        for (int byte = 0; byte < 256; byte++) {
            spoilt[i] = (char)byte;
            if (kube_watch_event_parse((struct str){spoilt, line.len}, &event, &err))
                kube_watch_event_fini(&event);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),           cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_errors),          cmocka_unit_test(test_big_and_deep),
        cmocka_unit_test(test_broken_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
