/* What collectors say of recordings, into voip.recordings. */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cdr/recording.h"
#include "store/pg_wait.h"

struct recording_row {
    struct recording recording;
    const void *arg; /* the caller's */
};

/*
 * Inserts the rows; those that are there already stay as they are. The tenant's id is looked up by
 * its domain. `refuse` is told of each row whose data the database refuses (its key is not there,
 * say). Errors as insert_good_rows, and as there all may be given again.
 */
int insert_recordings(PGconn *conn, const struct pg_wait *wait, const struct recording_row *rows,
                      size_t count,
                      void (*refuse)(void *arg, const struct recording_row *row,
                                     const char *reason),
                      void *arg, struct err *err) DP_CHECK;
