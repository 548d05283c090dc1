#include "cdr/upkeep.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    EVERY_MS = 3600 * 1000,
    AGAIN_MS = 2 * 1000, /* when more is to be dropped, or a table was in use */
    DROPS_MAX = 4,       /* in one go: records wait meanwhile */
    NUMBER_SIZE = 16,
};

bool upkeep_is_due(const struct upkeep *upkeep)
{
    return clock_mono_ms() >= upkeep->due_ms;
}

/* Somebody reads the table, or writes to it: there will be a better moment. */
static bool is_in_use(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return state && strcmp(state, "55P03") == 0;
}

/* One statement with one value as its result, which is the caller's in any case. */
static int ask(struct upkeep *upkeep, PGconn *conn, const char *sql, int count,
               const char *const values[], const struct pg_wait *wait, PGresult **out,
               struct err *err)
{
    int res = pg_wait_query(conn, sql, count, values, wait, out, err);

    if (res || PQresultStatus(*out) == PGRES_TUPLES_OK)
        return res;
    if (is_in_use(*out))
        upkeep->due_ms = clock_mono_ms() + AGAIN_MS;
    else
        log_error("upkeep of the database: %.*s", (int)strcspn(PQresultErrorMessage(*out), "\n"),
                  PQresultErrorMessage(*out));
    return 0;
}

static bool has_value(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
           !PQgetisnull(result, 0, 0);
}

/* Drops what is over age, the oldest first. */
static int drop_old(struct upkeep *upkeep, PGconn *conn, const struct pg_wait *wait,
                    struct err *err)
{
    char months[NUMBER_SIZE], days[NUMBER_SIZE];
    const char *const values[] = {months, days};

    snprintf(months, sizeof(months), "%u", upkeep->keep_months);
    snprintf(days, sizeof(days), "%u", upkeep->keep_raw_days);
    for (int drops = 0; drops < DROPS_MAX; drops++) {
        PGresult *result = NULL;
        int res = ask(upkeep, conn, "SELECT voip.cdr_expire($1::int, $2::int)", 2, values, wait,
                      &result, err);
        bool dropped = !res && has_value(result);

        if (dropped)
            log_info("call records over age are gone: voip.%s", PQgetvalue(result, 0, 0));
        PQclear(result);
        if (!dropped)
            return res;
    }
    upkeep->due_ms = clock_mono_ms() + AGAIN_MS;
    return 0;
}

/* The function deletes so many at a time that nobody waits for it. */
static int drop_entries(struct upkeep *upkeep, PGconn *conn, const struct pg_wait *wait,
                        struct err *err)
{
    char days[NUMBER_SIZE];
    const char *const values[] = {days};
    PGresult *result = NULL;
    int res;

    snprintf(days, sizeof(days), "%u", upkeep->keep_audit_days);
    res = ask(upkeep, conn, "SELECT voip.audit_expire($1::int)", 1, values, wait, &result, err);
    if (!res && has_value(result) && strcmp(PQgetvalue(result, 0, 0), "0") != 0) {
        log_info("entries of the audit log over age were deleted: %s", PQgetvalue(result, 0, 0));
        upkeep->due_ms = clock_mono_ms() + AGAIN_MS;
    }
    PQclear(result);
    return res;
}

int upkeep_run(struct upkeep *upkeep, PGconn *conn, const struct pg_wait *wait, struct err *err)
{
    PGresult *result = NULL;
    int res;

    upkeep->due_ms = clock_mono_ms() + EVERY_MS;
    res = ask(upkeep, conn, "SELECT voip.cdr_ensure_partitions()", 0, NULL, wait, &result, err);
    PQclear(result);
    if (!res)
        res = drop_old(upkeep, conn, wait, err);
    return res ? res : drop_entries(upkeep, conn, wait, err);
}
