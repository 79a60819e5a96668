#include "devserver/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/file.h"
#include "kube/config.h"

/* A server in a process of its own, which says on a pipe that it is ready. */
struct server {
    pid_t pid;
    FILE *out;
    char line[256]; /* the first; empty: none */
};

static char kubeconfig[] = "/tmp/cape-ip-test-run-XXXXXX";
static char out_flag[64];

static struct server start(const char *const *args)
{
    int ends[2];
    struct server server = {0};
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    server.pid = fork();
    if (server.pid == 0) {
        struct dev_arguments arguments;
        struct error err = {0};
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        exit(dev_arguments_parse(args, &arguments, &err) ? dev_run(&arguments, NULL) : 99);
    }
    close(ends[1]);
    server.out = fdopen(ends[0], "r");
    assert_non_null(server.out);
    if (!fgets(server.line, sizeof(server.line), server.out))
        server.line[0] = '\0';
    return server;
}

static int wait_for(struct server *server)
{
    int status = 0;
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    fclose(server->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int stop(struct server *server, int signum)
{
    assert_int_equal(kill(server->pid, signum), 0);
    return wait_for(server);
}

static void assert_answers(const char *url, const char *want)
{
    static const char request[] = "GET /readyz HTTP/1.0\r\n\r\n";
    union {
        struct sockaddr_in v4;
        struct sockaddr any;
    } to = {.v4 = {.sin_family = AF_INET,
                   .sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1)),
                   .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    char answer[512] = "";
    size_t len = 0;
    ssize_t got = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &to.any, sizeof(to.v4)), 0);
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    while ((got = recv(fd, answer + len, sizeof(answer) - 1 - len, 0)) > 0)
        len += (size_t)got;
    close(fd);
    if (!strstr(answer, want))
        fail_msg("%s", answer);
}

static struct kube_config *read_kubeconfig(void)
{
    const struct kube_config_options options = {.kubeconfig = kubeconfig};
    struct kube_config *config = NULL;
    struct error err = {0};
    if (!kube_config_load(&options, &config, &err))
        fail_msg("%s", err.text);
    return config;
}

static void test_serves_until_a_signal(void **state)
{
    (void)state;
    const char *const args[] = {out_flag, NULL};
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct server server = start(args);
        cleanup_kube_config struct kube_config *config = read_kubeconfig();
        assert_non_null(strstr(server.line, config->server));
        assert_non_null(strstr(server.line, kubeconfig));
        assert_answers(config->server, "200 OK");
        assert_int_equal(stop(&server, signals[i]), 0);
    }
}

static void test_https_with_a_token(void **state)
{
    (void)state;
    const char *const args[] = {out_flag, "--token=t", NULL};
    struct server server = start(args);
    cleanup_kube_config struct kube_config *config = read_kubeconfig();
    assert_true(str_starts_with(str_from(config->server), STR("https://127.0.0.1:")));
    assert_string_equal(config->token, "t");
    assert_non_null(strstr(config->ca_pem, "BEGIN CERTIFICATE"));
    assert_int_equal(stop(&server, SIGTERM), 0);
}

static void test_what_cannot_start_ends_with_1(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "--listen=0.0.0.0:0",      "--listen=nonsense",           "--fault=nonsense",
        "--apply=/nowhere/at/all", "--kubeconfig-out=/nowhere/a", "--data=/nowhere/at/all",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const char *const args[] = {wrong[i], NULL};
        struct server server = start(args);
        assert_string_equal(server.line, "");
        assert_int_equal(wait_for(&server), 1);
    }
}

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(kubeconfig);
    snprintf(out_flag, sizeof(out_flag), "--kubeconfig-out=%s", kubeconfig);
    return fd >= 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(kubeconfig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves_until_a_signal),
        cmocka_unit_test(test_https_with_a_token),
        cmocka_unit_test(test_what_cannot_start_ends_with_1),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
