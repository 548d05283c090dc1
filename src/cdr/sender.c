#include "cdr/sender.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "cdr/intake.h"
#include "cdr/stream.h"
#include "store/redis.h"

enum {
    BATCH_RECORDS = 500,
    BATCH_BYTES =
        4 * 1024 * 1024, /* a batch is in memory three times: here, in hiredis, in Redis */
    WAIT_MS = 1000,
    REDIS_MS = 3000, /* of a healthy Redis that syncs each write: milliseconds */
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 2000,
};

struct sender {
    struct sender_options options;
    pthread_t thread;
    int stop_fd;
    struct redis *redis; /* NULL between two tries */
    struct spool_batch batch;
    struct redis_entry entries[BATCH_RECORDS];
    size_t count, done; /* entries of the batch, and how many of them Redis has */
    int retry_ms;
    bool told; /* that Redis is away */
    atomic_bool stopping, connected;
    atomic_uint_fast64_t sent, errors;
};

/* A pause that sender_stop ends. */
static void pause_ms(const struct sender *sender, int ms)
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
    pause_ms(sender, sender->retry_ms);
    sender->retry_ms *= 2;
    if (sender->retry_ms > RETRY_LAST_MS)
        sender->retry_ms = RETRY_LAST_MS;
}

static int connect_redis(struct sender *sender, struct err *err)
{
    const struct sender_options *options = &sender->options;

    if (sender->redis)
        return 0;
    return redis_open(&sender->redis, options->host, options->port, options->password, REDIS_MS,
                      err);
}

/* Sends what Redis does not have yet of the batch in hand. */
static int send_rest(struct sender *sender, struct err *err)
{
    size_t added = 0;
    int res = connect_redis(sender, err);

    if (!res)
        res = redis_add(sender->redis, CDR_STREAM, sender->entries + sender->done,
                        sender->count - sender->done, &added, err);
    sender->done += added;
    atomic_fetch_add(&sender->sent, added);
    return res;
}

static void decode_batch(struct sender *sender)
{
    sender->count = sender->done = 0;
    for (size_t i = 0; i < sender->batch.count; i++)
        if (intake_decode(&sender->batch.list[i], &sender->entries[sender->count]) == 0)
            sender->count++;
        else
            log_error("a record of the spool has no source: passed over");
}

/* One batch, from the spool to its checkpoint. The order is kept: no batch overtakes another. */
static void send_batch(struct sender *sender)
{
    struct err err;
    int res;

    decode_batch(sender);
    while (sender->done < sender->count) {
        if (atomic_load(&sender->stopping))
            return;
        res = send_rest(sender, &err);
        if (res)
            went_wrong(sender, res, &err);
        else
            went_well(sender);
    }
    /* What fails here comes out of the spool again after a restart, and the writer drops it. */
    if (sender->batch.count && spool_commit(sender->options.spool, &err))
        log_error("%s", err.text);
}

/* Nothing to send: whether Redis is there is of interest all the same. */
static void look_after(struct sender *sender)
{
    struct err err;
    int res = connect_redis(sender, &err);

    if (!res)
        res = redis_ping(sender->redis, &err);
    if (res)
        went_wrong(sender, res, &err);
    else
        went_well(sender);
}

static void *run(void *arg)
{
    struct sender *sender = arg;
    struct err err;

    look_after(sender);
    while (!atomic_load(&sender->stopping)) {
        if (spool_read(sender->options.spool, &sender->batch, BATCH_RECORDS, BATCH_BYTES, WAIT_MS,
                       &err)) {
            log_error("%s", err.text);
            pause_ms(sender, RETRY_LAST_MS);
        } else if (sender->batch.count) {
            send_batch(sender);
        } else if (!atomic_load(&sender->stopping)) {
            look_after(sender);
        }
    }
    return NULL;
}

static void sender_free(struct sender *sender)
{
    redis_close(sender->redis);
    spool_batch_free(&sender->batch);
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
    res = sender->stop_fd < 0 ? -errno : -pthread_create(&sender->thread, NULL, run, sender);
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
        .errors = atomic_load(&sender->errors),
    };
}
