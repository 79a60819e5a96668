/* Measurements of machines getting their addresses, with a manager and a claim server at work. */
#pragma once
#include "bench/bench.h"

/* setup: machines in a paused Cluster. */
void setup_run(struct bench *bench);
/* go: resumes that Cluster; the time from there until each machine has its address. */
void go_run(struct bench *bench);
/* burst: as users do: ElfMachines are created, 16 at a time; from each creation to its address. */
void burst_run(struct bench *bench);
