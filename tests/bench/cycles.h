/* cycles: machines that come, get an address and go again, in batches, each with a name that was
 * never there before: does anything grow? A line of progress after each batch. */
#pragma once
#include "bench/bench.h"

void cycles_run(struct bench *bench);
