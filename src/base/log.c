#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "base/utf8.h"

enum {
    LINE_MAX_BYTES = 16 << 10,
    ENDING_BYTES = 2, /* "}" and the newline */
    WAIT_MS = 100,    /* for a slow reader of a non-blocking descriptor */
};

struct log {
    struct log_options options;
    struct strbuf line;
    int thread_id;
    uint64_t lost_lines; /* since the last that was written */
    bool is_mid_line;    /* only a part of the last line got out */
};

struct log *log_new(const struct log_options *options)
{
    struct log *log = mem_alloc_zero(sizeof(*log));
    log->options = *options;
    log->thread_id = gettid();
    return log;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    strbuf_fini(&log->line);
    free(log);
}

bool log_shows(const struct log *log, int level)
{
    return log && (level <= 0 || level <= log->options.verbosity);
}

/* Characters that would move, hide or reorder what a terminal shows. */
static bool is_invisible(uint32_t rune)
{
    return rune < 0x20 || (rune >= 0x7F && rune < 0xA0) || rune == 0xAD ||
           (rune >= 0x200B && rune <= 0x200F) || (rune >= 0x2028 && rune <= 0x202E) ||
           (rune >= 0x2060 && rune <= 0x206F) || rune == 0xFEFF;
}

static void append_go_escape(struct strbuf *line, uint32_t rune)
{
    static const char names[] = {
        ['\a'] = 'a', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
        ['\t'] = 't', ['\v'] = 'v', ['"'] = '"',  ['\\'] = '\\',
    };
    if (rune < sizeof(names) && names[rune] != '\0')
        strbuf_printf(line, "\\%c", names[rune]);
    else if (rune < 0x80)
        strbuf_printf(line, "\\x%02x", (unsigned)rune);
    else
        strbuf_printf(line, "\\u%04x", (unsigned)rune);
}

/* Quoted as by Go's %q. */
static void append_go_quoted(struct strbuf *line, struct str s)
{
    strbuf_append_char(line, '"');
    while (s.len > 0) {
        uint32_t rune = 0;
        size_t len = utf8_decode(s, &rune);
        if (len == 0)
            strbuf_printf(line, "\\x%02x", (unsigned char)s.ptr[0]);
        else if (rune == '"' || rune == '\\' || is_invisible(rune))
            append_go_escape(line, rune);
        else
            strbuf_append(line, (struct str){s.ptr, len});
        s = str_skip(s, len > 0 ? len : 1);
    }
    strbuf_append_char(line, '"');
}

static void append_quoted(struct log *log, struct str s)
{
    if (log->options.format == LOG_JSON)
        strbuf_append_json(&log->line, s);
    else
        append_go_quoted(&log->line, s);
}

/* How much of `s`, which is `excess` bytes too long when quoted, surely fits into `room`. No byte
 * is shorter quoted than bare, so that leaving out `excess` bytes is enough; and none needs more
 * than the six of "\u0000", which lets more of a text survive that is mostly escaped. */
static struct str cut_to_fit(struct str s, size_t excess, size_t room)
{
    static const size_t frame = sizeof("\"...\"") - 1;
    size_t by_excess = s.len > excess ? s.len - excess : 0;
    size_t by_room = room > frame ? (room - frame) / 6 : 0;
    return utf8_cut(s, by_excess > by_room ? by_excess : by_room);
}

/* Quotes `s`, cut with "..." where the line would become too long. */
static void append_string(struct log *log, struct str s)
{
    static const size_t limit = LINE_MAX_BYTES - ENDING_BYTES;
    size_t start = log->line.len;
    s = utf8_cut(s, LINE_MAX_BYTES);
    append_quoted(log, s);
    if (log->line.len <= limit)
        return;
    size_t excess = log->line.len - limit + strlen("...");
    strbuf_truncate(&log->line, start);
    append_quoted(log, cut_to_fit(s, excess, limit > start ? limit - start : 0));
    strbuf_truncate(&log->line, log->line.len - 1);
    strbuf_append_cstr(&log->line, "...\"");
}

