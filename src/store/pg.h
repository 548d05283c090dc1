/*
 * Connecting to PostgreSQL, and single statements with errors as sentences. Blocking; one
 * connection per thread. Passwords come from libpq's password file ($PGPASSFILE), never from here.
 */
#pragma once

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

enum { PG_CONNINFO_MAX = 2048 };

struct pg_target {
    const char *host; /* numeric address */
    unsigned int port;
    const char *database;
    const char *role;
    const char *application;           /* shown in pg_stat_activity and in the server's log */
    unsigned int statement_timeout_ms; /* 0: no limit */
};

/*
 * Appends the connection string of libpq: a primary only (target_session_attrs=read-write), 5 s to
 * connect, and a peer that has vanished is noticed within 15 s (keepalives, tcp_user_timeout).
 * With an error of `out` when it does not fit.
 */
int pg_conninfo(struct buf *out, const struct pg_target *target) DP_CHECK;

/* Connects. -ENOTCONN with libpq's reason. The result is the caller's, for PQfinish. */
int pg_connect(PGconn **out, const struct pg_target *target, struct err *err) DP_CHECK;

/*
 * One or more statements without parameters and without results of interest. -EIO when the server
 * refuses (with its message, detail and hint), -ENOTCONN when the connection is lost.
 */
int pg_exec(PGconn *conn, const char *sql, struct err *err) DP_CHECK;

/*
 * One statement with `count` text parameters ($1 …; NULL is SQL's null). Errors as pg_exec. On
 * success `out` is the caller's, for PQclear; `out` may be NULL when only success counts.
 */
int pg_query(PGconn *conn, const char *sql, int count, const char *const values[], PGresult **out,
             struct err *err) DP_CHECK;

/* Appends bytes as the text of a bytea ("\\x…", PostgreSQL manual 8.4.1). The buffer's errors. */
int pg_add_bytea(struct buf *out, const char *data, size_t len) DP_CHECK;
