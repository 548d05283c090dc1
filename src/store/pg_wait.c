#include "store/pg_wait.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"

enum { STOP_MS = 2000 };

static int lost(PGconn *conn, struct err *err)
{
    const char *reason = PQerrorMessage(conn);

    return err_set(err, -ENOTCONN, "%.*s", (int)strcspn(reason, "\n"), reason);
}

/* Until the server has said something, or takes more. False at the deadline. */
static bool wait_for(PGconn *conn, short events, const struct pg_wait *wait, int64_t *deadline)
{
    struct pollfd fds[] = {{.fd = PQsocket(conn), .events = events},
                           {.fd = wait->stop_fd, .events = POLLIN}};
    int64_t now;

    while ((now = clock_mono_ms()) < *deadline) {
        if (poll(fds, DP_COUNT(fds), (int)(*deadline - now)) < 0)
            continue;
        if (fds[0].revents)
            return true;
        if (fds[1].revents) {
            if (*deadline > now + STOP_MS)
                *deadline = now + STOP_MS;
            fds[1].fd = -1;
        }
    }
    return false;
}

/* The whole statement, reading meanwhile: the server may have something to say before it takes the
 * rest. */
static int send_all(PGconn *conn, const struct pg_wait *wait, int64_t *deadline, struct err *err)
{
    int left;

    while ((left = PQflush(conn)) > 0) {
        if (!wait_for(conn, POLLIN | POLLOUT, wait, deadline))
            return err_set(err, -ENOTCONN, "the database takes no statement");
        if (!PQconsumeInput(conn))
            return lost(conn, err);
    }
    return left < 0 ? lost(conn, err) : 0;
}

static int receive(PGconn *conn, const struct pg_wait *wait, int64_t *deadline, struct err *err)
{
    while (PQisBusy(conn)) {
        if (!wait_for(conn, POLLIN, wait, deadline))
            return err_set(err, -ENOTCONN, "the database does not answer a statement");
        if (!PQconsumeInput(conn))
            return lost(conn, err);
    }
    return 0;
}

/* What was sent, and its result. */
static int finish(PGconn *conn, const struct pg_wait *wait, PGresult **out, struct err *err)
{
    int64_t deadline = clock_mono_ms() + wait->timeout_ms;
    PGresult *result = NULL, *next;
    int res = send_all(conn, wait, &deadline, err);

    /* One result, or an error behind it; then NULL. */
    while (!res && !(res = receive(conn, wait, &deadline, err)) && (next = PQgetResult(conn))) {
        PQclear(result);
        result = next;
    }
    if (!res && (!result || PQstatus(conn) != CONNECTION_OK))
        res = lost(conn, err);
    if (res)
        PQclear(result);
    else
        *out = result;
    return res;
}

int pg_wait_query(PGconn *conn, const char *sql, int count, const char *const values[],
                  const struct pg_wait *wait, PGresult **out, struct err *err)
{
    if (PQsetnonblocking(conn, 1) ||
        !PQsendQueryParams(conn, sql, count, NULL, values, NULL, NULL, 0))
        return lost(conn, err);
    return finish(conn, wait, out, err);
}

/* What libpq wants to know of arrays that are parameters. */
struct parameters {
    const char *values[PG_WAIT_ARRAYS];
    int lengths[PG_WAIT_ARRAYS], formats[PG_WAIT_ARRAYS];
};

static int set_parameters(struct parameters *parameters, int count, const struct pg_array *arrays,
                          struct err *err)
{
    if (count > PG_WAIT_ARRAYS)
        return err_set(err, -E2BIG, "%d arrays for one statement", count);
    for (int i = 0; i < count; i++) {
        parameters->values[i] = arrays[i].bytes.data;
        parameters->lengths[i] = (int)arrays[i].bytes.len;
        parameters->formats[i] = 1;
    }
    return 0;
}

int pg_wait_arrays(PGconn *conn, const char *sql, int count, const struct pg_array *arrays,
                   const struct pg_wait *wait, PGresult **out, struct err *err)
{
    struct parameters with;
    int res = set_parameters(&with, count, arrays, err);

    if (res)
        return res;
    if (PQsetnonblocking(conn, 1) ||
        !PQsendQueryParams(conn, sql, count, NULL, with.values, with.lengths, with.formats, 0))
        return lost(conn, err);
    return finish(conn, wait, out, err);
}

int pg_wait_prepare(PGconn *conn, const char *name, const char *sql, const struct pg_wait *wait,
                    struct err *err)
{
    PGresult *result = NULL;
    int res;

    if (PQsetnonblocking(conn, 1) || !PQsendPrepare(conn, name, sql, 0, NULL))
        return lost(conn, err);
    res = finish(conn, wait, &result, err);
    if (!res)
        res = pg_wait_judge(result, PGRES_COMMAND_OK, err);
    PQclear(result);
    return res;
}

int pg_wait_prepared(PGconn *conn, const char *name, int count, const struct pg_array *arrays,
                     const struct pg_wait *wait, PGresult **out, struct err *err)
{
    struct parameters with;
    int res = set_parameters(&with, count, arrays, err);

    if (res)
        return res;
    if (PQsetnonblocking(conn, 1) ||
        !PQsendQueryPrepared(conn, name, count, with.values, with.lengths, with.formats, 0))
        return lost(conn, err);
    return finish(conn, wait, out, err);
}

int pg_wait_judge(const PGresult *result, ExecStatusType wanted, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    int res = -EAGAIN;

    if (PQresultStatus(result) == wanted)
        return 0;
    if (state && (!strncmp(state, "22", 2) || !strncmp(state, "23", 2) || !strncmp(state, "54", 2)))
        res = -EINVAL;
    /* query_canceled: its own limit for a statement. */
    if (state && !strcmp(state, "57014"))
        res = -ENOTCONN;
    text = text ? text : PQresultErrorMessage(result);
    return err_set(err, res, "%.*s", (int)strcspn(text, "\n"), text);
}
