/* Base64 as kubeconfig and Secrets use it (RFC 4648, with padding; white space is skipped). */
#pragma once
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

/* *data_out is heap, NUL-terminated behind its *size_out bytes. */
must_check bool base64_decode(struct str text, char **data_out, size_t *size_out,
                              struct error *err);
void base64_encode(struct str data, struct strbuf *out); /* appended */
