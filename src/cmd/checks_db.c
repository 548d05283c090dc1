/* PostgreSQL: there, of a known version, with the schema of this program; the clocks agree, and
 * calls have their records. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/checks.h"
#include "store/migrate.h"
#include "store/pg.h"

enum { OLDEST_VERSION = 150000, QUERY_MS = 2000, LATE_S = 60 };

/* 2024-01-01: a machine that started without a clock stands at 1970, or at its build date. */
static const int64_t earliest_us = INT64_C(1704067200) * 1000000;
static const int64_t clock_apart_us = 1000000;

/* The roles of the daemons exist only after `migrate`; every part checks as one of them. */
static int connect_db(const struct cmd_node *node, PGconn **out, struct err *err)
{
    const struct pg_target target =
        cmd_target(node, SECRET_DB_CONTROL, "dialplane doctor", QUERY_MS);

    return pg_connect(out, &target, err);
}

void check_postgresql(const struct cmd_node *node, struct check_result *out)
{
    PGconn *conn = NULL;
    struct err err;
    int version;

    if (connect_db(node, &conn, &err)) {
        check_fail(out, node, "postgresql", &err);
        return;
    }
    version = PQserverVersion(conn);
    PQfinish(conn);
    check_set(out, version >= OLDEST_VERSION ? CHECK_OK : CHECK_FAIL, "version %d.%d",
              version / 10000, version % 10000);
    if (version < OLDEST_VERSION)
        check_advise(out, "PostgreSQL 15 or newer is needed");
}

static void compare_schema(PGconn *conn, const char *folder, struct check_result *out)
{
    struct migrate_state state;
    struct err err;

    if (migrate_compare(conn, folder, &state, &err)) {
        check_set(out, CHECK_FAIL, "%s", err.text);
        check_advise(out, "put folder and database of the same version together");
        return;
    }
    check_set(out, state.pending ? CHECK_FAIL : CHECK_OK, "%u of %u migrations applied",
              state.applied, state.applied + state.pending);
    if (state.pending)
        check_advise(out, "run `dialplane migrate`");
}

void check_schema(const struct cmd_node *node, struct check_result *out)
{
    char folder[PATH_MAX];
    PGconn *conn = NULL;
    struct err err;

    if (cmd_migrations_folder(node, NULL, folder, &err) || connect_db(node, &conn, &err)) {
        check_set(out, CHECK_FAIL, "%s", err.text);
        check_advise(out, "run `dialplane migrate` once PostgreSQL is up");
        return;
    }
    compare_schema(conn, folder, out);
    PQfinish(conn);
}

static void count_dead(PGconn *conn, struct check_result *out)
{
    PGresult *rows = NULL;
    struct err err;

    if (pg_query(conn,
                 "SELECT count(*), to_char(min(first_seen) AT TIME ZONE 'UTC',"
                 " 'YYYY-MM-DD HH24:MI') FROM voip.cdr_dead",
                 0, NULL, &rows, &err)) {
        check_set(out, CHECK_FAIL, "%s", err.text);
        check_advise(out, "see the parts postgresql and schema");
    } else if (strcmp(PQgetvalue(rows, 0, 0), "0") == 0) {
        check_set(out, CHECK_OK, "no dead letters");
    } else {
        check_set(out, CHECK_WARN, "%s call records could not be stored, the first one at %s UTC",
                  PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 1));
        check_advise(out, "`dialplane cdr dead list` says why");
    }
    PQclear(rows);
}

void check_cdr_dead(const struct cmd_node *node, struct check_result *out)
{
    PGconn *conn = NULL;
    struct err err;

    if (connect_db(node, &conn, &err)) {
        check_set(out, CHECK_FAIL, "%s", err.text);
        check_advise(out, "see the part postgresql");
        return;
    }
    count_dead(conn, out);
    PQfinish(conn);
}

