/* Sockets to listen on, by the address notation of Kubernetes' flags. */
#pragma once
#include "base/error.h"

/* "HOST:PORT": see http_server_new. The descriptor is non-blocking and listens. */
must_check bool listen_on(const char *address, int *fd_out, struct error *err);
int listen_port(int fd);
