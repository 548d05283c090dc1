/* What is to be delivered, in PostgreSQL: taken for a while, and marked when done. One thread's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/pg.h"
#include "webhook/transfer.h"

struct ledger {
    struct pg_target database;
    int stop_fd;      /* readable: everything ends soon */
    unsigned lease_s; /* how long a delivery that was taken is nobody else's */
    unsigned retry_s; /* until the second try */
    unsigned dead_hours, keep_days;
    PGconn *conn; /* NULL while the database is away */
};

/*
 * Connects and listens for notices (ledger_is_noticed). -ENOTCONN, within 5 s, sooner when it is
 * time to stop.
 */
int ledger_connect(struct ledger *ledger, struct err *err) DP_CHECK;
void ledger_close(struct ledger *ledger);

/* One statement, whose result is the caller's. For the ledger's own. */
int ledger_query(struct ledger *ledger, const char *sql, int count, const char *const values[],
                 PGresult **out, struct err *err) DP_CHECK;

/* Whether there was a notice since the last time: there may be something to deliver. */
bool ledger_is_noticed(struct ledger *ledger);

/*
 * Takes at most `limit` deliveries, of each webhook RECEIVERS_EACH, or as many as `places` says for
 * one of `ids` (arrays of PostgreSQL of one length). `out` is the caller's, for PQclear; its rows
 * are read with ledger_row. With an error (here and below) the connection is closed: -ENOTCONN.
 */
int ledger_take(struct ledger *ledger, unsigned limit, const char *ids, const char *places,
                PGresult **out, struct err *err) DP_CHECK;
void ledger_row(const PGresult *rows, int row, struct delivery *out);

/* Marks what has become of the transfers of a list, and says which were held. Adds those that are
 * dead now to `dead`. */
int ledger_mark(struct ledger *ledger, struct transfer *list, uint64_t *dead,
                struct err *err) DP_CHECK;

/* Deletes some that are over age. *more: there are more. */
int ledger_forget(struct ledger *ledger, bool *more, struct err *err) DP_CHECK;
