/* One run of an exec credential plugin, as a process group of its own, without a terminal or
 * standard input. */
#pragma once
#include <uv.h>

#include "base/error.h"
#include "kube/config.h"
#include "kube/exec_credential.h"

struct kube_exec_plugin; /* gone when its callback has been called */
/* err NULL: it gave `credential`, valid during the call (its texts may be taken). */
typedef void kube_exec_plugin_fn(void *ctx, struct kube_exec_credential *credential,
                                 const struct error *err);
/* Runs config->exec (borrowed until the callback), for a minute at most. Calls back once, never
 * before it returned. */
struct kube_exec_plugin *kube_exec_plugin_start(uv_loop_t *loop, const struct kube_config *config,
                                                kube_exec_plugin_fn *fn, void *ctx);
/* Kills it; the callback comes with ERROR_CANCELLED, later. */
void kube_exec_plugin_stop(struct kube_exec_plugin *plugin);
