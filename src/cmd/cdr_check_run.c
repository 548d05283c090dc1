/* The questions of `dialplane cdr check` to the database. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "cmd/cdr_check.h"
#include "store/pg.h"

enum { PARAMETERS = 3, LAST_YEAR = 9999 };

/* ---------------------------------------------------------------- since when */

/* Seconds; 0 for a unit that does not exist. */
static uint64_t unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 7 * 86400;
    default:
        return 0;
    }
}

static int read_span(const char *text, int64_t now_us, int64_t *out)
{
    size_t len = strlen(text);
    char digits[16];
    uint64_t count, unit = len ? unit_seconds(text[len - 1]) : 0;

    if (!unit || len > sizeof(digits))
        return -EINVAL;
    snprintf(digits, sizeof(digits), "%.*s", (int)(len - 1), text);
    /* Ten years are longer than anything is kept. */
    if (str_to_u64(digits, 1, (uint64_t)10 * 366 * 86400 / unit, &count))
        return -EINVAL;
    *out = now_us - (int64_t)(count * unit) * 1000000;
    return 0;
}

static int read_date(const char *text, int64_t *out)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};

    for (size_t i = 0; i < DP_COUNT(formats); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &tm);
        bool utc = end && strcmp(end, "Z") == 0;
        time_t at;

        if (!end || (*end && !utc) || tm.tm_year > LAST_YEAR - 1900)
            continue;
        at = utc ? timegm(&tm) : mktime(&tm);
        if (at <= 0)
            return -EINVAL;
        *out = (int64_t)at * 1000000;
        return 0;
    }
    return -EINVAL;
}

int cdr_check_since(const char *text, int64_t now_us, int64_t *out)
{
    return read_span(text, now_us, out) ? read_date(text, out) : 0;
}

/* ---------------------------------------------------------------- the questions */

/* $1 since, $2 tenant or null, $3 grace in seconds. */
#define SCOPE(table)                                                                               \
    table ".started_at >= $1::timestamptz AND ($2::text IS NULL OR " table ".domain = $2)"
#define AFTER_GRACE(time) time " < now() - make_interval(secs => $3::int)"

/* A call is over when the edge says so, or has been started anew since. */
#define CALLS                                                                                      \
    "SELECT c.*, r.call_id IS NOT NULL AS recorded,"                                               \
    " c.ended_at IS NULL AND b.noted_at IS NULL AND c.settled IS NULL AS running,"                 \
    " " AFTER_GRACE(                                                                               \
        "greatest(c.noted_at, b.noted_at)") " AS due"                                              \
                                            " FROM voip.edge_calls c"                              \
                                            " LEFT JOIN voip.cdr r ON r.started_at = "             \
                                            "c.started_at AND r.call_id = c.call_id"               \
                                            " LEFT JOIN LATERAL (SELECT min(b.noted_at) AS "       \
                                            "noted_at FROM voip.edge_boots b"                      \
                                            "  WHERE c.ended_at IS NULL AND b.node = c.node AND "  \
                                            "b.booted_at > c.booted_at) b ON true"                 \
                                            " WHERE " SCOPE("c")

static const char counts[] =
    "WITH c AS (" CALLS ") SELECT count(*), count(*) FILTER (WHERE NOT recorded AND running),"
    " count(*) FILTER (WHERE NOT recorded AND NOT running AND NOT due),"
    " (SELECT count(*) FROM voip.cdr r WHERE r.answered_at IS NOT NULL AND " SCOPE("r") ")"
                                                                                        " FROM c";

