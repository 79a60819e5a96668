#include "base/clock.h"

#include <time.h>

#include "base/must.h"

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    must(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_mono_ms(void *ctx)
{
    (void)ctx;
    return read_us(CLOCK_MONOTONIC) / 1000;
}

static int64_t system_wall_us(void *ctx)
{
    (void)ctx;
    return read_us(CLOCK_REALTIME);
}

struct clock clock_system(void)
{
    return (struct clock){.mono_ms = system_mono_ms, .wall_us = system_wall_us};
}

int64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ms(clock->ctx);
}

int64_t clock_wall_us(const struct clock *clock)
{
    return clock->wall_us(clock->ctx);
}

int64_t clock_wall_ms(const struct clock *clock)
{
    int64_t us = clock_wall_us(clock);
    return us / 1000 - (us % 1000 < 0); /* down, before 1970 too */
}