/* Microseconds by which the server's clock is ahead of ours, or behind. */
static int clock_difference(PGconn *conn, int64_t *out, struct err *err)
{
    int64_t before = clock_wall_us(), after;
    PGresult *rows = NULL;
    int res;

    res = pg_query(conn, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", 0,
                   NULL, &rows, err);
    if (res)
        return res;
    after = clock_wall_us();
    /* The server looked at its clock about half-way between asking and hearing. */
    *out = strtoll(PQgetvalue(rows, 0, 0), NULL, 10) - (before + (after - before) / 2);
    PQclear(rows);
    return 0;
}

static void compare_clocks(const struct cmd_node *node, struct check_result *out)
{
    PGconn *conn = NULL;
    int64_t apart = 0;
    struct err err;
    int res;

    res = connect_db(node, &conn, &err);
    if (!res)
        res = clock_difference(conn, &apart, &err);
    PQfinish(conn);
    if (res) {
        check_set(out, CHECK_FAIL, "not comparable with PostgreSQL's");
        check_advise(out, "see the part postgresql");
        return;
    }
    check_set(out, llabs(apart) < clock_apart_us ? CHECK_OK : CHECK_FAIL,
              "%+.1f ms from PostgreSQL's", (double)apart / 1000);
    if (out->status != CHECK_OK)
        check_advise(out, "synchronise the clocks of the nodes (chrony, systemd-timesyncd)");
}

void check_clock(const struct cmd_node *node, struct check_result *out)
{
    char now[CLOCK_UTC_SIZE];

    if (clock_wall_us() >= earliest_us) {
        compare_clocks(node, out);
        return;
    }
    clock_utc(clock_wall_us(), now);
    check_set(out, CHECK_FAIL, "it is set to %s", now);
    check_advise(out, "set the clock (chrony, systemd-timesyncd)");
}

/* Calls that should have been compared with their records by now, and those whose record had to be
 * made up lately. */
static int count_calls(const struct cmd_node *node, PGconn *conn, PGresult **rows, struct err *err)
{
    const unsigned int due_s =
        node->topology->cdr.reconcile_grace + 2 * node->topology->cdr.reconcile_every + LATE_S;
    char due[16];
    const char *const values[] = {due};

    snprintf(due, sizeof(due), "%u", due_s);
    return pg_query(
        conn,
        "SELECT (SELECT count(*) FROM voip.edge_calls WHERE settled IS NULL"
        "  AND ended_at IS NOT NULL AND noted_at < now() - make_interval(secs => $1::int)),"
        " (SELECT count(*) FROM voip.cdr WHERE reconciled IS NOT NULL"
        "  AND started_at > now() - interval '13 hours'"
        "  AND ended_at > now() - interval '1 hour')",
        1, values, rows, err);
}

void check_records(const struct cmd_node *node, struct check_result *out)
{
    const char *late, *made;
    PGresult *rows = NULL;
    PGconn *conn = NULL;
    struct err err;
    int res;

    res = connect_db(node, &conn, &err);
    if (!res)
        res = count_calls(node, conn, &rows, &err);
    PQfinish(conn);
    if (res) {
        check_set(out, CHECK_FAIL, "not comparable with calls");
        check_advise(out, "see the parts postgresql and schema");
        return;
    }
    late = PQgetvalue(rows, 0, 0);
    made = PQgetvalue(rows, 0, 1);
    if (strcmp(late, "0") != 0) {
        check_set(out, CHECK_WARN, "%s calls are not compared with their records", late);
        check_advise(out, "see %s/log/cdr-writer.log", node->state);
    } else if (strcmp(made, "0") != 0) {
        check_set(out, CHECK_WARN, "of %s calls of the last hour made up from what the edge saw",
                  made);
        check_advise(out,
                     "`dialplane cdr check` lists them: was a media server or an edge killed?");
    } else {
        check_set(out, CHECK_OK, "every call of the last hour was reported");
    }
    PQclear(rows);
}
