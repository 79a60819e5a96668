/* Memory that is not needed goes back to the system: a controller is idle most of its life, and
 * what a burst has used is not to count for ever. */
#pragma once
#include <stdbool.h>
#include <uv.h>

/* Settings of malloc; first thing in main. */
void memory_prepare(void);

/* Gives back what is free some seconds after the last touch; sleeps where nothing happens. */
struct memory_trimmer {
    uv_timer_t timer;
    bool is_touched; /* since the timer was started */
    void (*trim)(void);
};

void memory_trimmer_init(struct memory_trimmer *trimmer, uv_loop_t *loop);
void memory_trimmer_touch(struct memory_trimmer *trimmer); /* something was done */
/* The storage is the caller's until the loop has ended. */
void memory_trimmer_close(struct memory_trimmer *trimmer);
