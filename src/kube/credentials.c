#include "kube/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "kube/config_check.h"
#include "kube/exec_plugin.h"
#include "kube/secret.h"

enum {
    FILE_AGE_MS = 60 * 1000,      /* after this a token file is looked at again */
    PLUGIN_PAUSE_MS = 2 * 1000,   /* from one start of the plugin to the next, at least */
    PLUGIN_MARGIN_MS = 60 * 1000, /* renewed so long before it expires... */
    PLUGIN_MARGIN_PART = 5,       /* ...or in the last fifth of what it has left at first */
};

struct waiter {
    kube_credentials_fn *fn;
    void *ctx;
    struct waiter *next;
};

struct kube_credentials {
    struct kube_runtime *runtime;
    const struct kube_config *config;
    struct waiter *waiters; /* in the order they came */
    struct waiter **tail;
    uv_timer_t timer; /* takes every answer and every look out of its caller's hands */

    char *token; /* of the file or the plugin; owned, as the PEM texts */
    char *cert_pem;
    char *key_pem;
    uint64_t serial;
    bool is_here;         /* there is something to send, be it rejected or expired */
    bool is_rejected;     /* by the server, since it was got */
    struct error failure; /* of the last look at the file or run of the plugin; NONE: it worked */
    int64_t looked_at_ms; /* monotonic: last read of the file, last start of the plugin */

    struct kube_exec_plugin *plugin; /* running; NULL: none */
    int64_t renew_at_ms;             /* wall clock */
    int64_t expires_at_ms;

