#include "bench/bare.h"

#include "base/must.h"
#include "bench/drain.h"
#include "bench/ground.h"
#include "bench/mirror.h"
#include "bench/release.h"
#include "bench/result.h"
#include "controllers/elfmachine.h"
#include "controllers/metal3.h"
#include "controllers/names.h"
#include "kube/model/patch.h"

enum { WATCHES_SETTLE_MS = 1000, FIXED_PLACES = 16 };

struct bare {
    struct bench *bench;
    struct kube_client *manager; /* its watches, and all writes */
    struct kube_client *claim_server;
    struct kube_client *observer;
    struct kube_store *elfmachines;
    struct identity *identities; /* of the ElfMachines, by number */
    struct arena arena;
    struct kube_patch patch; /* of the request that is being made */
    size_t served;
    double began_ms;
    double allocate_ms;
    bool is_releasing;
};

/* ---- the five writes ---- */

static struct str finish_patch(struct bare *bare, struct arena *arena)
{
    struct str body = arena_dup_str(arena, kube_patch_finish(&bare->patch));
    kube_patch_fini(&bare->patch);
    return body;
}

static struct kube_request machine_patch(struct bare *bare, struct arena *arena, size_t number)
{
    struct str path = kube_path(arena, &elfmachines, bare->bench->ns, machine_name(arena, number));
    return (struct kube_request){.verb = KUBE_PATCH_JSON,
                                 .path = path,
                                 .body = finish_patch(bare, arena),
                                 .resource = "elfmachines"};
}

static void begin_patch(struct bare *bare, size_t number)
{
    const struct identity *identity = &bare->identities[number];
    kube_patch_begin(&bare->patch, identity->uid, identity->resource_version);
}

static struct kube_request add_finalizer(struct bare *bare, struct arena *arena, size_t number)
{
    begin_patch(bare, number);
    kube_patch_op_str(&bare->patch, "add", "/metadata/finalizers/-", STR(FINALIZER_OURS));
    return machine_patch(bare, arena, number);
}

static struct kube_request create_claim(struct bare *bare, struct arena *arena, size_t number)
{
    struct str ns = bare->bench->ns;
    struct str body = arena_printf(
        arena,
        "{\"apiVersion\":\"" METAL3_IPAM_API_VERSION "\",\"kind\":\"IPClaim\",\"metadata\":{"
        "\"namespace\":\"" STR_FMT "\",\"name\":\"" STR_FMT "\",\"labels\":{"
        "\"" LABEL_OWNER_NAME "\":\"" STR_FMT "-" STR_FMT "\",\"" LABEL_CLUSTER_NAME
        "\":\"bench\"},\"annotations\":{\"" ANNOTATION_OWNER_NAMESPACE "\":\"" STR_FMT
        "\",\"" ANNOTATION_OWNER_NAME "\":\"" STR_FMT "\",\"" ANNOTATION_OWNER_UID "\":\"" STR_FMT
        "\",\"" ANNOTATION_DEVICE_INDEX "\":\"0\"}},"
        "\"spec\":{\"pool\":{\"name\":\"bench\",\"namespace\":\"" STR_FMT "\"}}}",
        STR_ARG(ns), STR_ARG(claim_name(arena, ns, number)), STR_ARG(ns),
        STR_ARG(machine_name(arena, number)), STR_ARG(ns), STR_ARG(machine_name(arena, number)),
        STR_ARG(bare->identities[number].uid), STR_ARG(ns));
    return request_create(arena, &ipclaims, ns, body);
}

static struct kube_request create_address(struct bare *bare, struct arena *arena, size_t number)
{
    struct str ns = bare->bench->ns;
    return request_create(arena, &ipaddresses, ns,
                          ipaddress_json(arena, ns, number + 1, claim_name(arena, ns, number)));
}

static struct kube_request answer_claim(struct bare *bare, struct arena *arena, size_t number)
{
    struct str ns = bare->bench->ns;
    struct kube_request request =
        request_merge(arena, &ipclaims, ns, claim_name(arena, ns, number),
                      claim_status_json(arena, ns, address_name(arena, number + 1)));
    request.path = arena_printf(arena, STR_FMT "/status", STR_ARG(request.path));
    return request;
}

static struct kube_request set_address(struct bare *bare, struct arena *arena, size_t number)
{
    begin_patch(bare, number);
    kube_patch_op(&bare->patch, "add", "/spec/network/devices/0/ipAddrs", STR("[\"10.0.0.1\"]"));
    kube_patch_op_str(&bare->patch, "add", "/spec/network/devices/0/netmask", STR("255.0.0.0"));
    kube_patch_op(&bare->patch, "add", "/spec/network/devices/0/routes",
                  STR("[{\"gateway\":\"10.255.255.254\"}]"));
    return machine_patch(bare, arena, number);
}

static bool allocate_request(void *ctx, size_t item, size_t step, struct arena *arena,
                             struct kube_request *out)
{
    static struct kube_request (*const steps[])(struct bare * bare, struct arena * arena,
                                                size_t number) = {
        add_finalizer, create_claim, create_address, answer_claim, set_address,
    };
    if (step >= ARRAY_LEN(steps))
        return false;
    *out = steps[step](ctx, arena, item);
    return true;
}

static void allocate_answered(void *ctx, size_t item, size_t step, struct str body)
{
    struct bare *bare = ctx;
    if (step == 0)
        bare->identities[item] = identity_of(&bare->arena, body);
}

