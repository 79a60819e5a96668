/* How libcurl gets to the API server: addresses, proxy, certificates and time limits from
 * kube_config, computed once and put into every easy handle. */
#pragma once
#include <curl/curl.h>

#include "base/error.h"
#include "base/str.h"
#include "kube/config.h"
#include "kube/credentials.h"

enum { KUBE_ENDPOINT_CONNECT_TIMEOUT_MS = 10000 };

struct kube_endpoint {
    const struct kube_config *config; /* borrowed */
    char *user_agent;
    char *server;                  /* "https://host:port", for messages */
    char *tls_name;                /* that the server's certificate is to be for */
    char *base_url;                /* in front of every path; has tls_name for its host */
    char *host;                    /* for the Host header; NULL: as in the URL */
    struct curl_slist *connect_to; /* where to connect in truth; NULL: as in the URL */
    bool is_tls;
    bool is_loopback;
    bool has_proxy;   /* or may have, by the environment */
    uint64_t sockets; /* made so far, those that did not get through included */
};

/* ERROR_INVALID: the server's URL is not usable. */
must_check bool kube_endpoint_init(struct kube_endpoint *endpoint, const struct kube_config *config,
                                   const char *user_agent, struct error *err);
void kube_endpoint_fini(struct kube_endpoint *endpoint);
/* Everything that is the same for every exchange; `endpoint` stays borrowed. */
void kube_endpoint_setup(struct kube_endpoint *endpoint, CURL *easy);
/* The client certificate: the credential's, else the configured one. */
void kube_endpoint_setup_certificate(const struct kube_endpoint *endpoint, CURL *easy,
                                     const struct kube_credential *credential);
