#include "cdr/replay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cdr/writers.h"

enum { PERIOD_MS = 2000, AGE_US = 1000000 };

struct replay {
    const char *folder;
    struct intake *intake;
    pthread_t thread;
    int stop_fd;
    bool told; /* that the spool takes nothing */
};

static bool is_record(const char *name)
{
    static const char ending[] = ".cdr.json";
    size_t len = strlen(name);

    return name[0] != '.' && len > strlen(ending) &&
           strcmp(name + len - strlen(ending), ending) == 0;
}

/* FreeSWITCH writes the file in pieces: it is whole when it is closed. */
static bool is_finished(const char *path)
{
    struct stat st;
    int64_t changed;
    bool finished;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return false;
    finished = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (finished) {
        changed = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
        finished = clock_wall_us() - changed >= AGE_US && writers_gone(fd);
    }
    close(fd);
    return finished;
}

/* Too long for everything behind, or empty but for its name: out of the way, not away. */
static void set_aside(struct replay *replay, const char *path, const char *reason)
{
    char aside[PATH_MAX];

    atomic_fetch_add(&replay->intake->rejected[INTAKE_FREESWITCH], 1);
    if (str_printf(aside, sizeof(aside), "%s.bad", path) == 0 && rename(path, aside) == 0)
        log_warning("%s: %s: kept as %s", path, reason, aside);
    else
        log_warning("%s: %s", path, reason);
}

/* Whatever is in it goes into the spool; what is no record becomes a dead letter. Any error leaves
 * the file as it is, for the next round. */
static int replay_file(struct replay *replay, const char *path, struct err *err)
{
    struct buf data;
    int res;

    buf_init(&data, INTAKE_BODY_MAX);
    res = file_read(path, &data, err);
    if (res == -ENOBUFS || (!res && data.len == 0)) {
        set_aside(replay, path, res ? "more than a record may have" : "empty");
        res = 0;
    } else if (!res) {
        const struct intake_body body = {data.data, data.len};

        res = intake_add(replay->intake, INTAKE_FREESWITCH, &body, 1, err);
        if (!res && unlink(path))
            res = err_sys(err, -errno, "removing %s", path);
    }
    buf_free(&data);
    return res;
}

/* Ends a pause, and a round, when it is time to stop. */
static bool stops_within(const struct replay *replay, int ms)
{
    struct pollfd stop = {.fd = replay->stop_fd, .events = POLLIN};

    return poll(&stop, 1, ms) > 0;
}

static int replay_folder(struct replay *replay, DIR *folder, struct err *err)
{
    const struct dirent *entry;
    char path[PATH_MAX];
    int first = 0;

    /* One that cannot be read, say, does not hold up the others; a full spool holds up all. */
    while (first != -ENOSPC && !stops_within(replay, 0) && (entry = readdir(folder))) {
        int res = 0;

        if (is_record(entry->d_name) &&
            str_printf(path, sizeof(path), "%s/%s", replay->folder, entry->d_name) == 0 &&
            is_finished(path))
            res = replay_file(replay, path, first ? NULL : err);
        if (!first || res == -ENOSPC)
            first = res;
    }
    return first;
}

/* One look at the folder; what fails is told once and tried again. */
static void replay_round(struct replay *replay)
{
    DIR *folder = opendir(replay->folder);
    struct err err;
    int res;

    if (!folder)
        return;
    res = replay_folder(replay, folder, &err);
    if (res && !replay->told)
        log_error("records in %s have to wait: %s", replay->folder, err.text);
    replay->told = res != 0;
    closedir(folder);
}

static void *run(void *arg)
{
    struct replay *replay = arg;

    do
        replay_round(replay);
    while (!stops_within(replay, PERIOD_MS));
    return NULL;
}

int replay_start(struct replay **out, const char *folder, struct intake *intake, struct err *err)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    int res;

    if (!replay)
        return err_set(err, -ENOMEM, "no memory for the replay");
    replay->folder = folder;
    replay->intake = intake;
    replay->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    res = replay->stop_fd < 0 ? -errno : -pthread_create(&replay->thread, NULL, run, replay);
    if (res) {
        if (replay->stop_fd >= 0)
            close(replay->stop_fd);
        free(replay);
        return err_sys(err, res, "cannot start the replay of %s", folder);
    }
    *out = replay;
    return 0;
}

void replay_stop(struct replay *replay)
{
    uint64_t one = 1;

    if (!replay)
        return;
    if (write(replay->stop_fd, &one, sizeof(one)) < 0)
        log_error("cannot wake the replay: %s", strerror(errno));
    pthread_join(replay->thread, NULL);
    close(replay->stop_fd);
    free(replay);
}
