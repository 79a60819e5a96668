#include "bench/ground.h"

#include <stdlib.h>

#include "base/must.h"
#include "bench/fan.h"
#include "controllers/metal3.h"
#include "controllers/names.h"

/* As many as an API server takes well: nothing is measured here. */
enum { WIDTH = 16 };

struct ground {
    struct ground_plan plan;
    struct arena arena;
    struct str *owner_uids; /* of the Machines, by number; in the arena */
};

static struct str namespace_json(struct arena *arena, struct str ns)
{
    return arena_printf(arena,
                        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
                        "\"metadata\":{\"name\":\"" STR_FMT "\"}}",
                        STR_ARG(ns));
}

static struct str named_json(struct arena *arena, const char *api_version, const char *kind,
                             const char *labels, const char *spec)
{
    return arena_printf(arena,
                        "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"bench\","
                        "\"labels\":%s},\"spec\":%s}",
                        api_version, kind, labels, spec);
}

static struct str cluster_json(struct arena *arena)
{
    return named_json(arena, GROUP_CAPI "/v1beta1", "Cluster", "{}",
                      "{\"paused\":true,\"clusterNetwork\":{\"serviceDomain\":\"cluster.local\"}}");
}

static struct str template_json(struct arena *arena)
{
    return named_json(arena, GROUP_CAPE "/v1beta1", "ElfMachineTemplate",
                      "{\"" LABEL_POOL_NAME "\":\"bench\"}",
                      "{\"template\":{\"spec\":{\"template\":\"image\",\"network\":{"
                      "\"devices\":[{\"networkType\":\"IPV4\",\"vlan\":\"vlan-1\"}]}}}}");
}

static struct str ippool_json(struct arena *arena)
{
    return named_json(arena, METAL3_IPAM_API_VERSION, "IPPool", "{}",
                      "{\"namePrefix\":\"bench\",\"prefix\":8,\"gateway\":\"10.255.255.254\","
                      "\"pools\":[{\"start\":\"10.0.0.1\",\"end\":\"10.255.255.253\"}]}");
}

static bool base_request(void *ctx, size_t item, size_t step, struct arena *arena,
                         struct kube_request *out)
{
    const struct ground *ground = ctx;
    struct str ns = ground->plan.bench->ns;
    (void)item;
    switch (step) {
    case 0:
        *out = request_create(arena, &namespaces, STR(""), namespace_json(arena, ns));
        return true;
    case 1:
        *out = request_create(arena, &clusters, ns, cluster_json(arena));
        return true;
    case 2:
        *out = request_create(arena, &templates, ns, template_json(arena));
        return true;
    case 3:
        *out = request_create(arena, &ippools, ns, ippool_json(arena));
        return true;
    case 4:
        *out = request_pause(arena, ns, ground->plan.is_paused);
        return true;
    default:
        return false;
    }
}

static bool machine_request(void *ctx, size_t item, size_t step, struct arena *arena,
                            struct kube_request *out)
{
    const struct ground *ground = ctx;
    struct str ns = ground->plan.bench->ns;
    if (step == 0)
        *out = request_create(arena, &machines, ns, machine_json(arena, ns, item));
    else
        *out = ground_elfmachine(ground, arena, item);
    return step == 0 || (step == 1 && ground->plan.has_elfmachines);
}

static void machine_answered(void *ctx, size_t item, size_t step, struct str body)
{
    struct ground *ground = ctx;
    if (step == 0)
        ground->owner_uids[item] = identity_of(&ground->arena, body).uid;
}

static void machines_are_there(void *ctx)
{
    const struct ground *ground = ctx;
    ground->plan.done(ground->plan.ctx);
}

static void base_is_there(void *ctx)
{
    struct ground *ground = ctx;
    if (ground->plan.machine_count == 0) {
        machines_are_there(ground);
        return;
    }
    fan_start(&(struct fan_plan){
        .count = ground->plan.machine_count,
        .width = WIDTH,
        .client = ground->plan.client,
        .request = machine_request,
        .answered = machine_answered,
        .finished = machines_are_there,
        .ctx = ground,
    });
}

struct ground *ground_lay(const struct ground_plan *plan)
{
    struct ground *ground = mem_alloc_zero(sizeof(*ground));
    ground->plan = *plan;
    arena_init(&ground->arena);
    ground->owner_uids = arena_new_array(&ground->arena, struct str, plan->machine_count);
    fan_start(&(struct fan_plan){
        .count = 1,
        .takes_existing = true,
        .client = plan->client,
        .request = base_request,
        .finished = base_is_there,
        .ctx = ground,
    });
    return ground;
}

struct kube_request ground_elfmachine(const struct ground *ground, struct arena *arena,
                                      size_t number)
{
    struct str ns = ground->plan.bench->ns;
    return request_create(arena, &elfmachines, ns,
                          elfmachine_json(arena, ns, number, ground->owner_uids[number]));
}

struct pause {
    struct bench *bench;
    bool is_paused;
    void (*done)(void *ctx);
    void *ctx;
};

static bool pause_request(void *ctx, size_t item, size_t step, struct arena *arena,
                          struct kube_request *out)
{
    const struct pause *pause = ctx;
    (void)item;
    *out = request_pause(arena, pause->bench->ns, pause->is_paused);
    return step == 0;
}

static void is_paused_now(void *ctx)
{
    struct pause *pause = ctx;
    if (pause->done)
        pause->done(pause->ctx);
    free(pause);
}

void cluster_pause(struct bench *bench, struct kube_client *client, bool is_paused,
                   void (*done)(void *ctx), void *ctx)
{
    struct pause *pause = mem_alloc(sizeof(*pause));
    *pause = (struct pause){bench, is_paused, done, ctx};
    fan_start(&(struct fan_plan){
        .count = 1,
        .client = client,
        .request = pause_request,
        .finished = is_paused_now,
        .ctx = pause,
    });
}
