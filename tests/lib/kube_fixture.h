/* What every test of something that talks to an API server stands on: a loop, a scripted server, a
 * client for it, and a log that can be read. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "kube/client.h"
#include "lib/fake_server.h"

struct kube_fixture {
    uv_loop_t loop;
    struct kube_runtime runtime;
    struct kube_config config;
    struct fake_server *server;
    struct kube_client *client;
    int log_fd; /* a file in memory */
};

void kube_fixture_init(struct kube_fixture *f);
/* First stop what uses the client. */
void kube_fixture_fini(struct kube_fixture *f);
/* Lines of the log (verbosity 4) so far with `text` in them. */
size_t kube_fixture_count_log(const struct kube_fixture *f, const char *text);
