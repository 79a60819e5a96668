#include "kube/exec_plugin.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "kube/config_check.h"
#include "kube/secret.h"

enum {
    TIMEOUT_MS = 60 * 1000,
    GRACE_MS = 1000, /* for output after the exit: a descendant may keep the pipes open */
    MAX_OUT_BYTES = 1024 * 1024,
    MAX_ERR_BYTES = 1024,
    CHUNK_BYTES = 16 * 1024,
    SHOWN_LINE_LEN = 120,
};

struct kube_exec_plugin {
    uv_timer_t timer;
    uv_pipe_t out_pipe;
    uv_pipe_t err_pipe;
    uv_process_t process;
    int open_handles;
    int open_pipes;  /* still being read */
    bool is_running; /* started, and its exit was not seen yet */
    bool is_ending;  /* handles are being closed */

    const struct kube_config *config; /* borrowed */
    kube_exec_plugin_fn *fn;
    void *ctx;

    char *out; /* standard output, with room for all it may be, so that it never moves */
    size_t out_len;
    char err_text[MAX_ERR_BYTES]; /* the start of standard error */
    size_t err_len;
    char chunk[CHUNK_BYTES]; /* what is being read */
    int64_t exit_status;
    int exit_signal;
    struct error err; /* code ERROR_NONE: nothing went wrong so far */
};

static void plugin_free(struct kube_exec_plugin *plugin)
{
    secret_free_bytes(plugin->out, plugin->out_len);
    secret_free_bytes((char *)plugin, sizeof(*plugin));
}

/* ----------------------------------------------------------------- result */

/* What it said first on standard error. */
static struct str complaint(const struct kube_exec_plugin *plugin)
{
    struct str rest = {plugin->err_text, plugin->err_len};
    struct str line = {0};
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (!str_is_empty(line))
            break;
    }
    return utf8_cut(line, SHOWN_LINE_LEN);
}

static bool check_exit(const struct kube_exec_plugin *plugin, struct error *err)
{
    if (plugin->exit_signal == 0 && plugin->exit_status == 0)
        return true;
    struct str said = complaint(plugin);
    const char *colon = str_is_empty(said) ? "" : ": ";
    if (plugin->exit_signal != 0)
        return error_set(err, ERROR_UNAVAILABLE, "ended by signal %d%s" STR_FMT,
                         plugin->exit_signal, colon, STR_ARG(said));
    return error_set(err, ERROR_UNAVAILABLE, "exit code %d%s" STR_FMT, (int)plugin->exit_status,
                     colon, STR_ARG(said));
}

static bool take_result(struct kube_exec_plugin *plugin, struct kube_exec_credential *credential,
                        struct error *err)
{
    if (plugin->err.code != ERROR_NONE) {
        *err = plugin->err;
        return false;
    }
    if (!check_exit(plugin, err))
        return false;
    return kube_exec_credential_parse(plugin->out, plugin->out_len,
                                      plugin->config->exec->api_version, credential, err) ||
           error_wrap(err, "its output");
}

static void report(struct kube_exec_plugin *plugin)
{
    cleanup_with(kube_exec_credential_fini) struct kube_exec_credential credential = {0};
    struct error err = {0};
    kube_exec_plugin_fn *fn = plugin->fn;
    void *ctx = plugin->ctx;
    bool is_fine = take_result(plugin, &credential, &err);
    if (!is_fine) {
        error_wrap(&err, "exec plugin \"%.80s\"", plugin->config->exec->command);
        config_error_to_one_line(&err);
    }
    plugin_free(plugin);
    fn(ctx, is_fine ? &credential : NULL, is_fine ? NULL : &err);
}

/* -------------------------------------------------------------------- end */

static void on_closed(uv_handle_t *handle)
{
    struct kube_exec_plugin *plugin = handle->data;
    if (--plugin->open_handles == 0)
        report(plugin);
}

static void close_process(struct kube_exec_plugin *plugin)
{
    uv_close((uv_handle_t *)&plugin->process, on_closed);
}

