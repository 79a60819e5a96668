#include "bench/single.h"

#include "base/must.h"
#include "bench/fan.h"
#include "bench/ground.h"
#include "bench/mirror.h"
#include "bench/result.h"
#include "controllers/elfmachine.h"
#include "controllers/metal3.h"

/* Between two machines: the Event about the first, and whatever else follows, is over by then. */
enum { REST_MS = 100 };

enum moment { SENT, MACHINE_SEEN, CLAIM_SEEN, STATUS_SEEN, ADDRESS_SEEN, MOMENTS };

struct single {
    struct bench *bench;
    struct kube_client *client;
    struct ground *ground;
    size_t unfilled; /* mirrors */
    size_t current;  /* machine */
    double at_ms[MOMENTS];
    struct latencies machine_to_claim, claim_to_status, status_to_address, all;
};

static void next(void *ctx);

static void finish(struct single *single)
{
    result_begin("single", single->bench->count);
    result_latencies("machine_to_claim", &single->machine_to_claim);
    result_latencies("claim_to_status", &single->claim_to_status);
    result_latencies("status_to_address", &single->status_to_address);
    result_latencies("create_to_address", &single->all);
    result_end();
    bench_end();
}

static void arrived(struct single *single)
{
    const double *at_ms = single->at_ms;
    latencies_add(&single->machine_to_claim, at_ms[CLAIM_SEEN] - at_ms[MACHINE_SEEN]);
    latencies_add(&single->claim_to_status, at_ms[STATUS_SEEN] - at_ms[CLAIM_SEEN]);
    latencies_add(&single->status_to_address, at_ms[ADDRESS_SEEN] - at_ms[STATUS_SEEN]);
    latencies_add(&single->all, at_ms[ADDRESS_SEEN] - at_ms[SENT]);
    if (++single->current == single->bench->count)
        finish(single);
    else
        bench_wait(single->bench, REST_MS, next, single);
}

static void see(struct single *single, enum moment moment)
{
    if (single->at_ms[moment] == 0)
        single->at_ms[moment] = bench_now_ms();
}

static void elfmachine_changed(void *ctx, const struct kube_object *before,
                               const struct kube_object *after)
{
    struct single *single = ctx;
    if (!after)
        return;
    if (!before)
        see(single, MACHINE_SEEN);
    bool is_first = single->at_ms[ADDRESS_SEEN] == 0;
    if (elfmachine_wants_address(elfmachine_from(after)) || !is_first)
        return;
    see(single, ADDRESS_SEEN);
    arrived(single);
}

static void claim_changed(void *ctx, const struct kube_object *before,
                          const struct kube_object *after)
{
    struct single *single = ctx;
    if (!after)
        return;
    if (!before)
        see(single, CLAIM_SEEN);
    if (!str_is_empty(ipclaim_from(after)->address_name))
        see(single, STATUS_SEEN);
}

static bool create_request(void *ctx, size_t item, size_t step, struct arena *arena,
                           struct kube_request *out)
{
    const struct single *single = ctx;
    (void)item;
    *out = ground_elfmachine(single->ground, arena, single->current);
    return step == 0;
}

static void next(void *ctx)
{
    struct single *single = ctx;
    for (size_t i = 0; i < MOMENTS; i++)
        single->at_ms[i] = 0;
    single->at_ms[SENT] = bench_now_ms();
    fan_start(&(struct fan_plan){
        .count = 1,
        .client = single->client,
        .request = create_request,
        .ctx = single,
    });
}

static void filled(void *ctx)
{
    struct single *single = ctx;
    if (--single->unfilled == 0)
        bench_wait(single->bench, REST_MS, next, single);
}

static void observe(void *ctx)
{
    struct single *single = ctx;
    struct mirror_plan plan = {
        .client = single->client,
        .kind = &elfmachine_kind,
        .resource = &elfmachines,
        .changed = elfmachine_changed,
        .filled = filled,
        .ctx = single,
    };
    single->unfilled = 2;
    mirror_start(single->bench, &plan);
    plan.kind = &ipclaim_kind;
    plan.resource = &ipclaims;
    plan.changed = claim_changed;
    mirror_start(single->bench, &plan);
}

void single_run(struct bench *bench)
{
    struct single *single = mem_alloc_zero(sizeof(*single));
    single->bench = bench;
    single->client = bench_connect(bench, 0);
    single->ground = ground_lay(&(struct ground_plan){
        .bench = bench,
        .client = single->client,
        .machine_count = bench->count,
        .done = observe,
        .ctx = single,
    });
}
