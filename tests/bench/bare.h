/* What the API server itself takes, without a manager: the writes alone. */
#pragma once
#include "bench/bench.h"

/* bare: the writes that each machine costs (five when it comes, three when it goes), by one client
 * with the manager's rule for requests in flight, while the watches that the manager, the claim
 * server and the observer have are open as well. */
void bare_run(struct bench *bench);
/* bare-16: the same with 16 in flight all the time, in case that the rule does not find what this
 * server takes best. */
void bare_16_run(struct bench *bench);
/* creates: objects created per second one at a time, with 16 in flight, with 64. */
void creates_run(struct bench *bench);
