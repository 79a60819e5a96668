/* TLS by OpenSSL, apart from any socket: bytes in, bytes out. */
#pragma once
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

/* A key and a certificate for the host that signs itself, for ten years; clients trust it by being
 * given it. 127.0.0.1, ::1 and localhost are in it as well. Both heap. */
must_check bool dev_tls_make_certificate(struct str host, char **cert_pem, char **key_pem,
                                         struct error *err);

struct dev_tls_context;
must_check bool dev_tls_context_new(const char *cert_pem, const char *key_pem,
                                    struct dev_tls_context **out, struct error *err);
void dev_tls_context_free(struct dev_tls_context *context);

/* The server's end of one connection. */
struct dev_tls;
struct dev_tls *dev_tls_new(struct dev_tls_context *context);
void dev_tls_free(struct dev_tls *tls);
/* Takes what came from the network; appends what it says to `plain` and what has to be sent because
 * of it to `wire`. False: the connection is over, in order or not; `plain` and `wire` may have got
 * something before. */
bool dev_tls_receive(struct dev_tls *tls, struct str received, struct strbuf *plain,
                     struct strbuf *wire);
/* Appends to `wire` what carries `plain`. False: the connection is over. */
bool dev_tls_send(struct dev_tls *tls, struct str plain, struct strbuf *wire);
