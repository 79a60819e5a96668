#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/strbuf.h"

enum { READ_BYTES = 16 << 10 };

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static ssize_t read_some(int fd, char *data, size_t size_bytes)
{
    ssize_t got;
    do
        got = read(fd, data, size_bytes);
    while (got < 0 && errno == EINTR);
    return got;
}

/* How much to ask for at first: the size of a regular file and one more, which shows that it ends.
 * Files in /proc have size 0 and yet something in them. */
static size_t first_read_bytes(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return READ_BYTES;
    return (size_t)st.st_size + 1;
}

/* Reads until the end, or until one byte more than max_bytes has come. */
static bool read_up_to(int fd, const char *path, size_t max_bytes, struct strbuf *data,
                       struct error *err)
{
    size_t limit = max_bytes < SIZE_MAX ? max_bytes + 1 : max_bytes;
    size_t want = first_read_bytes(fd);
    while (data->len < limit) {
        if (want > limit - data->len)
            want = limit - data->len;
        strbuf_reserve(data, want);
        ssize_t got = read_some(fd, data->data + data->len, want);
        if (got < 0)
            return error_set_errno(err, errno, "%s", path);
        if (got == 0)
            return true;
        data->len += (size_t)got;
        want = READ_BYTES;
    }
    return true;
}

bool file_read(const char *path, size_t max_bytes, char **data_out, size_t *size_out,
               struct error *err)
{
    cleanup_strbuf struct strbuf data = {0};
    cleanup_with(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "%s", path);
    if (!read_up_to(fd, path, max_bytes, &data, err))
        return false;
    if (data.len > max_bytes)
        return error_set(err, ERROR_INVALID, "%s: larger than %zu bytes", path, max_bytes);
    strbuf_truncate(&data, data.len); /* the NUL: read() wrote behind strbuf's back */
    *size_out = data.len;
    *data_out = strbuf_take(&data);
    return true;
}

static bool write_all(int fd, struct str data)
{
    while (data.len > 0) {
        ssize_t written = write(fd, data.ptr, data.len);
        if (written < 0 && errno != EINTR)
            return false;
        data = str_skip(data, written > 0 ? (size_t)written : 0);
    }
    return true;
}

bool file_replace(const char *path, unsigned mode, struct str data, struct error *err)
{
    cleanup_strbuf struct strbuf draft = {0};
    strbuf_printf(&draft, "%s.XXXXXX", path);
    cleanup_with(close_fd) int fd = mkostemp(draft.data, O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "%s", path);
    if (fchmod(fd, mode) == 0 && write_all(fd, data) && rename(draft.data, path) == 0)
        return true;
    error_set_errno(err, errno, "%s", path);
    (void)unlink(draft.data);
    return false;
}
