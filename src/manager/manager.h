/* The program: wires the runtime, the caches and the controller together, and ends them in order.
 */
#pragma once
#include "manager/options.h"

/* Runs until it is told to stop (SIGTERM, SIGINT) or must; returns the exit code: 0 after an
 * orderly end, 1 when it could not start or has lost the Lease. */
int manager_run(const struct options *options, struct log *log);
