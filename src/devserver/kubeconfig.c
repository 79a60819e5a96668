#include "devserver/kubeconfig.h"

#include "base/attr.h"
#include "base/base64.h"
#include "base/listen.h"

void dev_kubeconfig_append(const struct dev_kubeconfig *config, struct strbuf *out)
{
    strbuf_append_cstr(out, "apiVersion: v1\n"
                            "kind: Config\n"
                            "clusters:\n"
                            "- name: cape-ip-devserver\n"
                            "  cluster:\n"
                            "    server: ");
    strbuf_append_json(out, config->url);
    if (config->ca_pem.len > 0) {
        strbuf_append_cstr(out, "\n    certificate-authority-data: ");
        base64_encode(config->ca_pem, out);
    }
    strbuf_append_cstr(out, "\nusers:\n"
                            "- name: cape-ip-devserver\n"
                            "  user:");
    if (config->token.len > 0) {
        strbuf_append_cstr(out, "\n    token: ");
        strbuf_append_json(out, config->token);
    } else {
        strbuf_append_cstr(out, " {}");
    }
    strbuf_append_cstr(out, "\ncontexts:\n"
                            "- name: cape-ip-devserver\n"
                            "  context:\n"
                            "    cluster: cape-ip-devserver\n"
                            "    user: cape-ip-devserver\n"
                            "    namespace: default\n"
                            "current-context: cape-ip-devserver\n");
}

void dev_kubeconfig_append_url(struct str listen, int port, bool is_tls, struct strbuf *out)
{
    static const struct str all[] = {STR(""), STR("0.0.0.0"), STR("[::]")};
    struct str host = listen_host(listen);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (str_eq(host, all[i]))
            host = STR("127.0.0.1");
    }
    strbuf_printf(out, "%s://" STR_FMT ":%d", is_tls ? "https" : "http", STR_ARG(host), port);
}
