/* single: one machine after the other, each on a cluster where nothing else happens; how long each
 * leg takes of the way from the ElfMachine to its address, as watches see it. */
#pragma once
#include "bench/bench.h"

void single_run(struct bench *bench);
