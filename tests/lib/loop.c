#include "lib/loop.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static int64_t skipped_ms; /* a test process has one time, so this may be global */

/* Takes the place of libc's for this program and all its libraries. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result != 0 || skipped_ms == 0)
        return result;
    int64_t ns = now->tv_nsec + skipped_ms % 1000 * NS_PER_MS;
    now->tv_sec += skipped_ms / 1000 + ns / NS_PER_S;
    now->tv_nsec = ns % NS_PER_S;
    return 0;
}

static int64_t real_ms(void)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

void loop_skip_ms(uv_loop_t *loop, int64_t ms)
{
    skipped_ms += ms;
    uv_update_time(loop);
}

void loop_run_ready(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_NOWAIT);
}

int64_t loop_deadline_ms(void)
{
    return real_ms() + PATIENCE_MS;
}

void loop_step(uv_loop_t *loop, int64_t deadline_ms, const char *condition, const char *file,
               int line)
{
    int64_t left_ms = deadline_ms - real_ms();
    if (left_ms <= 0 || !uv_loop_alive(loop)) {
        print_error("waited in vain for: %s%s\n", condition,
                    left_ms > 0 ? " (the loop is empty)" : "");
        _fail(file, line);
    }
    int timeout_ms = uv_backend_timeout(loop);
    if (timeout_ms < 0 || timeout_ms > left_ms)
        timeout_ms = (int)left_ms;
    struct pollfd ready = {.fd = uv_backend_fd(loop), .events = POLLIN};
    if (timeout_ms > 0)
        poll(&ready, 1, timeout_ms);
    uv_run(loop, UV_RUN_NOWAIT);
}
