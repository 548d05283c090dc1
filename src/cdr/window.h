/*
 * The records that the sender has in hand: read from the spool, and not confirmed by the writer
 * yet. In order of their places. It has a limit, and while it is full nothing is read, so that
 * Redis holds no more of one collector than this, however long PostgreSQL is away.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "store/spool.h"

enum window_state {
    WINDOW_WAITING, /* to be sent */
    WINDOW_SENT,    /* Redis has it */
    WINDOW_DOUBT,   /* Redis had it, and is being asked whether it still has */
    WINDOW_DONE,    /* confirmed: PostgreSQL has it. For good */
};

struct window_slot {
    struct spool_extent at;
    enum window_state state;
};

/* A ring. `waiting` and its bytes are those in that state. */
struct window {
    struct window_slot *slots;
    size_t room, first, count;
    uint64_t bytes, bytes_max;
    size_t waiting;
    uint64_t waiting_bytes;
};

/* At most `records`, and no more once there are `bytes`. -ENOMEM. */
int window_init(struct window *window, size_t records, uint64_t bytes) DP_CHECK;
void window_free(struct window *window);

/* How many more records go in: 0 when it is full. */
size_t window_room(const struct window *window);

/* Adds a record, which lies behind all others, as waiting. There has to be room. */
void window_push(struct window *window, struct spool_extent at);

/* Sets the state of the record at `place`. What is not there, or done, stays as it is. */
void window_set(struct window *window, struct spool_place place, enum window_state state);

/* The oldest records that wait: at most `records` and, unless the first is larger, `bytes`. */
size_t window_waiting(const struct window *window, struct spool_extent *out, size_t records,
                      size_t bytes);

/* All that were sent are in doubt; and those still in doubt wait again. Returns how many. */
void window_doubt(struct window *window);
size_t window_settle(struct window *window);

/* Lets go of the oldest records as far as they are done. Returns how many. */
size_t window_pop(struct window *window);

/* The oldest record, or NULL. */
const struct window_slot *window_oldest(const struct window *window);
