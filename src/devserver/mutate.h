/* The verbs that write. Each answers; false: refused with call->status. */
#pragma once
#include "devserver/call.h"

bool dev_mutate_create(struct dev_call *call);
bool dev_mutate_update(struct dev_call *call);
bool dev_mutate_patch(struct dev_call *call);
bool dev_mutate_delete(struct dev_call *call);
bool dev_mutate_delete_collection(struct dev_call *call);
