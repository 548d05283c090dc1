#include "store/listen.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    CONNECT_MS = 5000,
    /* A statement gets this long before the server is taken for dead. The caller has the server
     * itself give up earlier, which costs the statement and not the connection. */
    QUERY_MS = 10000,
    /* Keepalives find a dead peer; a living kernel under a stopped server only a statement, which
     * has to be answered sooner than one that reads a large tenant. */
    HEARTBEAT_MS = 5000,
    HEARTBEAT_ANSWER_MS = 3000,
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 2000,
};

struct listen {
    struct listen_events events;
    struct buf conninfo;
    char listen_sql[80];
    pthread_t thread;
    atomic_bool stopping;
    int wake_fd;      /* eventfd: stopping, or listen_wake */
    bool woken;       /* listen_wake since the last `settled` */
    PGconn *conn;     /* NULL between two tries */
    struct err gone;  /* why the connection is of no more use; "" while it is */
    int64_t query_ms; /* how long the next statement may take */
    int64_t retry_ms; /* pause before the next try */
};

/* libpq ends its sentences with a line break, and may add lines of detail. */
static void first_line(struct err *err)
{
    err->text[strcspn(err->text, "\n")] = '\0';
}

/* Remembers the first reason. */
static int give_up(struct listen *listen, const char *reason)
{
    if (!listen->gone.text[0])
        err_set(&listen->gone, 0, "%s", reason[0] ? reason : "connection lost");
    first_line(&listen->gone);
    return -ENOTCONN;
}

static int give_up_libpq(struct listen *listen)
{
    return give_up(listen, PQerrorMessage(listen->conn));
}

static void drain_wake(struct listen *listen)
{
    uint64_t count;

    if (read(listen->wake_fd, &count, sizeof(count)) == sizeof(count))
        listen->woken = true;
}

/*
 * Waits until `fd` (-1 for none) has one of `events`. 1 when it has, 0 at the deadline,
 * -ECANCELED when the listener has to stop. With `until_woken`, 0 after listen_wake as well.
 */
static int wait_for(struct listen *listen, int fd, short events, int64_t deadline, bool until_woken)
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

static int connect_database(struct listen *listen)
{
    int64_t deadline = clock_mono_ms() + CONNECT_MS;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    int ready;

    listen->conn = PQconnectStart(listen->conninfo.data);
    if (!listen->conn)
        return give_up(listen, "no memory for a connection");
    if (PQstatus(listen->conn) == CONNECTION_BAD)
        return give_up_libpq(listen);
    PQsetNoticeReceiver(listen->conn, ignore_notice, NULL);
    while (status != PGRES_POLLING_OK) {
        /* The socket may be another one after each PQconnectPoll. */
        ready = wait_for(listen, PQsocket(listen->conn),
                         status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, false);
        if (ready < 0)
            return ready;
        if (ready == 0)
            return give_up(listen, "the database does not answer");
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
        ready = wait_for(listen, PQsocket(listen->conn), POLLIN, deadline, false);
        if (ready < 0)
            return ready;
        if (ready == 0)
            return give_up(listen, "the database does not answer a statement");
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

/* A statement whose result nobody needs. -EIO is as good as a lost connection here. */
static int command(struct listen *listen, const char *sql)
{
    PGresult *result = NULL;
    struct err err;
    int res = listen_query(listen, sql, 0, NULL, &result, &err);

    PQclear(result);
    return res == -EIO ? give_up(listen, err.text) : res;
}

/* Hands out what came in, until nothing is left, also what came in meanwhile. */
static int deliver(struct listen *listen)
{
    const struct listen_events *events = &listen->events;
    PGnotify *notice;
    bool some;

    do {
        some = listen->woken;
        listen->woken = false;
        if (!PQconsumeInput(listen->conn))
            return give_up_libpq(listen);
        while ((notice = PQnotifies(listen->conn))) {
            events->notified(listen, notice->extra, events->arg);
            PQfreemem(notice);
            some = true;
        }
        if (some)
            events->settled(listen, events->arg);
        if (listen->gone.text[0])
            return -ENOTCONN;
    } while (some && !atomic_load(&listen->stopping));
    return 0;
}

/* After a silence: whether the server is still there. What could not be done before is due, too. */
static int check_alive(struct listen *listen)
{
    int res;

    listen->query_ms = HEARTBEAT_ANSWER_MS;
    res = command(listen, "SELECT 1");
    listen->query_ms = QUERY_MS;
    listen->woken = true;
    return res;
}

/* Returns when the connection is lost or the listener has to stop. */
static void serve(struct listen *listen)
{
    int res, ready;

    listen->retry_ms = RETRY_FIRST_MS;
    listen->events.connected(listen, listen->events.arg);
    do {
        res = deliver(listen);
        if (res)
            return;
        ready =
            wait_for(listen, PQsocket(listen->conn), POLLIN, clock_mono_ms() + HEARTBEAT_MS, true);
        if (ready == 0 && !listen->woken)
            res = check_alive(listen);
    } while (ready >= 0 && res == 0);
}

static void *run(void *arg)
{
    struct listen *listen = arg;

    while (!atomic_load(&listen->stopping)) {
        listen->gone.text[0] = '\0';
        if (connect_database(listen) == 0 && command(listen, listen->listen_sql) == 0)
            serve(listen);
        if (listen->gone.text[0])
            listen->events.lost(listen, listen->gone.text, listen->events.arg);
        PQfinish(listen->conn);
        listen->conn = NULL;
        (void)wait_for(listen, -1, 0, clock_mono_ms() + listen->retry_ms, false);
        listen->retry_ms *= 2;
        if (listen->retry_ms > RETRY_LAST_MS)
            listen->retry_ms = RETRY_LAST_MS;
    }
    return NULL;
}

static void listen_free(struct listen *listen)
{
    if (listen->wake_fd >= 0)
        close(listen->wake_fd);
    buf_free(&listen->conninfo);
    free(listen);
}

int listen_start(struct listen **out, const struct pg_target *target, const char *channel,
                 const struct listen_events *events, struct err *err)
{
    struct listen *listen = calloc(1, sizeof(*listen));
    int res;

    if (!listen)
        return err_set(err, -ENOMEM, "no memory for the listener");
    listen->events = *events;
    listen->query_ms = QUERY_MS;
    listen->retry_ms = RETRY_FIRST_MS;
    buf_init(&listen->conninfo, PG_CONNINFO_MAX);
    res = pg_conninfo(&listen->conninfo, target);
    if (!res)
        res = str_printf(listen->listen_sql, sizeof(listen->listen_sql), "LISTEN %s", channel);
    listen->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!res && listen->wake_fd < 0)
        res = -errno;
    if (!res)
        res = -pthread_create(&listen->thread, NULL, run, listen);
    if (res) {
        listen_free(listen);
        return err_sys(err, res, "cannot start the listener");
    }
    *out = listen;
    return 0;
}

void listen_wake(struct listen *listen)
{
    uint64_t one = 1;

    /* Fails only when the counter is full, and then the thread is about to wake anyway. */
    if (write(listen->wake_fd, &one, sizeof(one)) < 0)
        return;
}

void listen_stop(struct listen *listen)
{
    if (!listen)
        return;
    atomic_store(&listen->stopping, true);
    listen_wake(listen);
    pthread_join(listen->thread, NULL);
    listen_free(listen);
}
