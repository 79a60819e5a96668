/* The kubeconfig that leads to the embedded server. */
#pragma once
#include "base/str.h"
#include "base/strbuf.h"

struct dev_kubeconfig {
    struct str url;
    struct str ca_pem; /* empty: none, for plain HTTP */
    struct str token;  /* empty: none */
};
void dev_kubeconfig_append(const struct dev_kubeconfig *config, struct strbuf *out);

/* "http://127.0.0.1:8001" for --listen's HOST:PORT and the port that it became. Where all
 * addresses are served, the loopback one is told. */
void dev_kubeconfig_append_url(struct str listen, int port, bool is_tls, struct strbuf *out);
