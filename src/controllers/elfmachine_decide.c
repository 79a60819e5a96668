#include "controllers/elfmachine_decide.h"

#include <stdio.h>

#include "base/strbuf.h"
#include "controllers/address_use.h"
#include "controllers/claim_lookup.h"
#include "controllers/claim_record.h"
#include "controllers/claim_retry.h"
#include "controllers/device_patch.h"
#include "controllers/device_record.h"
#include "controllers/names.h"
#include "controllers/pool_choice.h"
#include "kube/model/patch.h"

/* What usually passes by itself is told only when it has lasted. */
enum {
    PATIENCE_STARTUP_MS = 30 * 1000, /* CAPI and CAPE are still setting the machine up */
    PATIENCE_ANSWER_MS = 10 * 1000,  /* an IPAM answers */
};

/* One look at one machine. */
struct decision {
    const struct world *world;
    const struct ip_provider *provider;
    const struct elfmachine *machine;
    const struct kube_meta *meta; /* of the machine */
    struct str cluster_name;
    const struct owned_claim *claims;
    size_t claim_count;
    bool *are_leaving; /* of each claim: deleted by this decision */
    int64_t wall_ms;
    struct kube_actions *out;
    struct device_allocation *ready; /* device_count at most */
    size_t ready_count;
};

static void wait_patiently(struct decision *d, const char *reason, int64_t patience_ms,
                           struct str message)
{
    kube_actions_report(d->out, (struct kube_report){.type = KUBE_EVENT_WARNING,
                                                     .reason = str_from(reason),
                                                     .message = message,
                                                     .patience_ms = patience_ms});
}

static void warn(struct decision *d, const char *reason, struct str message)
{
    kube_actions_report(d->out, (struct kube_report){.type = KUBE_EVENT_WARNING,
                                                     .reason = str_from(reason),
                                                     .message = message});
}

static void patch_finalizers(struct decision *d, const char *what, struct kube_patch *patch,
                             struct kube_report done)
{
    kube_actions_add(d->out, (struct kube_action){
                                 .type = KUBE_ACTION_JSON_PATCH,
                                 .what = str_from(what),
                                 .kind = d->machine->object.kind,
                                 .ns = d->meta->ns,
                                 .name = d->meta->name,
                                 .uid = d->meta->uid,
                                 .resource_version = d->meta->resource_version,
                                 .body = arena_dup_str(d->out->arena, kube_patch_finish(patch)),
                                 .done = done,
                             });
}

static void add_finalizer(struct decision *d)
{
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, d->meta->uid, d->meta->resource_version);
    kube_patch_op_str(&patch, "add", "/metadata/finalizers/-", STR(FINALIZER_OURS));
    patch_finalizers(d, "add-finalizer", &patch, (struct kube_report){0});
}

/* "10.0.0.5 (device 0), 10.0.1.5 (device 1)": what we wrote to the devices; empty: nothing. */
static struct str written_addresses(const struct decision *d)
{
    const struct elfmachine *machine = d->machine;
    struct str rest = kube_meta_annotation(d->meta, ANNOTATION_ALLOCATED);
    bool *is_ours = arena_new_array(d->out->arena, bool, machine->device_count);
    cleanup_strbuf struct strbuf text = {0};
    struct device_record record;
    while (device_record_next(&rest, &record))
        if (record.device_index < machine->device_count)
            is_ours[record.device_index] = true;
    for (uint32_t i = 0; i < machine->device_count; i++)
        for (uint32_t j = 0; is_ours[i] && j < machine->devices[i].address_count; j++)
            strbuf_printf(&text, "%s" STR_FMT " (device %u)", text.len > 0 ? ", " : "",
                          STR_ARG(machine->devices[i].addresses[j]), i);
    return arena_dup_str(d->out->arena, strbuf_str(&text));
}

static void remove_finalizer(struct decision *d)
{
    struct str addresses = written_addresses(d);
    cleanup_kube_patch struct kube_patch patch;
    kube_patch_begin(&patch, d->meta->uid, d->meta->resource_version);
    for (uint32_t i = 0; i < d->meta->finalizer_count; i++) {
        char path[64];
        if (!str_eq(d->meta->finalizers[i], STR(FINALIZER_OURS)))
            continue;
        snprintf(path, sizeof(path), "/metadata/finalizers/%u", i);
        kube_patch_op_str(&patch, "test", path, STR(FINALIZER_OURS));
        kube_patch_op(&patch, "remove", path, STR(""));
        break;
    }
    patch_finalizers(d, "remove-finalizer", &patch,
                     (struct kube_report){
                         .type = KUBE_EVENT_NORMAL,
                         .reason = STR("IPReleased"),
                         .message = str_is_empty(addresses)
                                        ? STR("No claim of this machine is left")
                                        : arena_printf(d->out->arena, "Given back: " STR_FMT,
                                                       STR_ARG(addresses)),
                     });
}

