/* Small files, read and written whole. */
#pragma once
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

/* Reads `path` (regular file, pipe or /dev/stdin). *data_out is heap, NUL-terminated behind its
 * *size_out bytes. ERROR_NOT_FOUND, ERROR_DENIED, or ERROR_INVALID when larger than max_bytes;
 * the text names the path. */
must_check bool file_read(const char *path, size_t max_bytes, char **data_out, size_t *size_out,
                          struct error *err);
/* Puts a file with these contents and permissions in the place of `path`, whole or not at all. */
must_check bool file_replace(const char *path, unsigned mode, struct str data, struct error *err);
