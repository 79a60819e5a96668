#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "base/version.h"
#include "devserver/arguments.h"
#include "devserver/run.h"

enum { EXIT_USAGE = 2 }; /* as the manager's */

static int print(struct strbuf *text)
{
    bool is_written = fputs(text->data, stdout) >= 0 && fflush(stdout) == 0;
    strbuf_fini(text);
    return is_written ? 0 : 1;
}

static int print_version(void)
{
    struct strbuf text = {0};
    strbuf_append_cstr(&text, "cape-ip-devserver ");
    version_append(&text);
    strbuf_append_char(&text, '\n');
    return print(&text);
}

static int print_help(void)
{
    struct strbuf text = {0};
    dev_arguments_append_help(&text);
    return print(&text);
}

static int run(const struct dev_arguments *arguments)
{
    const struct log_options options = {
        .clock = clock_system(),
        .format = (enum log_format)arguments->logging_format,
        .verbosity = (int)arguments->verbosity,
        .fd = STDERR_FILENO,
    };
    struct log *log = log_new(&options);
    int exit_code = dev_run(arguments, log);
    log_free(log);
    return exit_code;
}

int main(int argc, char **argv)
{
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    struct dev_arguments arguments;
    struct error err = {0};
    if (!dev_arguments_parse((const char *const *)argv + (argc > 0), &arguments, &err)) {
        fprintf(stderr, "cape-ip-devserver: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (arguments.seen.wants_help)
        return print_help();
    if (arguments.wants_version)
        return print_version();
    return run(&arguments);
}
