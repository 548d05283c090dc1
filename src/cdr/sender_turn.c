/* What the sender does in a turn: confirmations, what Redis has lost, what is new. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "cdr/intake.h"
#include "cdr/sender_private.h"
#include "cdr/stream.h"

enum {
    IDLE_MS = 1000,  /* nothing is expected: the turn only sees that Redis is there */
    EXPECT_MS = 50,  /* confirmations are */
    FULL_MS = 20,    /* and are what lets it go on */
    PACE_MS = 10,    /* so that not each record has its own two questions to Redis */
    COMMIT_MS = 100, /* a flush of the disk */
    SPOOL_MS = 2000, /* a disk that fails */
    LOOK_FIRST_MS = 5000,
    LOOK_LAST_MS = 60 * 1000,
};

static void set_place(struct sender *sender, const char *word, enum window_state state)
{
    struct spool_place place;

    if (spool_place_parse(word, &place) == 0)
        window_set(&sender->window, place, state);
}

static void is_done(void *arg, const char *word)
{
    set_place(arg, word, WINDOW_DONE);
}

static void is_there(void *arg, const char *word)
{
    set_place(arg, word, WINDOW_SENT);
}

void sender_commit(struct sender *sender, bool now)
{
    const struct window_slot *oldest = window_oldest(&sender->window);
    struct spool *spool = sender->options.spool;
    int64_t time = clock_mono_ms();
    struct err err;

    if (!sender->moved || (!now && time - sender->committed_ms < COMMIT_MS))
        return;
    sender->committed_ms = time;
    sender->moved = false;
    /* What fails here is sent again after a restart, and dropped by the writer. */
    if (spool_commit(spool, oldest ? oldest->at.place : spool_position(spool), &err))
        log_error("%s", err.text);
}

static int take_confirmations(struct sender *sender, struct err *err)
{
    int res = redis_pop(sender->redis, sender->done, is_done, sender, err);
    size_t popped = window_pop(&sender->window);

    if (popped) {
        atomic_fetch_add(&sender->confirmed, popped);
        sender->oldest_ms = clock_mono_ms();
        sender->look_ms = LOOK_FIRST_MS;
        sender->moved = true;
    }
    return res;
}

/* For sender_stats. */
static void publish(struct sender *sender)
{
    atomic_store(&sender->in_window, sender->window.count);
    atomic_store(&sender->waiting_bytes, sender->window.waiting_bytes);
}

/* Reads what is new into the batch and the window, after waiting up to `wait_ms`. */
static void read_new(struct sender *sender, unsigned int wait_ms)
{
    size_t room = window_room(&sender->window);
    struct err err;
    int res =
        spool_read(sender->options.spool, &sender->batch, room < SENDER_BATCH ? room : SENDER_BATCH,
                   SENDER_BATCH_BYTES, wait_ms, &err);

    if (res) {
        sender->batch.count = 0;
        log_error("%s", err.text);
        sender_pause(sender, SPOOL_MS);
    }
    if (sender->window.count == 0) {
        sender->oldest_ms = clock_mono_ms();
        sender->look_ms = LOOK_FIRST_MS;
    }
    for (size_t i = 0; i < sender->batch.count; i++)
        window_push(&sender->window, sender->batch.list[i].at);
    publish(sender);
}

static void fill(struct sender *sender)
{
    while (window_room(&sender->window)) {
        read_new(sender, 0);
        if (sender->batch.count == 0)
            return;
    }
}

/*
 * Finds out which of the window's records are in Redis, so that the others wait to be sent. The
 * stream before the list: the writer moves them from the one to the other.
 */
