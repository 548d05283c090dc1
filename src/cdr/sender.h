/*
 * The thread that hands the spool's records to Redis, in order. A record is taken off the spool
 * only when Redis has acknowledged it; as long as Redis is away it stays and is tried again.
 */
#pragma once

#include <stdatomic.h>
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
    bool connected;  /* the last thing Redis said was no error */
    uint64_t sent;   /* records since the start */
    uint64_t errors; /* tries that failed */
};

/* Redis need not be there yet. -ENOMEM, or what pthread_create(3) says. */
int sender_start(struct sender **out, const struct sender_options *options,
                 struct err *err) DP_CHECK;

/* Stops after the batch in hand, within seconds, and frees. NULL is allowed. */
void sender_stop(struct sender *sender);

void sender_stats(const struct sender *sender, struct sender_stats *out);
