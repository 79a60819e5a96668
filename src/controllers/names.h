/* Names that the world outside knows: users upgrade from the Go manager in place, so none of these
 * may change. Sources: Cluster API, CAPE and M3IPAM; those with "cape-ip." are our own. */
#pragma once

#define GROUP_CAPI "cluster.x-k8s.io"
#define GROUP_CAPE "infrastructure.cluster.x-k8s.io"
#define GROUP_METAL3_IPAM "ipam.metal3.io"

#define FINALIZER_CAPE "elfmachine.infrastructure.cluster.x-k8s.io"
#define FINALIZER_OURS "elfmachinestaticip.infrastructure.cluster.x-k8s.io"

/* On an ElfMachineTemplate. */
#define LABEL_POOL_NAME "cluster.x-k8s.io/ip-pool-name"
#define LABEL_POOL_NAMESPACE "cluster.x-k8s.io/ip-pool-namespace"
#define LABEL_POOL_GROUP "cluster.x-k8s.io/ip-pool-group"  /* on an IPPool as well */
#define LABEL_NETWORK_NAME "cluster.x-k8s.io/network-name" /* on an IPPool as well */

/* On an IPPool. */
#define LABEL_IS_DEFAULT "ippool.cluster.x-k8s.io/is-default"

/* On an IPClaim: whose it is. */
#define LABEL_OWNER_NAME "cluster.x-k8s.io/ip-owner-name"
#define ANNOTATION_OWNER_NAMESPACE "cape-ip.cluster.x-k8s.io/owner-namespace"
#define ANNOTATION_OWNER_NAME "cape-ip.cluster.x-k8s.io/owner-name"
#define ANNOTATION_OWNER_UID "cape-ip.cluster.x-k8s.io/owner-uid"
#define ANNOTATION_DEVICE_INDEX "cape-ip.cluster.x-k8s.io/device-index"

/* On an ElfMachine: what was last written to its devices, see device_record.h. */
#define ANNOTATION_ALLOCATED "cape-ip.cluster.x-k8s.io/allocated"

#define LABEL_CLUSTER_NAME "cluster.x-k8s.io/cluster-name"
#define LABEL_WATCH_FILTER "cluster.x-k8s.io/watch-filter"
#define ANNOTATION_PAUSED "cluster.x-k8s.io/paused"
#define ANNOTATION_CLONED_FROM "cluster.x-k8s.io/cloned-from-name"

#define NAMESPACE_DEFAULT "default"
#define NAMESPACE_CAPE "cape-system"
