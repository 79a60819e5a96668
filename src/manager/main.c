#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "base/version.h"
#include "manager/manager.h"
#include "manager/memory.h"
#include "manager/options.h"

enum { EXIT_USAGE = 2 }; /* pflag's */

static int print(struct strbuf *text)
{
    bool is_written = fputs(text->data, stdout) >= 0 && fflush(stdout) == 0;
    strbuf_fini(text);
    return is_written ? 0 : 1;
}

static int print_version(void)
{
    struct strbuf text = {0};
    strbuf_append_cstr(&text, "cape-ip-manager ");
    version_append(&text);
    strbuf_append_char(&text, '\n');
    return print(&text);
}

static int print_help(void)
{
    struct strbuf text = {0};
    options_append_help(&text);
    return print(&text);
}

static int run(const struct options *options)
{
    const struct log_options log_options = {
        .clock = clock_system(),
        .format = (enum log_format)options->logging_format,
        .verbosity = (int)options->verbosity,
        .fd = STDERR_FILENO,
    };
    struct log *log = log_new(&log_options);
    int exit_code = manager_run(options, log);
    log_free(log);
    return exit_code;
}

int main(int argc, char **argv)
{
    memory_prepare();
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    struct options options;
    struct error err = {0};
    if (!options_parse((const char *const *)argv + (argc > 0), &options, &err)) {
        fprintf(stderr, "cape-ip-manager: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (options.seen.wants_help)
        return print_help();
    if (options.wants_version)
        return print_version();
    return run(&options);
}
