/*
 * Delivers webhooks (voip.webhook_deliveries): one thread, many HTTP transfers at once.
 *
 * A delivery is taken by moving its next_at past the time that a transfer may take (the lease), so
 * that of several nodes one has it, and another one tries when this one was killed. At least once,
 * therefore, and in no order. While PostgreSQL is away nothing is taken, and nothing is lost.
 *
 * How a slow receiver does not hold up others: each webhook has at most 4 transfers at a time, one
 * whose last transfer failed has 1, and all that fail together have half of the places.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg.h"

struct webhooks;

struct webhooks_options {
    struct pg_target database; /* strings have to stay */
    const char *agent;         /* User-Agent; has to stay */
    bool allow_private;        /* receivers that are not on the Internet, and HTTP to them */
    unsigned timeout_s;        /* a whole transfer */
    unsigned retry_s;          /* until the second try; doubled from then on */
    unsigned dead_hours;       /* after which a failure is the last */
    unsigned keep_days;        /* what is delivered, or dead */
};

struct webhooks_counts {
    uint64_t delivered, failed, dead; /* failed: tries */
    uint64_t in_flight;
};

/* Starts the thread. After curl_global_init. Success says nothing about the database. */
int webhooks_start(struct webhooks **out, const struct webhooks_options *options,
                   struct err *err) DP_CHECK;

/* Ends the transfers that are under way (they are made again) and the thread, within 2 s. */
void webhooks_stop(struct webhooks *webhooks);

void webhooks_counts(const struct webhooks *webhooks, struct webhooks_counts *out);
