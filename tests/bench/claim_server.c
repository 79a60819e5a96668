#include "bench/claim_server.h"

#include <stdlib.h>

#include "base/must.h"
#include "bench/mirror.h"
#include "bench/objects.h"
#include "controllers/metal3.h"

/* Addresses are handed out in a circle, large enough that they are free again by then. */
enum { ADDRESSES = 10000000 };

struct claim_server {
    struct kube_client *client;
    size_t last; /* address that was handed out */
};

/* One claim that is being answered. */
struct service {
    struct claim_server *server;
    const struct kube_object *claim; /* a reference */
    size_t address;
};

static void on_deleted(void *ctx, const struct kube_response *response, const struct error *err)
{
    (void)ctx;
    (void)response;
    if (err && err->code != ERROR_NOT_FOUND)
        bench_fail("an IPAddress was not deleted", err);
}

static void delete_address(struct claim_server *server, struct str ns, struct str name)
{
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct kube_request request = request_delete(&arena, &ipaddresses, ns, name);
    kube_client_send(server->client, &request, on_deleted, server);
}

static void on_status(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct service *service = ctx;
    (void)response;
    if (err && err->code != ERROR_NOT_FOUND)
        bench_fail("a claim's status was not written", err);
    if (err) { /* the claim is gone already */
        cleanup_arena struct arena arena;
        arena_init(&arena);
        delete_address(service->server, service->claim->meta.ns,
                       address_name(&arena, service->address));
    }
    kube_object_unref(service->claim);
    free(service);
}

static void create_address(struct service *service);

static void on_address(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct service *service = ctx;
    const struct kube_meta *claim = &service->claim->meta;
    (void)response;
    if (err && err->code == ERROR_CONFLICT) { /* handed out by an earlier run */
        create_address(service);
        return;
    }
    if (err)
        bench_fail("an IPAddress was not created", err);
    cleanup_arena struct arena arena;
    arena_init(&arena);
    struct kube_request request =
        request_merge(&arena, &ipclaims, claim->ns, claim->name,
                      claim_status_json(&arena, claim->ns, address_name(&arena, service->address)));
    request.path = arena_printf(&arena, STR_FMT "/status", STR_ARG(request.path));
    kube_client_send(service->server->client, &request, on_status, service);
}

static void create_address(struct service *service)
{
    struct claim_server *server = service->server;
    const struct kube_meta *claim = &service->claim->meta;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    server->last = server->last % ADDRESSES + 1;
    service->address = server->last;
    struct kube_request request =
        request_create(&arena, &ipaddresses, claim->ns,
                       ipaddress_json(&arena, claim->ns, service->address, claim->name));
    kube_client_send(server->client, &request, on_address, service);
}

static void claim_changed(void *ctx, const struct kube_object *before,
                          const struct kube_object *after)
{
    struct claim_server *server = ctx;
    if (!before && str_is_empty(ipclaim_from(after)->address_name)) {
        struct service *service = mem_alloc_zero(sizeof(*service));
        service->server = server;
        service->claim = kube_object_ref(after);
        create_address(service);
    }
    if (!after && !str_is_empty(ipclaim_from(before)->address_name))
        delete_address(server, before->meta.ns, ipclaim_from(before)->address_name);
}

void claim_server_run(struct bench *bench)
{
    struct claim_server *server = mem_alloc_zero(sizeof(*server));
    server->client = bench_connect(bench, 0);
    mirror_start(bench, &(struct mirror_plan){
                            .client = server->client,
                            .kind = &ipclaim_kind,
                            .resource = &ipclaims,
                            .changed = claim_changed,
                            .ctx = server,
                        });
}
