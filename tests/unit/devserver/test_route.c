#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "devserver/route.h"

/* "group|version|plural|ns|name|subresource"; NULL: none */
static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *want;
    } cases[] = {
        {"/api/v1/configmaps", "|v1|configmaps|||"},
        {"/api/v1/namespaces", "|v1|namespaces|||"},
        {"/api/v1/namespaces/a", "|v1|namespaces||a|"},
        {"/api/v1/namespaces/a/", "|v1|namespaces||a|"},
        {"/api/v1/namespaces/a/status", "|v1|namespaces||a|status"},
        {"/api/v1/namespaces/a/finalize", "|v1|namespaces||a|finalize"},
        {"/api/v1/namespaces/a/configmaps", "|v1|configmaps|a||"},
        {"/api/v1/namespaces/a/configmaps/b", "|v1|configmaps|a|b|"},
        {"/api/v1/namespaces/a/configmaps/b/c", "|v1|configmaps|a|b|c"},
        {"/apis/g.io/v1/things/x/status", "g.io|v1|things||x|status"},
        {"/apis/g.io/v1/namespaces/a/things/x/status", "g.io|v1|things|a|x|status"},
        {"/apis/g.io/v1/namespaces/a/things/x/status/y", NULL},
        {"/api/v1", NULL},
        {"/apis/g.io/v1", NULL},
        {"/apis", NULL},
        {"/", NULL},
        {"", NULL},
        {"//api/v1/configmaps", NULL},
        {"/api//v1/configmaps", NULL},
        {"/healthz", NULL},
        {"/a/b/c/d/e/f/g/h/i/j/k", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct dev_route r;
        char got[200];
        bool is_route = dev_route_parse(str_from(cases[i].path), &r);
        snprintf(got, sizeof(got),
                 STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT,
                 STR_ARG(r.group), STR_ARG(r.version), STR_ARG(r.plural), STR_ARG(r.ns),
                 STR_ARG(r.name), STR_ARG(r.subresource));
        if (is_route != (cases[i].want != NULL) || (is_route && strcmp(got, cases[i].want) != 0))
            fail_msg("%s: %s", cases[i].path, is_route ? got : "no route");
    }
}

/* What a method does there; or the status it is refused with. */
static void test_resolve(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *path;
        const char *want;
    } cases[] = {
        {"GET", "/api/v1/configmaps", "list"},
        {"GET", "/api/v1/namespaces/a/configmaps/b", "get"},
        {"POST", "/api/v1/namespaces/a/configmaps", "create"},
        {"PUT", "/api/v1/namespaces/a/configmaps/b", "update"},
        {"PATCH", "/api/v1/namespaces/a/configmaps/b", "patch"},
        {"DELETE", "/api/v1/namespaces/a/configmaps/b", "delete"},
        {"DELETE", "/api/v1/namespaces/a/configmaps", "delete"},
        {"GET", "/api/v1/namespaces/a/status", "get"},
        {"PUT", "/api/v1/namespaces/a/finalize", "update"},
        {"DELETE", "/api/v1/configmaps", "405"},
        {"DELETE", "/api/v1/namespaces", "405"},
        {"POST", "/api/v1/configmaps", "405"},
        {"POST", "/api/v1/namespaces/a/configmaps/b", "405"},
        {"PUT", "/api/v1/namespaces/a/configmaps", "405"},
        {"HEAD", "/api/v1/namespaces", "405"},
        {"GET", "/api/v1/configmaps/b", "404"},
        {"GET", "/api/v1/namespaces/a/namespaces", "404"},
        {"GET", "/api/v1/namespaces/a/configmaps/b/status", "404"},
        {"GET", "/api/v1/foos", "404"},
        {"GET", "/apis/foo.io/v1/foos", "404"},
        {"GET", "/apis/coordination.k8s.io/v9/leases", "404"},
    };
    struct dev_registry *registry = dev_registry_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct dev_route route;
        struct dev_target target = {0};
        struct dev_status status = {0};
        char code[16];
        assert_true(dev_route_parse(str_from(cases[i].path), &route));
        bool is_ok =
            dev_route_resolve(registry, &route, str_from(cases[i].method), &target, &status);
        snprintf(code, sizeof(code), "%d", status.code);
        const char *got = is_ok ? dev_verb_name(target.verb) : code;
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s %s: %s", cases[i].method, cases[i].path, got);
        dev_status_fini(&status);
    }
    dev_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_resolve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
