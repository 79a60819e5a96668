#include "lib/kube_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/must.h"
#include "lib/loop.h"

void kube_fixture_init(struct kube_fixture *f)
{
    struct error err;
    *f = (struct kube_fixture){0};
    must(uv_loop_init(&f->loop) == 0);
    f->log_fd = memfd_create("log", MFD_CLOEXEC);
    must(f->log_fd >= 0);
    const struct log_options log_options = {
        .clock = clock_system(), .verbosity = 4, .fd = f->log_fd};
    f->runtime.loop = &f->loop;
    f->runtime.clock = clock_system();
    f->runtime.log = log_new(&log_options);
    random_init(&f->runtime.random, 1);
    f->server = fake_server_new(&f->loop);
    f->config.source = mem_dup_cstr("test");
    f->config.server = mem_dup_cstr(fake_server_url(f->server));
    const struct kube_client_options options = {.config = &f->config, .user_agent = "tester"};
    must(kube_client_new(&f->runtime, &options, &f->client, &err));
}

static void closed(void *ctx)
{
    *(bool *)ctx = true;
}

void kube_fixture_fini(struct kube_fixture *f)
{
    bool is_closed = false;
    kube_client_stop(f->client, closed, &is_closed);
    loop_until(&f->loop, is_closed);
    fake_server_free(f->server);
    must(uv_loop_close(&f->loop) == 0);
    log_free(f->runtime.log);
    close(f->log_fd);
    free(f->config.source);
    free(f->config.server);
}

size_t kube_fixture_count_log(const struct kube_fixture *f, const char *text)
{
    char all[1 << 16];
    ssize_t size = pread(f->log_fd, all, sizeof(all) - 1, 0);
    must(size >= 0 && (size_t)size < sizeof(all) - 1);
    all[size] = '\0';
    size_t count = 0;
    char *rest = all;
    const char *line;
    while ((line = strsep(&rest, "\n")) != NULL)
        count += strstr(line, text) != NULL;
    return count;
}
