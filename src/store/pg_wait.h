/*
 * Statements for those who must not hang with the server: a living kernel under a stopped
 * PostgreSQL acknowledges what it is sent, so neither keepalives nor libpq ever give up.
 */
#pragma once

#include <libpq-fe.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg_array.h"

enum { PG_WAIT_ARRAYS = 64 }; /* at most, of one statement */

struct pg_wait {
    int timeout_ms; /* longer than the server's own statement timeout */
    int stop_fd;    /* once it is readable, 2 s are left; -1: there is none */
};

/*
 * One statement with `count` text parameters ($1 …; NULL is SQL's null). On success `out` is what
 * the server said, which may be an error; it is the caller's, for PQclear. -ENOTCONN when the
 * connection is lost or the server silent: it is of no more use.
 */
int pg_wait_query(PGconn *conn, const char *sql, int count, const char *const values[],
                  const struct pg_wait *wait, PGresult **out, struct err *err) DP_CHECK;

/*
 * The same with an array, which pg_array_end has completed, as each parameter: at most
 * PG_WAIT_ARRAYS, of less than 2 GiB.
 */
int pg_wait_arrays(PGconn *conn, const char *sql, int count, const struct pg_array *arrays,
                   const struct pg_wait *wait, PGresult **out, struct err *err) DP_CHECK;

/*
 * Has the server keep a statement under a name for as long as the connection lives, so that it is
 * read and planned once; then executes it as pg_wait_arrays does. Preparing: errors of
 * pg_wait_judge.
 */
int pg_wait_prepare(PGconn *conn, const char *name, const char *sql, const struct pg_wait *wait,
                    struct err *err) DP_CHECK;
int pg_wait_prepared(PGconn *conn, const char *name, int count, const struct pg_array *arrays,
                     const struct pg_wait *wait, PGresult **out, struct err *err) DP_CHECK;

/*
 * What a result of these means: 0 when its status is `wanted`. -EINVAL when the data is to blame
 * (classes 22, 23 and 54 of SQLSTATE, PostgreSQL manual appendix A); -ENOTCONN when the statement
 * took longer than the server lets it; -EAGAIN for any other refusal: no space, no rights, shutting
 * down. With the first line of what the server says.
 */
int pg_wait_judge(const PGresult *result, ExecStatusType wanted, struct err *err) DP_CHECK;