/* Kills what still runs. Its handle stays until the exit was seen: nobody else would reap it. */
static void end(struct kube_exec_plugin *plugin)
{
    if (plugin->is_ending)
        return;
    plugin->is_ending = true;
    uv_close((uv_handle_t *)&plugin->timer, on_closed);
    uv_close((uv_handle_t *)&plugin->out_pipe, on_closed);
    uv_close((uv_handle_t *)&plugin->err_pipe, on_closed);
    if (plugin->is_running)
        uv_kill(-plugin->process.pid, SIGKILL);
    else if (plugin->open_handles > 3) /* it got as far as uv_spawn */
        close_process(plugin);
}

static void on_timer(uv_timer_t *timer)
{
    struct kube_exec_plugin *plugin = timer->data;
    if (plugin->is_running)
        error_set(&plugin->err, ERROR_UNAVAILABLE, "killed: no answer within %d s",
                  TIMEOUT_MS / 1000);
    end(plugin);
}

static void on_exit_seen(uv_process_t *process, int64_t exit_status, int term_signal)
{
    struct kube_exec_plugin *plugin = process->data;
    plugin->is_running = false;
    plugin->exit_status = exit_status;
    plugin->exit_signal = term_signal;
    if (plugin->is_ending)
        close_process(plugin);
    else if (plugin->open_pipes == 0)
        end(plugin);
    else
        uv_timer_start(&plugin->timer, on_timer, GRACE_MS, 0);
}

/* ----------------------------------------------------------------- output */

static void on_alloc(uv_handle_t *handle, size_t suggested_bytes, uv_buf_t *buf)
{
    (void)suggested_bytes;
    struct kube_exec_plugin *plugin = handle->data;
    *buf = uv_buf_init(plugin->chunk, sizeof(plugin->chunk));
}

static void on_pipe_end(struct kube_exec_plugin *plugin, uv_stream_t *pipe)
{
    uv_read_stop(pipe);
    if (--plugin->open_pipes == 0 && !plugin->is_running)
        end(plugin);
}

static void on_out(uv_stream_t *pipe, ssize_t len, const uv_buf_t *buf)
{
    struct kube_exec_plugin *plugin = pipe->data;
    if (len < 0) {
        on_pipe_end(plugin, pipe);
        return;
    }
    if ((size_t)len > MAX_OUT_BYTES - plugin->out_len) {
        error_set(&plugin->err, ERROR_INVALID, "killed: more than %d bytes of output",
                  MAX_OUT_BYTES);
        end(plugin);
        return;
    }
    memcpy(plugin->out + plugin->out_len, buf->base, (size_t)len);
    plugin->out_len += (size_t)len;
}

static void on_err(uv_stream_t *pipe, ssize_t len, const uv_buf_t *buf)
{
    struct kube_exec_plugin *plugin = pipe->data;
    if (len < 0) {
        on_pipe_end(plugin, pipe);
        return;
    }
    size_t room = sizeof(plugin->err_text) - plugin->err_len;
    size_t taken = (size_t)len < room ? (size_t)len : room;
    memcpy(plugin->err_text + plugin->err_len, buf->base, taken);
    plugin->err_len += taken;
}

/* ------------------------------------------------------------------ start */

static bool is_same_variable(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");
    return strncmp(a, b, len) == 0 && b[len] == '=';
}

/* Our own variables, those of the kubeconfig and `info`, each name once: the last counts. The
 * texts are borrowed. */
static char **build_env(char **configured, char *info)
{
    size_t own_count = 0;
    size_t configured_count = 0;
    while (environ[own_count] != NULL)
        own_count++;
    while (configured[configured_count] != NULL)
        configured_count++;
    size_t count = own_count + configured_count + 1;
    cleanup_free char **all = mem_grow_array(NULL, count, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        all[i] = i < own_count ? environ[i] : configured[i - own_count];
    all[count - 1] = info;
    char **env = mem_grow_array(NULL, count + 1, sizeof(char *));
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t later = i + 1;
        while (later < count && !is_same_variable(all[later], all[i]))
            later++;
        if (later == count)
            env[kept++] = all[i];
    }
    env[kept] = NULL;
    return env;
}

