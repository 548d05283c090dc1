#include "webhook/ledger.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "store/pg_wait.h"

enum { CONNECT_MS = 5000, ANSWER_MS = 2000 };

static int give_up(struct ledger *ledger, struct err *err, const char *reason)
{
    err_set(err, -ENOTCONN, "%.*s", (int)strcspn(reason, "\n"), reason);
    ledger_close(ledger);
    return -ENOTCONN;
}

void ledger_close(struct ledger *ledger)
{
    PQfinish(ledger->conn);
    ledger->conn = NULL;
}

/* Waits for the server without waiting for it at the stop. */
static PostgresPollingStatusType wait_for(const struct ledger *ledger,
                                          PostgresPollingStatusType want, int64_t deadline)
{
    struct pollfd fds[] = {
        {.fd = PQsocket(ledger->conn), .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT},
        {.fd = ledger->stop_fd, .events = POLLIN}};
    int64_t left = deadline - clock_mono_ms();

    if (left <= 0 || (poll(fds, DP_COUNT(fds), (int)left) < 0 && errno != EINTR) || fds[1].revents)
        return PGRES_POLLING_FAILED;
    return fds[0].revents ? PQconnectPoll(ledger->conn) : want;
}

static int begin(struct ledger *ledger, struct err *err)
{
    struct buf conninfo;
    int res;

    buf_init(&conninfo, PG_CONNINFO_MAX);
    res = pg_conninfo(&conninfo, &ledger->database);
    if (!res)
        ledger->conn = PQconnectStart(conninfo.data);
    buf_free(&conninfo);
    if (res || !ledger->conn)
        return err_sys(err, -ENOTCONN, "connecting");
    return 0;
}

int ledger_query(struct ledger *ledger, const char *sql, int count, const char *const values[],
                 PGresult **out, struct err *err)
{
    const struct pg_wait wait = {
        .timeout_ms = (int)ledger->database.statement_timeout_ms + ANSWER_MS,
        .stop_fd = ledger->stop_fd,
    };
    PGresult *result = NULL;
    ExecStatusType status;
    int res = pg_wait_query(ledger->conn, sql, count, values, &wait, &result, err);

    if (!res) {
        status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            *out = result;
            return 0;
        }
        err_set(err, -ENOTCONN, "%.*s", (int)strcspn(PQresultErrorMessage(result), "\n"),
                PQresultErrorMessage(result));
        PQclear(result);
    }
    /* What a server refuses, another one may do: this one may be a standby. */
    ledger_close(ledger);
    return -ENOTCONN;
}

/* What is forgotten in a crash of the server is delivered twice, which may happen anyway. */
static const char *const setup[] = {"SET synchronous_commit = off", "LISTEN dialplane_webhooks"};

int ledger_connect(struct ledger *ledger, struct err *err)
{
    int64_t deadline = clock_mono_ms() + CONNECT_MS;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    int res = begin(ledger, err);

    if (res)
        return res;
    while (status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING)
        status = wait_for(ledger, status, deadline);
    if (status != PGRES_POLLING_OK)
        return give_up(ledger, err,
                       *PQerrorMessage(ledger->conn) ? PQerrorMessage(ledger->conn) : "no answer");
    for (size_t i = 0; i < DP_COUNT(setup) && !res; i++) {
        PGresult *done = NULL;

        res = ledger_query(ledger, setup[i], 0, NULL, &done, err);
        PQclear(done);
    }
    return res;
}

bool ledger_is_noticed(struct ledger *ledger)
{
    bool noticed = false;
    PGnotify *notice;

    if (!ledger->conn)
        return false;
    /* A lost connection is the next statement's to tell. */
    noticed = !PQconsumeInput(ledger->conn);
    while ((notice = PQnotifies(ledger->conn))) {
        PQfreemem(notice);
        noticed = true;
    }
    return noticed;
}
