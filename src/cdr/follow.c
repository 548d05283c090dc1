#include "cdr/follow.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cdr/follow_private.h"

enum {
    POLL_MS = 500, /* where inotify tells nothing: network file systems */
    RETRY_MS = 500,
};

/* inotify of the folder: of the file it would tell nothing once that has another name. */
static void watch(struct follow *follow)
{
    if (follow->notify_fd >= 0 && follow->watch < 0)
        follow->watch = inotify_add_watch(follow->notify_fd, follow->folder,
                                          IN_MODIFY | IN_CREATE | IN_MOVE | IN_CLOSE_WRITE);
}

/* Waits for something to look at; false when it is time to stop. */
static bool wait_for_change(struct follow *follow, int ms)
{
    struct pollfd fds[] = {{.fd = follow->stop_fd, .events = POLLIN},
                           {.fd = follow->notify_fd, .events = POLLIN}};
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

    (void)poll(fds, DP_COUNT(fds), ms);
    while (fds[1].revents && read(follow->notify_fd, events, sizeof(events)) > 0)
        ; /* what happened does not matter: the file is looked at */
    return !fds[0].revents;
}

/* A pause in which no event counts; false when it is time to stop. */
static bool pause_ms(const struct follow *follow, int ms)
{
    struct pollfd stop = {.fd = follow->stop_fd, .events = POLLIN};

    return poll(&stop, 1, ms) <= 0;
}

static void *run(void *arg)
{
    struct follow *follow = arg;
    struct err err;
    bool again, on;
    int res;

    do {
        watch(follow);
        res = follow_look(follow, &again, &err);
        if (res && !follow->told)
            log_error("call records in %s have to wait: %s", follow->options.path, err.text);
        follow->told = res != 0;
        if (res)
            on = pause_ms(follow, RETRY_MS);
        else
            on = wait_for_change(follow, again ? 0 : POLL_MS);
    } while (on);
    return NULL;
}

static void follow_free(struct follow *follow)
{
    const int fds[] = {follow->fd, follow->notify_fd, follow->stop_fd};

    for (size_t i = 0; i < DP_COUNT(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    buf_free(&follow->chunk);
    free(follow);
}

static int set_up(struct follow *follow, struct err *err)
{
    struct follow_options *options = &follow->options;
    const char *slash = strrchr(options->path, '/');
    int res = slash ? 0 : -EINVAL;

    if (!res)
        res = str_copy(follow->path, sizeof(follow->path), options->path);
    if (!res)
        res = str_copy(follow->checkpoint, sizeof(follow->checkpoint), options->checkpoint);
    if (!res)
        res = str_printf(follow->folder, sizeof(follow->folder), "%.*s",
                         (int)(slash - options->path), options->path);
    if (!res)
        res = str_printf(follow->aside, sizeof(follow->aside), "%s.1", options->path);
    if (res)
        return err_sys(err, res, "%s", options->path);
    options->path = follow->path;
    options->checkpoint = follow->checkpoint;
    follow->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (follow->stop_fd < 0)
        return err_sys(err, -errno, "following %s", options->path);
    /* Without it (a limit of the kernel) there is still the look every half second. */
    follow->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return follow_load(options->checkpoint, &follow->mark, err);
}

int follow_start(struct follow **out, const struct follow_options *options, struct err *err)
{
    struct follow *follow = calloc(1, sizeof(*follow));
    int res;

    if (!follow)
        return err_set(err, -ENOMEM, "no memory to follow %s", options->path);
    follow->options = *options;
    follow->want = FOLLOW_CHUNK;
    buf_init(&follow->chunk, INTAKE_BODY_MAX);
    follow->fd = follow->stop_fd = follow->notify_fd = follow->watch = -1;
    res = set_up(follow, err);
    if (!res && pthread_create(&follow->thread, NULL, run, follow))
        res = err_set(err, -EAGAIN, "cannot start a thread to follow %s", options->path);
    if (res) {
        follow_free(follow);
        return res;
    }
    *out = follow;
    return 0;
}

void follow_stop(struct follow *follow)
{
    uint64_t one = 1;

    if (!follow)
        return;
    if (write(follow->stop_fd, &one, sizeof(one)) < 0)
        log_error("cannot stop following %s: %s", follow->options.path, strerror(errno));
    pthread_join(follow->thread, NULL);
    follow_free(follow);
}
