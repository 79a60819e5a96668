/* loadgen: the load for benchmarks, on the manager's own runtime (src/kube). tests/bench/run puts
 * the pieces together. */
#include <signal.h>
#include <stdio.h>

#include "base/must.h"
#include "bench/allocate.h"
#include "bench/bare.h"
#include "bench/claim_server.h"
#include "bench/cycles.h"
#include "bench/release.h"
#include "bench/single.h"

struct command {
    const char *name;
    bool has_count;
    const char *help;
    void (*run)(struct bench *bench);
};

static const struct command commands[] = {
    {"claims", false, "answers IPClaims in all namespaces, until it is ended", claim_server_run},
    {"setup", true, "machines in a paused Cluster", setup_run},
    {"go", true, "resumes that Cluster: the time until each has its address", go_run},
    {"release", true, "lets all machines go at once: the time until all is gone", release_run},
    {"single", true, "one machine after the other on an idle cluster", single_run},
    {"burst", true, "machines created 16 at a time: from creation to address", burst_run},
    {"bare", true, "the same writes without a manager", bare_run},
    {"bare-16", true, "the same, always with 16 in flight", bare_16_run},
    {"creates", true, "objects per second that the API server creates", creates_run},
    {"cycles", true, "machines that come and go, in batches of 100", cycles_run},
};

static int usage(void)
{
    fprintf(stderr, "usage: loadgen KUBECONFIG claims\n"
                    "       loadgen KUBECONFIG COMMAND NAMESPACE COUNT\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(stderr, "  %-8s %s\n", commands[i].name, commands[i].help);
    return 2;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (str_eq_cstr(str_from(commands[i].name), name))
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    enum { KUBECONFIG = 1, COMMAND, NAMESPACE, COUNT, ALL };
    const struct command *command = argc > COMMAND ? find_command(argv[COMMAND]) : NULL;
    uint64_t count = 0;
    if (!command || argc != (command->has_count ? ALL : NAMESPACE))
        return usage();
    if (command->has_count && (!str_to_u64(str_from(argv[COUNT]), &count) || count == 0))
        return usage();
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    static struct bench bench;
    bench_init(&bench, argv[KUBECONFIG]);
    bench.ns = command->has_count ? str_from(argv[NAMESPACE]) : STR("");
    bench.count = (size_t)count;
    command->run(&bench);
    must(uv_run(&bench.loop, UV_RUN_DEFAULT) == 0);
    return 0;
}
