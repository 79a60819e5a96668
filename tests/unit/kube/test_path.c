#include "kube/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct kube_resource pods = {
    .version = STR("v1"), .plural = STR("pods"), .is_namespaced = true};
static const struct kube_resource nodes = {.version = STR("v1"), .plural = STR("nodes")};
static const struct kube_resource leases = {.group = STR("coordination.k8s.io"),
                                            .version = STR("v1"),
                                            .plural = STR("leases"),
                                            .is_namespaced = true};

static void test_path(void **state)
{
    static const struct {
        const struct kube_resource *resource;
        const char *ns, *name, *want;
    } cases[] = {
        {&pods, "", "", "/api/v1/pods"},
        {&pods, "a", "", "/api/v1/namespaces/a/pods"},
        {&pods, "a", "b", "/api/v1/namespaces/a/pods/b"},
        {&nodes, "", "n", "/api/v1/nodes/n"},
        {&nodes, "a", "n", "/api/v1/nodes/n"}, /* not namespaced: ns means nothing */
        {&leases, "a", "b.c-d", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b.c-d"},
        {&pods, "a/../x", "b?c#d%\xc3\xa9 ",
         "/api/v1/namespaces/a%2F..%2Fx/pods/b%3Fc%23d%25%C3%A9%20"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena cleanup_arena;
        arena_init(&arena);
        struct str path =
            kube_path(&arena, cases[i].resource, str_from(cases[i].ns), str_from(cases[i].name));
        if (!str_eq_cstr(path, cases[i].want))
            fail_msg("got " STR_FMT ", want %s", STR_ARG(path), cases[i].want);
    }
}

static void test_path_query(void **state)
{
    (void)state;
    struct arena arena cleanup_arena;
    arena_init(&arena);
    struct str path = kube_path(&arena, &pods, STR(""), STR(""));
    path = kube_path_query(&arena, path, "watch", STR("true"));
    assert_true(str_eq(path, STR("/api/v1/pods?watch=true")));
    path = kube_path_query(&arena, path, "labelSelector", STR("a in (b,c)&d"));
    path = kube_path_query(&arena, path, "continue", STR(""));
    assert_true(str_eq(
        path, STR("/api/v1/pods?watch=true&labelSelector=a%20in%20%28b%2Cc%29%26d&continue=")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_path_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
