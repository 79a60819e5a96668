#include "bench/release.h"

#include "base/must.h"
#include "bench/ground.h"
#include "bench/mirror.h"
#include "bench/objects.h"
#include "bench/result.h"
#include "controllers/elfmachine.h"
#include "controllers/metal3.h"
#include "controllers/names.h"

enum { MIRRORS = 3, USERS_WIDTH = 16 };

struct release {
    struct bench *bench;
    struct kube_client *client;
    struct kube_store *stores[MIRRORS];
    size_t unfilled;
    double began_ms; /* 0: not yet */
};

bool letting_go_request(struct str ns, size_t number, size_t step, struct arena *arena,
                        struct kube_request *out)
{
    struct str name = machine_name(arena, number);
    if (step == 0)
        *out = request_delete(arena, &elfmachines, ns, name);
    else
        *out = request_merge(arena, &elfmachines, ns, name,
                             STR("{\"metadata\":{\"finalizers\":[\"" FINALIZER_OURS "\"]}}"));
    return step <= 1;
}

static void changed(void *ctx, const struct kube_object *before, const struct kube_object *after)
{
    const struct release *release = ctx;
    (void)before;
    if (after || release->began_ms == 0)
        return;
    for (size_t i = 0; i < MIRRORS; i++)
        if (kube_store_count(release->stores[i]) > 0)
            return;
    result_begin("release", release->bench->count);
    result_number("all_ms", bench_now_ms() - release->began_ms);
    result_end();
    bench_end();
}

static bool let_go_request(void *ctx, size_t item, size_t step, struct arena *arena,
                           struct kube_request *out)
{
    const struct release *release = ctx;
    return letting_go_request(release->bench->ns, item, step, arena, out);
}

static void resume(void *ctx)
{
    struct release *release = ctx;
    release->began_ms = bench_now_ms();
    cluster_pause(release->bench, release->client, false, NULL, NULL);
}

static void let_go(void *ctx)
{
    struct release *release = ctx;
    fan_start(&(struct fan_plan){.count = release->bench->count,
                                 .width = USERS_WIDTH,
                                 .client = release->client,
                                 .request = let_go_request,
                                 .finished = resume,
                                 .ctx = release});
}

static void filled(void *ctx)
{
    struct release *release = ctx;
    if (--release->unfilled > 0)
        return;
    if (kube_store_count(release->stores[0]) != release->bench->count)
        bench_fail("not as many ElfMachines as were to be there", NULL);
    cluster_pause(release->bench, release->client, true, let_go, release);
}

void release_run(struct bench *bench)
{
    static const struct kube_kind *const kinds[MIRRORS] = {&elfmachine_kind, &ipclaim_kind,
                                                           &ipaddress_kind};
    static const struct kube_resource *const resources[MIRRORS] = {&elfmachines, &ipclaims,
                                                                   &ipaddresses};
    struct release *release = mem_alloc_zero(sizeof(*release));
    release->bench = bench;
    release->client = bench_connect(bench, USERS_WIDTH);
    release->unfilled = MIRRORS;
    for (size_t i = 0; i < MIRRORS; i++)
        release->stores[i] = mirror_start(bench, &(struct mirror_plan){
                                                     .client = release->client,
                                                     .kind = kinds[i],
                                                     .resource = resources[i],
                                                     .changed = changed,
                                                     .filled = filled,
                                                     .ctx = release,
                                                 });
}
