#include "store/pg.h"

#include <errno.h>
#include <string.h>

/* Value of a keyword, in quotes: PostgreSQL manual, 34.1.1.1. */
static void add_quoted(struct buf *out, const char *keyword, const char *value)
{
    buf_printf(out, "%s='", keyword);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *value);
    }
    buf_add_str(out, "' ");
}

int pg_conninfo(struct buf *out, const struct pg_target *target)
{
    add_quoted(out, "host", target->host);
    add_quoted(out, "dbname", target->database);
    add_quoted(out, "user", target->role);
    add_quoted(out, "application_name", target->application);
    /* gssencmode: without it libpq looks for Kerberos credentials at every connect. */
    buf_printf(out,
               "port=%u connect_timeout=5 target_session_attrs=read-write client_encoding=UTF8 "
               "gssencmode=disable keepalives=1 keepalives_idle=5 keepalives_interval=5 "
               "keepalives_count=2 tcp_user_timeout=15000 options='-c statement_timeout=%u'",
               target->port, target->statement_timeout_ms);
    return buf_error(out);
}

/* libpq's messages end with a newline, and some have several lines: here they become one. */
static int fail(struct err *err, int code, const char *message)
{
    size_t len;

    if (!err)
        return code;
    err_set(err, code, "%s", message && *message ? message : "no reason given");
    for (len = strlen(err->text); len && err->text[len - 1] == '\n'; len--)
        err->text[len - 1] = '\0';
    for (char *at = err->text; (at = strchr(at, '\n')); at++)
        *at = ' ';
    return code;
}

/* The library prints nothing; notices of CREATE … IF NOT EXISTS say nothing new. */
static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

int pg_connect(PGconn **out, const struct pg_target *target, struct err *err)
{
    struct buf conninfo;
    PGconn *conn;
    int res;

    buf_init(&conninfo, PG_CONNINFO_MAX);
    res = pg_conninfo(&conninfo, target);
    if (res) {
        buf_free(&conninfo);
        return err_sys(err, res, "connection string");
    }
    conn = PQconnectdb(conninfo.data);
    buf_free(&conninfo);
    if (!conn)
        return err_set(err, -ENOMEM, "out of memory");
    if (PQstatus(conn) != CONNECTION_OK) {
        res = fail(err, -ENOTCONN, PQerrorMessage(conn));
        PQfinish(conn);
        return res;
    }
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    *out = conn;
    return 0;
}

static int refused(PGconn *conn, const PGresult *result, struct err *err)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);

    if (PQstatus(conn) != CONNECTION_OK || !message)
        return fail(err, PQstatus(conn) == CONNECTION_OK ? -EIO : -ENOTCONN, PQerrorMessage(conn));
    return err_set(err, -EIO, "%s%s%s%s%s%s%s", message, detail ? "; " : "", detail ? detail : "",
                   hint ? "; " : "", hint ? hint : "", context ? "; " : "", context ? context : "");
}

static int check(PGconn *conn, const PGresult *result, struct err *err)
{
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
        return 0;
    return refused(conn, result, err);
}

int pg_exec(PGconn *conn, const char *sql, struct err *err)
{
    PGresult *result = PQexec(conn, sql);
    int res = check(conn, result, err);

    PQclear(result);
    return res;
}

int pg_query(PGconn *conn, const char *sql, int count, const char *const values[], PGresult **out,
             struct err *err)
{
    PGresult *result = PQexecParams(conn, sql, count, NULL, values, NULL, NULL, 0);
    int res = check(conn, result, err);

    if (!res && out)
        *out = result;
    else
        PQclear(result);
    return res;
}

int pg_add_bytea(struct buf *out, const char *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    if (buf_reserve(out, 2 * len + 2))
        return buf_error(out);
    buf_add_str(out, "\\x");
    for (size_t i = 0; i < len; i++) {
        buf_add_char(out, digits[(unsigned char)data[i] >> 4]);
        buf_add_char(out, digits[(unsigned char)data[i] & 15]);
    }
    return buf_error(out);
}