static void delete_claim(struct decision *d, const struct owned_claim *claim)
{
    const struct kube_meta *meta = &claim->object->meta;
    d->are_leaving[claim - d->claims] = true;
    kube_actions_add(
        d->out, (struct kube_action){
                    .type = KUBE_ACTION_DELETE,
                    .what = arena_printf(d->out->arena, "delete-claim %u", claim->device_index),
                    .kind = claim->object->kind,
                    .ns = meta->ns,
                    .name = meta->name,
                    .uid = meta->uid,
                });
}

/* Paused by its own annotation or with its Cluster, which may be missing. */
static bool is_paused(struct decision *d, const struct cluster *cluster)
{
    if ((!cluster || !cluster->is_paused) && !kube_meta_has_annotation(d->meta, ANNOTATION_PAUSED))
        return false;
    kube_actions_report(d->out, (struct kube_report){
                                    .type = KUBE_EVENT_NORMAL,
                                    .reason = STR("Paused"),
                                    .message = STR("The machine or its Cluster is paused"),
                                    .is_log_only = true,
                                });
    return true;
}

static const struct owned_claim *claim_of_device(const struct decision *d, uint32_t device_index)
{
    for (size_t i = 0; i < d->claim_count; i++)
        if (d->claims[i].device_index == device_index)
            return &d->claims[i];
    return NULL;
}

/* By another claim of this machine whose address goes into the same patch. */
static bool is_given_twice(const struct decision *d, uint32_t device_index, struct str address)
{
    const struct elfmachine_device *devices = d->machine->devices;
    struct str network = elfmachine_device_network(&devices[device_index]);
    for (size_t i = 0; i < d->ready_count; i++)
        if (str_eq(d->ready[i].allocation.address, address) &&
            str_eq(elfmachine_device_network(&devices[d->ready[i].device_index]), network))
            return true;
    return false;
}

static void take_allocation(struct decision *d, const struct owned_claim *claim,
                            const struct ip_claim_view *view)
{
    uint32_t device_index = claim->device_index;
    struct str address = view->allocation.address;
    const struct elfmachine *other = address_find_other_user(d->world, d->machine, device_index,
                                                             ipclaim_from(claim->object), address);
    if (other || is_given_twice(d, device_index, address)) {
        const struct kube_meta *meta = other ? &other->object.meta : d->meta;
        warn(d, "IPAddressInUse",
             arena_printf(d->out->arena,
                          "Device %u: IPClaim " STR_FMT "/" STR_FMT " was given " STR_FMT
                          ", which ElfMachine " STR_FMT "/" STR_FMT
                          " has already. Take that address out of the pool, or off that machine.",
                          device_index, STR_ARG(claim->object->meta.ns),
                          STR_ARG(claim->object->meta.name), STR_ARG(address), STR_ARG(meta->ns),
                          STR_ARG(meta->name)));
        return;
    }
    d->ready[d->ready_count++] = (struct device_allocation){
        .device_index = device_index,
        .allocation = view->allocation,
        .pool_ns = view->pool_ns,
        .pool_name = view->pool_name,
    };
}

/* The IPAM said no. It does not look at such a claim again, so we ask anew when that makes sense.
 */
static void handle_refusal(struct decision *d, const struct owned_claim *claim,
                           const struct ip_claim_view *view)
{
    warn(d, "IPClaimFailed",
         arena_printf(d->out->arena,
                      "Device %u: IPClaim " STR_FMT "/" STR_FMT " from IPPool " STR_FMT "/" STR_FMT
                      " was refused: " STR_FMT,
                      claim->device_index, STR_ARG(claim->object->meta.ns),
                      STR_ARG(claim->object->meta.name), STR_ARG(view->pool_ns),
                      STR_ARG(view->pool_name), STR_ARG(view->problem)));
    int64_t retry_ms;
    if (!claim_retry_is_due(d->world, d->machine, claim->object, d->wall_ms, &retry_ms))
        return;
    if (retry_ms <= d->wall_ms)
        delete_claim(d, claim);
    else
        kube_actions_look_again(d->out, retry_ms);
}

