/* A watch that is read and thrown away: the load of another client's watch on the API server and
 * the network, with as little work here as there can be. */
#pragma once
#include "kube/client.h"
#include "kube/path.h"

/* All namespaces; for the rest of the program. `resource` is static. */
void drain_start(struct kube_client *client, const struct kube_resource *resource,
                 enum kube_accept accept);
