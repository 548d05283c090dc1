/*
 * Dead letters: voip.cdr_dead, where a record that can be no row stays as it came until somebody
 * has looked at it.
 */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg_wait.h"
#include "store/redis.h"

enum { DEAD_REASON_MAX = 256 };

struct dead {
    const struct redis_entry *entry;
    unsigned int deliveries; /* how often a writer had it in hand */
    char reason[DEAD_REASON_MAX];
};

/*
 * Puts them into the table, a few per statement, each its own transaction. One that is there
 * already (by source, node and bytes) is brought up to date: it may be given again and again.
 * -ENOTCONN when the connection is lost; -EAGAIN when the server refuses; -ENOMEM.
 */
int dead_add(PGconn *conn, const struct pg_wait *wait, const struct dead *dead, size_t count,
             struct err *err) DP_CHECK;

/* Takes out of the table what has become a row after all: these entries' field `dead` says which,
 * if it is not "". Errors as dead_add. */
int dead_remove(PGconn *conn, const struct pg_wait *wait, const struct redis_entry *const entries[],
                size_t count, struct err *err) DP_CHECK;
