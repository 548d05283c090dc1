#include "cdr/reconcile.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "store/pg_wait.h"

enum {
    /* The longest call there can be (default_timeout in conf/kamailio/modules.cfg), and ten
       minutes. */
    LONGEST_S = 43200 + 600,
    KEEP_EVERY_MS = 3600 * 1000,
    ANSWER_MS = 5000, /* what the database gets beyond its own limit for a statement */
};

struct reconcile {
    struct reconcile_options options;
    pthread_t thread;
    int stop_fd;
    PGconn *pg;      /* NULL between two tries */
    int64_t keep_ms; /* when to look after the partitions */
    bool away;       /* the database is, and this was said */
};

/* What one look has done. */
struct look {
    uint64_t looked, of_media, of_edge;
};

/* A pause; false when it is time to stop. */
static bool pause_s(const struct reconcile *reconcile, unsigned int seconds)
{
    struct pollfd stop = {.fd = reconcile->stop_fd, .events = POLLIN};

    return poll(&stop, 1, (int)seconds * 1000) <= 0;
}

/* One statement with these numbers as its parameters. */
static int query(struct reconcile *reconcile, const char *sql, int count,
                 const unsigned int numbers[], PGresult **out, struct err *err)
{
    const struct pg_wait wait = {
        .timeout_ms = (int)reconcile->options.database.statement_timeout_ms + ANSWER_MS,
        .stop_fd = reconcile->stop_fd,
    };
    char text[2][16];
    const char *values[2] = {text[0], text[1]};
    PGresult *result = NULL;
    int res;

    for (int i = 0; i < count; i++)
        snprintf(text[i], sizeof(text[i]), "%u", numbers[i]);
    res = pg_wait_query(reconcile->pg, sql, count, values, &wait, &result, err);
    if (!res && PQresultStatus(result) != PGRES_TUPLES_OK) {
        const char *message = PQresultErrorMessage(result);

        res = err_set(err, -EAGAIN, "%.*s", (int)strcspn(message, "\n"), message);
    }
    if (res) {
        PQclear(result);
        return res;
    }
    *out = result;
    return 0;
}

/* Partitions ahead, and those that are over age. What is in use now is free the next time. */
static void keep(struct reconcile *reconcile)
{
    PGresult *result = NULL;
    struct err err;

    if (clock_mono_ms() < reconcile->keep_ms)
        return;
    reconcile->keep_ms = clock_mono_ms() + KEEP_EVERY_MS;
    if (query(reconcile, "SELECT voip.edge_calls_keep($1::int)", 1, &reconcile->options.keep_days,
              &result, &err))
        log_error("partitions of voip.edge_calls: %s", err.text);
    else
        PQclear(result);
}

static int read_number(const PGresult *result, int column, uint64_t *out)
{
    return str_to_u64(PQgetvalue(result, 0, column), 0, INT64_MAX, out);
}

/* Some of the calls whose time has come. */
static int look_once(struct reconcile *reconcile, struct look *out, struct err *err)
{
    const unsigned int numbers[] = {reconcile->options.grace_s, LONGEST_S};
    PGresult *result = NULL;
    int res = query(reconcile,
                    "SELECT looked, of_media, of_edge FROM voip.cdr_reconcile("
                    "make_interval(secs => $1::int), make_interval(secs => $2::int))",
                    2, numbers, &result, err);

    if (res)
        return res;
    if (PQntuples(result) != 1 || read_number(result, 0, &out->looked) ||
        read_number(result, 1, &out->of_media) || read_number(result, 2, &out->of_edge))
        res = err_set(err, -EAGAIN, "voip.cdr_reconcile says something else");
    PQclear(result);
    return res;
}

/* All of them. */
static int look(struct reconcile *reconcile, struct err *err)
{
    struct look all = {0}, some;
    int res;

    do {
        res = look_once(reconcile, &some, err);
        if (res)
            break;
        all.looked += some.looked;
        all.of_media += some.of_media;
        all.of_edge += some.of_edge;
    } while (some.looked && pause_s(reconcile, 0));
    if (all.of_media || all.of_edge)
        log_warning("made up the records of %" PRIu64 " calls from what the edge saw: %" PRIu64
                    " that their media server has not reported, %" PRIu64
                    " of an edge that was started anew (`dialplane cdr check` lists them)",
                    all.of_media + all.of_edge, all.of_media, all.of_edge);
    return res;
}

static int turn(struct reconcile *reconcile, struct err *err)
{
    int res = reconcile->pg ? 0 : pg_connect(&reconcile->pg, &reconcile->options.database, err);

    if (res)
        return res;
    keep(reconcile);
    return look(reconcile, err);
}

static void *run(void *arg)
{
    struct reconcile *reconcile = arg;
    struct err err;

    while (pause_s(reconcile, reconcile->options.every_s)) {
        bool failed = turn(reconcile, &err) != 0;

        if (failed && !reconcile->away)
            log_warning("calls are not compared with their records: %s (trying again)", err.text);
        reconcile->away = failed;
        if (failed) {
            PQfinish(reconcile->pg);
            reconcile->pg = NULL;
        }
    }
    return NULL;
}

static void reconcile_free(struct reconcile *reconcile)
{
    PQfinish(reconcile->pg);
    if (reconcile->stop_fd >= 0)
        close(reconcile->stop_fd);
    free(reconcile);
}

int reconcile_start(struct reconcile **out, const struct reconcile_options *options,
                    struct err *err)
{
    struct reconcile *reconcile = calloc(1, sizeof(*reconcile));
    int res;

    if (!reconcile)
        return err_set(err, -ENOMEM, "no memory to compare calls with their records");
    reconcile->options = *options;
    reconcile->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    res =
        reconcile->stop_fd < 0 ? -errno : -pthread_create(&reconcile->thread, NULL, run, reconcile);
    if (res) {
        reconcile_free(reconcile);
        return err_sys(err, res, "cannot compare calls with their records");
    }
    *out = reconcile;
    return 0;
}

void reconcile_stop(struct reconcile *reconcile)
{
    uint64_t one = 1;

    if (!reconcile)
        return;
    if (write(reconcile->stop_fd, &one, sizeof(one)) < 0)
        log_error("cannot stop comparing calls with their records: %s", strerror(errno));
    pthread_join(reconcile->thread, NULL);
    reconcile_free(reconcile);
}
