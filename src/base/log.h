/* Structured log: a constant message and key-value pairs, as klog's text or as JSON, one line each,
 * written to a file descriptor at once.
 *
 *     log_info(log, "Address allocated", LOG_STR("machine", key), LOG_INT("device", i));
 *
 * Text:  I1123 21:30:00.000000    4711 elfmachine.c:88] "Address allocated" machine="ns/a" device=0
 * JSON:  {"ts":1763933400000.123,"caller":"elfmachine.c:88","msg":"Address allocated","v":0,...}
 * as klog v2 and component-base write them, text in local time. A line has at most 16 KiB: values
 * that are too long are cut with "...", fields that have no room are left out. A reader that stops
 * reading a non-blocking descriptor loses lines; how many is said once it reads again. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

enum log_format { LOG_TEXT, LOG_JSON };
enum log_severity { LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_options {
    struct clock clock;
    enum log_format format;
    int verbosity; /* -v: lines of a higher level are left out */
    int fd;        /* borrowed */
};

enum log_field_type { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_BOOL };
struct log_field {
    const char *key;
    enum log_field_type type;
    struct str str;
    int64_t integer; /* also the bool */
};
#define LOG_STR(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .str = (v)})
#define LOG_CSTR(k, v) LOG_STR(k, str_from(v))
#define LOG_INT(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .integer = (v)})
#define LOG_BOOL(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_BOOL, .integer = (v)})
#define LOG_ERR(e) LOG_CSTR("err", (e)->text)

struct log;
struct log *log_new(const struct log_options *options);
void log_free(struct log *log);
bool log_shows(const struct log *log, int level); /* a NULL log shows nothing */

struct log_site {
    const char *file;
    int line;
};
void log_write(struct log *log, enum log_severity severity, int level, struct log_site site,
               const char *message, const struct log_field *fields, size_t field_count);

#define LOG_AT_(log, severity, level, message, ...)                                                \
    do {                                                                                           \
        const struct log_field fields_[] = {{0}, ##__VA_ARGS__};                                   \
        if (log_shows(log, level))                                                                 \
            log_write(log, severity, level, (struct log_site){__FILE__, __LINE__}, message,        \
                      fields_ + 1, ARRAY_LEN(fields_) - 1);                                        \
    } while (0)
#define log_info(log, message, ...) LOG_AT_(log, LOG_INFO, 0, message, ##__VA_ARGS__)
#define log_debug(log, level, message, ...) LOG_AT_(log, LOG_INFO, level, message, ##__VA_ARGS__)
#define log_warning(log, message, ...) LOG_AT_(log, LOG_WARNING, 0, message, ##__VA_ARGS__)
#define log_error(log, message, ...) LOG_AT_(log, LOG_ERROR, 0, message, ##__VA_ARGS__)
