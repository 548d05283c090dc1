#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/str.h"

enum { READ_STEP = 16 * 1024 };

static int read_fd(int fd, struct buf *out)
{
    for (;;) {
        size_t room = out->max - out->len < READ_STEP ? out->max - out->len : READ_STEP;
        ssize_t got;
        int err;

        /* With the buffer full, one byte more tells a file that just fits from one too long. */
        if (!room) {
            char extra;

            got = read(fd, &extra, 1);
            return got > 0 ? -ENOBUFS : got < 0 ? -errno : 0;
        }
        err = buf_reserve(out, room);
        if (err)
            return err;
        got = read(fd, out->data + out->len, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        out->len += (size_t)got;
        out->data[out->len] = '\0';
    }
}

int file_read(const char *path, struct buf *out, struct err *err)
{
    int fd, res;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, -errno, "%s", path);
    res = read_fd(fd, out);
    close(fd);
    if (res == -ENOBUFS)
        return err_set(err, res, "%s: longer than %zu bytes", path, out->max);
    return res ? err_sys(err, res, "%s", path) : 0;
}

int file_write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t done = write(fd, data, len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

/* The folder part of `path`, "." when it has none. */
static int parent_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return str_copy(out, size, ".");
    if (slash == path)
        return str_copy(out, size, "/");
    return str_printf(out, size, "%.*s", (int)(slash - path), path);
}

/* A rename is durable only once the folder that holds the name is. */
static int sync_parent(const char *path)
{
    char parent[PATH_MAX];
    int fd, res;

    res = parent_of(path, parent, sizeof(parent));
    if (res)
        return res;
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    res = fsync(fd) ? -errno : 0;
    close(fd);
    return res;
}

static int fill_temporary(const char *path, const void *data, size_t len, mode_t mode)
{
    int fd, res;

    /* Closed to others until it has its mode: a secret is never readable, not for a moment. */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    res = file_write_all(fd, data, len);
    if (!res && (fchmod(fd, mode) || fsync(fd)))
        res = -errno;
    if (close(fd) && !res)
        res = -errno;
    return res;
}

/* link(2) refuses a name that is taken, rename(2) replaces it; both are atomic. */
static int put_in_place(const char *temporary, const char *path, bool replace)
{
    if (replace)
        return rename(temporary, path) ? -errno : 0;
    if (link(temporary, path))
        return -errno;
    return unlink(temporary) ? -errno : 0;
}

static int write_new(const char *path, const void *data, size_t len, mode_t mode, bool replace)
{
    char temporary[PATH_MAX], tag[2 * 8 + 1];
    int res;

    res = crypto_random_hex(tag, 8);
    if (!res)
        res = str_printf(temporary, sizeof(temporary), "%s.%s.tmp", path, tag);
    if (res)
        return res;
    res = fill_temporary(temporary, data, len, mode);
    if (!res)
        res = put_in_place(temporary, path, replace);
    if (res) {
        unlink(temporary);
        return res;
    }
    return sync_parent(path);
}

int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
    int res = write_new(path, data, len, mode, true);

    return res ? err_sys(err, res, "writing %s", path) : 0;
}

int file_create(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
    int res = write_new(path, data, len, mode, false);

    return res ? err_sys(err, res, "creating %s", path) : 0;
}

/* One folder of the way; being there already is success only for a folder. */
static int make_dir(const char *path, mode_t mode)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    if (stat(path, &st))
        return -errno;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* Leaves a folder that is right as it is: it may belong to somebody else. */
static int set_mode(const char *path, mode_t mode)
{
    struct stat st;

    if (stat(path, &st))
        return -errno;
    return (st.st_mode & 07777) != mode && chmod(path, mode) ? -errno : 0;
}

int file_make_dirs(const char *path, mode_t mode, struct err *err)
{
    char part[PATH_MAX];
    int res;

    res = str_copy(part, sizeof(part), path);
    for (char *at = part + 1; !res && part[0] && (at = strchr(at, '/')); at++) {
        *at = '\0';
        res = make_dir(part, mode | S_IRWXU);
        *at = '/';
    }
    if (!res)
        res = make_dir(path, mode);
    if (!res)
        res = set_mode(path, mode);
    return res ? err_sys(err, res, "folder %s", path) : 0;
}

int file_copy(const char *from, const char *to, size_t max, mode_t mode, struct err *err)
{
    struct buf data;
    int res;

    buf_init(&data, max);
    res = file_read(from, &data, err);
    if (!res)
        res = file_write(to, data.data, data.len, mode, err);
    buf_free(&data);
    return res;
}
