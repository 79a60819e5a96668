/* What a measurement starts from: namespace, Cluster, ElfMachineTemplate, IPPool, and machines. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "bench/bench.h"
#include "bench/objects.h"

struct ground_plan {
    struct bench *bench;
    struct kube_client *client;
    bool is_paused;       /* the Cluster, from now on */
    bool has_elfmachines; /* beside each Machine */
    size_t machine_count; /* that are made, numbers 0 and up; 0: none */
    void (*done)(void *ctx);
    void *ctx;
};

struct ground;
/* What is there already stays, but for machines, which must not be there. For the rest of the
 * program. */
struct ground *ground_lay(const struct ground_plan *plan);
/* Once `done` has been called: an ElfMachine for the Machine of that number. */
struct kube_request ground_elfmachine(const struct ground *ground, struct arena *arena,
                                      size_t number);

/* `done` (may be NULL) when the server has accepted it. */
void cluster_pause(struct bench *bench, struct kube_client *client, bool is_paused,
                   void (*done)(void *ctx), void *ctx);
