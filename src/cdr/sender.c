#include "cdr/sender.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cdr/sender_private.h"
#include "cdr/stream.h"

enum {
    REDIS_MS = 3000, /* of a healthy Redis: milliseconds */
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 2000,
};

void sender_pause(const struct sender *sender, int ms)
{
    struct pollfd stop = {.fd = sender->stop_fd, .events = POLLIN};

    (void)poll(&stop, 1, ms);
}

static void went_well(struct sender *sender)
{
    atomic_store(&sender->connected, true);
    sender->retry_ms = RETRY_FIRST_MS;
    if (sender->told)
        log_info("Redis takes call records again");
    sender->told = false;
}

/* Says so once per outage; the same sentence twenty times would hide the others. */
static void went_wrong(struct sender *sender, int res, const struct err *err)
{
    atomic_store(&sender->connected, false);
    atomic_fetch_add(&sender->errors, 1);
    if (!sender->told)
        log_warning("%s (call records stay in the spool; trying again)", err->text);
    sender->told = true;
    if (res != -EREMOTEIO) {
        redis_close(sender->redis);
        sender->redis = NULL;
    }
    sender_pause(sender, sender->retry_ms);
    sender->retry_ms *= 2;
    if (sender->retry_ms > RETRY_LAST_MS)
        sender->retry_ms = RETRY_LAST_MS;
}

static int connect_redis(struct sender *sender, struct err *err)
{
    const struct sender_options *options = &sender->options;

    if (sender->redis)
        return 0;
    /* It may be another one, or have lost what it had. */
    sender->unsure = true;
    return redis_open(&sender->redis, options->host, options->port, options->password, REDIS_MS,
                      err);
}

static void *run(void *arg)
{
    struct sender *sender = arg;
    struct err err;

    while (!atomic_load(&sender->stopping)) {
        int res = connect_redis(sender, &err);

        if (!res)
            res = sender_turn(sender, &err);
        if (res)
            went_wrong(sender, res, &err);
        else
            went_well(sender);
    }
    sender_commit(sender, true);
    return NULL;
}

static void sender_free(struct sender *sender)
{
    redis_close(sender->redis);
    spool_batch_free(&sender->batch);
    window_free(&sender->window);
    if (sender->stop_fd >= 0)
        close(sender->stop_fd);
    free(sender);
}

int sender_start(struct sender **out, const struct sender_options *options, struct err *err)
{
    struct sender *sender = calloc(1, sizeof(*sender));
    int res;

    if (!sender)
        return err_set(err, -ENOMEM, "no memory for the sender");
    sender->options = *options;
    sender->retry_ms = RETRY_FIRST_MS;
    sender->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    res = sender->stop_fd < 0 ? -errno : 0;
    if (!res)
        res = window_init(&sender->window, SENDER_WINDOW, SENDER_WINDOW_BYTES);
    if (!res)
        res = str_printf(sender->done, sizeof(sender->done), "%s%s", CDR_DONE,
                         spool_uuid(options->spool));
    if (!res)
        res = -pthread_create(&sender->thread, NULL, run, sender);
    if (res) {
        sender_free(sender);
        return err_sys(err, res, "cannot start the sender");
    }
    *out = sender;
    return 0;
}

void sender_stop(struct sender *sender)
{
    uint64_t one = 1;

    if (!sender)
        return;
    atomic_store(&sender->stopping, true);
    if (write(sender->stop_fd, &one, sizeof(one)) < 0)
        log_error("cannot wake the sender: %s", strerror(errno));
    spool_wake(sender->options.spool);
    pthread_join(sender->thread, NULL);
    sender_free(sender);
}

void sender_stats(const struct sender *sender, struct sender_stats *out)
{
    *out = (struct sender_stats){
        .connected = atomic_load(&sender->connected),
        .sent = atomic_load(&sender->sent),
        .sent_again = atomic_load(&sender->sent_again),
        .confirmed = atomic_load(&sender->confirmed),
        .errors = atomic_load(&sender->errors),
        .window = atomic_load(&sender->in_window),
        .waiting_bytes = atomic_load(&sender->waiting_bytes),
    };
}
