/* Records into voip.cdr. */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/record.h"

struct insert_row {
    struct cdr cdr;
    const char *raw; /* the record as it came, of any bytes */
    size_t raw_len;
    void *arg; /* the caller's */
};

/*
 * Inserts all rows by one statement, which is its own transaction; rows that are there already (by
 * the call's id and start) stay as they are. The tenant's id is looked up by its domain.
 *
 * -EINVAL when the data is refused (of one row at least, nobody knows which; nothing was
 * inserted); -ENOTCONN when the connection is lost; -EAGAIN for any other refusal, which is not
 * the rows' fault: no space, no rights, shutting down. -ENOMEM.
 */
int insert_rows(PGconn *conn, const struct insert_row *rows, size_t count,
                struct err *err) DP_CHECK;

typedef void insert_refuse(void *arg, const struct insert_row *row, const char *reason);

/*
 * As insert_rows, but in several statements where one would be too large, and rows whose data is
 * refused are found by halving and given to `refuse`, the others are inserted. After an error some
 * rows may have been inserted and some refused; all may be given again.
 */
int insert_good_rows(PGconn *conn, const struct insert_row *rows, size_t count,
                     insert_refuse *refuse, void *arg, struct err *err) DP_CHECK;