static void append_key(struct log *log, const char *key)
{
    if (log->options.format == LOG_JSON) {
        strbuf_append_char(&log->line, ',');
        strbuf_append_json(&log->line, str_from(key));
        strbuf_append_char(&log->line, ':');
    } else {
        strbuf_append_char(&log->line, ' ');
        strbuf_append_cstr(&log->line, key);
        strbuf_append_char(&log->line, '=');
    }
}

static void append_field(struct log *log, const struct log_field *field)
{
    size_t start = log->line.len;
    append_key(log, field->key);
    switch (field->type) {
    case LOG_FIELD_STR:
        append_string(log, field->str);
        break;
    case LOG_FIELD_INT:
        strbuf_printf(&log->line, "%" PRId64, field->integer);
        break;
    case LOG_FIELD_BOOL:
        strbuf_append_cstr(&log->line, field->integer ? "true" : "false");
        break;
    }
    if (log->line.len > LINE_MAX_BYTES - ENDING_BYTES)
        strbuf_truncate(&log->line, start);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void append_text_header(struct log *log, enum log_severity severity, struct log_site site)
{
    static const char letters[] = {[LOG_INFO] = 'I', [LOG_WARNING] = 'W', [LOG_ERROR] = 'E'};
    int64_t now_us = clock_wall_us(&log->options.clock);
    time_t seconds = now_us / 1000000;
    struct tm tm = {0};
    localtime_r(&seconds, &tm);
    strbuf_printf(&log->line, "%c%02d%02d %02d:%02d:%02d.%06d %7d %s:%d] ", letters[severity],
                  tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                  (int)(now_us % 1000000), log->thread_id, base_name(site.file), site.line);
}

static void append_json_header(struct log *log, struct log_site site)
{
    int64_t now_us = clock_wall_us(&log->options.clock);
    strbuf_printf(&log->line,
                  "{\"ts\":%" PRId64 ".%03d,\"caller\":\"%s:%d\",\"msg\":", now_us / 1000,
                  (int)(now_us % 1000), base_name(site.file), site.line);
}

/* Waits a moment for a reader that does not keep up, but only once in a row. */
static bool wait_until_writable(const struct log *log)
{
    struct pollfd pfd = {.fd = log->options.fd, .events = POLLOUT};
    return log->lost_lines == 0 && poll(&pfd, 1, WAIT_MS) > 0;
}

/* How much of `text` got out. */
static size_t write_out(const struct log *log, struct str text)
{
    struct str left = text;
    while (left.len > 0) {
        ssize_t written = write(log->options.fd, left.ptr, left.len);
        if (written > 0)
            left = str_skip(left, (size_t)written);
        else if (written < 0 && errno == EINTR)
            continue;
        else if (written == 0 || errno != EAGAIN || !wait_until_writable(log))
            break;
    }
    return text.len - left.len;
}

static void write_line(struct log *log)
{
    if (log->is_mid_line && write_out(log, STR("\n")) == 1)
        log->is_mid_line = false;
    size_t written = log->is_mid_line ? 0 : write_out(log, strbuf_str(&log->line));
    if (written == log->line.len) {
        log->lost_lines = 0;
        return;
    }
    log->is_mid_line = log->is_mid_line || written > 0;
    log->lost_lines++;
}

static void build_line(struct log *log, enum log_severity severity, int level, struct log_site site,
                       const char *message)
{
    strbuf_clear(&log->line);
    if (log->options.format == LOG_TEXT) {
        append_text_header(log, severity, site);
        append_string(log, str_from(message));
        return;
    }
    append_json_header(log, site);
    append_string(log, str_from(message));
    if (severity != LOG_ERROR) /* component-base: errors have none */
        strbuf_printf(&log->line, ",\"v\":%d", level);
}

void log_write(struct log *log, enum log_severity severity, int level, struct log_site site,
               const char *message, const struct log_field *fields, size_t field_count)
{
    build_line(log, severity, level, site, message);
    if (log->lost_lines > 0)
        append_field(log, &LOG_INT("lostLines", (int64_t)log->lost_lines));
    for (size_t i = 0; i < field_count; i++)
        append_field(log, &fields[i]);
    strbuf_append_cstr(&log->line, log->options.format == LOG_JSON ? "}\n" : "\n");
    write_line(log);
}
