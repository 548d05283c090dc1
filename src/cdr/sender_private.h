/* State of the sender, shared by its thread (sender.c) and what it does in a turn (sender_turn.c).
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "cdr/sender.h"
#include "cdr/window.h"
#include "store/redis.h"

enum {
    SENDER_BATCH = 500,
    /* A batch is in memory three times: here, in hiredis, in Redis. */
    SENDER_BATCH_BYTES = 4 * 1024 * 1024,
    SENDER_WINDOW = 16384,
    SENDER_WINDOW_BYTES = 64 * 1024 * 1024,
};

struct sender {
    struct sender_options options;
    pthread_t thread;
    int stop_fd;
    struct redis *redis; /* NULL between two tries */
    struct window window;
    struct spool_batch batch;
    struct redis_entry entries[SENDER_BATCH];
    struct spool_extent wanted[SENDER_BATCH];
    char places[SENDER_BATCH][SPOOL_PLACE_SIZE];
    bool added[SENDER_BATCH];
    char done[REDIS_KEY_SIZE]; /* list of the confirmations */
    bool unsure;               /* what of the window Redis has is to be found out */
    int64_t oldest_ms;         /* since when the oldest record is the oldest, or was looked for */
    int64_t look_ms;           /* how long it may be so until it is looked for (again) */
    int64_t committed_ms;
    int64_t next_ms; /* when to read what is new, at the earliest */
    bool moved;      /* the window's beginning, since the last commit */
    int retry_ms;
    bool told; /* that Redis is away */
    atomic_bool stopping, connected;
    atomic_uint_fast64_t sent, sent_again, confirmed, errors, in_window, waiting_bytes;
};

/*
 * One turn, over the connection that is there; waits for something to do up to a second. An error
 * is one of Redis, as in store/redis.h.
 */
int sender_turn(struct sender *sender, struct err *err) DP_CHECK;

/* Moves the checkpoint if it has to be, and if that is not too soon (or `now`). */
void sender_commit(struct sender *sender, bool now);

/* A pause that sender_stop ends. */
void sender_pause(const struct sender *sender, int ms);
