/* What is on its way out takes nothing new: namespaces and CustomResourceDefinitions that are being
 * deleted. */
#pragma once
#include <stdbool.h>

#include "devserver/api.h"
#include "devserver/status.h"

/* Whether an object of that resource may be created there. False: 404 (no such namespace), 403 or
 * 405 in *status. */
bool dev_terminating_allows_create(struct dev_server *server, const struct dev_resource *resource,
                                   struct str ns, struct str name, struct dev_status *status);
