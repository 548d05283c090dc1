/*
 * The thread that hands the spool's records to Redis and hears from there which of them are in
 * PostgreSQL.
 *
 * A record is kept in the spool until the writer has confirmed it, not until Redis has taken it:
 * Redis may lose everything it has. What has been read from the spool and is not confirmed is the
 * window (cdr/window.h), of at most 16,384 records or 64 MiB. Each turn
 *
 * - takes the confirmations off this spool's list in Redis, and moves the spool's checkpoint behind
 *   the last record before which all are confirmed;
 * - sends what waits: first what has to be sent again, then, while the window is not full, what is
 *   new, in the spool's order.
 *
 * After each connecting, and when the oldest record has been unconfirmed for some time, it looks
 * which of the window's records are in the stream. One that neither is there nor was confirmed is
 * sent again: Redis was wiped, or restored from older data, or a confirmation was lost. (In this
 * order, because the writer moves a record from the stream to the list in one step.) At the start
 * the window is filled before that, so that what is in the stream already is not sent twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/spool.h"

struct sender;

/* Strings belong to the caller and stay. */
struct sender_options {
    struct spool *spool;
    const char *host; /* of Redis, numeric */
    uint16_t port;
    const char *password;
};

struct sender_stats {
    bool connected;         /* the last thing Redis said was no error */
    uint64_t sent;          /* records since the start, */
    uint64_t sent_again;    /* and how many of them Redis had before, and lost */
    uint64_t confirmed;     /* records since the start */
    uint64_t errors;        /* tries that failed */
    uint64_t window;        /* records that are in hand, and not confirmed */
    uint64_t waiting_bytes; /* of those that Redis has not got */
};

/* Redis need not be there yet. -ENOMEM, or what pthread_create(3) says. */
int sender_start(struct sender **out, const struct sender_options *options,
                 struct err *err) DP_CHECK;

/* Stops after the batch in hand, within seconds, and frees. NULL is allowed. */
void sender_stop(struct sender *sender);

void sender_stats(const struct sender *sender, struct sender_stats *out);
