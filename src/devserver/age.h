/* How kubectl prints how long ago something was. */
#pragma once
#include <stdint.h>

#include "base/strbuf.h"

/* "5s", "2m11s", "14m", "3h5m", "47h", "3d", "2y10d". */
void dev_age_append(int64_t age_ms, struct strbuf *out);
/* Of an RFC 3339 time: "<unknown>" when empty, "<invalid>" when it is none. */
void dev_age_append_since(struct str time, int64_t now_ms, struct strbuf *out);
