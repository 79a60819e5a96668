/* The bearer token and client certificate of the moment: static, re-read from a file that is
 * rotated, or asked of an exec plugin and kept until it expires. */
#pragma once
#include <stdint.h>

#include "base/error.h"
#include "kube/config.h"
#include "kube/runtime.h"

struct kube_credential {
    const char *token;    /* NULL: none */
    const char *username; /* basic authentication */
    const char *password;
    const char *cert_pem; /* from a plugin; NULL: as configured */
    const char *key_pem;
    uint64_t serial; /* grows when anything above changes; never 0 */
};

struct kube_credentials;
/* `config` and `runtime` are borrowed for its life. */
struct kube_credentials *kube_credentials_new(struct kube_runtime *runtime,
                                              const struct kube_config *config);
/* Calls back once, never before it returned: in the next turn of the loop where the credential is
 * at hand (token files are looked at again after a minute), else when the plugin has answered.
 * err NULL: fine, and *credential is valid during the call. err: ERROR_UNAVAILABLE (whatever the
 * cause: nothing was sent, and trying again later may work) or ERROR_CANCELLED. */
typedef void kube_credentials_fn(void *ctx, const struct kube_credential *credential,
                                 const struct error *err);
void kube_credentials_get(struct kube_credentials *credentials, kube_credentials_fn *fn, void *ctx);
/* The server answered 401 to the credential with this serial: the next call asks the file or the
 * plugin again. Nothing happens when a newer one is there already. */
void kube_credentials_reject(struct kube_credentials *credentials, uint64_t serial);
/* Running plugins are killed, waiting calls answered ERROR_CANCELLED before `closed` (may be NULL)
 * comes, as are calls of get in between; frees it. */
void kube_credentials_stop(struct kube_credentials *credentials, void (*closed)(void *ctx),
                           void *ctx);
