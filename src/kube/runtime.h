/* What every part of the runtime is handed instead of globals. Lives as long as the program. */
#pragma once
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

struct kube_runtime {
    uv_loop_t *loop;
    struct log *log;
    struct clock clock;
    struct random random;
};
