#include "mail/courier.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "mail/attempt.h"
#include "mail/queue.h"

enum {
    FIRST_RETRY_MS = 2000,
    LAST_RETRY_MS = 15 * 60 * 1000,
    GIVE_UP_MS = 4 * 24 * 3600 * 1000,
    ATTEMPT_MS = 120000,
    IDLE_MS = 60000, /* the folder is looked at now and then, whatever inotify(7) says */
};

struct courier {
    pthread_t thread;
    int folder, changes, stop; /* file descriptors */
    int64_t first_retry_ms, give_up_ms;
    char program[PATH_MAX], config[PATH_MAX];
};

static int64_t now_ms(void)
{
    return clock_wall_us() / 1000;
}

/* When it is to be tried next. */
static int64_t due_ms(const struct courier *courier, const char *name)
{
    struct stat st;

    if (fstatat(courier->folder, name, &st, AT_SYMLINK_NOFOLLOW))
        return INT64_MAX;
    return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

/* As long again as it has waited: 2 s, 4 s, 8 s. A clock that was set back does no harm. */
static void postpone(const struct courier *courier, const char *name, int64_t age, int result)
{
    int64_t wait = age < courier->first_retry_ms ? courier->first_retry_ms : age;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    int64_t due;

    if (wait > LAST_RETRY_MS)
        wait = LAST_RETRY_MS;
    due = now_ms() + wait;
    times[1] = (struct timespec){.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
    if (utimensat(courier->folder, name, times, AT_SYMLINK_NOFOLLOW))
        log_error("mail %s: %s", name, strerror(errno));
    log_warning("mail %s was not taken (%d, see mail.log), again in %lld s", name, result,
                (long long)((wait + 999) / 1000));
}

static void give_up(const struct courier *courier, const char *name, int result)
{
    char failed[PATH_MAX];

    if (str_printf(failed, sizeof(failed), MAIL_FAILED "/%s", name) ||
        renameat(courier->folder, name, courier->folder, failed))
        log_error("mail %s: %s", name, strerror(errno));
    else
        log_error("mail %s was not taken for too long (%d): it is in " MAIL_FAILED " now", name,
                  result);
}

static void send_one(const struct courier *courier, const char *name, int64_t born_ms)
{
    const struct mail_attempt attempt = {
        .program = courier->program,
        .config = courier->config,
        .folder = courier->folder,
        .stop_fd = courier->stop,
        .timeout_ms = ATTEMPT_MS,
    };
    int result = mail_attempt(&attempt, name);
    int64_t age = now_ms() - born_ms;

    if (!result) {
        if (unlinkat(courier->folder, name, 0))
            log_error("mail %s was sent, and stays: %s", name, strerror(errno));
    } else if (result == -EBADMSG || age > courier->give_up_ms) {
        give_up(courier, name, result);
    } else if (result != -ECANCELED && result != -ENOENT) {
        postpone(courier, name, age, result);
    }
}

static bool is_stopping(const struct courier *courier)
{
    struct pollfd stop = {.fd = courier->stop, .events = POLLIN};

    return poll(&stop, 1, 0) > 0;
}

/* Sends whatever is due; in how many ms something is next. */
static int64_t send_due(const struct courier *courier)
{
    int fd = openat(courier->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    int64_t next = INT64_MAX, due, born;
    struct dirent *entry;

    if (!folder) {
        log_error("the folder of mail: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return IDLE_MS;
    }
    while (!is_stopping(courier) && (entry = readdir(folder))) {
        if (!mail_is_name(entry->d_name, &born))
            continue;
        due = due_ms(courier, entry->d_name);
        if (due <= now_ms()) {
            send_one(courier, entry->d_name, born);
            due = due_ms(courier, entry->d_name);
        }
        next = due < next ? due : next;
    }
    closedir(folder);
    next = next == INT64_MAX ? IDLE_MS : next - now_ms();
    return next < 0 ? 0 : next < IDLE_MS ? next : IDLE_MS;
}

static void *run(void *arg)
{
    const struct courier *courier = arg;
    char events[4096];
    struct pollfd until[] = {{.fd = courier->stop, .events = POLLIN},
                             {.fd = courier->changes, .events = POLLIN}};

    while (!is_stopping(courier)) {
        poll(until, DP_COUNT(until), (int)send_due(courier));
        /* What they say is seen in the folder. */
        while (read(courier->changes, events, sizeof(events)) > 0)
            ;
    }
    return NULL;
}

static int open_all(struct courier *courier, const char *folder)
{
    courier->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (courier->folder < 0)
        return -errno;
    courier->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    courier->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    /* A mail gets its name by link(2), which is its creation (base/file.h). */
    if (courier->stop < 0 || courier->changes < 0 ||
        inotify_add_watch(courier->changes, folder, IN_CREATE | IN_MOVED_TO) < 0)
        return -errno;
    return 0;
}

static void courier_free(struct courier *courier)
{
    const int fds[] = {courier->folder, courier->changes, courier->stop};

    for (size_t i = 0; i < DP_COUNT(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    free(courier);
}

int courier_start(struct courier **out, const struct courier_options *options, struct err *err)
{
    struct courier *courier = calloc(1, sizeof(*courier));
    int res;

    if (!courier)
        return err_set(err, -ENOMEM, "no memory for the courier");
    courier->folder = courier->changes = courier->stop = -1;
    courier->first_retry_ms = options->first_retry_ms ? options->first_retry_ms : FIRST_RETRY_MS;
    courier->give_up_ms = options->give_up_ms ? options->give_up_ms : GIVE_UP_MS;
    res = str_copy(courier->program, sizeof(courier->program), options->program);
    if (!res)
        res = str_copy(courier->config, sizeof(courier->config), options->config);
    if (!res)
        res = open_all(courier, options->folder);
    if (!res)
        res = -pthread_create(&courier->thread, NULL, run, courier);
    if (res) {
        courier_free(courier);
        return err_sys(err, res, "sending what is in %s", options->folder);
    }
    *out = courier;
    return 0;
}

void courier_stop(struct courier *courier)
{
    const uint64_t one = 1;

    if (!courier)
        return;
    if (write(courier->stop, &one, sizeof(one)) < 0)
        log_error("stopping the courier: %s", strerror(errno));
    pthread_join(courier->thread, NULL);
    courier_free(courier);
}
