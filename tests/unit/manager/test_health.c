#include "manager/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static bool check_reason(void *ctx, struct strbuf *reason)
{
    const char *text = ctx;
    if (text)
        strbuf_append_cstr(reason, text);
    return !text;
}

static char not_listed[] = "not listed yet";
static char not_served[] = "not served here";
static const struct health_check all_well[] = {
    {"ippools", check_reason, NULL},
    {"ipclaims", check_reason, NULL},
};
static const struct health_check some_missing[] = {
    {"ippools", check_reason, not_listed},
    {"machines", check_reason, NULL},
    {"ipclaims", check_reason, not_served},
};
static const struct health well = {all_well, ARRAY_LEN(all_well)};
static const struct health missing = {some_missing, ARRAY_LEN(some_missing)};

static const struct {
    const struct health *health;
    const char *path;
    bool is_verbose;
    int status;
    const char *body;
} cases[] = {
    {&well, "/healthz", false, 200, "ok"},
    {&well, "/healthz/", false, 200, "ok"},
    {&well, "/healthz", true, 200, "[+]ping ok\nhealthz check passed\n"},
    {&well, "/healthz/ping", false, 200, "ok"},
    {&well, "/readyz", false, 200, "ok"},
    {&well, "/readyz", true, 200, "[+]ippools ok\n[+]ipclaims ok\nreadyz check passed\n"},
    {&well, "/readyz/ippools", false, 200, "ok"},
    {&well, "/readyz/ippools", true, 200, "[+]ippools ok\n"},
    {&missing, "/healthz", false, 200, "ok"},
    {&missing, "/readyz", false, 503,
     "[-]ippools failed: not listed yet\n[+]machines ok\n[-]ipclaims failed: not served here\n"
     "readyz check failed\n"},
    {&missing, "/readyz/ippools", false, 503, "[-]ippools failed: not listed yet\n"},
    {&missing, "/readyz/machines", false, 200, "ok"},
    {&missing, "/readyz/pools", false, 404, "no check of this name: /readyz?verbose lists them\n"},
    {&well, "/readyz/ippools/", false, 404, "no check of this name: /readyz?verbose lists them\n"},
    {&well, "/", false, 404, "not found: /healthz and /readyz are served here\n"},
    {&well, "", false, 404, "not found: /healthz and /readyz are served here\n"},
    {&well, "/readyzz", false, 404, "not found: /healthz and /readyz are served here\n"},
    {&well, "//readyz", false, 404, "not found: /healthz and /readyz are served here\n"},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_answer answer = {.status = 200};
        health_answer(cases[i].health, str_from(cases[i].path), cases[i].is_verbose, &answer);
        if (answer.status != cases[i].status ||
            !str_eq_cstr(strbuf_str(&answer.body), cases[i].body))
            fail_msg("%s: got %d \"%s\"", cases[i].path, answer.status, answer.body.data);
        strbuf_fini(&answer.body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
