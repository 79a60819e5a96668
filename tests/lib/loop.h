/* Driving a libuv loop from a test: never a sleep, never forever. */
#pragma once
#include <stdint.h>
#include <uv.h>

/* Runs the loop until `condition` holds. Fails the test, naming the condition, after 10 s of real
 * time or when the loop has nothing left to do. */
#define loop_until(loop, condition)                                                                \
    for (int64_t loop_deadline_ = loop_deadline_ms(); !(condition);)                               \
    loop_step(loop, loop_deadline_, #condition, __FILE__, __LINE__)

/* Runs what is ready, without waiting. */
void loop_run_ready(uv_loop_t *loop);

/* Puts every clock of the process (libuv's, libcurl's, clock_system) forward: timers that are due
 * by then run in the next round, in their order, without anybody having waited. Loopback traffic
 * that is under way is unaffected, but what waits for it may time out: skip when things are quiet.
 */
void loop_skip_ms(uv_loop_t *loop, int64_t ms);

/* For loop_until. */
int64_t loop_deadline_ms(void);
void loop_step(uv_loop_t *loop, int64_t deadline_ms, const char *condition, const char *file,
               int line);