    bool is_stopping;
    int open_parts; /* while stopping */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static int64_t mono_ms(const struct kube_credentials *c)
{
    return clock_mono_ms(&c->runtime->clock);
}

static int64_t wall_ms(const struct kube_credentials *c)
{
    return clock_wall_ms(&c->runtime->clock);
}

/* The server has not refused it and, as far as we know, would not. */
static bool is_fresh(const struct kube_credentials *c)
{
    return c->is_here && !c->is_rejected && (!c->config->exec || wall_ms(c) < c->expires_at_ms);
}

/* ---------------------------------------------------------------- answers */

static void answer(const struct kube_credentials *c, const struct waiter *waiter)
{
    if (c->is_stopping) {
        struct error err = {0};
        error_set(&err, ERROR_CANCELLED, "credentials: stopped");
        waiter->fn(waiter->ctx, NULL, &err);
        return;
    }
    if (c->failure.code != ERROR_NONE && !is_fresh(c)) {
        waiter->fn(waiter->ctx, NULL, &c->failure);
        return;
    }
    const struct kube_credential credential = {
        .token = c->token != NULL ? c->token : c->config->token,
        .username = c->config->username,
        .password = c->config->password,
        .cert_pem = c->cert_pem,
        .key_pem = c->key_pem,
        .serial = c->serial,
    };
    waiter->fn(waiter->ctx, &credential, NULL);
}

/* Those who come meanwhile are answered another time. Any of the callbacks may stop us. */
static void answer_all(struct kube_credentials *c)
{
    struct waiter *waiter = steal_ptr(c->waiters);
    c->tail = &c->waiters;
    while (waiter != NULL) {
        cleanup_free struct waiter *done = waiter;
        waiter = waiter->next;
        answer(c, done);
    }
}

/* Logged once, when what was fine begins to fail, and only where no caller gets to see it. */
static void fail(struct kube_credentials *c, const struct error *err)
{
    bool is_new = c->failure.code == ERROR_NONE;
    c->failure = *err;
    c->failure.code = ERROR_UNAVAILABLE; /* a missing file must not look like a missing object */
    if (is_new && is_fresh(c))
        log_warning(c->runtime->log, "Cannot renew the credential, the old one is kept",
                    LOG_ERR(&c->failure));
}

static bool replace(char **place, char **text)
{
    bool is_same = str_eq(str_from(*place), str_from(*text));
    secret_free(*place);
    *place = steal_ptr(*text);
    return !is_same;
}

static void succeed(struct kube_credentials *c, struct kube_exec_credential *got)
{
    bool is_other_token = replace(&c->token, &got->token);
    bool is_other_cert = replace(&c->cert_pem, &got->cert_pem);
    bool is_other_key = replace(&c->key_pem, &got->key_pem);
    if (is_other_token || is_other_cert || is_other_key)
        c->serial++;
    c->is_here = true;
    c->is_rejected = false;
    c->failure.code = ERROR_NONE;
}

/* ------------------------------------------------------------- token file */

static void look_at_file(struct kube_credentials *c)
{
    if (is_fresh(c) && mono_ms(c) - c->looked_at_ms < FILE_AGE_MS)
        return;
    c->looked_at_ms = mono_ms(c);
    struct kube_exec_credential got = {0};
    struct error err = {0};
    if (config_read_token(c->config->token_file, &got.token, &err)) {
        succeed(c, &got);
        return;
    }
    error_wrap(&err, "token file");
    if (c->config->token != NULL)
        c->is_here = true;
    if (c->is_here)
        c->is_rejected = false; /* the old one is all there is to try with */
    fail(c, &err);
}

/* ----------------------------------------------------------------- plugin */

static void part_closed(struct kube_credentials *c);

static void plugin_done(void *ctx, struct kube_exec_credential *credential, const struct error *err)
{
    struct kube_credentials *c = ctx;
    c->plugin = NULL;
    if (c->is_stopping) {
        part_closed(c);
        return;
    }
    if (err != NULL) {
        fail(c, err);
    } else {
        int64_t left_ms = credential->expires_ms - wall_ms(c);
        int64_t margin_ms = left_ms / PLUGIN_MARGIN_PART;
        if (margin_ms > PLUGIN_MARGIN_MS)
            margin_ms = PLUGIN_MARGIN_MS;
        c->expires_at_ms = credential->expires_ms;
        c->renew_at_ms = credential->expires_ms - margin_ms;
        succeed(c, credential);
    }
    answer_all(c);
}

static bool should_run_plugin(const struct kube_credentials *c)
{
    if (c->plugin != NULL || (is_fresh(c) && wall_ms(c) < c->renew_at_ms))
        return false;
    bool has_run = c->is_here || c->failure.code != ERROR_NONE;
    return !has_run || mono_ms(c) - c->looked_at_ms >= PLUGIN_PAUSE_MS;
}

static void look_at_plugin(struct kube_credentials *c)
{
    if (!should_run_plugin(c))
        return;
    c->looked_at_ms = mono_ms(c);
    c->plugin = kube_exec_plugin_start(c->runtime->loop, c->config, plugin_done, c);
}

/* ------------------------------------------------------------------- life */

static void on_timer(uv_timer_t *timer)
{
    struct kube_credentials *c = timer->data;
    if (c->config->exec != NULL)
        look_at_plugin(c);
    else if (c->config->token_file != NULL)
        look_at_file(c);
    if (c->plugin == NULL || is_fresh(c))
        answer_all(c);
}

struct kube_credentials *kube_credentials_new(struct kube_runtime *runtime,
                                              const struct kube_config *config)
{
    struct kube_credentials *c = mem_alloc_zero(sizeof(*c));
    c->runtime = runtime;
    c->config = config;
    c->tail = &c->waiters;
    c->serial = 1;
    uv_timer_init(runtime->loop, &c->timer);
    c->timer.data = c;
    return c;
}

void kube_credentials_get(struct kube_credentials *c, kube_credentials_fn *fn, void *ctx)
{
    struct waiter *waiter = mem_alloc_zero(sizeof(*waiter));
    waiter->fn = fn;
    waiter->ctx = ctx;
    *c->tail = waiter;
    c->tail = &waiter->next;
    if (!c->is_stopping)
        uv_timer_start(&c->timer, on_timer, 0, 0);
}

void kube_credentials_reject(struct kube_credentials *c, uint64_t serial)
{
    if (serial == c->serial)
        c->is_rejected = true;
}

static void part_closed(struct kube_credentials *c)
{
    if (--c->open_parts > 0)
        return;
    while (c->waiters != NULL)
        answer_all(c);
    if (c->closed != NULL)
        c->closed(c->closed_ctx);
    secret_free(c->token);
    secret_free(c->cert_pem);
    secret_free(c->key_pem);
    free(c);
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void kube_credentials_stop(struct kube_credentials *c, void (*closed)(void *ctx), void *ctx)
{
    must(!c->is_stopping);
    c->is_stopping = true;
    c->closed = closed;
    c->closed_ctx = ctx;
    c->open_parts = 1;
    uv_close((uv_handle_t *)&c->timer, timer_closed);
    if (c->plugin != NULL) {
        c->open_parts++;
        kube_exec_plugin_stop(c->plugin);
    }
}
