#include "kube/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "lib/loop.h"

enum { FILE_MAX_BYTES = 65536 };

#define ANSWER(status)                                                                             \
    "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/"                  \
    "v1\",\"status\":" status "}"

/* One credentials object with clocks that stand still, in a directory of its own. */
struct fixture {
    uv_loop_t loop;
    struct kube_runtime runtime;
    int64_t mono_ms;
    int64_t wall_ms;
    int log_fd;
    struct kube_config *config;
    struct kube_credentials *credentials;
    bool is_closed;
    char dir[64];

    int answers;    /* so far */
    char text[512]; /* the last: its parts, or the error */
    uint64_t serial;
};

static int64_t fake_mono_ms(void *ctx)
{
    return ((struct fixture *)ctx)->mono_ms;
}

static int64_t fake_wall_us(void *ctx)
{
    return ((struct fixture *)ctx)->wall_ms * 1000;
}

static int set_up(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    strcpy(f->dir, "/tmp/test-credentials-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->mono_ms = 1000000;
    f->wall_ms = 1767323045000; /* 2026-01-02T03:04:05Z */
    f->runtime.loop = &f->loop;
    f->runtime.clock = (struct clock){fake_mono_ms, fake_wall_us, f};
    f->log_fd = memfd_create("log", 0);
    f->runtime.log = log_new(&(struct log_options){.clock = f->runtime.clock, .fd = f->log_fd});
    *state = f;
    return 0;
}

static void on_closed(void *ctx)
{
    struct fixture *f = ctx;
    f->is_closed = true;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"token", "runs", "mode", "pid"};
    struct fixture *f = *state;
    if (f->credentials != NULL && !f->is_closed) {
        kube_credentials_stop(f->credentials, on_closed, f);
        loop_until(&f->loop, f->is_closed);
    }
    loop_run_ready(&f->loop);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    kube_config_free(f->config);
    log_free(f->runtime.log);
    close(f->log_fd);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
    free(f);
    return 0;
}

