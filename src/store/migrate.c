#include "store/migrate.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#include "base/buf.h"
#include "store/migrations.h"

void migrate_tell(const struct migrate_report *report, const char *format, ...)
{
    struct buf line;
    va_list args;

    if (!report)
        return;
    buf_init(&line, PATH_MAX + 256);
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    report->line(report->arg, line.data);
    buf_free(&line);
}

int migrate_compare(PGconn *conn, const char *folder, struct migrate_state *state, struct err *err)
{
    struct migrations all = {0};
    int res = migrations_compare(&all, conn, folder, state, err);

    migrations_free(&all);
    return res;
}

/* The first migration makes the schema that the record lives in, so the record comes after it. */
static int record(PGconn *conn, const struct migration *migration, struct err *err)
{
    const char *values[] = {migration->name, migration->sha256};
    int res;

    res =
        pg_exec(conn,
                "CREATE SCHEMA IF NOT EXISTS voip;"
                "CREATE TABLE IF NOT EXISTS voip.schema_migrations ("
                "    number     integer PRIMARY KEY,"
                "    name       text NOT NULL,"
                "    sha256     text NOT NULL,"
                "    applied_at timestamptz NOT NULL DEFAULT now());"
                /* Nothing secret, and whoever may connect can see whether the schema is current. */
                "GRANT SELECT ON voip.schema_migrations TO PUBLIC",
                err);
    if (res)
        return res;
    return pg_query(conn,
                    "INSERT INTO voip.schema_migrations (number, name, sha256)"
                    " VALUES (substring($1 from '^[0-9]+')::integer, $1, $2)",
                    2, values, NULL, err);
}

static int run_sql(PGconn *conn, const char *name, const char *sql, struct err *err)
{
    int res = pg_exec(conn, sql, err);

    if (!res && PQtransactionStatus(conn) != PQTRANS_INTRANS)
        res = err_set(err, -EINVAL, "must not begin or end a transaction: it runs inside one");
    if (res)
        err_prefix(err, "%s", name);
    return res;
}

/* Ends the transaction in whichever way; a failure keeps its own message. */
static int finish(PGconn *conn, int res, struct err *err)
{
    if (!res)
        return pg_exec(conn, "COMMIT", err);
    if (pg_exec(conn, "ROLLBACK", NULL))
        return res; /* the connection is gone, and with it the transaction */
    return res;
}

static int apply_one(PGconn *conn, const struct migration *migration, struct err *err)
{
    int res;

    res = pg_exec(conn, "BEGIN", err);
    if (res)
        return res;
    res = run_sql(conn, migration->name, migration->sql.data, err);
    if (!res)
        res = record(conn, migration, err);
    return finish(conn, res, err);
}

int migrate_apply(PGconn *conn, const char *folder, bool dry_run,
                  const struct migrate_report *report, struct migrate_state *state, struct err *err)
{
    struct migrations all = {0};
    int res;

    res = migrations_compare(&all, conn, folder, state, err);
    for (size_t i = 0; !res && i < all.count; i++) {
        if (all.item[i].applied)
            continue;
        if (!dry_run)
            res = apply_one(conn, &all.item[i], err);
        if (!res)
            migrate_tell(report, "%s %s", dry_run ? "would apply" : "applied", all.item[i].name);
    }
    migrations_free(&all);
    return res;
}

int migrate_lock(PGconn *conn, struct err *err)
{
    /* An arbitrary number, the same in every version of the program. */
    return pg_query(conn, "SELECT pg_advisory_lock(7265636972)", 0, NULL, NULL, err);
}

static int run_kamailio_files(PGconn *conn, const char *folder, struct err *err)
{
    static const char *const files[] = {"standard-create.sql", "usrloc-create.sql"};
    int res;

    /* The files name no schema. LOCAL: the migrations after it see the usual path again. */
    res = pg_exec(conn, "CREATE SCHEMA IF NOT EXISTS kamailio; SET LOCAL search_path = kamailio",
                  err);
    for (size_t i = 0; !res && i < DP_COUNT(files); i++) {
        struct buf sql;

        buf_init(&sql, MIGRATIONS_SQL_MAX);
        res = migrations_read_sql(folder, files[i], &sql, err);
        if (!res)
            res = run_sql(conn, files[i], sql.data, err);
        buf_free(&sql);
    }
    return res;
}

int migrate_kamailio(PGconn *conn, const char *folder, bool dry_run,
                     const struct migrate_report *report, struct err *err)
{
    PGresult *found = NULL;
    bool missing;
    int res;

    res = pg_query(conn, "SELECT to_regclass('kamailio.version')", 0, NULL, &found, err);
    if (res)
        return res;
    missing = PQgetisnull(found, 0, 0);
    PQclear(found);
    if (!missing)
        return 0;
    migrate_tell(report, "%s schema kamailio from %s", dry_run ? "would create" : "creating",
                 folder);
    if (dry_run)
        return 0;
    res = pg_exec(conn, "BEGIN", err);
    return res ? res : finish(conn, run_kamailio_files(conn, folder, err), err);
}