/* ---- the three writes ---- */

static bool release_request(void *ctx, size_t item, size_t step, struct arena *arena,
                            struct kube_request *out)
{
    const struct bare *bare = ctx;
    struct str ns = bare->bench->ns;
    if (step == 0)
        *out = request_delete(arena, &ipclaims, ns, claim_name(arena, ns, item));
    else if (step == 1)
        *out = request_delete(arena, &ipaddresses, ns, address_name(arena, item + 1));
    else
        *out = request_merge(arena, &elfmachines, ns, machine_name(arena, item),
                             STR("{\"metadata\":{\"finalizers\":null}}"));
    return step <= 2;
}

static bool let_go_request(void *ctx, size_t item, size_t step, struct arena *arena,
                           struct kube_request *out)
{
    const struct bare *bare = ctx;
    return letting_go_request(bare->bench->ns, item, step, arena, out);
}

/* ---- the course ---- */

static void fan_all(struct bare *bare, struct fan_plan plan)
{
    plan.count = bare->bench->count;
    plan.client = bare->manager;
    plan.ctx = bare;
    fan_start(&plan);
}

static void release(void *ctx)
{
    struct bare *bare = ctx;
    bare->is_releasing = true;
    bare->began_ms = bench_now_ms();
    fan_all(bare, (struct fan_plan){.request = release_request});
}

static void settle_release(void *ctx)
{
    struct bare *bare = ctx;
    drain_start(bare->observer, &ipclaims, KUBE_ACCEPT_JSON);
    drain_start(bare->observer, &ipaddresses, KUBE_ACCEPT_JSON);
    bench_wait(bare->bench, WATCHES_SETTLE_MS, release, bare);
}

static void finish(struct bare *bare)
{
    result_begin("bare", bare->bench->count);
    result_number("allocate_ms", bare->allocate_ms);
    result_number("release_ms", bench_now_ms() - bare->began_ms);
    result_number("in_flight_limit", kube_client_figures(bare->manager).in_flight_limit);
    result_end();
    bench_end();
}

static void let_all_go(void *ctx)
{
    fan_all(ctx, (struct fan_plan){.request = let_go_request, .finished = settle_release});
}

static void elfmachine_changed(void *ctx, const struct kube_object *before,
                               const struct kube_object *after)
{
    struct bare *bare = ctx;
    if (before && after && elfmachine_wants_address(elfmachine_from(before)) &&
        !elfmachine_wants_address(elfmachine_from(after)) && ++bare->served == bare->bench->count)
        bare->allocate_ms = bench_now_ms() - bare->began_ms;
    if (bare->is_releasing && kube_store_count(bare->elfmachines) == 0)
        finish(bare);
}

static void allocate(void *ctx)
{
    struct bare *bare = ctx;
    bare->began_ms = bench_now_ms();
    fan_all(bare, (struct fan_plan){.request = allocate_request,
                                    .answered = allocate_answered,
                                    .finished = let_all_go});
}

static void filled(void *ctx)
{
    struct bare *bare = ctx;
    const struct kube_object *object;
    size_t position = 0;
    size_t number;
    while ((object = kube_store_each(bare->elfmachines, &position)) != NULL)
        if (machine_number(object->meta.name, &number) && number < bare->bench->count)
            bare->identities[number] = (struct identity){
                arena_dup_str(&bare->arena, object->meta.uid), object->meta.resource_version};
    bench_wait(bare->bench, WATCHES_SETTLE_MS, allocate, bare);
}

static void watch(void *ctx)
{
    struct bare *bare = ctx;
    drain_start(bare->manager, &elfmachines, KUBE_ACCEPT_JSON);
    drain_start(bare->manager, &machines, KUBE_ACCEPT_PARTIAL_METADATA);
    drain_start(bare->manager, &clusters, KUBE_ACCEPT_JSON);
    drain_start(bare->manager, &templates, KUBE_ACCEPT_PARTIAL_METADATA);
    drain_start(bare->manager, &ippools, KUBE_ACCEPT_JSON);
    drain_start(bare->manager, &ipclaims, KUBE_ACCEPT_JSON);
    drain_start(bare->manager, &ipaddresses, KUBE_ACCEPT_JSON);
    drain_start(bare->claim_server, &ipclaims, KUBE_ACCEPT_JSON);
    bare->elfmachines = mirror_start(bare->bench, &(struct mirror_plan){
                                                      .client = bare->observer,
                                                      .kind = &elfmachine_kind,
                                                      .resource = &elfmachines,
                                                      .changed = elfmachine_changed,
                                                      .filled = filled,
                                                      .ctx = bare,
                                                  });
}

static void run(struct bench *bench, size_t places)
{
    struct bare *bare = mem_alloc_zero(sizeof(*bare));
    bare->bench = bench;
    bare->manager = bench_connect(bench, places);
    bare->claim_server = bench_connect(bench, 0);
    bare->observer = bench_connect(bench, 0);
    arena_init(&bare->arena);
    bare->identities = arena_new_array(&bare->arena, struct identity, bench->count);
    ground_lay(&(struct ground_plan){
        .bench = bench,
        .client = bare->observer,
        .is_paused = true,
        .has_elfmachines = true,
        .machine_count = bench->count,
        .done = watch,
        .ctx = bare,
    });
}

void bare_run(struct bench *bench)
{
    run(bench, 0);
}

void bare_16_run(struct bench *bench)
{
    run(bench, FIXED_PLACES);
}