static void use_claim(struct decision *d, const struct owned_claim *claim)
{
    const struct kube_meta *meta = &claim->object->meta;
    struct arena *arena = d->out->arena;
    struct ip_claim_view view;
    d->provider->read_claim(d->world, claim->object, arena, &view);
    switch (view.state) {
    case IP_CLAIM_PENDING:
        wait_patiently(d, "WaitingForIPAddress", PATIENCE_ANSWER_MS,
                       arena_printf(arena,
                                    "Device %u: IPClaim " STR_FMT "/" STR_FMT
                                    " has no address yet. Does the IPAM run, and does it serve "
                                    "IPPool " STR_FMT "/" STR_FMT "?",
                                    claim->device_index, STR_ARG(meta->ns), STR_ARG(meta->name),
                                    STR_ARG(view.pool_ns), STR_ARG(view.pool_name)));
        break;
    case IP_CLAIM_REFUSED:
        handle_refusal(d, claim, &view);
        break;
    case IP_CLAIM_INVALID:
        warn(d, "IPAddressInvalid",
             arena_printf(arena,
                          "Device %u: " STR_FMT ". Correct it; the claim is IPClaim " STR_FMT
                          "/" STR_FMT ".",
                          claim->device_index, STR_ARG(view.problem), STR_ARG(meta->ns),
                          STR_ARG(meta->name)));
        break;
    case IP_CLAIM_READY:
        take_allocation(d, claim, &view);
        break;
    }
}

static void make_claim(struct decision *d, uint32_t device_index)
{
    struct arena *arena = d->out->arena;
    struct pool_choice choice = pool_choose(d->world, d->machine, device_index, d->meta->ns, arena);
    if (!choice.pool) {
        kube_actions_report(d->out, choice.wait);
        return;
    }
    const struct ip_claim_wish wish = {
        .machine = d->machine,
        .device_index = device_index,
        .pool = choice.pool,
        .name =
            claim_name_for(d->world, d->machine, device_index, choice.pool->object.meta.ns, arena),
        .cluster_name = d->cluster_name,
    };
    kube_actions_add(d->out, d->provider->create_claim(&wish, arena));
}

static void decide_device(struct decision *d, uint32_t device_index)
{
    const struct owned_claim *claim = claim_of_device(d, device_index);
    if (!claim) {
        make_claim(d, device_index);
        return;
    }
    if (!claim->object->meta.is_deleting) {
        use_claim(d, claim);
        return;
    }
    /* Its address would be freed under a running VM. */
    wait_patiently(d, "WaitingForIPClaim", PATIENCE_ANSWER_MS,
                   arena_printf(d->out->arena,
                                "Device %u: IPClaim " STR_FMT "/" STR_FMT
                                " is being deleted; a new one is made once it is gone",
                                device_index, STR_ARG(claim->object->meta.ns),
                                STR_ARG(claim->object->meta.name)));
}

/* A claim that no device waits for (its device has gone, or was given an address by hand) and that
 * has not been answered goes back. One that was answered stays as long as the machine: the VM may
 * have come to use its address. */
static bool is_surplus(const struct decision *d, const struct owned_claim *claim)
{
    struct ip_claim_view view;
    if (claim->device_index < d->machine->device_count &&
        elfmachine_device_wants_address(&d->machine->devices[claim->device_index]))
        return false;
    d->provider->read_claim(d->world, claim->object, d->out->arena, &view);
    return view.state == IP_CLAIM_REFUSED ||
           (view.state == IP_CLAIM_PENDING &&
            str_is_empty(ipclaim_from(claim->object)->address_name));
}

/* Every living claim is either renewed in its record or handed back. */
static void tidy_claims(struct decision *d)
{
    for (size_t i = 0; i < d->claim_count; i++) {
        const struct owned_claim *claim = &d->claims[i];
        if (claim->object->meta.is_deleting || d->are_leaving[i])
            continue;
        if (is_surplus(d, claim))
            delete_claim(d, claim);
        else
            claim_record_renew(d->out, claim->object, d->machine, claim->device_index,
                               d->cluster_name);
    }
}

static void decide_claims(struct decision *d)
{
    d->ready = arena_new_array(d->out->arena, struct device_allocation, d->machine->device_count);
    for (uint32_t i = 0; i < d->machine->device_count; i++)
        if (elfmachine_device_wants_address(&d->machine->devices[i]))
            decide_device(d, i);
    if (d->ready_count > 0)
        device_patch_add(d->out, d->machine, d->ready, d->ready_count,
                         world_has_device_nameservers(d->world));
}

