/* dialplane cdr dead list, show. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cdr/text.h"
#include "cmd/cdr_dead.h"
#include "store/pg.h"

#define TIME(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define COLUMNS                                                                                    \
    "id, " TIME("first_seen") " AS first_seen, " TIME(                                             \
        "last_seen") " AS last_seen, source, node, "                                               \
                     "deliveries, octet_length(body) AS bytes, " TIME(                             \
                         "requeued_at") " AS requeued_at, reason"

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* What PostgreSQL's encode() gave: pairs of lower-case digits. */
static int from_hex(const char *hex, struct buf *out)
{
    for (; hex[0] && hex[1]; hex += 2)
        buf_add_char(out, (char)(digit(hex[0]) << 4 | digit(hex[1])));
    return buf_error(out);
}

int dead_load(PGconn *conn, const char *id, struct dead_letter *out, struct err *err)
{
    int res;

    *out = (struct dead_letter){0};
    buf_init(&out->body, DEAD_BODY_MAX);
    res = pg_query(conn, "SELECT " COLUMNS ", encode(body, 'hex') FROM voip.cdr_dead WHERE id = $1",
                   1, &id, &out->rows, err);
    if (res)
        return res;
    if (PQntuples(out->rows) == 0)
        return err_set(err, -ENOENT, "there is no dead letter %s", id);
    res = from_hex(PQgetvalue(out->rows, 0, DEAD_HEX), &out->body);
    return res ? err_sys(err, res, "body of dead letter %s", id) : 0;
}

void dead_letter_free(struct dead_letter *letter)
{
    PQclear(letter->rows);
    buf_free(&letter->body);
    *letter = (struct dead_letter){0};
}

/* With everything escaped that could talk to a terminal. */
static void print_escaped(const char *text)
{
    size_t size = 4 * strlen(text) + 1;
    char *escaped = malloc(size);

    if (!escaped)
        return;
    log_escape(escaped, size, text);
    fputs(escaped, stdout);
    free(escaped);
}

static int print_json_list(struct cdr_dead *dead, struct err *err)
{
    char limit[24];
    const char *values[] = {limit};
    PGresult *rows = NULL;
    int res;

    snprintf(limit, sizeof(limit), "%" PRIu64, dead->limit);
    res = pg_query(dead->conn,
                   "SELECT jsonb_pretty(coalesce(jsonb_agg(to_jsonb(t) ORDER BY id DESC), '[]')) "
                   "FROM (SELECT " COLUMNS " FROM voip.cdr_dead ORDER BY id DESC LIMIT $1) t",
                   1, values, &rows, err);
    if (!res)
        printf("%s\n", PQgetvalue(rows, 0, 0));
    PQclear(rows);
    return res;
}

static void print_row(const PGresult *rows, int row)
{
    printf("%-8s %s  %-10s %-10s %5s %9s  ", PQgetvalue(rows, row, DEAD_ID),
           PQgetvalue(rows, row, DEAD_FIRST), PQgetvalue(rows, row, DEAD_SOURCE),
           PQgetvalue(rows, row, DEAD_NODE), PQgetvalue(rows, row, DEAD_DELIVERIES),
           PQgetvalue(rows, row, DEAD_BYTES));
    print_escaped(PQgetvalue(rows, row, DEAD_REASON));
    printf("%s\n", *PQgetvalue(rows, row, DEAD_REQUEUED) ? " (requeued)" : "");
}

static int print_list(struct cdr_dead *dead, struct err *err)
{
    char limit[24];
    const char *values[] = {limit};
    PGresult *rows = NULL, *all = NULL;
    int res;

    snprintf(limit, sizeof(limit), "%" PRIu64, dead->limit);
    res = pg_query(dead->conn, "SELECT " COLUMNS " FROM voip.cdr_dead ORDER BY id DESC LIMIT $1", 1,
                   values, &rows, err);
    if (!res)
        res = pg_query(dead->conn, "SELECT count(*) FROM voip.cdr_dead", 0, NULL, &all, err);
    if (!res && PQntuples(rows))
        printf("%-8s %-20s  %-10s %-10s %5s %9s  %s\n", "id", "first seen", "source", "node",
               "tries", "bytes", "reason");
    for (int i = 0; !res && i < PQntuples(rows); i++)
        print_row(rows, i);
    if (!res)
        printf("%d of %s dead letters\n", PQntuples(rows), PQgetvalue(all, 0, 0));
    PQclear(rows);
    PQclear(all);
    return res;
}

int dead_list(struct cdr_dead *dead)
{
    struct err err;
    int res = dead->json ? print_json_list(dead, &err) : print_list(dead, &err);

    return res ? cmd_fail("cdr dead list", &err) : CMD_OK;
}

static const char *const names[] = {"id",         "first_seen", "last_seen",   "source", "node",
                                    "deliveries", "bytes",      "requeued_at", "reason"};

static void print_letter(const struct dead_letter *letter, const char *text)
{
    for (size_t i = 0; i < DP_COUNT(names); i++) {
        printf("%-12s ", names[i]);
        print_escaped(PQgetvalue(letter->rows, 0, (int)i));
        printf("\n");
    }
    printf("\n");
    print_escaped(text);
    printf("\n");
}

static void print_json_letter(const struct dead_letter *letter, const char *text)
{
    json_t *object = json_object();

    for (size_t i = 0; i < DP_COUNT(names); i++) {
        const char *value = PQgetvalue(letter->rows, 0, (int)i);
        bool is_number = i == DEAD_ID || i == DEAD_DELIVERIES || i == DEAD_BYTES;

        if (PQgetisnull(letter->rows, 0, (int)i))
            json_object_set_new(object, names[i], json_null());
        else
            json_object_set_new(object, names[i],
                                is_number ? json_integer(atoll(value)) : json_string(value));
    }
    json_object_set_new(object, "body", json_string(text));
    json_object_set_new(object, "body_hex", json_string(PQgetvalue(letter->rows, 0, DEAD_HEX)));
    json_dumpf(object, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(object);
}

int dead_show(struct cdr_dead *dead)
{
    struct dead_letter letter;
    struct err err;
    struct buf text;
    int res = dead_load(dead->conn, dead->ids[0], &letter, &err);

    buf_init(&text, 3 * (size_t)DEAD_BODY_MAX);
    if (!res) {
        text_clean(&text, letter.body.data, letter.body.len);
        res = buf_error(&text) ? err_sys(&err, buf_error(&text), "body") : 0;
    }
    if (!res && dead->raw)
        fwrite(letter.body.data, 1, letter.body.len, stdout);
    else if (!res && dead->json)
        print_json_letter(&letter, text.data);
    else if (!res)
        print_letter(&letter, text.data);
    buf_free(&text);
    dead_letter_free(&letter);
    return res ? cmd_fail("cdr dead show", &err) : CMD_OK;
}
