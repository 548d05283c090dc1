/* dialplane cdr show: a call's row, its legs, and the records they were made of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cdr/intake.h"
#include "cdr/pack.h"
#include "cmd/cdr.h"
#include "cmd/common.h"
#include "store/pg.h"

enum { QUERY_MS = 60000, VALUE_MAX = 4096, NAME_WIDTH = 20 };

struct options {
    const char *call, *source;
    bool raw;
};

/* Names and values of one row; what is null is left out. Values are what phones have sent. */
static void print_row(const char *title, const PGresult *rows, int row)
{
    char value[VALUE_MAX];

    printf("%s\n", title);
    for (int column = 0; column < PQnfields(rows); column++) {
        if (PQgetisnull(rows, row, column))
            continue;
        log_escape(value, sizeof(value), PQgetvalue(rows, row, column));
        printf("  %-*s %s\n", NAME_WIDTH, PQfname(rows, column), value);
    }
}

/* Prints the rows; returns how many there were, or a negative errno. */
static int print_rows(PGconn *conn, const char *title, const char *sql, const char *call,
                      struct err *err)
{
    PGresult *rows = NULL;
    int res = pg_query(conn, sql, 1, &call, &rows, err);

    if (res)
        return res;
    res = PQntuples(rows);
    for (int row = 0; row < res; row++)
        print_row(title, rows, row);
    PQclear(rows);
    return res;
}

static int print_tables(PGconn *conn, const char *call, struct err *err)
{
    static const struct {
        const char *title, *sql;
    } parts[] = {
        {"call", "SELECT * FROM voip.cdr WHERE call_id = $1 ORDER BY started_at"},
        {"leg",
         "SELECT * FROM voip.cdr_legs WHERE call_id = $1 ORDER BY started_at, begun_at, leg"},
        {"record", "SELECT source, node, encoding, size, octet_length(body) AS stored, inserted_at "
                   "FROM voip.cdr_raw WHERE call_id = $1 ORDER BY started_at, inserted_at"},
    };
    int found = 0;

    for (size_t i = 0; i < DP_COUNT(parts); i++) {
        int rows = print_rows(conn, parts[i].title, parts[i].sql, call, err);

        if (rows < 0)
            return rows;
        found += rows;
    }
    return found;
}

/* A record as it came, and a line's end. */
static int print_body(const char *body, size_t len, struct err *err)
{
    struct buf plain;
    int res = 0;

    buf_init(&plain, INTAKE_BODY_MAX);
    if (pack_is(body, len))
        res = pack_open(&plain, body, len, INTAKE_BODY_MAX, err);
    else if (buf_add(&plain, body, len))
        res = err_sys(err, buf_error(&plain), "a record of %zu bytes", len);
    if (!res) {
        fwrite(plain.data, 1, plain.len, stdout);
        putchar('\n');
    }
    buf_free(&plain);
    return res;
}

static int print_raw(PGconn *conn, const struct options *options, struct err *err)
{
    const char *const values[] = {options->call, options->source};
    PGresult *rows = NULL;
    int res = pg_query(conn,
                       "SELECT body FROM voip.cdr_raw WHERE call_id = $1 "
                       "AND ($2::text IS NULL OR source = $2) ORDER BY started_at, inserted_at",
                       2, values, &rows, err);
    int found = res ? 0 : PQntuples(rows);

    for (int row = 0; !res && row < found; row++) {
        size_t len;
        unsigned char *body = PQunescapeBytea((unsigned char *)PQgetvalue(rows, row, 0), &len);

        res = body ? print_body((const char *)body, len, err)
                   : err_set(err, -ENOMEM, "out of memory");
        PQfreemem(body);
    }
    PQclear(rows);
    return res ? res : found;
}

static int run(const struct cmd_node *node, const struct options *options, struct err *err)
{
    const struct pg_target target =
        cmd_target(node, SECRET_DB_CONTROL, "dialplane cdr show", QUERY_MS);
    PGconn *conn = NULL;
    int res = pg_connect(&conn, &target, err);

    if (res)
        return res;
    res = options->raw ? print_raw(conn, options, err) : print_tables(conn, options->call, err);
    PQfinish(conn);
    if (res == 0)
        return err_set(err, -ENOENT, "there is no record of this call");
    return res < 0 ? res : 0;
}

int cmd_cdr_show(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"call", "UUID", "which: its call_id", &chosen.call, NULL},
        {"raw", NULL, "print the records as they came instead", NULL, &chosen.raw},
        {"source", "NAME", "with --raw: of edge, freeswitch or asterisk only", &chosen.source,
         NULL},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "Print all that is known of a call", options, &args, &status))
        return status;
    if (!chosen.call || !str_is_uuid(chosen.call)) {
        fprintf(stderr, "dialplane cdr show: --call UUID\n");
        return CMD_USAGE;
    }
    res = cmd_open(&node, &args, &err);
    if (!res) {
        res = run(&node, &chosen, &err);
        cmd_close(&node);
    }
    return res ? cmd_fail("cdr show", &err) : CMD_OK;
}
