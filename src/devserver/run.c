#include "devserver/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

#include "base/attr.h"
#include "base/file.h"
#include "base/listen.h"
#include "base/must.h"
#include "devserver/api.h"
#include "devserver/kubeconfig.h"
#include "devserver/manifests.h"
#include "devserver/tls.h"

enum { PEM_MAX_BYTES = 1 << 20 };

/*   opened --api started--> --listening--> --objects loaded--> serving
 *   from anywhere --signal or failure--> API stopped, then HTTP, then the signals: the loop ends */
struct instance {
    const struct dev_arguments *arguments;
    uv_loop_t loop;
    uv_signal_t signals[2];
    struct dev_server server;
    struct dev_http *http; /* NULL: not listening */
    char *cert_pem;        /* NULL: plain HTTP */
    char *key_pem;
    bool has_api;
    bool is_stopping;
};

/* A watch needs a descriptor each: as many as we may have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void on_http_closed(void *ctx)
{
    struct instance *instance = ctx;
    for (size_t i = 0; i < ARRAY_LEN(instance->signals); i++)
        uv_close((uv_handle_t *)&instance->signals[i], NULL);
}

static void on_api_closed(void *ctx)
{
    struct instance *instance = ctx;
    instance->has_api = false;
    if (instance->http)
        dev_http_stop(steal_ptr(instance->http), on_http_closed, instance);
    else
        on_http_closed(instance);
}

static void stop(struct instance *instance)
{
    if (instance->is_stopping)
        return;
    instance->is_stopping = true;
    if (instance->has_api)
        dev_api_stop(&instance->server, on_api_closed, instance);
    else
        on_api_closed(instance);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct instance *instance = handle->data;
    log_info(instance->server.log, "Stopping", LOG_INT("signal", signum));
    stop(instance);
}

static void start_signals(struct instance *instance)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        instance->signals[i].data = instance;
        must(uv_signal_init(&instance->loop, &instance->signals[i]) == 0);
        must(uv_signal_start(&instance->signals[i], on_signal, signals[i]) == 0);
    }
}

static bool open_store(struct instance *instance, struct error *err)
{
    const struct dev_arguments *arguments = instance->arguments;
    const char *path = arguments->data[0] != '\0' ? arguments->data : NULL;
    if (!dev_store_open(path, &instance->server.store, err))
        return false;
    const struct dev_history_options history = {.max_changes = (size_t)arguments->history};
    instance->server.history = dev_history_new(&history, dev_store_version(instance->server.store));
    return true;
}

static bool start_api(struct instance *instance, struct error *err)
{
    struct dev_server *server = &instance->server;
    if (!open_store(instance, err))
        return false;
    for (size_t i = 0; i < instance->arguments->faults.count; i++) {
        if (!dev_faults_add(server->faults, str_from(instance->arguments->faults.items[i]), err))
            return error_wrap(err, "--fault");
    }
    instance->has_api = dev_api_start(server, err);
    return instance->has_api;
}

static bool load_certificate(struct instance *instance, struct error *err)
{
    const struct dev_arguments *arguments = instance->arguments;
    size_t size_bytes = 0;
    if (!arguments->is_tls)
        return true;
    if (arguments->tls_cert[0] != '\0')
        return file_read(arguments->tls_cert, PEM_MAX_BYTES, &instance->cert_pem, &size_bytes,
                         err) &&
               file_read(arguments->tls_key, PEM_MAX_BYTES, &instance->key_pem, &size_bytes, err);
    struct str host = listen_host(str_from(arguments->listen));
    if (str_starts_with(host, STR("[")) && str_ends_with(host, STR("]")))
        host = (struct str){host.ptr + 1, host.len - 2};
    return dev_tls_make_certificate(host, &instance->cert_pem, &instance->key_pem, err);
}

static bool start_http(struct instance *instance, struct error *err)
{
    if (!load_certificate(instance, err))
        return false;
    const struct dev_http_options options = {
        .listen = instance->arguments->listen,
        .allow_any_address = instance->arguments->is_any_address_allowed,
        .cert_pem = instance->cert_pem,
        .key_pem = instance->key_pem,
    };
    return dev_http_new(&instance->loop, &options, dev_api_serve, &instance->server,
                        &instance->http, err);
}

static bool load_objects(struct instance *instance, struct error *err)
{
    return dev_manifests_load(&instance->server, &instance->arguments->crds, err) &&
           dev_manifests_load(&instance->server, &instance->arguments->apply, err);
}

/* The line that whoever waits for the server reads. */
static bool announce(struct instance *instance, struct error *err)
{
    const struct dev_arguments *arguments = instance->arguments;
    cleanup_strbuf struct strbuf url = {0};
    cleanup_strbuf struct strbuf text = {0};
    dev_kubeconfig_append_url(str_from(arguments->listen), dev_http_port(instance->http),
                              arguments->is_tls, &url);
    const struct dev_kubeconfig config = {.url = strbuf_str(&url),
                                          .ca_pem = str_from(instance->cert_pem),
                                          .token = str_from(arguments->token)};
    dev_kubeconfig_append(&config, &text);
    if (arguments->kubeconfig_out[0] == '\0') {
        printf("Ready: %s\n", url.data);
    } else if (file_replace(arguments->kubeconfig_out, 0600, strbuf_str(&text), err)) {
        printf("Ready: %s, try: kubectl --kubeconfig %s api-resources\n", url.data,
               arguments->kubeconfig_out);
    } else {
        return error_wrap(err, "--kubeconfig-out");
    }
    (void)fflush(stdout);
    return true;
}

static bool start(struct instance *instance, struct error *err)
{
    if (!start_api(instance, err) || !start_http(instance, err) || !load_objects(instance, err))
        return false;
    instance->server.is_ready = true;
    return announce(instance, err);
}

static void instance_fini(struct instance *instance)
{
    must(uv_loop_close(&instance->loop) == 0);
    dev_faults_free(instance->server.faults);
    dev_registry_free(instance->server.registry);
    if (instance->server.history)
        dev_history_free(instance->server.history);
    if (instance->server.store)
        dev_store_close(instance->server.store);
    free(instance->cert_pem);
    free(instance->key_pem);
}

int dev_run(const struct dev_arguments *arguments, struct log *log)
{
    struct error err = {0};
    struct instance instance = {.arguments = arguments};
    must(uv_loop_init(&instance.loop) == 0);
    raise_descriptor_limit();
    start_signals(&instance);
    instance.server = (struct dev_server){
        .loop = &instance.loop,
        .log = log,
        .clock = clock_system(),
        .registry = dev_registry_new(),
        .faults = dev_faults_new(),
        .token = arguments->token[0] != '\0' ? arguments->token : NULL,
    };
    random_init(&instance.server.random, random_seed_from_system());
    log_info(log, "This API server is for trying, developing and testing; production runs on "
                  "Kubernetes itself");
    bool is_started = start(&instance, &err);
    if (!is_started) {
        log_error(log, "Cannot start", LOG_ERR(&err));
        stop(&instance);
    }
    must(uv_run(&instance.loop, UV_RUN_DEFAULT) == 0);
    instance_fini(&instance);
    return is_started ? 0 : 1;
}
