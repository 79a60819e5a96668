/* Whether the pieces of a configuration are what they should be. The errors say what is wrong with
 * the piece; the caller says which one it is. None of them shows a secret. */
#pragma once
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

/* http or https with a host, and a path perhaps; *out (heap) is without query, fragment and
 * trailing slash. */
must_check bool config_check_server(const char *url, char **out, struct error *err);
must_check bool config_check_proxy(const char *url, struct error *err); /* http, https, socks5 */
must_check bool config_check_namespace(struct str name, struct error *err);
/* Characters that may stand in an HTTP header; 64 KiB at most. */
must_check bool config_check_token(struct str token, struct error *err);

/* The token in a file, trimmed and checked (heap); the error names the path. */
must_check bool config_read_token(const char *path, char **out, struct error *err);

enum config_pem { CONFIG_PEM_CERTIFICATE, CONFIG_PEM_KEY };
/* PEM of that kind, as far as its armour shows; a key without a passphrase, which nobody is there
 * to type. */
must_check bool config_check_pem(struct str text, enum config_pem kind, struct error *err);
must_check bool config_check_pem_file(const char *path, enum config_pem kind, struct error *err);

/* Replaces line ends and control characters in the text, which can come from names in files and the
 * output of programs. */
void config_error_to_one_line(struct error *err);
