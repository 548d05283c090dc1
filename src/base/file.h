/* Whole files: read with a limit, replaced so that a crash leaves the old or the new one. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

/*
 * Appends the file's bytes to `out`. -ENOBUFS when it is longer than what `out` may still take,
 * -EISDIR for a folder, or what open(2) and read(2) say.
 */
int file_read(const char *path, struct buf *out, struct err *err) DP_CHECK;

/* All of these bytes to a file that is open, however often write(2) takes; -errno of it. */
int file_write_all(int fd, const char *data, size_t len) DP_CHECK;

/*
 * Replaces `path` by these bytes: temporary file in the same folder, fsync, rename, fsync of the
 * folder. The file has exactly `mode` (the umask does not matter) from its first moment on.
 */
int file_write(const char *path, const void *data, size_t len, mode_t mode,
               struct err *err) DP_CHECK;

/* As file_write, but only where nothing has that name yet: -EEXIST otherwise. */
int file_create(const char *path, const void *data, size_t len, mode_t mode,
                struct err *err) DP_CHECK;

/*
 * Creates `path` and what is missing above it; the last folder has `mode` afterwards, also when
 * it was there before. -ENOTDIR when something else has that name.
 */
int file_make_dirs(const char *path, mode_t mode, struct err *err) DP_CHECK;

/* Copies one file's bytes (at most `max`) to `to`, which is replaced as file_write does. */
int file_copy(const char *from, const char *to, size_t max, mode_t mode, struct err *err) DP_CHECK;
