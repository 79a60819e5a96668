#include "kube/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static struct kube_event make_event(void)
{
    return (struct kube_event){
        .about =
            {
                .group = "zoo.example",
                .version = STR("v1"),
                .kind = "Duck",
                .ns = STR("pond"),
                .name = STR("donald"),
                .uid = STR("u1"),
                .resource_version = 7,
            },
        .type = KUBE_EVENT_WARNING,
        .reason = STR("Wet"),
        .message = STR("It \"rains\"."),
        .component = "weather",
        .instance = "weather-0",
        .id = 0xABC,
        .count = 2,
        .first_ms = 1767367445000,
        .last_ms = 1767367446999,
    };
}

static void test_text(void **unused)
{
    (void)unused;
    struct strbuf text cleanup_strbuf = {0};
    struct kube_event event = make_event();
    kube_event_write(&text, &event);
    assert_string_equal(
        text.data,
        "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{"
        "\"name\":\"donald.0000000000000abc\",\"namespace\":\"pond\"},"
        "\"involvedObject\":{\"kind\":\"Duck\",\"apiVersion\":\"zoo.example/v1\","
        "\"namespace\":\"pond\",\"name\":\"donald\",\"uid\":\"u1\",\"resourceVersion\":\"7\"},"
        "\"type\":\"Warning\",\"reason\":\"Wet\",\"message\":\"It \\\"rains\\\".\","
        "\"source\":{\"component\":\"weather\"},\"reportingComponent\":\"weather\","
        "\"reportingInstance\":\"weather-0\",\"firstTimestamp\":\"2026-01-02T15:24:05Z\","
        "\"lastTimestamp\":\"2026-01-02T15:24:06Z\",\"count\":2}");
}

static void test_cluster_scoped_objects_of_the_core(void **unused)
{
    (void)unused;
    struct strbuf text cleanup_strbuf = {0};
    struct kube_event event = make_event();
    event.about = (struct kube_event_subject){
        .group = "", .version = STR("v1"), .kind = "Node", .name = STR("n")};
    event.type = KUBE_EVENT_NORMAL;
    kube_event_write(&text, &event);
    assert_non_null(strstr(text.data, "\"namespace\":\"default\"},"));
    assert_non_null(strstr(text.data, "\"involvedObject\":{\"kind\":\"Node\","
                                      "\"apiVersion\":\"v1\",\"name\":\"n\"},"
                                      "\"type\":\"Normal\""));
}

static void test_count(void **unused)
{
    (void)unused;
    struct strbuf text cleanup_strbuf = {0};
    struct kube_event event = make_event();
    kube_event_write_count(&text, &event);
    assert_string_equal(text.data, "{\"count\":2,\"lastTimestamp\":\"2026-01-02T15:24:06Z\"}");
}

static void test_names_are_cut_to_what_is_valid(void **unused)
{
    (void)unused;
    enum { ROOM = 253 - 17 };
    char name[400];
    char buf[KUBE_EVENT_NAME_MAX + 1];
    struct kube_event event = make_event();
    memset(name, 'x', sizeof(name));
    memcpy(name + ROOM - 3, "y.-z", 4);
    event.about.name = (struct str){name, sizeof(name)};
    struct str cut = kube_event_name(&event, buf);
    assert_int_equal(cut.len, ROOM - 2 + 17);
    assert_int_equal(cut.len, strlen(buf));
    assert_string_equal(buf + ROOM - 4, "xy.0000000000000abc");

    event.about.name = (struct str){name, ROOM - 3};
    assert_int_equal(kube_event_name(&event, buf).len, ROOM - 3 + 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_cluster_scoped_objects_of_the_core),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_names_are_cut_to_what_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
