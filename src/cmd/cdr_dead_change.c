/* dialplane cdr dead requeue, drop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cdr/stream.h"
#include "cmd/cdr_dead.h"
#include "store/pg.h"
#include "store/redis.h"

enum { REDIS_MS = 5000, ID_SIZE = 24 };

static int change(PGconn *conn, const char *sql, const char *id, struct err *err)
{
    PGresult *rows = NULL;
    int res = pg_query(conn, sql, 1, &id, &rows, err);

    if (!res && strcmp(PQcmdTuples(rows), "0") == 0)
        res = err_set(err, -ENOENT, "there is no dead letter %s", id);
    PQclear(rows);
    return res;
}

/*
 * Into the stream once more. The row stays until the writer has made it one of voip.cdr: what Redis
 * loses can be requeued again. It is marked before, because a writer that fails with it unmarks it.
 */
static int requeue(PGconn *conn, struct redis *redis, const char *id, struct err *err)
{
    struct dead_letter letter;
    bool added = false;
    int res = dead_load(conn, id, &letter, err);

    if (!res)
        res = change(conn, "UPDATE voip.cdr_dead SET requeued_at = now() WHERE id = $1", id, err);
    if (!res) {
        const struct redis_entry entry = {
            .src = PQgetvalue(letter.rows, 0, DEAD_SOURCE),
            .node = PQgetvalue(letter.rows, 0, DEAD_NODE),
            .dead = id,
            .body = letter.body.data,
            .len = letter.body.len,
        };

        res = redis_add(redis, CDR_STREAM, &entry, 1, &added, err);
    }
    dead_letter_free(&letter);
    return res;
}

/* The first id behind `id`, up to `last`; "" when there is none. */
static int next_id(PGconn *conn, char id[ID_SIZE], const char *last, struct err *err)
{
    const char *values[] = {id, last};
    PGresult *rows = NULL;
    int res = pg_query(conn,
                       "SELECT min(id) FROM voip.cdr_dead WHERE id > $1::bigint AND id <= "
                       "$2::bigint",
                       2, values, &rows, err);

    if (!res)
        res = str_copy(id, ID_SIZE, PQgetvalue(rows, 0, 0));
    PQclear(rows);
    return res;
}

/* Those that there are now: one that fails again keeps its id. */
static int requeue_all(PGconn *conn, struct redis *redis, int *done, struct err *err)
{
    char id[ID_SIZE] = "0", last[ID_SIZE];
    PGresult *rows = NULL;
    int res = pg_query(conn, "SELECT coalesce(max(id), 0) FROM voip.cdr_dead", 0, NULL, &rows, err);

    if (!res)
        res = str_copy(last, sizeof(last), PQgetvalue(rows, 0, 0));
    PQclear(rows);
    while (!res && !(res = next_id(conn, id, last, err)) && *id) {
        res = requeue(conn, redis, id, err);
        *done += !res;
        /* Gone meanwhile. */
        if (res == -ENOENT)
            res = 0;
    }
    return res;
}

/* Does one thing with each id; one that is not there does not hold up the others. */
static int with_each(struct cdr_dead *dead, struct redis *redis,
                     int (*act)(PGconn *conn, struct redis *redis, const char *id, struct err *err),
                     int *done, struct err *err)
{
    int first = 0;

    for (int i = 0; i < dead->count; i++) {
        int res = act(dead->conn, redis, dead->ids[i], err);

        *done += !res;
        if (res && res != -ENOENT)
            return res;
        if (res)
            fprintf(stderr, "dialplane cdr dead: %s\n", err->text);
        first = first ? first : res;
    }
    return first;
}

static int finish(struct cdr_dead *dead, const char *what, int done, int res, const struct err *err)
{
    if (dead->json)
        printf("{\"%s\": %d}\n", what, done);
    else
        printf("%d %s\n", done, what);
    if (res && res != -ENOENT)
        fprintf(stderr, "dialplane cdr dead: %s\n", err->text);
    return res ? CMD_FAILED : CMD_OK;
}

int dead_requeue(struct cdr_dead *dead)
{
    const struct topology *topology = dead->node.topology;
    struct redis *redis = NULL;
    struct err err;
    int done = 0;
    int res = redis_open(&redis, topology_first(topology, ROLE_QUEUE)->inside, topology->queue.port,
                         dead->node.secrets.value[SECRET_REDIS_PASSWORD], REDIS_MS, &err);

    if (res)
        return cmd_fail("cdr dead requeue", &err);
    res = dead->all ? requeue_all(dead->conn, redis, &done, &err)
                    : with_each(dead, redis, requeue, &done, &err);
    redis_close(redis);
    return finish(dead, "requeued", done, res, &err);
}

static int drop(PGconn *conn, struct redis *redis, const char *id, struct err *err)
{
    (void)redis;
    return change(conn, "DELETE FROM voip.cdr_dead WHERE id = $1", id, err);
}

int dead_drop(struct cdr_dead *dead)
{
    struct err err;
    int done = 0;
    int res = with_each(dead, NULL, drop, &done, &err);

    return finish(dead, "dropped", done, res, &err);
}
