/* The embedded server as a process: from its arguments to its end. */
#pragma once
#include "base/log.h"
#include "devserver/arguments.h"

/* Serves until SIGINT or SIGTERM. The process' exit code. */
int dev_run(const struct dev_arguments *arguments, struct log *log);