static void write_file(const struct fixture *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void remove_file(const struct fixture *f, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    unlink(path);
}

/* The file's text; empty where there is none. Heap. */
static char *read_back(const struct fixture *f, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    char *text = NULL;
    size_t size_bytes = 0;
    struct error err;
    return file_read(path, FILE_MAX_BYTES, &text, &size_bytes, &err) ? text : mem_dup_cstr("");
}

/* Starts with a user entry of a kubeconfig in the directory. */
static void start(struct fixture *f, const char *user)
{
    struct strbuf yaml = {0};
    strbuf_printf(&yaml,
                  "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                  "clusters: [{name: k, cluster: {server: https://h}}]\n"
                  "users:\n- name: u\n  user:\n%s\n",
                  user);
    char path[128];
    snprintf(path, sizeof(path), "%s/config", f->dir);
    struct error err = {0};
    if (!kube_config_parse(strbuf_str(&yaml), path, "c", &f->config, &err))
        fail_msg("%s", err.text);
    strbuf_fini(&yaml);
    f->credentials = kube_credentials_new(&f->runtime, f->config);
}

/* Starts with a plugin that is a shell script; it runs with the directory as $D. */
static void start_plugin(struct fixture *f, const char *script)
{
    struct strbuf user = {0};
    strbuf_printf(&user,
                  "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n"
                  "      interactiveMode: Never\n      command: sh\n"
                  "      env: [{name: D, value: %s}, {name: HOME, value: /other}]\n"
                  "      args:\n      - -c\n      - |\n        echo run >>$D/runs\n        %s\n",
                  f->dir, script);
    start(f, user.data);
    strbuf_fini(&user);
}

static void on_answer(void *ctx, const struct kube_credential *credential, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    assert_true((credential == NULL) == (err != NULL));
    if (err != NULL) {
        f->serial = 0;
        snprintf(f->text, sizeof(f->text), "%s: %s", error_code_name(err->code), err->text);
        return;
    }
    f->serial = credential->serial;
    snprintf(f->text, sizeof(f->text), "%s%s%s%s%s", credential->token ? credential->token : "",
             credential->username ? " user " : "", credential->username ? credential->username : "",
             credential->cert_pem ? " cert" : "", credential->key_pem ? " key" : "");
}

static const char *ask(struct fixture *f)
{
    int before = f->answers;
    kube_credentials_get(f->credentials, on_answer, f);
    assert_int_equal(f->answers, before);
    loop_until(&f->loop, f->answers == before + 1);
    return f->text;
}

/* Until no plugin runs. */
static void settle(struct fixture *f)
{
    loop_until(&f->loop, !uv_loop_alive(&f->loop));
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static size_t count_runs(const struct fixture *f)
{
    cleanup_free char *runs = read_back(f, "runs");
    return count_lines(runs);
}

static size_t count_logged(const struct fixture *f)
{
    char text[8192];
    ssize_t len = pread(f->log_fd, text, sizeof(text) - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    assert_null(strstr(text, "secret"));
    return count_lines(text);
}

/* ----------------------------------------------------------------- static */

static void test_static_credentials(void **state)
{
    struct fixture *f = *state;
    start(f, "    token: t");
    assert_string_equal(ask(f), "t");
    kube_credentials_reject(f->credentials, f->serial);
    assert_string_equal(ask(f), "t");
    assert_int_equal(f->serial, 1);
}

static void test_basic_credentials(void **state)
{
    struct fixture *f = *state;
    start(f, "    username: u\n    password: p");
    assert_string_equal(ask(f), " user u");
}

/* ------------------------------------------------------------- token file */

static void test_a_token_file_is_read_again_after_a_minute(void **state)
{
    struct fixture *f = *state;
    write_file(f, "token", " secret1\n");
    start(f, "    tokenFile: token");
    assert_string_equal(ask(f), "secret1");
    uint64_t first = f->serial;
    write_file(f, "token", "secret2");
    f->mono_ms += 59999;
    assert_string_equal(ask(f), "secret1");
    assert_int_equal(f->serial, first);
    f->mono_ms += 1;
    assert_string_equal(ask(f), "secret2");
    assert_true(f->serial > first);
}

static void test_a_rejected_token_file_is_read_again_at_once(void **state)
{
    struct fixture *f = *state;
    write_file(f, "token", "secret1");
    start(f, "    tokenFile: token");
    assert_string_equal(ask(f), "secret1");
    uint64_t first = f->serial;
    write_file(f, "token", "secret2");
    kube_credentials_reject(f->credentials, first);
    assert_string_equal(ask(f), "secret2");
    write_file(f, "token", "secret3");
    kube_credentials_reject(f->credentials, first); /* late: that one is gone already */
    assert_string_equal(ask(f), "secret2");
}

static void test_the_old_token_is_kept_when_the_file_is_gone(void **state)
{
    struct fixture *f = *state;
    write_file(f, "token", "secret1");
    start(f, "    tokenFile: token");
    assert_string_equal(ask(f), "secret1");
    write_file(f, "token", "not a token");
    for (int i = 0; i < 3; i++) {
        f->mono_ms += 60000;
        assert_string_equal(ask(f), "secret1");
        kube_credentials_reject(f->credentials, f->serial);
        assert_string_equal(ask(f), "secret1");
    }
    assert_int_equal(count_logged(f), 1);
    write_file(f, "token", "secret2");
    f->mono_ms += 60000;
    assert_string_equal(ask(f), "secret2");
    write_file(f, "token", "");
    f->mono_ms += 60000;
    assert_string_equal(ask(f), "secret2");
    assert_int_equal(count_logged(f), 2);
}

static void test_a_token_file_that_was_never_there(void **state)
{
    struct fixture *f = *state;
    write_file(f, "token", "secret0");
    start(f, "    tokenFile: token");
    remove_file(f, "token");
    char want[256];
    snprintf(want, sizeof(want), "unavailable: token file: %s/token: No such file or directory",
             f->dir);
    assert_string_equal(ask(f), want);
    write_file(f, "token", "secret1");
    assert_string_equal(ask(f), "secret1");
    assert_int_equal(count_logged(f), 0);
}

static void test_a_token_stands_in_for_its_file(void **state)
{
    struct fixture *f = *state;
    start(f, "    token: secret0\n    tokenFile: token");
    assert_string_equal(ask(f), "secret0");
    uint64_t first = f->serial;
    write_file(f, "token", "secret1");
    f->mono_ms += 60000;
    assert_string_equal(ask(f), "secret1");
    assert_true(f->serial > first);
    assert_int_equal(count_logged(f), 1);
}

/* ----------------------------------------------------------------- plugin */

/* The script answers with what it found: variables that are there once, and standard input. */
static void test_one_run_serves_all(void **state)
{
    struct fixture *f = *state;
    setenv("KUBERNETES_EXEC_INFO", "{}", 1);
    start_plugin(f, "count() { tr '\\0' '\\n' </proc/$$/environ | grep -c \"$1\"; }; "
                    "I=$(count '^KUBERNETES_EXEC_INFO={.*\"interactive\":false'); "
                    "H=$(count ^HOME=); A=$(count ^KUBERNETES_EXEC_INFO=); read x; "
                    "echo '" ANSWER("{\"token\":\"'$I$A$H$HOME$x'\"}") "'");
    for (int i = 0; i < 3; i++)
        kube_credentials_get(f->credentials, on_answer, f);
    loop_run_ready(&f->loop);
    kube_credentials_get(f->credentials, on_answer, f);
    assert_int_equal(f->answers, 0);
    loop_until(&f->loop, f->answers == 4);
    assert_string_equal(f->text, "111/other");
    f->wall_ms += 365LL * 24 * 3600 * 1000;
    assert_string_equal(ask(f), "111/other");
    assert_int_equal(count_runs(f), 1);
}

static void test_a_certificate_of_a_plugin(void **state)
{
    struct fixture *f = *state;
    start_plugin(f,
                 "echo '" ANSWER(
                     "{\"clientCertificateData\":\"-----BEGIN CERTIFICATE-----\",\"clientKeyData\""
                     ":\"-----BEGIN PRIVATE KEY-----\"}") "'");
    assert_string_equal(ask(f), " cert key");
}

#define ANSWER_OF_MODE                                                                             \
    "read T E <$D/mode; [ \"$T\" = fail ] && { echo broken >&2; exit 1; }; "                       \
    "echo '" ANSWER("{\"token\":\"'$T'\",\"expirationTimestamp\":\"'$E'\"}") "'"

static void test_a_plugin_runs_again_before_its_credential_expires(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, ANSWER_OF_MODE);
    write_file(f, "mode", "secret1 2026-01-02T04:04:05Z\n");
    assert_string_equal(ask(f), "secret1");
    uint64_t first = f->serial;
    write_file(f, "mode", "secret2 2026-01-02T05:04:05Z\n");
    f->mono_ms += 3540 * 1000 - 1;
    f->wall_ms += 3540 * 1000 - 1; /* a minute and a bit are left */
    assert_string_equal(ask(f), "secret1");
    assert_int_equal(count_runs(f), 1);
    f->wall_ms += 1;
    assert_string_equal(ask(f), "secret1"); /* nobody waits for the new one */
    settle(f);
    assert_string_equal(ask(f), "secret2");
    assert_true(f->serial > first);
    assert_int_equal(count_runs(f), 2);
}

static void test_an_expired_credential_is_not_used(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, ANSWER_OF_MODE);
    write_file(f, "mode", "secret1 2026-01-02T04:04:05Z\n");
    assert_string_equal(ask(f), "secret1");
    write_file(f, "mode", "fail\n");
    f->mono_ms += 3600 * 1000;
    f->wall_ms += 3600 * 1000;
    assert_string_equal(ask(f), "unavailable: exec plugin \"sh\": exit code 1: broken");
    write_file(f, "mode", "secret2 2026-01-02T05:04:05Z\n");
    f->mono_ms += 2000;
    assert_string_equal(ask(f), "secret2");
    assert_int_equal(count_logged(f), 0);
}

static void test_a_failed_renewal_is_logged_once(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, ANSWER_OF_MODE);
    write_file(f, "mode", "secret1 2026-01-02T04:04:05Z\n");
    assert_string_equal(ask(f), "secret1");
    write_file(f, "mode", "fail\n");
    f->wall_ms += 3550 * 1000;
    for (size_t run = 2; run < 5; run++) {
        f->mono_ms += 2000;
        assert_string_equal(ask(f), "secret1");
        settle(f);
        assert_int_equal(count_runs(f), run);
    }
    assert_int_equal(count_logged(f), 1);
}

static void test_a_rejected_credential_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, ANSWER_OF_MODE);
    write_file(f, "mode", "secret1 2026-01-02T04:04:05Z\n");
    assert_string_equal(ask(f), "secret1");
    uint64_t first = f->serial;
    write_file(f, "mode", "secret2 2026-01-02T04:04:05Z\n");
    kube_credentials_reject(f->credentials, first);
    assert_string_equal(ask(f), "secret1"); /* just asked: not again within two seconds */
    f->mono_ms += 2000;
    assert_string_equal(ask(f), "secret2");
    f->mono_ms += 2000;
    kube_credentials_reject(f->credentials, first);
    assert_string_equal(ask(f), "secret2");
    assert_int_equal(count_runs(f), 2);
}

static void test_a_failure_is_kept_for_a_moment(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, ANSWER_OF_MODE);
    write_file(f, "mode", "fail\n");
    ask(f);
    write_file(f, "mode", "secret1 2026-01-02T04:04:05Z\n");
    f->mono_ms += 1999;
    assert_string_equal(ask(f), "unavailable: exec plugin \"sh\": exit code 1: broken");
    f->mono_ms += 1;
    assert_string_equal(ask(f), "secret1");
    assert_int_equal(count_runs(f), 2);
}

