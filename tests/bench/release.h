/* Machines going. */
#pragma once
#include "bench/bench.h"
#include "bench/fan.h"

/* The requests by which a machine is deleted and CAPE lets it go: two steps for each number. */
bool letting_go_request(struct str ns, size_t number, size_t step, struct arena *arena,
                        struct kube_request *out);

/* release: lets all machines go while their Cluster is paused, then resumes it; the time from there
 * until the last ElfMachine, claim and address are gone. */
void release_run(struct bench *bench);
