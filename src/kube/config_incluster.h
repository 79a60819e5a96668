/* The configuration of a pod: its service account and the variables that every container gets. */
#pragma once
#include "base/attr.h"
#include "base/error.h"
#include "kube/config.h"

bool config_incluster_is_announced(void); /* the variables are set */
/* `dir` NULL: where Kubernetes mounts it. ERROR_NOT_FOUND: there is no token. */
must_check bool config_incluster_load(const char *dir, struct kube_config **out, struct error *err);
