/* The listener's connection: made, waited for, asked, without ever hanging with the server. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/listen_private.h"

enum { CONNECT_MS = 5000 };

/* libpq ends its sentences with a line break, and may add lines of detail. */
static void first_line(struct err *err)
{
    err->text[strcspn(err->text, "\n")] = '\0';
}

int listen_give_up(struct listen *listen, const char *reason)
{
    if (!listen->gone.text[0])
        err_set(&listen->gone, 0, "%s", reason[0] ? reason : "connection lost");
    first_line(&listen->gone);
    return -ENOTCONN;
}

static int give_up_libpq(struct listen *listen)
{
    return listen_give_up(listen, PQerrorMessage(listen->conn));
}

static void drain_wake(struct listen *listen)
{
    uint64_t count;

    if (read(listen->wake_fd, &count, sizeof(count)) == sizeof(count))
        listen->woken = true;
}

int listen_wait(struct listen *listen, int fd, short events, int64_t deadline, bool until_woken)
{
    struct pollfd fds[] = {{.fd = listen->wake_fd, .events = POLLIN}, {.fd = fd, .events = events}};
    int64_t left;

    for (;;) {
        if (atomic_load(&listen->stopping))
            return -ECANCELED;
        if (until_woken && listen->woken)
            return 0;
        left = deadline - clock_mono_ms();
        if (left <= 0)
            return 0;
        if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
            return 0;
        if (fds[0].revents)
            drain_wake(listen);
        if (fds[1].revents)
            return 1;
    }
}

/* PostgreSQL's notices would go to standard error. */
static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

int listen_connect(struct listen *listen)
{
    int64_t deadline = clock_mono_ms() + CONNECT_MS;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    int ready;

    listen->conn = PQconnectStart(listen->conninfo.data);
    if (!listen->conn)
        return listen_give_up(listen, "no memory for a connection");
    if (PQstatus(listen->conn) == CONNECTION_BAD)
        return give_up_libpq(listen);
    PQsetNoticeReceiver(listen->conn, ignore_notice, NULL);
    while (status != PGRES_POLLING_OK) {
        /* The socket may be another one after each PQconnectPoll. */
        ready = listen_wait(listen, PQsocket(listen->conn),
                            status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, false);
        if (ready < 0)
            return ready;
        if (ready == 0)
            return listen_give_up(listen, "the database does not answer");
        status = PQconnectPoll(listen->conn);
        if (status == PGRES_POLLING_FAILED)
            return give_up_libpq(listen);
    }
    return 0;
}

/* The next result, NULL when there is no further one. */
static int next_result(struct listen *listen, int64_t deadline, PGresult **out)
{
    int ready;

    while (PQisBusy(listen->conn)) {
        ready = listen_wait(listen, PQsocket(listen->conn), POLLIN, deadline, false);
        if (ready < 0)
            return ready;
        if (ready == 0)
            return listen_give_up(listen, "the database does not answer a statement");
        if (!PQconsumeInput(listen->conn))
            return give_up_libpq(listen);
    }
    *out = PQgetResult(listen->conn);
    return 0;
}

/* All of a statement's results, of which the last counts (there is one, unless it is an error). */
static int last_result(struct listen *listen, PGresult **out)
{
    int64_t deadline = clock_mono_ms() + listen->query_ms;
    PGresult *last = NULL, *next = NULL;
    int res;

    for (;;) {
        res = next_result(listen, deadline, &next);
        if (res) {
            PQclear(last);
            return res;
        }
        if (!next)
            break;
        PQclear(last);
        last = next;
    }
    if (!last || PQstatus(listen->conn) == CONNECTION_BAD) {
        PQclear(last);
        return give_up_libpq(listen);
    }
    *out = last;
    return 0;
}

int listen_query(struct listen *listen, const char *sql, int count, const char *const values[],
                 PGresult **out, struct err *err)
{
    PGresult *result = NULL;
    ExecStatusType status;
    int res;

    if (listen->gone.text[0])
        return err_set(err, -ENOTCONN, "%s", listen->gone.text);
    if (PQsendQueryParams(listen->conn, sql, count, NULL, values, NULL, NULL, 0))
        res = last_result(listen, &result);
    else
        res = give_up_libpq(listen);
    if (res)
        return err_set(err, res, "%s", res == -ECANCELED ? "stopping" : listen->gone.text);
    status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        err_set(err, 0, "%s", PQresultErrorMessage(result));
        if (err)
            first_line(err);
        PQclear(result);
        return -EIO;
    }
    *out = result;
    return 0;
}
