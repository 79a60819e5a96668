/* What time it is, as something that tests can set, and the notations of time that Kubernetes uses.
 */
#pragma once
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct clock {
    int64_t (*mono_ms)(void *ctx); /* milliseconds, never goes back, any origin */
    int64_t (*wall_us)(void *ctx); /* microseconds since 1970-01-01 UTC */
    void *ctx;
};

struct clock clock_system(void);
int64_t clock_mono_ms(const struct clock *clock);
int64_t clock_wall_ms(const struct clock *clock);
int64_t clock_wall_us(const struct clock *clock);

/* RFC 3339 as metav1.Time ("2026-01-02T15:04:05Z") and metav1.MicroTime ("...05.000000Z"). */
enum { RFC3339_MAX = 32 };
struct str rfc3339_format_s(int64_t wall_ms, char buf[RFC3339_MAX]);
struct str rfc3339_format_us(int64_t wall_us, char buf[RFC3339_MAX]);
/* Any offset and fraction that RFC 3339 allows; false: not such a time. */
must_check bool rfc3339_parse_us(struct str s, int64_t *wall_us_out);

/* Durations as Go writes and reads them: "1m30s", "1.5h", "300ms", "-2s", "0". */
must_check bool duration_parse_ms(struct str s, int64_t *ms_out); /* false: malformed or too long */
enum { DURATION_MAX = 40 };
struct str duration_format_ms(int64_t ms, char buf[DURATION_MAX]); /* "1m30s", "2.5s", "0s" */
