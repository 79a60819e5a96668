/* Whether a call ends in must_fail: it is tried in a child process. */
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child wrote to stderr goes into `said`. True: it died of SIGABRT. */
static inline bool aborts(void (*call)(void *), void *arg, char *said, size_t said_bytes)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka catches it */
        dup2(ends[1], STDERR_FILENO);
        call(arg);
        _exit(0);
    }
    close(ends[1]);
    ssize_t got = 0;
    for (size_t len = 0; (got = read(ends[0], said + len, said_bytes - 1 - len)) > 0;) {
        len += (size_t)got;
        said[len] = '\0';
    }
    close(ends[0]);
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#define assert_aborts(call, arg)                                                                   \
    do {                                                                                           \
        char said_[512] = "";                                                                      \
        assert_true(aborts(call, arg, said_, sizeof(said_)));                                      \
        assert_non_null(strstr(said_, ": must hold: "));                                           \
    } while (0)
