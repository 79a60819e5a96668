#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"

void bench_init(struct bench *bench, const char *kubeconfig)
{
    const struct log_options log_options = {.clock = clock_system(), .fd = STDERR_FILENO};
    const struct kube_config_options options = {.kubeconfig = kubeconfig};
    struct error err = {0};
    must(uv_loop_init(&bench->loop) == 0);
    bench->runtime = (struct kube_runtime){
        .loop = &bench->loop, .log = log_new(&log_options), .clock = clock_system()};
    random_init(&bench->runtime.random, random_seed_from_system());
    if (!kube_config_load(&options, &bench->config, &err))
        bench_fail("kubeconfig", &err);
}

struct kube_client *bench_connect(struct bench *bench, size_t places)
{
    const struct kube_client_options options = {
        .config = bench->config,
        .user_agent = "cape-ip-bench",
        .flow = {.min_in_flight = places, .start_in_flight = places, .max_in_flight = places},
    };
    struct kube_client *client = NULL;
    struct error err = {0};
    if (!kube_client_new(&bench->runtime, &options, &client, &err))
        bench_fail("client", &err);
    return client;
}

void bench_fail(const char *what, const struct error *err)
{
    fprintf(stderr, "loadgen: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
    exit(1);
}

void bench_end(void)
{
    exit(fflush(stdout) == 0 ? 0 : 1);
}

double bench_now_ms(void)
{
    return (double)uv_hrtime() / 1e6;
}

struct wait {
    uv_timer_t timer;
    void (*fn)(void *ctx);
    void *ctx;
};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_timer(uv_timer_t *timer)
{
    struct wait *wait = timer->data;
    uv_close((uv_handle_t *)timer, on_closed);
    wait->fn(wait->ctx);
}

void bench_wait(struct bench *bench, uint64_t wait_ms, void (*fn)(void *ctx), void *ctx)
{
    struct wait *wait = mem_alloc_zero(sizeof(*wait));
    wait->fn = fn;
    wait->ctx = ctx;
    wait->timer.data = wait;
    must(uv_timer_init(&bench->loop, &wait->timer) == 0);
    uv_update_time(&bench->loop);
    must(uv_timer_start(&wait->timer, on_timer, wait_ms, 0) == 0);
}
