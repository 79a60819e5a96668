#include "manager/caches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "controllers/names.h"
#include "lib/fake_server.h"
#include "lib/loop.h"

/* An API server with the seven kinds, by group; each is served once its group is. */
static const struct served {
    const char *group;
    const char *version;
    const char *resources[5];
    const char *kinds[5];
} groups[] = {
    {GROUP_CAPE,
     "v1beta1",
     {"elfmachines", "elfmachinetemplates"},
     {"ElfMachine", "ElfMachineTemplate"}},
    {GROUP_CAPI, "v1beta1", {"machines", "clusters"}, {"Machine", "Cluster"}},
    {GROUP_METAL3_IPAM,
     "v1alpha1",
     {"ippools", "ipclaims", "ipaddresses"},
     {"IPPool", "IPClaim", "IPAddress"}},
};

struct fixture {
    uv_loop_t loop;
    struct kube_runtime runtime;
    struct kube_config config;
    struct fake_server *server;
    struct kube_client *client;
    struct world *world;
    struct caches *caches;
    bool has_ipam;
    const char *schema; /* of a device's properties; NULL: no document */
    bool is_closed;
    size_t changes;
};

static void set_closed(void *ctx)
{
    struct fixture *f = ctx;
    f->is_closed = true;
}

static void count_change(void *ctx)
{
    struct fixture *f = ctx;
    f->changes++;
}

static void answer_group(struct fake_exchange *exchange, const struct served *served)
{
    cleanup_strbuf struct strbuf body = {0};
    char path[128];
    snprintf(path, sizeof(path), "/apis/%s", served->group);
    if (strcmp(exchange->path, path) == 0) {
        strbuf_printf(&body, "{\"kind\":\"APIGroup\",\"versions\":[{\"version\":\"%s\"}]}",
                      served->version);
    } else {
        strbuf_append_cstr(&body, "{\"kind\":\"APIResourceList\",\"resources\":[");
        for (size_t i = 0; served->kinds[i]; i++)
            strbuf_printf(&body, "%s{\"name\":\"%s\",\"kind\":\"%s\",\"namespaced\":true}",
                          i > 0 ? "," : "", served->resources[i], served->kinds[i]);
        strbuf_append_cstr(&body, "]}");
    }
    fake_exchange_reply(exchange, 200, body.data);
}

static void answer_watch(struct fake_exchange *exchange)
{
    fake_exchange_begin(exchange, 200);
    fake_exchange_chunk(
        exchange, "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\","
                  "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n");
}

static void answer_schema(const struct fixture *f, struct fake_exchange *exchange)
{
    cleanup_strbuf struct strbuf body = {0};
    if (!f->schema) {
        fake_exchange_reply(exchange, 404, "{}");
        return;
    }
    strbuf_printf(&body,
                  "{\"components\":{\"schemas\":{\"x.ElfMachine\":{"
                  "\"x-kubernetes-group-version-kind\":[{\"group\":\"" GROUP_CAPE
                  "\",\"kind\":\"ElfMachine\",\"version\":\"v1beta1\"}],"
                  "\"properties\":{\"spec\":{\"properties\":{\"network\":{\"properties\":{"
                  "\"devices\":{\"items\":{\"properties\":{%s}}}}}}}}}}}}",
                  f->schema);
    fake_exchange_reply(exchange, 200, body.data);
}

static void answer(void *ctx, struct fake_exchange *exchange)
{
    const struct fixture *f = ctx;
    if (str_starts_with(str_from(exchange->path), STR("/openapi/"))) {
        answer_schema(f, exchange);
        return;
    }
    if (strchr(exchange->path, '?')) {
        answer_watch(exchange);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        size_t len = strlen(groups[i].group);
        const char *group = exchange->path + strlen("/apis/");
        bool is_ipam = strcmp(groups[i].group, GROUP_METAL3_IPAM) == 0;
        if (strncmp(group, groups[i].group, len) == 0 &&
            (group[len] == '/' || group[len] == '\0') && (f->has_ipam || !is_ipam)) {
            answer_group(exchange, &groups[i]);
            return;
        }
    }
    fake_exchange_reply(exchange, 404, "{}");
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    must(uv_loop_init(&f->loop) == 0);
    f->runtime = (struct kube_runtime){.loop = &f->loop, .clock = clock_system()};
    random_init(&f->runtime.random, 1);
    f->server = fake_server_new(&f->loop);
    fake_server_on_request(f->server, answer, f);
    f->config.source = mem_dup_cstr("test");
    f->config.server = mem_dup_cstr(fake_server_url(f->server));
    struct kube_client_options options = {.config = &f->config, .user_agent = "tester"};
    struct error err;
    must(kube_client_new(&f->runtime, &options, &f->client, &err));
    f->world = world_new(&(struct world_options){.clock = f->runtime.clock});
    f->has_ipam = true;
    f->schema = "\"nameservers\":{}";
    *state = f;
    return 0;
}

