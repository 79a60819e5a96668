/* Sockets to listen on, by the address notation of Kubernetes' flags. */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* "HOST:PORT", with HOST empty (all addresses, IPv6 and IPv4), an IPv4 address, an IPv6 address in
 * brackets or "localhost". The descriptor is non-blocking and listens. ERROR_INVALID: not so;
 * ERROR_CONFLICT: in use. */
must_check bool listen_on(const char *address, int *fd_out, struct error *err);
struct str listen_host(struct str address); /* HOST of "HOST:PORT", with its brackets */
int listen_port(int fd);
bool listen_is_loopback(int fd); /* nobody but this machine can connect */
