#include "store/listen.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/listen_private.h"

enum {
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

/* A statement whose result nobody needs. -EIO is as good as a lost connection here. */
static int command(struct listen *listen, const char *sql)
{
    PGresult *result = NULL;
    struct err err;
    int res = listen_query(listen, sql, 0, NULL, &result, &err);

    PQclear(result);
    return res == -EIO ? listen_give_up(listen, err.text) : res;
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
            return listen_give_up(listen, PQerrorMessage(listen->conn));
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
        ready = listen_wait(listen, PQsocket(listen->conn), POLLIN, clock_mono_ms() + HEARTBEAT_MS,
                            true);
        if (ready == 0 && !listen->woken)
            res = check_alive(listen);
    } while (ready >= 0 && res == 0);
}

static void *run(void *arg)
{
    struct listen *listen = arg;

    while (!atomic_load(&listen->stopping)) {
        listen->gone.text[0] = '\0';
        if (listen_connect(listen) == 0 && command(listen, listen->listen_sql) == 0)
            serve(listen);
        if (listen->gone.text[0])
            listen->events.lost(listen, listen->gone.text, listen->events.arg);
        PQfinish(listen->conn);
        listen->conn = NULL;
        (void)listen_wait(listen, -1, 0, clock_mono_ms() + listen->retry_ms, false);
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
