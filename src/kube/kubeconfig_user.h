/* The user entry of a kubeconfig: how to be let in. */
#pragma once
#include "base/attr.h"
#include "base/error.h"
#include "kube/config.h"
#include "kube/kubeconfig_section.h"

must_check bool kubeconfig_read_user(const struct kubeconfig_section *user,
                                     struct kube_config *config, struct error *err);