/* Contract section 3. */
static void decide_live(struct decision *d)
{
    struct arena *arena = d->out->arena;
    const struct kube_object *owner = world_find_owner(d->world, d->machine);
    const struct cluster *cluster = world_find_cluster(d->world, d->meta->ns, d->cluster_name);
    if (d->claim_count == 0 && !elfmachine_has_static_device(d->machine))
        return; /* none of ours, whatever else it waits for */
    if (!owner) {
        wait_patiently(d, "WaitingForMachine", PATIENCE_STARTUP_MS,
                       STR("The Machine that owns this ElfMachine is not there yet"));
        return;
    }
    if (!cluster) {
        wait_patiently(d, "WaitingForCluster", PATIENCE_STARTUP_MS,
                       arena_printf(arena,
                                    "The Cluster \"" STR_FMT
                                    "\" that the Machine's label " LABEL_CLUSTER_NAME
                                    " names is not there yet",
                                    STR_ARG(d->cluster_name)));
        return;
    }
    if (is_paused(d, cluster))
        return;
    if (!elfmachine_has_static_device(d->machine)) {
        tidy_claims(d);
        return;
    }
    if (!kube_meta_has_finalizer(d->meta, FINALIZER_CAPE)) {
        /* Older CAPE replaces the whole list when it adds its own. */
        wait_patiently(d, "WaitingForCAPE", PATIENCE_STARTUP_MS,
                       STR("CAPE has not put its finalizer on this ElfMachine yet"));
        return;
    }
    if (!kube_meta_has_finalizer(d->meta, FINALIZER_OURS)) {
        add_finalizer(d); /* before a claim: without it a deletion would leak the claim */
        return;
    }
    if (d->machine->has_failed)
        return;
    decide_claims(d);
    tidy_claims(d);
}

/* Contract section 6. */
static void decide_release(struct decision *d)
{
    const struct cluster *cluster = world_find_cluster(d->world, d->meta->ns, d->cluster_name);
    size_t living = 0;
    if (cluster && is_paused(d, cluster))
        return;
    if (!kube_meta_has_finalizer(d->meta, FINALIZER_OURS))
        return;
    bool holds_nothing = d->claim_count == 0 && !elfmachine_has_static_device(d->machine);
    if (kube_meta_has_finalizer(d->meta, FINALIZER_CAPE) && !holds_nothing)
        return; /* the VM may still use the address */
    for (size_t i = 0; i < d->claim_count; i++) {
        if (d->claims[i].object->meta.is_deleting)
            continue;
        delete_claim(d, &d->claims[i]);
        living++;
    }
    if (living == 0)
        remove_finalizer(d);
}

static bool is_filtered_out(const struct elfmachine_decider *decider, const struct kube_meta *meta)
{
    return decider->watch_filter && *decider->watch_filter &&
           !str_eq_cstr(kube_meta_label(meta, LABEL_WATCH_FILTER), decider->watch_filter);
}

void elfmachine_decide(void *ctx, struct kube_key key, int64_t wall_ms, struct kube_actions *out)
{
    const struct elfmachine_decider *decider = ctx;
    const struct world *world = decider->world;
    const struct elfmachine *machine = world_find_elfmachine(world, key.ns, key.name);
    if (!machine || is_filtered_out(decider, &machine->object.meta))
        return;
    struct decision d = {
        .world = world,
        .provider = decider->provider,
        .machine = machine,
        .meta = &machine->object.meta,
        .cluster_name = world_cluster_name(world, machine),
        .wall_ms = wall_ms,
        .out = out,
    };
    const struct kube_kind *unknown = world_first_unknown(world);
    if (unknown) { /* absence would mean nothing: a claim could be missed, a pause overlooked */
        if (elfmachine_has_static_device(machine))
            warn(&d, "WaitingForKind",
                 arena_printf(out->arena,
                              "%s of group %s cannot be read: is its CustomResourceDefinition "
                              "installed, and may this controller list it?",
                              unknown->kind, unknown->group));
        return;
    }
    d.claims = claims_of(world, machine, out->arena, &d.claim_count);
    d.are_leaving = arena_new_array(out->arena, bool, d.claim_count);
    if (d.meta->is_deleting)
        decide_release(&d);
    else
        decide_live(&d);
}
