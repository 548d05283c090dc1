#include "webhook/deliver.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "webhook/ledger.h"
#include "webhook/outcomes.h"
#include "webhook/receivers.h"

enum {
    POLL_MS = 500,   /* what is due without a notice: a second try, a lease that ended */
    AGAIN_MS = 1000, /* until the next try to reach the database */
    FORGET_MS = 600 * 1000,
};

struct webhooks {
    struct ledger ledger;
    struct transfer_options transfer;
    struct receivers receivers;
    CURLM *multi;
    struct transfer *running;
    struct outcomes outcomes;
    int64_t take_ms, connect_ms, forget_ms;
    bool away; /* said so already */
    int stop_fd;
    atomic_bool stopping;
    atomic_uint_fast64_t delivered, failed, dead, in_flight;
    pthread_t thread;
};

/* What is lost is claimed by whoever comes, when the lease ends. */
static void database_away(struct webhooks *webhooks, const struct err *err)
{
    if (!webhooks->away)
        log_warning("webhooks: %s (nothing is delivered meanwhile; trying again)", err->text);
    webhooks->away = true;
    webhooks->connect_ms = clock_mono_ms() + AGAIN_MS;
}

static bool is_connected(struct webhooks *webhooks)
{
    struct err err;

    if (webhooks->ledger.conn)
        return true;
    if (clock_mono_ms() < webhooks->connect_ms)
        return false;
    if (ledger_connect(&webhooks->ledger, &err)) {
        database_away(webhooks, &err);
        return false;
    }
    if (webhooks->away)
        log_info("webhooks: the database is back");
    webhooks->away = false;
    webhooks->take_ms = 0;
    return true;
}

static void unlink_running(struct webhooks *webhooks, const struct transfer *transfer)
{
    struct transfer **at = &webhooks->running;

    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
}

static void finish(struct webhooks *webhooks, struct transfer *transfer, CURLcode code)
{
    transfer_finish(transfer, code);
    curl_multi_remove_handle(webhooks->multi, transfer->curl);
    unlink_running(webhooks, transfer);
    outcomes_add(&webhooks->outcomes, transfer);
    receivers_end(&webhooks->receivers, transfer->webhook, !transfer->ok);
    atomic_store(&webhooks->in_flight, webhooks->receivers.in_flight);
    atomic_fetch_add(transfer->ok ? &webhooks->delivered : &webhooks->failed, 1);
}

static void perform(struct webhooks *webhooks)
{
    struct transfer *transfer;
    int running, left;
    CURLMsg *message;

    curl_multi_perform(webhooks->multi, &running);
    while ((message = curl_multi_info_read(webhooks->multi, &left))) {
        char *private = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        transfer = (void *)private;
        finish(webhooks, transfer, message->data.result);
    }
}

/* Without the database they are kept: there are at most as many as there are places. */
static int mark(struct webhooks *webhooks)
{
    uint64_t dead = 0;
    struct err err;
    int res = outcomes_mark(&webhooks->outcomes, &webhooks->ledger, &dead, &err);

    if (res < 0) {
        database_away(webhooks, &err);
        return res;
    }
    atomic_fetch_add(&webhooks->dead, dead);
    /* There are places again. */
    if (res)
        webhooks->take_ms = 0;
    return 0;
}

/* One that cannot be begun for want of memory is somebody's again when its lease ends. */
static void begin(struct webhooks *webhooks, const struct delivery *delivery)
{
    struct transfer *transfer = NULL;

    if (transfer_new(&transfer, delivery, &webhooks->transfer) ||
        receivers_begin(&webhooks->receivers, delivery->webhook)) {
        transfer_free(transfer);
        return;
    }
    if (curl_multi_add_handle(webhooks->multi, transfer->curl)) {
        receivers_end(&webhooks->receivers, delivery->webhook, true);
        transfer_free(transfer);
        return;
    }
    transfer->next = webhooks->running;
    webhooks->running = transfer;
}

static int take(struct webhooks *webhooks)
{
    struct delivery delivery;
    struct buf ids, places;
    PGresult *rows = NULL;
    struct err err;
    unsigned room;
    int res;

    webhooks->take_ms = clock_mono_ms() + POLL_MS;
    buf_init(&ids, 1024 * 1024);
    buf_init(&places, 1024 * 1024);
    room = receivers_room(&webhooks->receivers, &ids, &places);
    res = buf_error(&ids) ? buf_error(&ids) : buf_error(&places);
    if (!res && room)
        res = ledger_take(&webhooks->ledger, room, ids.data, places.data, &rows, &err);
    if (res == -ENOTCONN)
        database_away(webhooks, &err);
    for (int i = 0; !res && room && i < PQntuples(rows); i++) {
        ledger_row(rows, i, &delivery);
        begin(webhooks, &delivery);
    }
    atomic_store(&webhooks->in_flight, webhooks->receivers.in_flight);
    PQclear(rows);
    buf_free(&ids);
    buf_free(&places);
    return res;
}

