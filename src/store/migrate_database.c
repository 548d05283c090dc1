/* The database and its roles' passwords: what is done outside of the numbered files. */
#include "store/migrate.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

static int database_exists(PGconn *conn, const char *name, bool *exists, struct err *err)
{
    PGresult *rows = NULL;
    int res;

    res = pg_query(conn, "SELECT FROM pg_database WHERE datname = $1", 1, &name, &rows, err);
    if (res)
        return res;
    *exists = PQntuples(rows) > 0;
    PQclear(rows);
    return 0;
}

/* CREATE DATABASE takes no parameters; whoever else created it in the meantime did the same. */
static int create_database(PGconn *conn, const char *name, struct err *err)
{
    char *quoted = PQescapeIdentifier(conn, name, strlen(name));
    bool exists = false;
    struct buf sql;
    int res;

    if (!quoted)
        return err_set(err, -EINVAL, "database name: %s", PQerrorMessage(conn));
    buf_init(&sql, 1024);
    res = buf_printf(&sql, "CREATE DATABASE %s ENCODING 'UTF8' TEMPLATE template0", quoted);
    res = res ? err_sys(err, res, "database name") : pg_exec(conn, sql.data, err);
    if (res == -EIO && database_exists(conn, name, &exists, NULL) == 0 && exists)
        res = 0;
    buf_free(&sql);
    PQfreemem(quoted);
    return res;
}

static int ensure_database(const struct pg_target *target, bool dry_run,
                           const struct migrate_report *report, struct err *err)
{
    struct pg_target maintenance = *target;
    PGconn *conn = NULL;
    bool exists = false;
    int res;

    maintenance.database = "postgres";
    res = pg_connect(&conn, &maintenance, err);
    if (res)
        return res;
    res = database_exists(conn, target->database, &exists, err);
    if (!res && !exists) {
        migrate_tell(report, "%s database %s", dry_run ? "would create" : "creating",
                     target->database);
        res = dry_run ? err_set(err, -ENODATA, "the database %s does not exist", target->database)
                      : create_database(conn, target->database, err);
    }
    PQfinish(conn);
    return res;
}

int migrate_open(PGconn **out, const struct pg_target *target, bool dry_run,
                 const struct migrate_report *report, struct err *err)
{
    int res = ensure_database(target, dry_run, report, err);

    return res ? res : pg_connect(out, target, err);
}

static int set_verifier(PGconn *conn, const char *role, const char *verifier, struct err *err)
{
    char *name = PQescapeIdentifier(conn, role, strlen(role));
    char *secret = PQescapeLiteral(conn, verifier, strlen(verifier));
    struct buf sql;
    int res;

    buf_init(&sql, 2048);
    if (name && secret)
        res = buf_printf(&sql, "ALTER ROLE %s PASSWORD %s", name, secret);
    else
        res = -ENOMEM;
    res = res ? err_sys(err, res, "role %s", role) : pg_exec(conn, sql.data, err);
    buf_free(&sql);
    PQfreemem(name);
    PQfreemem(secret);
    return res;
}

int migrate_password(PGconn *conn, const char *role, const char *password, struct err *err)
{
    char *verifier = PQencryptPasswordConn(conn, password, role, "scram-sha-256");
    int res;

    if (!verifier)
        return err_set(err, -EIO, "password of %s: %s", role, PQerrorMessage(conn));
    res = set_verifier(conn, role, verifier, err);
    PQfreemem(verifier);
    if (res)
        err_prefix(err, "password of %s", role);
    return res;
}