/* The first column is how many there are in all. */
static const char *const lists[CDR_CHECK_LISTS] = {
    [CDR_CHECK_MISSING] =
        "WITH c AS (" CALLS ") SELECT count(*) OVER (), started_at, call_id, domain, caller,"
        " callee_reached AS callee, node, CASE WHEN ended_at IS NULL THEN"
        " 'the edge that had it was started anew' WHEN media THEN"
        " 'its media server has not reported it' ELSE 'the edge has not reported it' END AS why"
        " FROM c WHERE NOT recorded AND NOT running AND due ORDER BY started_at LIMIT 1000",
    [CDR_CHECK_RECONCILED] = "SELECT count(*) OVER (), r.started_at, r.call_id, r.domain, r.caller,"
                             " r.callee_reached AS callee, r.node, r.reconciled AS why"
                             " FROM voip.cdr r WHERE r.reconciled IS NOT NULL AND " SCOPE(
                                 "r") " ORDER BY r.started_at LIMIT 1000",
    [CDR_CHECK_WITHOUT_CALL] =
        "SELECT count(*) OVER (), r.started_at, r.call_id, r.domain, r.caller,"
        " r.callee_reached AS callee, r.node, 'record of ' || r.source AS why"
        " FROM voip.cdr r LEFT JOIN voip.edge_calls c"
        " ON c.started_at = r.started_at AND c.call_id = r.call_id"
        " WHERE c.call_id IS NULL AND r.answered_at IS NOT NULL AND " AFTER_GRACE(
            "r.inserted_at") " AND " SCOPE("r") " ORDER BY r.started_at LIMIT 1000",
};

static int read_number(const PGresult *rows, int column, uint64_t *out)
{
    return PQgetisnull(rows, 0, column)
               ? -ENOENT
               : str_to_u64(PQgetvalue(rows, 0, column), 0, INT64_MAX, out);
}

/* Before the edge made notes, and of what is over age, every record is without a call. */
static int read_begin(struct cdr_check *out, PGconn *conn, int64_t since_us, struct err *err)
{
    PGresult *rows = NULL;
    uint64_t first;
    int res = pg_query(conn,
                       "SELECT floor(extract(epoch FROM min(started_at)) * 1000000)::bigint"
                       " FROM voip.edge_calls",
                       0, NULL, &rows, err);

    if (res)
        return res;
    out->since_us = since_us;
    if (read_number(rows, 0, &first) == 0 && (int64_t)first > since_us)
        out->since_us = (int64_t)first;
    PQclear(rows);
    return 0;
}

static int read_counts(struct cdr_check *out, PGconn *conn, const char *const values[PARAMETERS],
                       struct err *err)
{
    PGresult *rows = NULL;
    int res = pg_query(conn, counts, PARAMETERS, values, &rows, err);

    if (!res && (read_number(rows, 0, &out->calls) || read_number(rows, 1, &out->running) ||
                 read_number(rows, 2, &out->waiting) || read_number(rows, 3, &out->records)))
        res = err_set(err, -EIO, "the database counts something else");
    PQclear(rows);
    return res;
}

static int read_lists(struct cdr_check *out, PGconn *conn, const char *const values[PARAMETERS],
                      struct err *err)
{
    int res = 0;

    for (int i = 0; !res && i < CDR_CHECK_LISTS; i++) {
        /* The list of made-up records asks for no grace, which the server would mind. */
        int count = i == CDR_CHECK_RECONCILED ? PARAMETERS - 1 : PARAMETERS;

        res = pg_query(conn, lists[i], count, values, &out->list[i], err);
        if (!res && PQntuples(out->list[i]) && read_number(out->list[i], 0, &out->count[i]))
            res = err_set(err, -EIO, "the database counts something else");
    }
    return res;
}

int cdr_check_run(struct cdr_check *out, PGconn *conn, const struct cdr_check_scope *scope,
                  struct err *err)
{
    char since[CLOCK_UTC_SIZE], grace[24];
    const char *const values[PARAMETERS] = {since, scope->domain, grace};
    int res;

    *out = (struct cdr_check){0};
    /* All of it as of one moment. */
    res = pg_exec(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
    if (!res)
        res = read_begin(out, conn, scope->since_us, err);
    if (res)
        return res;
    clock_utc(out->since_us, since);
    snprintf(grace, sizeof(grace), "%" PRIu64, scope->grace_s);
    res = read_counts(out, conn, values, err);
    return res ? res : read_lists(out, conn, values, err);
}

void cdr_check_free(struct cdr_check *check)
{
    for (int i = 0; i < CDR_CHECK_LISTS; i++)
        PQclear(check->list[i]);
}
