/* Who we are, for people and for the API server's audit log. */
#pragma once
#include "base/str.h"
#include "base/strbuf.h"

const char *version_text(void); /* "v1.2.3" */
/* "VERSION (OS/ARCH)", with Go's names of machines: "v1.2.3 (linux/amd64)". */
void version_append(struct strbuf *out);
