/* What the commands of loadgen share: the loop, the connection, time, and the one line of JSON that
 * is their result. Trouble ends the program: half a measurement is worse than none. */
#pragma once
#include <stddef.h>
#include <uv.h>

#include "base/error.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/runtime.h"

struct bench {
    uv_loop_t loop;
    struct kube_runtime runtime;
    struct kube_config *config;
    struct str ns; /* where everything of a command is */
    size_t count;  /* machines, creates or cycles */
};

void bench_init(struct bench *bench, const char *kubeconfig);
/* places 0: the manager's own rule for requests in flight; else just as many. */
struct kube_client *bench_connect(struct bench *bench, size_t places);
_Noreturn void bench_fail(const char *what, const struct error *err); /* err NULL: no more to say */
_Noreturn void bench_end(void);                                       /* all is well */

double bench_now_ms(void);
/* Calls back once after that time. */
void bench_wait(struct bench *bench, uint64_t wait_ms, void (*fn)(void *ctx), void *ctx);