static void start(struct fixture *f, const char *ns, const char *watch_filter)
{
    const struct caches_options options = {
        .ns = ns, .watch_filter = watch_filter, .changed = count_change, .ctx = f};
    f->caches = caches_new(&f->runtime, f->client, f->world, &options);
    caches_start(f->caches);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    caches_stop(f->caches, set_closed, f);
    loop_until(&f->loop, f->is_closed);
    f->is_closed = false;
    kube_client_stop(f->client, set_closed, f);
    loop_until(&f->loop, f->is_closed);
    caches_free(f->caches);
    world_free(f->world);
    fake_server_free(f->server);
    must(uv_loop_close(&f->loop) == 0);
    free(f->config.source);
    free(f->config.server);
    free(f);
    return 0;
}

static const struct health_check *find_check(const struct fixture *f, const char *name)
{
    const struct health_check *checks = caches_checks(f->caches);
    for (size_t i = 0; i < WORLD_KIND_COUNT; i++) {
        if (strcmp(checks[i].name, name) == 0)
            return &checks[i];
    }
    fail_msg("no check %s", name);
    return NULL;
}

/* "ok", or why not. */
static void assert_check(const struct fixture *f, const char *name, const char *want)
{
    const struct health_check *check = find_check(f, name);
    cleanup_strbuf struct strbuf reason = {0};
    if (check->is_well(check->ctx, &reason))
        strbuf_append_cstr(&reason, "ok");
    assert_string_equal(reason.data, want);
}

static void test_fills_all_caches(void **state)
{
    struct fixture *f = *state;
    start(f, "", "");
    assert_false(caches_are_settled(f->caches));
    assert_check(f, "ippools", "the API server has not said yet what it serves");
    loop_until(&f->loop, caches_are_settled(f->caches));
    assert_true(caches_are_filled(f->caches));
    assert_true(f->changes >= WORLD_KIND_COUNT);
    assert_check(f, "ippools", "ok");
    assert_check(f, "elfmachines", "ok");
}

static void test_a_namespace_limits_all_but_the_ipam(void **state)
{
    struct fixture *f = *state;
    start(f, "tower", "blue");
    loop_until(&f->loop, caches_are_settled(f->caches));
    static const struct {
        const char *path;
        bool is_filtered;
    } watches[] = {
        {"/apis/" GROUP_CAPE "/v1beta1/namespaces/tower/elfmachines?", true},
        {"/apis/" GROUP_CAPE "/v1beta1/namespaces/tower/elfmachinetemplates?", false},
        {"/apis/" GROUP_CAPI "/v1beta1/namespaces/tower/machines?", false},
        {"/apis/" GROUP_CAPI "/v1beta1/namespaces/tower/clusters?", false},
        {"/apis/" GROUP_METAL3_IPAM "/v1alpha1/ippools?", false},
        {"/apis/" GROUP_METAL3_IPAM "/v1alpha1/ipclaims?", false},
        {"/apis/" GROUP_METAL3_IPAM "/v1alpha1/ipaddresses?", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
        const struct fake_exchange *watch = fake_server_last(f->server, "GET", watches[i].path);
        if (!watch)
            fail_msg("%s was not asked for", watches[i].path);
        bool is_filtered =
            strstr(watch->path, "labelSelector=cluster.x-k8s.io%2Fwatch-filter%3Dblue") != NULL;
        assert_int_equal(is_filtered, watches[i].is_filtered);
    }
}

static void test_a_kind_that_is_not_served_holds_nothing_up(void **state)
{
    struct fixture *f = *state;
    f->has_ipam = false;
    start(f, "", "");
    loop_until(&f->loop, caches_are_settled(f->caches));
    assert_false(caches_are_filled(f->caches));
    assert_check(f, "elfmachines", "ok");
    assert_check(f, "ippools",
                 "the API server has no such kind in ipam.metal3.io: is its CRD installed?");
    f->has_ipam = true;
    while (fake_server_count_of(f->server, "GET", "/apis/" GROUP_METAL3_IPAM "/") == 0) {
        loop_skip_ms(&f->loop, 1000);
        loop_run_ready(&f->loop);
    }
    loop_until(&f->loop, caches_are_filled(f->caches));
}

static void test_devices_with_nameservers(void **state)
{
    struct fixture *f = *state;
    start(f, "", "");
    loop_until(&f->loop, caches_are_settled(f->caches));
    assert_true(world_has_device_nameservers(f->world));
}

static void test_devices_without_nameservers(void **state)
{
    struct fixture *f = *state;
    f->schema = "\"vlan\":{}";
    start(f, "", "");
    loop_until(&f->loop, caches_are_settled(f->caches));
    assert_false(world_has_device_nameservers(f->world));
}

static void test_a_schema_that_lags_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    f->schema = NULL;
    start(f, "", "");
    loop_until(&f->loop, caches_are_settled(f->caches));
    assert_false(world_has_device_nameservers(f->world));
    f->schema = "\"nameservers\":{}";
    loop_skip_ms(&f->loop, 5001);
    loop_until(&f->loop, world_has_device_nameservers(f->world));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fills_all_caches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_namespace_limits_all_but_the_ipam, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_kind_that_is_not_served_holds_nothing_up, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_devices_with_nameservers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_devices_without_nameservers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_schema_that_lags_is_asked_for_again, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
