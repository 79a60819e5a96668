#include "manager/memory.h"

#include <malloc.h>

#include "base/must.h"

enum { QUIET_MS = 5000, MAP_BYTES = 128 << 10 };

void memory_prepare(void)
{
#ifdef __GLIBC__
    /* One arena: libuv's pool threads (name resolution) need none of their own. A fixed threshold:
     * by default glibc raises it with the first large block freed, and large answers then stay. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, MAP_BYTES);
#endif
}

static void trim(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

static void on_timer(uv_timer_t *timer);

static void start_timer(struct memory_trimmer *trimmer)
{
    trimmer->is_touched = false;
    must(uv_timer_start(&trimmer->timer, on_timer, QUIET_MS, 0) == 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct memory_trimmer *trimmer = timer->data;
    if (trimmer->is_touched)
        start_timer(trimmer);
    else
        trimmer->trim();
}

void memory_trimmer_init(struct memory_trimmer *trimmer, uv_loop_t *loop)
{
    *trimmer = (struct memory_trimmer){.trim = trim};
    must(uv_timer_init(loop, &trimmer->timer) == 0);
    trimmer->timer.data = trimmer;
}

void memory_trimmer_touch(struct memory_trimmer *trimmer)
{
    trimmer->is_touched = true;
    if (!uv_is_active((uv_handle_t *)&trimmer->timer) &&
        !uv_is_closing((uv_handle_t *)&trimmer->timer))
        start_timer(trimmer);
}

void memory_trimmer_close(struct memory_trimmer *trimmer)
{
    uv_close((uv_handle_t *)&trimmer->timer, NULL);
}