static void forget(struct webhooks *webhooks)
{
    bool more = false;
    struct err err;

    if (ledger_forget(&webhooks->ledger, &more, &err))
        database_away(webhooks, &err);
    webhooks->forget_ms = clock_mono_ms() + (more ? AGAIN_MS : FORGET_MS);
}

/* Sleeps until a transfer goes on, a notice comes, something may be due, or it is time to stop. */
static void rest(struct webhooks *webhooks)
{
    struct curl_waitfd fds[2] = {{.fd = webhooks->stop_fd, .events = CURL_WAIT_POLLIN}};
    int64_t due = webhooks->ledger.conn ? outcomes_due_ms(&webhooks->outcomes, webhooks->take_ms)
                                        : webhooks->connect_ms;
    int64_t left = due - clock_mono_ms();
    unsigned count = 1;

    if (webhooks->ledger.conn)
        fds[count++] =
            (struct curl_waitfd){.fd = PQsocket(webhooks->ledger.conn), .events = CURL_WAIT_POLLIN};
    if (left > 0)
        curl_multi_poll(webhooks->multi, fds, count, (int)left, NULL);
}

static void *run(void *arg)
{
    struct webhooks *webhooks = arg;

    while (!atomic_load(&webhooks->stopping)) {
        perform(webhooks);
        if (is_connected(webhooks)) {
            if (ledger_is_noticed(&webhooks->ledger))
                webhooks->take_ms = 0;
            if (mark(webhooks) == 0 && clock_mono_ms() >= webhooks->take_ms &&
                take(webhooks) == 0 && clock_mono_ms() >= webhooks->forget_ms)
                forget(webhooks);
            /* What was begun has somewhere to wait for. */
            perform(webhooks);
        }
        if (!outcomes_are_new(&webhooks->outcomes) || !webhooks->ledger.conn)
            rest(webhooks);
    }
    return NULL;
}

static void webhooks_free(struct webhooks *webhooks)
{
    struct transfer *transfer;

    while ((transfer = webhooks->running)) {
        webhooks->running = transfer->next;
        curl_multi_remove_handle(webhooks->multi, transfer->curl);
        transfer_free(transfer);
    }
    outcomes_free(&webhooks->outcomes);
    curl_multi_cleanup(webhooks->multi);
    ledger_close(&webhooks->ledger);
    receivers_free(&webhooks->receivers);
    if (webhooks->stop_fd >= 0)
        close(webhooks->stop_fd);
    free(webhooks);
}

int webhooks_start(struct webhooks **out, const struct webhooks_options *options, struct err *err)
{
    struct webhooks *webhooks = calloc(1, sizeof(*webhooks));
    int res;

    if (!webhooks)
        return err_set(err, -ENOMEM, "no memory for webhooks");
    webhooks->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    res = webhooks->stop_fd < 0 ? -errno : 0;
    webhooks->multi = curl_multi_init();
    if (!webhooks->multi)
        res = -ENOMEM;
    webhooks->ledger = (struct ledger){
        .database = options->database,
        .stop_fd = webhooks->stop_fd,
        .lease_s = options->timeout_s + OUTCOMES_S,
        .retry_s = options->retry_s,
        .dead_hours = options->dead_hours,
        .keep_days = options->keep_days,
    };
    webhooks->transfer =
        (struct transfer_options){options->agent, options->allow_private, options->timeout_s};
    if (!res)
        res = -pthread_create(&webhooks->thread, NULL, run, webhooks);
    if (res) {
        webhooks_free(webhooks);
        return err_sys(err, res, "cannot start the thread of webhooks");
    }
    *out = webhooks;
    return 0;
}

void webhooks_stop(struct webhooks *webhooks)
{
    const uint64_t one = 1;

    if (!webhooks)
        return;
    atomic_store(&webhooks->stopping, true);
    if (write(webhooks->stop_fd, &one, sizeof(one)) < 0)
        log_warning("webhooks: %s", strerror(errno));
    pthread_join(webhooks->thread, NULL);
    webhooks_free(webhooks);
}

void webhooks_counts(const struct webhooks *webhooks, struct webhooks_counts *out)
{
    *out = (struct webhooks_counts){
        .delivered = atomic_load(&webhooks->delivered),
        .failed = atomic_load(&webhooks->failed),
        .dead = atomic_load(&webhooks->dead),
        .in_flight = atomic_load(&webhooks->in_flight),
    };
}
