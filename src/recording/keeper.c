#include "recording/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cdr/writers.h"
#include "recording/keeper_private.h"

enum { PERIOD_MS = 500, FOLDER_MODE = 0750, LIVE_MODE = 0770 };

/* Ends a pause, and a round, when it is time to stop. */
static bool stops_within(const struct keeper *keeper, int ms)
{
    struct pollfd stop = {.fd = keeper->stop_fd, .events = POLLIN};

    return poll(&stop, 1, ms) > 0;
}

bool keeper_stopping(const struct keeper *keeper)
{
    return stops_within(keeper, 0);
}

/* Each thing that is in the way once, until something else is. */
static void tell(struct keeper *keeper, const char *text)
{
    if (strncmp(keeper->told, text, sizeof(keeper->told) - 1) == 0)
        return;
    snprintf(keeper->told, sizeof(keeper->told), "%s", text);
    if (*text)
        log_error("recordings have to wait: %s", text);
    else
        log_info("recordings are taken again");
}

/* Nobody can use it, but somebody may want to look at it: out of the way, not away. */
static void set_aside(const struct keeper *keeper, const char *path, const char *name,
                      const char *reason)
{
    char aside[PATH_MAX];

    if (str_printf(aside, sizeof(aside), "%s/bad/%s", keeper->options.live, name) == 0 &&
        rename(path, aside) == 0)
        log_warning("%s: %s: kept as %s", path, reason, aside);
    else
        log_warning("%s: %s", path, reason);
}

/* Whoever had the file open when it got out of the way may have it still. */
static bool is_free(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is_so = fd >= 0 && writers_gone(fd);

    if (fd >= 0)
        close(fd);
    return is_so;
}

static int take_one(struct keeper *keeper, const char *path, const char *file, struct err *err)
{
    struct media_name name;
    struct policy policy;
    bool taken = false;
    int res;

    if (media_name_parse(&name, file) || !is_free(path))
        return 0;
    res = policies_of(keeper->policies, name.domain, &policy, err);
    if (!res)
        res = take_file(&keeper->options.take, path, &name, &policy, &taken, err);
    if (res == -EINVAL) {
        set_aside(keeper, path, file, err->text);
        atomic_fetch_add(&keeper->failed, 1);
        return 0;
    }
    if (res)
        atomic_fetch_add(&keeper->failed, 1);
    else
        atomic_fetch_add(taken ? &keeper->taken : &keeper->empty, 1);
    return res;
}

/* Goes on behind what fails: that may be one tenant's, or one file's. */
static void take_all(struct keeper *keeper)
{
    DIR *folder = opendir(keeper->taken_folder);
    const struct dirent *entry;
    struct err err, first = {""};
    uint64_t waiting = 0;
    char path[PATH_MAX];

    while (folder && !keeper_stopping(keeper) && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.' ||
            str_printf(path, sizeof(path), "%s/%s", keeper->taken_folder, entry->d_name))
            continue;
        if (take_one(keeper, path, entry->d_name, &err)) {
            waiting++;
            if (!first.text[0])
                first = err;
        }
    }
    if (folder)
        closedir(folder);
    atomic_store(&keeper->waiting, waiting);
    tell(keeper, first.text);
}

/* What the database is needed for waits for it; policies_query has a pause between two tries. */
static void look_after_store(struct keeper *keeper)
{
    struct err err;
    int res = keeper_retain(keeper, &err);

    if (!res)
        res = keeper_survey(keeper, &err);
    if (res && res != -EAGAIN)
        log_error("%s", err.text);
}

static void *run(void *arg)
{
    struct keeper *keeper = arg;

    do {
        keeper_collect(keeper);
        take_all(keeper);
        look_after_store(keeper);
    } while (!stops_within(keeper, PERIOD_MS));
    return NULL;
}

static int make_folder(const char *parent, const char *name, mode_t mode, char out[PATH_MAX],
                       struct err *err)
{
    int res = str_printf(out, PATH_MAX, "%s%s%s", parent, *name ? "/" : "", name);

    return res ? err_sys(err, res, "%s", parent) : file_make_dirs(out, mode, err);
}

/* Copies that were not finished when the program ended: what they are of is still there. */
static int empty_folder(const char *path, struct err *err)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (!folder)
        return err_sys(err, -errno, "%s", path);
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.' && unlinkat(dirfd(folder), entry->d_name, 0))
            log_warning("%s/%s: %s", path, entry->d_name, strerror(errno));
    closedir(folder);
    return 0;
}

static int prepare(struct keeper *keeper, struct err *err)
{
    const struct keeper_options *options = &keeper->options;
    char path[PATH_MAX];
    int res = make_folder(options->live, "", LIVE_MODE, path, err);

    if (!res)
        res = make_folder(options->live, "bad", FOLDER_MODE, path, err);
    if (!res)
        res = make_folder(options->live, "taken", FOLDER_MODE, keeper->taken_folder, err);
    if (!res)
        res = make_folder(options->take.store, TAKE_UNFINISHED, FOLDER_MODE, path, err);
    if (!res)
        res = empty_folder(path, err);
    return res;
}

static void keeper_free(struct keeper *keeper)
{
    policies_close(keeper->policies);
    buf_free(&keeper->survey.days);
    if (keeper->stop_fd >= 0)
        close(keeper->stop_fd);
    free(keeper);
}

int keeper_start(struct keeper **out, const struct keeper_options *options, struct err *err)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    int res;

    if (!keeper)
        return err_set(err, -ENOMEM, "no memory for the keeper of recordings");
    keeper->options = *options;
    keeper->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    keeper->options.policies.stop_fd = keeper->stop_fd;
    res = keeper->stop_fd < 0 ? err_sys(err, -errno, "the keeper of recordings") : 0;
    if (!res)
        res = prepare(keeper, err);
    if (!res)
        res = policies_open(&keeper->policies, &keeper->options.policies, err);
    if (!res && pthread_create(&keeper->thread, NULL, run, keeper))
        res = err_set(err, -EAGAIN, "cannot start the keeper of recordings");
    if (res) {
        keeper_free(keeper);
        return res;
    }
    *out = keeper;
    return 0;
}

void keeper_stop(struct keeper *keeper)
{
    uint64_t one = 1;

    if (!keeper)
        return;
    if (write(keeper->stop_fd, &one, sizeof(one)) < 0)
        log_error("cannot wake the keeper of recordings: %s", strerror(errno));
    pthread_join(keeper->thread, NULL);
    keeper_free(keeper);
}

void keeper_stats(const struct keeper *keeper, struct keeper_stats *out)
{
    *out = (struct keeper_stats){
        .taken = atomic_load(&keeper->taken),
        .empty = atomic_load(&keeper->empty),
        .failed = atomic_load(&keeper->failed),
        .deleted = atomic_load(&keeper->deleted),
        .adopted = atomic_load(&keeper->adopted),
        .missing = atomic_load(&keeper->missing),
        .waiting = atomic_load(&keeper->waiting),
    };
}