static const struct {
    const char *script, *want;
} failures[] = {
    {"echo >&2; printf '\\t\\033[1mno\\001 login \\nmore' >&2; exit 3",
     "unavailable: exec plugin \"sh\": exit code 3: ?[1mno? login"},
    {"exit 3", "unavailable: exec plugin \"sh\": exit code 3"},
    {"kill -9 $$", "unavailable: exec plugin \"sh\": ended by signal 9"},
    {"echo secret", "unavailable: exec plugin \"sh\": its output: no JSON (byte 0)"},
    {"", "unavailable: exec plugin \"sh\": its output: no JSON (byte 0)"},
    {"head -c 1100000 /dev/zero; exec sleep 100",
     "unavailable: exec plugin \"sh\": killed: more than 1048576 bytes of output"},
};

static void test_failing_plugins(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        start_plugin(f, failures[i].script);
        assert_string_equal(ask(f), failures[i].want);
        kube_credentials_stop(f->credentials, on_closed, f);
        loop_until(&f->loop, f->is_closed);
        kube_config_free(steal_ptr(f->config));
        f->credentials = NULL;
        f->is_closed = false;
    }
}

static void test_a_plugin_that_is_not_installed(void **state)
{
    struct fixture *f = *state;
    start(f, "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n"
             "      interactiveMode: Never\n      command: /none/plugin\n"
             "      installHint: |\n        Install\n        it.");
    assert_string_equal(ask(f), "unavailable: exec plugin \"/none/plugin\": cannot be started (no "
                                "such file or directory): Install it.");
}

