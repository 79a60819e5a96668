/* Get and list. Both answer; false: refused with call->status. */
#pragma once
#include "devserver/call.h"
#include "devserver/options.h"

bool dev_read_get(struct dev_call *call);
bool dev_read_list(struct dev_call *call, const struct dev_list_options *options);
/* The 504 for a resourceVersion that has not come yet (kube-apiserver waits three seconds for it).
 * Returns false. */
bool dev_read_refuse_future(struct dev_status *status, uint64_t version, uint64_t now);
