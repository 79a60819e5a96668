#include "base/must.h"
#include "bench/bare.h"
#include "bench/fan.h"
#include "bench/ground.h"
#include "bench/result.h"

static const size_t widths[] = {1, 16, 64};

struct creates {
    struct bench *bench;
    struct kube_client *client;
    size_t round; /* index of widths */
    double began_ms;
    double per_second[ARRAY_LEN(widths)];
};

static void begin_round(void *ctx);

static bool create_request(void *ctx, size_t item, size_t step, struct arena *arena,
                           struct kube_request *out)
{
    const struct creates *creates = ctx;
    struct str ns = creates->bench->ns;
    size_t number = creates->round * creates->bench->count + item + 1;
    *out = request_create(arena, &ipaddresses, ns, ipaddress_json(arena, ns, number, STR("bench")));
    return step == 0;
}

static void end_round(void *ctx)
{
    struct creates *creates = ctx;
    double passed_s = (bench_now_ms() - creates->began_ms) / 1000;
    creates->per_second[creates->round] = (double)creates->bench->count / passed_s;
    if (++creates->round < ARRAY_LEN(widths)) {
        begin_round(creates);
        return;
    }
    result_begin("creates", creates->bench->count);
    result_number("per_s_1", creates->per_second[0]);
    result_number("per_s_16", creates->per_second[1]);
    result_number("per_s_64", creates->per_second[2]);
    result_end();
    bench_end();
}

static void begin_round(void *ctx)
{
    struct creates *creates = ctx;
    creates->began_ms = bench_now_ms();
    fan_start(&(struct fan_plan){
        .count = creates->bench->count,
        .width = widths[creates->round],
        .client = creates->client,
        .request = create_request,
        .finished = end_round,
        .ctx = creates,
    });
}

void creates_run(struct bench *bench)
{
    struct creates *creates = mem_alloc_zero(sizeof(*creates));
    creates->bench = bench;
    creates->client = bench_connect(bench, widths[ARRAY_LEN(widths) - 1]);
    ground_lay(&(struct ground_plan){
        .bench = bench,
        .client = creates->client,
        .is_paused = true,
        .done = begin_round,
        .ctx = creates,
    });
}
