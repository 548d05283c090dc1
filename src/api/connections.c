/* Connections to PostgreSQL: as many as there are requests at a time, kept for the next ones. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "api/api_private.h"
#include "store/pg_wait.h"

/* A statement that waits for another writer says so before the client has given up. */
#define SETTINGS                                                                                   \
    "SET TIME ZONE 'UTC'; SET lock_timeout = '5s'; "                                               \
    "SET idle_in_transaction_session_timeout = '60s'"

enum { WAIT_FOR_ONE_S = 1 };

int api_run(PGconn *conn, const char *sql, int count, const char *const values[], PGresult **out,
            struct err *err)
{
    const struct pg_wait wait = {.timeout_ms = API_WAIT_MS, .stop_fd = -1};
    ExecStatusType status;
    int res = pg_wait_query(conn, sql, count, values, &wait, out, err);

    if (res)
        return res;
    status = PQresultStatus(*out);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : -EIO;
}

/* Nothing is expected from the server between two requests but that it goes away. */
static bool is_alive(PGconn *conn)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};

    if (PQstatus(conn) != CONNECTION_OK)
        return false;
    if (poll(&fd, 1, 0) <= 0)
        return true;
    return PQconsumeInput(conn) && PQstatus(conn) == CONNECTION_OK;
}

static int connect_one(struct api *api, PGconn **out, struct err *err)
{
    PGconn *conn = NULL;
    int res = pg_connect(&conn, &api->database, err);

    if (!res)
        res = pg_exec(conn, SETTINGS, err);
    if (res) {
        PQfinish(conn);
        return -ENOTCONN;
    }
    *out = conn;
    return 0;
}

/* Takes a place: 0 with an idle connection, or NULL where one is to be made. */
static int take_place(struct api *api, PGconn **out, struct err *err)
{
    struct timespec until;
    int res = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_FOR_ONE_S;
    pthread_mutex_lock(&api->lock);
    while (api->taken == API_CONNECTIONS && !res)
        res = -pthread_cond_timedwait(&api->given, &api->lock, &until);
    if (api->taken < API_CONNECTIONS) {
        res = 0;
        api->taken++;
        *out = api->idle_count ? api->idle[--api->idle_count] : NULL;
    }
    pthread_mutex_unlock(&api->lock);
    return res ? err_set(err, -EBUSY, "all connections to the database are in use") : 0;
}

static void leave_place(struct api *api, PGconn *conn)
{
    pthread_mutex_lock(&api->lock);
    api->taken--;
    if (conn)
        api->idle[api->idle_count++] = conn;
    pthread_cond_signal(&api->given);
    pthread_mutex_unlock(&api->lock);
}

int api_take(struct api *api, PGconn **out, struct err *err)
{
    PGconn *conn = NULL;
    int res = take_place(api, &conn, err);

    if (res)
        return res;
    if (conn && !is_alive(conn)) {
        PQfinish(conn);
        conn = NULL;
    }
    if (!conn)
        res = connect_one(api, &conn, err);
    if (res) {
        leave_place(api, NULL);
        return res;
    }
    *out = conn;
    return 0;
}

void api_release(struct api *api, PGconn *conn)
{
    PGresult *result = NULL;

    if (PQtransactionStatus(conn) != PQTRANS_IDLE)
        (void)!api_run(conn, "ROLLBACK", 0, NULL, &result, NULL);
    PQclear(result);
    if (PQstatus(conn) != CONNECTION_OK || PQtransactionStatus(conn) != PQTRANS_IDLE) {
        PQfinish(conn);
        conn = NULL;
    }
    leave_place(api, conn);
}

void api_close_idle(struct api *api)
{
    while (api->idle_count)
        PQfinish(api->idle[--api->idle_count]);
}