static char **build_args(const struct kube_exec_config *exec)
{
    size_t count = 0;
    while (exec->args[count] != NULL)
        count++;
    char **args = mem_grow_array(NULL, count + 2, sizeof(char *));
    args[0] = exec->command;
    memcpy(args + 1, exec->args, (count + 1) * sizeof(char *));
    return args;
}

static bool spawn_error(const struct kube_exec_config *exec, int code, struct error *err)
{
    if (code != UV_ENOENT && code != UV_EACCES)
        return error_set(err, ERROR_UNAVAILABLE, "cannot be started: %s", uv_strerror(code));
    struct str advice = utf8_cut(str_trim(str_from(exec->install_hint)), SHOWN_LINE_LEN);
    if (str_is_empty(advice))
        advice = STR("install it, or correct exec.command in the kubeconfig");
    return error_set(err, ERROR_UNAVAILABLE, "cannot be started (%s): " STR_FMT, uv_strerror(code),
                     STR_ARG(advice));
}

static bool spawn(struct kube_exec_plugin *plugin, uv_loop_t *loop, struct error *err)
{
    const struct kube_exec_config *exec = plugin->config->exec;
    cleanup_free char *request = NULL;
    if (!kube_exec_credential_request(plugin->config, &request, err))
        return false;
    cleanup_strbuf struct strbuf info = {0};
    strbuf_printf(&info, "KUBERNETES_EXEC_INFO=%s", request);
    cleanup_free char **env = build_env(exec->env, info.data);
    cleanup_free char **args = build_args(exec);
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&plugin->out_pipe},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&plugin->err_pipe},
    };
    const uv_process_options_t options = {
        .exit_cb = on_exit_seen,
        .file = exec->command,
        .args = args,
        .env = env,
        .flags = UV_PROCESS_DETACHED, /* leads a group, so that killing it kills its children */
        .stdio_count = ARRAY_LEN(stdio),
        .stdio = stdio,
    };
    plugin->open_handles++; /* uv_spawn makes a handle even when it fails */
    int code = uv_spawn(loop, &plugin->process, &options);
    plugin->process.data = plugin;
    if (code != 0)
        return spawn_error(exec, code, err);
    plugin->is_running = true;
    return true;
}

static void start_reading(struct kube_exec_plugin *plugin)
{
    int code = uv_read_start((uv_stream_t *)&plugin->out_pipe, on_alloc, on_out);
    must(code == 0);
    code = uv_read_start((uv_stream_t *)&plugin->err_pipe, on_alloc, on_err);
    must(code == 0);
    plugin->open_pipes = 2;
    uv_timer_start(&plugin->timer, on_timer, TIMEOUT_MS, 0);
}

struct kube_exec_plugin *kube_exec_plugin_start(uv_loop_t *loop, const struct kube_config *config,
                                                kube_exec_plugin_fn *fn, void *ctx)
{
    struct kube_exec_plugin *plugin = mem_alloc_zero(sizeof(*plugin));
    plugin->config = config;
    plugin->fn = fn;
    plugin->ctx = ctx;
    plugin->out = mem_alloc(MAX_OUT_BYTES + KUBE_EXEC_PADDING);
    uv_timer_init(loop, &plugin->timer);
    uv_pipe_init(loop, &plugin->out_pipe, 0);
    uv_pipe_init(loop, &plugin->err_pipe, 0);
    plugin->open_handles = 3;
    plugin->timer.data = plugin->out_pipe.data = plugin->err_pipe.data = plugin;
    if (spawn(plugin, loop, &plugin->err))
        start_reading(plugin);
    else
        end(plugin);
    return plugin;
}

void kube_exec_plugin_stop(struct kube_exec_plugin *plugin)
{
    error_set(&plugin->err, ERROR_CANCELLED, "stopped");
    end(plugin);
}
