/* Which files of the media server's folder are complete, and out of its way with them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cdr/writers.h"
#include "recording/keeper_private.h"

enum { QUIET_US = 300000 };

/* Longer than any call (conf/asterisk: 12 hours). */
#define FORGOTTEN_US ((int64_t)13 * 3600 * 1000000)

static const char end_mark[] = ".end";

static int64_t changed_us(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

/* Of Asterisk: whether the call has ended, or nobody is left who could end it. */
static bool has_ended(const struct keeper *keeper, const char *path, const struct stat *st)
{
    char mark[PATH_MAX];
    struct stat other;

    if (str_printf(mark, sizeof(mark), "%s%s", path, end_mark))
        return false;
    if (stat(mark, &other) == 0)
        return true;
    if (stat(keeper->options.started, &other) == 0 && changed_us(&other) > changed_us(st))
        return true;
    return clock_wall_us() - changed_us(st) > FORGOTTEN_US;
}

/* What is written to all the time need not be asked about. */
static bool is_complete(const struct keeper *keeper, const char *path,
                        const struct media_name *name)
{
    struct stat st;
    bool complete;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return false;
    complete = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
               clock_wall_us() - changed_us(&st) >= QUIET_US &&
               (!name->raw || has_ended(keeper, path, &st)) && writers_gone(fd);
    close(fd);
    return complete;
}

/* A second one of the same call, of a server that was started anew, waits until the first is gone.
 */
static void set_apart(const struct keeper *keeper, const char *path, const char *name)
{
    char to[PATH_MAX], mark[PATH_MAX];

    if (str_printf(to, sizeof(to), "%s/%s", keeper->taken_folder, name) ||
        str_printf(mark, sizeof(mark), "%s%s", path, end_mark))
        return;
    if (renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        unlink(mark);
}

/* The mark of a call that was never recorded. */
static void drop_mark(const struct keeper *keeper, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    size_t len = strlen(name), ending = strlen(end_mark);

    if (len <= ending || strcmp(name + len - ending, end_mark) != 0 ||
        str_printf(path, sizeof(path), "%s/%s", keeper->options.live, name))
        return;
    path[strlen(path) - ending] = '\0';
    if (access(path, F_OK) == 0)
        return;
    path[strlen(path)] = end_mark[0];
    if (stat(path, &st) == 0 && clock_wall_us() - changed_us(&st) >= 10 * QUIET_US)
        unlink(path);
}

void keeper_collect(struct keeper *keeper)
{
    DIR *folder = opendir(keeper->options.live);
    const struct dirent *entry;
    struct media_name name;
    char path[PATH_MAX];

    while (folder && (entry = readdir(folder))) {
        if (media_name_parse(&name, entry->d_name)) {
            drop_mark(keeper, entry->d_name);
            continue;
        }
        if (str_printf(path, sizeof(path), "%s/%s", keeper->options.live, entry->d_name) == 0 &&
            is_complete(keeper, path, &name))
            set_apart(keeper, path, entry->d_name);
    }
    if (folder)
        closedir(folder);
}
