/* Records into voip.cdr, voip.cdr_legs and voip.cdr_raw. */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/record.h"
#include "store/pg_wait.h"

struct insert_row {
    struct cdr_record record;
    const char *raw; /* the record as it came, of any bytes, packed (pack.h) or not */
    size_t raw_len;
    void *arg; /* the caller's */
};

/* Where to, and who is told of a row whose data is refused. */
struct insert {
    PGconn *conn;
    const struct pg_wait *wait;
    void (*refuse)(void *arg, const struct insert_row *row, const char *reason);
    void *arg;
};

/* Once on each connection, before insert_good_rows. Errors as there. */
int insert_prepare(PGconn *conn, const struct pg_wait *wait, struct err *err) DP_CHECK;

/*
 * Inserts the rows with their legs and raw records, as a rule in one transaction with a statement
 * for each table; in several where one would be too large. Rows that are there already (by the
 * call's id and start) stay as they are, unless they were made up by reconciliation: those are
 * replaced. The tenant's id is looked up by its domain. Rows whose data is refused are found by
 * halving, and the others are inserted.
 *
 * -ENOTCONN when the connection is lost, or the server silent or too slow; -EAGAIN for any refusal
 * that is not the rows' fault: no space, no rights, shutting down. -ENOMEM. After an error some
 * rows may have been inserted and some refused; all may be given again.
 */
int insert_good_rows(const struct insert *insert, const struct insert_row *rows, size_t count,
                     struct err *err) DP_CHECK;