/* Runs the loop until the plugin has said who it is. */
static pid_t wait_for_pid(struct fixture *f)
{
    pid_t pid = 0;
    for (int64_t deadline_ms = loop_deadline_ms(); pid == 0;) {
        assert_true(loop_deadline_ms() - deadline_ms < 5000);
        loop_run_ready(&f->loop);
        cleanup_free char *text = read_back(f, "pid");
        if (strchr(text, '\n') != NULL)
            pid = (pid_t)atoi(text);
    }
    return pid;
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

static void test_a_plugin_that_hangs_is_killed_after_a_minute(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, "echo $$ >$D/pid; sleep 1000; echo never");
    kube_credentials_get(f->credentials, on_answer, f);
    pid_t pid = wait_for_pid(f);
    loop_skip_ms(&f->loop, 30000);
    loop_run_ready(&f->loop);
    assert_int_equal(f->answers, 0);
    loop_skip_ms(&f->loop, 30000);
    loop_until(&f->loop, f->answers == 1);
    assert_string_equal(f->text, "unavailable: exec plugin \"sh\": killed: no answer within 60 s");
    assert_false(is_alive(pid));
}

/* An agent that a plugin leaves behind keeps the pipes open. */
static void test_descendants_do_not_hold_up_the_answer(void **state)
{
    struct fixture *f = *state;
    start_plugin(
        f, "sleep 20 & echo $! >$D/mode; echo '" ANSWER("{\"token\":\"t\"}") "'; echo $$ >$D/pid");
    kube_credentials_get(f->credentials, on_answer, f);
    pid_t pid = wait_for_pid(f);
    loop_until(&f->loop, !is_alive(pid));
    assert_int_equal(f->answers, 0);
    loop_skip_ms(&f->loop, 1000);
    loop_until(&f->loop, f->answers == 1);
    assert_string_equal(f->text, "t");
    cleanup_free char *descendant = read_back(f, "mode");
    assert_int_equal(kill((pid_t)atoi(descendant), SIGKILL), 0);
}

/* ------------------------------------------------------------------- stop */

