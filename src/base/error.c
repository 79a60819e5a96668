#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "base/utf8.h"

enum { TEXT_MAX = sizeof(((struct error *)NULL)->text) };

/* Room to see whether something was cut; the arguments may point into the error itself. */
enum { DRAFT_MAX = 2 * TEXT_MAX };

static void set_text(struct error *err, struct str text)
{
    static const char mark[] = "...";
    struct str kept = text;
    if (text.len >= TEXT_MAX)
        kept = utf8_cut(text, TEXT_MAX - sizeof(mark));
    memcpy(err->text, kept.ptr, kept.len);
    err->text[kept.len] = '\0';
    if (kept.len < text.len)
        memcpy(err->text + kept.len, mark, sizeof(mark));
}

static format_printf(2, 0) size_t format_draft(char draft[DRAFT_MAX], const char *fmt, va_list args)
{
    int len = vsnprintf(draft, DRAFT_MAX, fmt, args);
    must(len >= 0);
    return (size_t)len < DRAFT_MAX ? (size_t)len : DRAFT_MAX - 1;
}

/* Puts ": <cause>" behind the draft, as far as there is room. */
static size_t append_cause(char draft[DRAFT_MAX], size_t len, const char *cause)
{
    int more = snprintf(draft + len, DRAFT_MAX - len, ": %s", cause);
    must(more >= 0);
    return len + (size_t)more < DRAFT_MAX ? len + (size_t)more : DRAFT_MAX - 1;
}

bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
    must(code != ERROR_NONE);
    char draft[DRAFT_MAX];
    va_list args;
    va_start(args, fmt);
    size_t len = format_draft(draft, fmt, args);
    va_end(args);
    err->code = code;
    err->detail = 0;
    set_text(err, (struct str){draft, len});
    return false;
}

static enum error_code code_from_errno(int errno_value)
{
    switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return ERROR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERROR_DENIED;
    case EEXIST:
    case EADDRINUSE:
        return ERROR_CONFLICT;
    case EBADF:
    case EFBIG:
    case EINVAL:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
        return ERROR_INVALID;
    case ECANCELED:
        return ERROR_CANCELLED;
    default:
        return ERROR_UNAVAILABLE;
    }
}

bool error_set_errno(struct error *err, int errno_value, const char *fmt, ...)
{
    char draft[DRAFT_MAX];
    char reason[128];
    va_list args;
    va_start(args, fmt);
    size_t len = format_draft(draft, fmt, args);
    va_end(args);
    len = append_cause(draft, len, strerror_r(errno_value, reason, sizeof(reason)));
    err->code = code_from_errno(errno_value);
    err->detail = errno_value;
    set_text(err, (struct str){draft, len});
    return false;
}

bool error_wrap(struct error *err, const char *fmt, ...)
{
    char draft[DRAFT_MAX];
    va_list args;
    va_start(args, fmt);
    size_t len = format_draft(draft, fmt, args);
    va_end(args);
    len = append_cause(draft, len, err->text);
    set_text(err, (struct str){draft, len});
    return false;
}

const char *error_code_name(enum error_code code)
{
    static const char *const names[] = {
        [ERROR_NONE] = "none",
        [ERROR_INVALID] = "invalid",
        [ERROR_NOT_FOUND] = "not found",
        [ERROR_CONFLICT] = "conflict",
        [ERROR_GONE] = "gone",
        [ERROR_DENIED] = "denied",
        [ERROR_UNAVAILABLE] = "unavailable",
        [ERROR_CANCELLED] = "cancelled",
    };
    must((size_t)code < ARRAY_LEN(names));
    return names[code];
}
