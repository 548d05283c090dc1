/*
 * Notifications of PostgreSQL (LISTEN), on a connection and a thread of their own.
 *
 * PostgreSQL keeps no notification for a client that is away. So after every (re)connect LISTEN
 * comes first and `connected` second: whoever caches something reads it all again there, and misses
 * nothing, because what changes from then on is notified.
 *
 * The callbacks run in the listener's thread, one at a time, and may query on its connection with
 * listen_query. That order is the point: what is read after a notification is at least as new as
 * the change it tells of.
 */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg.h"

struct listen;

struct listen_events {
    /* LISTEN is in force: read everything again. */
    void (*connected)(struct listen *listen, void *arg);
    /* One notification. Keep it short and note what to do: many may come at once. */
    void (*notified)(struct listen *listen, const char *payload, void *arg);
    /* No notification is waiting now: do what was noted. Also after each listen_wake, and every
     * few seconds (then for what could not be done before). */
    void (*settled)(struct listen *listen, void *arg);
    /* The connection is gone, or could not be made; `reason` is a sentence. Comes once per try. */
    void (*lost)(struct listen *listen, const char *reason, void *arg);
    void *arg;
};

/*
 * Starts the thread. `channel` is an SQL identifier in lower case. The target's statement timeout
 * should be below ten seconds: that is when a silent server is taken for dead. All is copied.
 * Connecting goes on in the thread, again and again, so success says nothing about the database.
 */
int listen_start(struct listen **out, const struct pg_target *target, const char *channel,
                 const struct listen_events *events, struct err *err) DP_CHECK;

/* Stops the thread within milliseconds, also in the middle of a query, and frees everything. */
void listen_stop(struct listen *listen);

/* Has `settled` called soon. From any thread. */
void listen_wake(struct listen *listen);

/*
 * One statement with text parameters and a text result, from within a callback only. -EIO when the
 * server refuses it; -ENOTCONN when the connection is lost (it is made anew after the callback);
 * -ECANCELED while stopping. On success `out` is the caller's, for PQclear.
 */
int listen_query(struct listen *listen, const char *sql, int count, const char *const values[],
                 PGresult **out, struct err *err) DP_CHECK;