static int look(struct sender *sender, struct err *err)
{
    size_t lost;
    int res;

    if (sender->unsure)
        fill(sender);
    sender->unsure = true;
    window_doubt(&sender->window);
    res = redis_look(sender->redis, CDR_STREAM, spool_uuid(sender->options.spool), is_there, sender,
                     err);
    if (!res)
        res = take_confirmations(sender, err);
    if (res)
        return res;
    sender->unsure = false;
    lost = window_settle(&sender->window);
    sender->oldest_ms = clock_mono_ms();
    sender->look_ms = sender->look_ms * 2 < LOOK_LAST_MS ? sender->look_ms * 2 : LOOK_LAST_MS;
    if (lost) {
        log_warning("Redis has lost %zu call records that are not confirmed: sending them again",
                    lost);
        atomic_fetch_add(&sender->sent_again, lost);
        sender->look_ms = LOOK_FIRST_MS;
    }
    return 0;
}

/* Whether the oldest record, which Redis has, has not been confirmed for long. */
static bool is_late(const struct sender *sender)
{
    const struct window_slot *oldest = window_oldest(&sender->window);

    return oldest && oldest->state == WINDOW_SENT &&
           clock_mono_ms() - sender->oldest_ms >= sender->look_ms;
}

/* An entry of the record; of what is none of ours, too: the writer keeps it as a dead letter. */
static void decode(struct sender *sender, size_t n, const struct spool_item *item)
{
    struct redis_entry *entry = &sender->entries[n];

    if (intake_decode(item->data, item->at.len, entry)) {
        log_error("a record of the spool has no source");
        *entry = (struct redis_entry){
            .src = "unknown", .node = "", .body = item->data, .len = item->at.len};
    }
    spool_place_format(sender->places[n], item->at.place);
    entry->spool = spool_uuid(sender->options.spool);
    entry->place = sender->places[n];
}

/* Sends the batch. */
static int send_batch(struct sender *sender, struct err *err)
{
    size_t count = 0, sent = 0;
    int res;

    for (size_t i = 0; i < sender->batch.count; i++) {
        const struct spool_item *item = &sender->batch.list[i];

        if (item->data) {
            sender->wanted[count] = item->at;
            decode(sender, count++, item);
        } else {
            log_error("a call record of %zu bytes was damaged in the spool before it was confirmed",
                      item->at.len);
            window_set(&sender->window, item->at.place, WINDOW_DONE);
        }
    }
    if (count == 0)
        return 0;
    res = redis_add(sender->redis, CDR_STREAM, sender->entries, count, sender->added, err);
    for (size_t i = 0; i < count; i++) {
        if (!sender->added[i])
            continue;
        window_set(&sender->window, sender->wanted[i].place, WINDOW_SENT);
        sent++;
    }
    atomic_fetch_add(&sender->sent, sent);
    return res;
}

/* What has waited since before this turn. */
static int send_waiting(struct sender *sender, struct err *err)
{
    struct err own;
    size_t count =
        window_waiting(&sender->window, sender->wanted, SENDER_BATCH, SENDER_BATCH_BYTES);

    if (spool_read_again(sender->options.spool, &sender->batch, sender->wanted, count, &own)) {
        log_error("%s", own.text);
        sender_pause(sender, SPOOL_MS);
        return 0;
    }
    return send_batch(sender, err);
}

static int send_new(struct sender *sender, struct err *err)
{
    int64_t left = sender->next_ms - clock_mono_ms();

    if (window_room(&sender->window) == 0) {
        sender_pause(sender, FULL_MS);
        return 0;
    }
    if (left > 0)
        sender_pause(sender, (int)left);
    read_new(sender, sender->window.count || sender->moved ? EXPECT_MS : IDLE_MS);
    if (sender->batch.count && sender->batch.count < SENDER_BATCH)
        sender->next_ms = clock_mono_ms() + PACE_MS;
    return send_batch(sender, err);
}

int sender_turn(struct sender *sender, struct err *err)
{
    int res;

    if (sender->unsure || is_late(sender))
        res = look(sender, err);
    else
        res = take_confirmations(sender, err);
    if (!res)
        res = sender->window.waiting ? send_waiting(sender, err) : send_new(sender, err);
    sender_commit(sender, false);
    publish(sender);
    return res;
}
