#include "tenant/copy_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "tenant/copy.h"

/* No domain starts with a dot. One name will do, for there is one writer; what a crash leaves there
 * is overwritten. */
#define UNFINISHED ".unfinished"

int copy_folder_open(const char *path, struct err *err)
{
    int folder, res = file_make_dirs(path, 0700, err);

    if (res)
        return res;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 ? err_sys(err, -errno, "folder %s", path) : folder;
}

int copy_folder_list(int folder, int (*each)(const char *domain, void *arg), void *arg)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int res = 0;

    if (!dir) {
        res = -errno;
        if (fd >= 0)
            close(fd);
        return res;
    }
    while (!res && (entry = readdir(dir))) {
        if (str_is_domain(entry->d_name))
            res = each(entry->d_name, arg);
    }
    closedir(dir);
    return res;
}

static int read_all(int fd, struct buf *out)
{
    struct stat st;
    ssize_t got;
    size_t left;
    int res;

    if (fstat(fd, &st))
        return -errno;
    /* One byte more than there is: the end is seen, and what grows meanwhile is not followed. */
    left = (size_t)st.st_size + 1;
    res = buf_reserve(out, left);
    while (!res && left) {
        got = read(fd, out->data + out->len, left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        out->len += (size_t)got;
        out->data[out->len] = '\0';
        left -= (size_t)got;
    }
    return res;
}

int copy_file_read(int folder, const char *domain, struct buf *out)
{
    int res, fd = openat(folder, domain, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -errno;
    res = read_all(fd, out);
    close(fd);
    return res;
}

/* Whether the file has these bytes, as far as its head and its length tell. */
static bool is_same(int folder, const char *domain, const struct buf *sealed)
{
    int fd = openat(folder, domain, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char head[COPY_HEAD];
    struct stat st;
    bool same;

    if (fd < 0)
        return false;
    same = fstat(fd, &st) == 0 && (size_t)st.st_size == sealed->len &&
           read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
           memcmp(head, sealed->data, sizeof(head)) == 0;
    close(fd);
    return same;
}

static int write_unfinished(int folder, const struct buf *sealed)
{
    int res, fd = openat(folder, UNFINISHED, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                         0600);

    if (fd < 0)
        return -errno;
    res = file_write_all(fd, sealed->data, sealed->len);
    if (!res && fdatasync(fd))
        res = -errno;
    if (close(fd) && !res)
        res = -errno;
    return res;
}

int copy_file_write(int folder, const char *domain, const struct buf *sealed, bool *changed)
{
    int res;

    *changed = !is_same(folder, domain, sealed);
    if (!*changed)
        return 0;
    res = write_unfinished(folder, sealed);
    if (!res && renameat(folder, UNFINISHED, folder, domain))
        res = -errno;
    /* With a full disk the space is of more use than the piece. */
    if (res)
        unlinkat(folder, UNFINISHED, 0);
    return res;
}

int copy_file_remove(int folder, const char *domain)
{
    return unlinkat(folder, domain, 0) && errno != ENOENT ? -errno : 0;
}