static void test_stop_kills_the_plugin_and_answers_all(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, "echo $$ >$D/pid; sleep 1000; echo never");
    kube_credentials_get(f->credentials, on_answer, f);
    pid_t pid = wait_for_pid(f);
    kube_credentials_get(f->credentials, on_answer, f);
    kube_credentials_stop(f->credentials, on_closed, f);
    kube_credentials_get(f->credentials, on_answer, f);
    assert_int_equal(f->answers, 0);
    loop_until(&f->loop, f->is_closed);
    assert_int_equal(f->answers, 3);
    assert_string_equal(f->text, "cancelled: credentials: stopped");
    assert_false(is_alive(pid));
}

static void test_stop_before_the_first_turn(void **state)
{
    struct fixture *f = *state;
    start_plugin(f, "echo never");
    kube_credentials_get(f->credentials, on_answer, f);
    kube_credentials_stop(f->credentials, on_closed, f);
    loop_until(&f->loop, f->is_closed);
    assert_string_equal(f->text, "cancelled: credentials: stopped");
    assert_int_equal(count_runs(f), 0);
}

static void stop_in_answer(void *ctx, const struct kube_credential *credential,
                           const struct error *err)
{
    struct fixture *f = ctx;
    on_answer(f, credential, err);
    kube_credentials_stop(f->credentials, on_closed, f);
    assert_false(f->is_closed);
    if (credential != NULL)
        assert_string_equal(credential->token, "t"); /* still valid */
}

static void test_stop_in_a_callback(void **state)
{
    static const char *const scripts[] = {
        "echo '" ANSWER("{\"token\":\"t\"}") "'",
        "exit 1",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        start_plugin(f, scripts[i]);
        f->answers = 0;
        kube_credentials_get(f->credentials, stop_in_answer, f);
        kube_credentials_get(f->credentials, on_answer, f);
        loop_until(&f->loop, f->is_closed);
        assert_int_equal(f->answers, 2);
        assert_string_equal(f->text, "cancelled: credentials: stopped");
        kube_config_free(steal_ptr(f->config));
        f->credentials = NULL;
        f->is_closed = false;
    }
}

/* From every moment of a run: after each turn of the loop once. */
static void test_stop_at_any_moment(void **state)
{
    struct fixture *f = *state;
    for (int turns = 0, done = 0; done == 0; turns++) {
        start_plugin(f, "echo '" ANSWER("{\"token\":\"t\"}") "'");
        f->answers = 0;
        kube_credentials_get(f->credentials, on_answer, f);
        int64_t deadline_ms = loop_deadline_ms();
        for (int i = 0; i < turns && f->answers == 0; i++)
            loop_step(&f->loop, deadline_ms, "the plugin's answer", __FILE__, __LINE__);
        done = f->answers;
        kube_credentials_stop(f->credentials, on_closed, f);
        loop_until(&f->loop, f->is_closed);
        assert_int_equal(f->answers, 1);
        kube_config_free(steal_ptr(f->config));
        f->credentials = NULL;
        f->is_closed = false;
    }
}

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_static_credentials),
        with_fixture(test_basic_credentials),
        with_fixture(test_a_token_file_is_read_again_after_a_minute),
        with_fixture(test_a_rejected_token_file_is_read_again_at_once),
        with_fixture(test_the_old_token_is_kept_when_the_file_is_gone),
        with_fixture(test_a_token_file_that_was_never_there),
        with_fixture(test_a_token_stands_in_for_its_file),
        with_fixture(test_one_run_serves_all),
        with_fixture(test_a_certificate_of_a_plugin),
        with_fixture(test_a_plugin_runs_again_before_its_credential_expires),
        with_fixture(test_an_expired_credential_is_not_used),
        with_fixture(test_a_failed_renewal_is_logged_once),
        with_fixture(test_a_rejected_credential_is_asked_for_again),
        with_fixture(test_a_failure_is_kept_for_a_moment),
        with_fixture(test_failing_plugins),
        with_fixture(test_a_plugin_that_is_not_installed),
        with_fixture(test_a_plugin_that_hangs_is_killed_after_a_minute),
        with_fixture(test_descendants_do_not_hold_up_the_answer),
        with_fixture(test_stop_kills_the_plugin_and_answers_all),
        with_fixture(test_stop_before_the_first_turn),
        with_fixture(test_stop_in_a_callback),
        with_fixture(test_stop_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
