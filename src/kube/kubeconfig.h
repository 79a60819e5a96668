/* kubeconfig files: the first of several that has a context, cluster or user of a name, or a
 * current-context, counts; relative paths start at the file that names them. */
#pragma once
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "kube/config.h"

struct kubeconfig;
struct kubeconfig *kubeconfig_new(void);
void kubeconfig_free(struct kubeconfig *kubeconfig);
/* ERROR_NOT_FOUND: no such file. */
must_check bool kubeconfig_add_file(struct kubeconfig *kubeconfig, const char *path,
                                    struct error *err);
must_check bool kubeconfig_add_text(struct kubeconfig *kubeconfig, struct str text,
                                    const char *path, struct error *err);
size_t kubeconfig_file_count(const struct kubeconfig *kubeconfig);
/* What a context (NULL or empty: the current one) says. */
must_check bool kubeconfig_resolve(const struct kubeconfig *kubeconfig, const char *context,
                                   struct kube_config **out, struct error *err);

static inline void kubeconfig_cleanup(struct kubeconfig **kubeconfig)
{
    kubeconfig_free(*kubeconfig);
}
#define cleanup_kubeconfig cleanup_with(kubeconfig_cleanup)
