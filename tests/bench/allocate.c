#include "bench/allocate.h"

#include "base/must.h"
#include "bench/fan.h"
#include "bench/ground.h"
#include "bench/mirror.h"
#include "bench/result.h"
#include "controllers/elfmachine.h"

enum { USERS_WIDTH = 16 };

/* Machines on their way to an address. */
struct race {
    struct bench *bench;
    const char *what;
    struct kube_client *client;
    struct kube_store *elfmachines;
    struct ground *ground;
    double began_ms;
    double *began_each_ms; /* by number; NULL: all at once */
    struct latencies latencies;
};

static bool has_address(const struct kube_object *object)
{
    return object && !elfmachine_wants_address(elfmachine_from(object));
}

static void finish(struct race *race)
{
    result_begin(race->what, race->bench->count);
    result_number("all_ms", bench_now_ms() - race->began_ms);
    result_latencies("address", &race->latencies);
    result_end();
    bench_end();
}

static void elfmachine_changed(void *ctx, const struct kube_object *before,
                               const struct kube_object *after)
{
    struct race *race = ctx;
    size_t number;
    if (!has_address(after) || has_address(before) || !machine_number(after->meta.name, &number))
        return;
    double began_ms = race->began_each_ms ? race->began_each_ms[number] : race->began_ms;
    latencies_add(&race->latencies, bench_now_ms() - began_ms);
    if (race->latencies.count == race->bench->count)
        finish(race);
}

static struct race *race_new(struct bench *bench, const char *what)
{
    struct race *race = mem_alloc_zero(sizeof(*race));
    race->bench = bench;
    race->what = what;
    race->client = bench_connect(bench, USERS_WIDTH);
    return race;
}

static void observe(struct race *race, void (*filled)(void *ctx))
{
    race->elfmachines = mirror_start(race->bench, &(struct mirror_plan){
                                                      .client = race->client,
                                                      .kind = &elfmachine_kind,
                                                      .resource = &elfmachines,
                                                      .changed = elfmachine_changed,
                                                      .filled = filled,
                                                      .ctx = race,
                                                  });
}

/* ---- setup ---- */

static void end(void *ctx)
{
    (void)ctx;
    bench_end();
}

void setup_run(struct bench *bench)
{
    ground_lay(&(struct ground_plan){
        .bench = bench,
        .client = bench_connect(bench, 0),
        .is_paused = true,
        .has_elfmachines = true,
        .machine_count = bench->count,
        .done = end,
    });
}

/* ---- go ---- */

static void go(void *ctx)
{
    struct race *race = ctx;
    if (kube_store_count(race->elfmachines) != race->bench->count)
        bench_fail("not as many ElfMachines as were to be there", NULL);
    race->began_ms = bench_now_ms();
    cluster_pause(race->bench, race->client, false, NULL, NULL);
}

void go_run(struct bench *bench)
{
    observe(race_new(bench, "go"), go);
}

/* ---- burst ---- */

static bool create_request(void *ctx, size_t item, size_t step, struct arena *arena,
                           struct kube_request *out)
{
    struct race *race = ctx;
    if (step > 0)
        return false;
    *out = ground_elfmachine(race->ground, arena, item);
    race->began_each_ms[item] = bench_now_ms();
    return true;
}

static void create_all(void *ctx)
{
    struct race *race = ctx;
    race->began_ms = bench_now_ms();
    fan_start(&(struct fan_plan){
        .count = race->bench->count,
        .width = USERS_WIDTH,
        .client = race->client,
        .request = create_request,
        .ctx = race,
    });
}

static void observe_burst(void *ctx)
{
    observe(ctx, create_all);
}

void burst_run(struct bench *bench)
{
    struct race *race = race_new(bench, "burst");
    race->began_each_ms = mem_grow_array(NULL, bench->count, sizeof(double));
    race->ground = ground_lay(&(struct ground_plan){
        .bench = bench,
        .client = race->client,
        .machine_count = bench->count,
        .done = observe_burst,
        .ctx = race,
    });
}
