#include "kube/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kube/model/json.h"

#define NODE(name, version, extra)                                                                 \
    "{\"metadata\":{\"name\":\"" name "\",\"uid\":\"u\",\"resourceVersion\":\"" version            \
    "\"}" extra "}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}"

static bool parse_node(struct kube_object *view, yyjson_val *json, struct arena *arena,
                       struct error *err)
{
    (void)view;
    (void)arena;
    return !json_bool(json, "bad") || error_set(err, ERROR_INVALID, "it says so itself");
}

static const struct kube_kind kind = {
    .kind = "Node", .view_size = sizeof(struct kube_object), .parse = parse_node};

struct line_case {
    const char *line;
    enum kube_feed_result want;
    uint64_t resource_version;
    size_t count; /* objects in the store afterwards */
    uint64_t bad_lines;
};

static const struct line_case lines[] = {
    {EVENT("ADDED", NODE("a", "5", "")), KUBE_FEED_OBJECT, 5, 1, 0},
    {EVENT("MODIFIED", NODE("a", "6", ",\"bad\":true")), KUBE_FEED_OBJECT, 6, 1, 1},
    {EVENT("ADDED", NODE("b", "7", ",\"bad\":true")), KUBE_FEED_OBJECT, 7, 1, 2},
    {EVENT("ADDED", "{\"metadata\":{\"resourceVersion\":\"8\"}}"), KUBE_FEED_OBJECT, 8, 1, 3},
    {EVENT("BOOKMARK", NODE("", "9", "")), KUBE_FEED_BOOKMARK, 9, 1, 3},
    {EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"10\",\"annotations\":{"
                       "\"k8s.io/initial-events-end\":\"true\"}}}"),
     KUBE_FEED_INITIAL_END, 10, 1, 3},
    {EVENT("DELETED", NODE("a", "11", ",\"bad\":true")), KUBE_FEED_OBJECT, 11, 0, 3},
    {EVENT("DELETED", NODE("never", "12", "")), KUBE_FEED_OBJECT, 12, 0, 3},
    {EVENT("ERROR", "{\"code\":410}"), KUBE_FEED_ERROR, 0, 0, 3},
    {"", KUBE_FEED_UNREADABLE, 0, 0, 4},
    {"{\"type\":\"ADDED\"", KUBE_FEED_UNREADABLE, 0, 0, 5},
    {EVENT("ADDED", NODE("a", "x", "")), KUBE_FEED_UNREADABLE, 0, 0, 6},
};

static void test_lines(void **unused)
{
    (void)unused;
    struct kube_feed feed;
    struct kube_store *store = kube_store_new(&kind);
    kube_feed_init(&feed, store, NULL);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        uint64_t resource_version = 0;
        struct error err = {0};
        if (kube_feed_line(&feed, str_from(lines[i].line), &resource_version, &err) !=
                lines[i].want ||
            resource_version != lines[i].resource_version ||
            kube_store_count(store) != lines[i].count || feed.bad_lines != lines[i].bad_lines)
            fail_msg("line %zu, %s", i, lines[i].line);
        assert_int_equal(err.code == ERROR_GONE, lines[i].want == KUBE_FEED_ERROR);
    }
    assert_int_equal(feed.events, 6);
    kube_feed_fini(&feed);
    kube_store_free(store);
}

struct page_case {
    const char *body;
    bool is_list;
    uint64_t resource_version;
    const char *token; /* NULL: the last page */
    size_t count;
};

static const struct page_case pages[] = {
    {"{\"metadata\":{\"resourceVersion\":\"9\",\"continue\":\"x\"},\"items\":[" NODE(
         "a", "5", "") "," NODE("b", "6", ",\"bad\":true") ",7," NODE("c", "7", "") "]}",
     true, 9, "x", 2},
    {"{\"metadata\":{\"resourceVersion\":\"9\",\"continue\":\"\"},\"items\":[]}", true, 9, NULL, 0},
    {"{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":null}", true, 9, NULL, 0},
    {"{\"metadata\":{\"resourceVersion\":\"0\"},\"items\":[" NODE("a", "5", "") "]}", false, 0,
     NULL, 0},
    {"{\"metadata\":{},\"items\":[]}", false, 0, NULL, 0},
    {"7", false, 0, NULL, 0},
    {"", false, 0, NULL, 0},
    {"{\"metadata\":", false, 0, NULL, 0},
};

static void test_pages(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct kube_feed feed;
        struct kube_feed_page page = {0};
        struct error err = {0};
        struct kube_store *store = kube_store_new(&kind);
        kube_feed_init(&feed, store, NULL);
        bool is_list = kube_feed_page(&feed, str_from(pages[i].body), &page, &err);
        if (is_list != pages[i].is_list || page.resource_version != pages[i].resource_version ||
            !str_eq(str_from(page.continue_token), str_from(pages[i].token)) ||
            kube_store_count(store) != pages[i].count)
            fail_msg("page %zu, %s", i, pages[i].body);
        assert_int_equal(err.code, is_list ? ERROR_NONE : ERROR_INVALID);
        free(page.continue_token);
        kube_feed_fini(&feed);
        kube_store_free(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
