/* Any text as a kubeconfig: an error in one line or a configuration, never a crash or a leak. */
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "kube/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kube_config *config = NULL;
    struct error err = {0};
    struct str text = {(const char *)data, size};
    if (kube_config_parse(text, "/nowhere/kubeconfig", NULL, &config, &err))
        kube_config_free(config);
    else
        must(err.code != ERROR_NONE && err.text[0] != '\0' && !strchr(err.text, '\n'));
    return 0;
}
