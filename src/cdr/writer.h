/*
 * From the Redis stream into voip.cdr and its legs: reads entries as a consumer of the group,
 * inserts them in one transaction per batch, and acknowledges and deletes them in Redis only after
 * the commit. Besides, it looks after the tables' partitions (upkeep.h).
 *
 * A batch is what has come while the one before was being inserted, up to a limit, and one that was
 * not full is followed by the next one 20 ms later at the earliest: single records go at once, and
 * under load batches become as large as they need to be.
 *
 * While PostgreSQL or Redis is away it keeps what it has and tries again. What it was working on
 * when it was killed, Redis gives it again at the next start; what a writer has left that does not
 * come back is taken over after a minute. Rows that exist already stay as they are, so nothing of
 * this can double a record.
 *
 * What can never become a row, and what kills or hangs every writer that takes it, goes to
 * voip.cdr_dead with the reason (cdr/dead.h), and holds nothing up.
 *
 * The collectors' spools are told of each record that is in PostgreSQL, as a row or as a dead
 * letter (cdr/sender.h); only then do they forget it. Several writers may run at once, each under a
 * name of its own.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg.h"

/* Strings belong to the caller and stay. */
struct writer_options {
    const char *redis_host; /* numeric */
    uint16_t redis_port;
    const char *redis_password;
    struct pg_target database;
    const char *consumer; /* this writer's name in the group: the same after a restart */
    /* For how long records are kept, the raw ones, and entries of the audit log: upkeep.h. */
    unsigned int keep_months, keep_raw_days, keep_audit_days;
    int stop_fd; /* becomes readable when it is time to stop */
};

struct writer_stats {
    uint64_t taken;   /* entries that are done with */
    uint64_t batches; /* that were committed */
    uint64_t legs;    /* entries that said nothing of a call */
    uint64_t dead;    /* entries that went to the dead letters */
};

/* Runs until it is time to stop, then finishes or drops the batch in hand (which Redis keeps). */
int writer_run(const struct writer_options *options, struct writer_stats *stats,
               struct err *err) DP_CHECK;
