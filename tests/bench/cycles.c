#include "bench/cycles.h"

#include "base/must.h"
#include "bench/ground.h"
#include "bench/mirror.h"
#include "bench/release.h"
#include "bench/result.h"
#include "controllers/elfmachine.h"
#include "controllers/metal3.h"

enum { BATCH = 100, WIDTH = 16, MIRRORS = 3 };

struct cycles {
    struct bench *bench;
    struct kube_client *client;
    struct kube_store *stores[MIRRORS]; /* the first: ElfMachines */
    size_t unfilled;
    size_t done;     /* before this batch */
    size_t served;   /* of this batch */
    bool are_let_go; /* all have been let go */
    double began_ms;
};

static void begin_batch(struct cycles *cycles);

static bool come_request(void *ctx, size_t item, size_t step, struct arena *arena,
                         struct kube_request *out)
{
    const struct cycles *cycles = ctx;
    struct str ns = cycles->bench->ns;
    size_t number = cycles->done + item;
    if (step == 0)
        *out = request_create(arena, &machines, ns, machine_json(arena, ns, number));
    else
        *out = request_create(arena, &elfmachines, ns,
                              elfmachine_json(arena, ns, number, STR("bench")));
    return step <= 1;
}

static bool go_request(void *ctx, size_t item, size_t step, struct arena *arena,
                       struct kube_request *out)
{
    const struct cycles *cycles = ctx;
    struct str ns = cycles->bench->ns;
    size_t number = cycles->done + item;
    if (step == 0)
        *out = request_delete(arena, &machines, ns, machine_name(arena, number));
    else
        return letting_go_request(ns, number, step - 1, arena, out);
    return true;
}

static void fan_batch(struct cycles *cycles, struct fan_plan plan)
{
    plan.count = BATCH;
    plan.width = WIDTH;
    plan.client = cycles->client;
    plan.ctx = cycles;
    fan_start(&plan);
}

static void look(struct cycles *cycles)
{
    for (size_t i = 0; i < MIRRORS; i++)
        if (!cycles->are_let_go || kube_store_count(cycles->stores[i]) > 0)
            return;
    cycles->done += BATCH;
    result_begin("cycles", cycles->done);
    result_number("all_ms", bench_now_ms() - cycles->began_ms);
    result_end();
    if (cycles->done >= cycles->bench->count)
        bench_end();
    begin_batch(cycles);
}

static void have_gone(void *ctx)
{
    struct cycles *cycles = ctx;
    cycles->are_let_go = true;
    look(cycles);
}

static void elfmachine_changed(void *ctx, const struct kube_object *before,
                               const struct kube_object *after)
{
    struct cycles *cycles = ctx;
    if (before && after && elfmachine_wants_address(elfmachine_from(before)) &&
        !elfmachine_wants_address(elfmachine_from(after)) && ++cycles->served == BATCH)
        fan_batch(cycles, (struct fan_plan){.request = go_request, .finished = have_gone});
    if (!after)
        look(cycles);
}

static void other_changed(void *ctx, const struct kube_object *before,
                          const struct kube_object *after)
{
    (void)before;
    if (!after)
        look(ctx);
}

static void begin_batch(struct cycles *cycles)
{
    cycles->served = 0;
    cycles->are_let_go = false;
    fan_batch(cycles, (struct fan_plan){.request = come_request});
}

static void filled(void *ctx)
{
    struct cycles *cycles = ctx;
    if (--cycles->unfilled > 0)
        return;
    cycles->began_ms = bench_now_ms();
    begin_batch(cycles);
}

static void observe(void *ctx)
{
    struct cycles *cycles = ctx;
    struct mirror_plan plan = {.client = cycles->client, .filled = filled, .ctx = cycles};
    cycles->unfilled = MIRRORS;
    plan.changed = elfmachine_changed;
    plan.kind = &elfmachine_kind;
    plan.resource = &elfmachines;
    cycles->stores[0] = mirror_start(cycles->bench, &plan);
    plan.changed = other_changed;
    plan.kind = &ipclaim_kind;
    plan.resource = &ipclaims;
    cycles->stores[1] = mirror_start(cycles->bench, &plan);
    plan.kind = &ipaddress_kind;
    plan.resource = &ipaddresses;
    cycles->stores[2] = mirror_start(cycles->bench, &plan);
}

void cycles_run(struct bench *bench)
{
    struct cycles *cycles = mem_alloc_zero(sizeof(*cycles));
    cycles->bench = bench;
    cycles->client = bench_connect(bench, 0);
    ground_lay(&(struct ground_plan){
        .bench = bench,
        .client = cycles->client,
        .done = observe,
        .ctx = cycles,
    });
}
