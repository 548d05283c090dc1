/*
 * The ways themselves. Each puts something else where the writer's statement has
 * "unnest(…) AS r(…)"; the values come from the arrays that the writer would send.
 */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "cdr_insert.h"

enum { SQL_MAX = 4 << 20, JSON_MAX = 64 << 20, HEAD = 20, COLUMNS = 30 };

struct way {
    const char *name;
    void (*prepare)(PGconn *conn, size_t count);
    void (*insert)(PGconn *conn, struct pg_array *arrays, size_t count);
};

/* A value in an array; `len` is -1 for null. */
struct value {
    const char *data;
    int32_t len;
};

static struct buf sql; /* the statement, made by `prepare` */

static const char *type_name(enum pg_type type)
{
    switch (type) {
    case PG_INT8:
        return "bigint";
    case PG_INT4:
        return "integer";
    case PG_TIMESTAMPTZ:
        return "timestamptz";
    case PG_UUID:
        return "uuid";
    default:
        return "text";
    }
}

/* The parts of the writer's statement: up to "FROM ", the names of the columns, from " ON" on. */
static const char *head_end(void)
{
    return strstr(insert_cdr.statement, "FROM unnest(") + strlen("FROM ");
}

static const char *names(void)
{
    return strstr(insert_cdr.statement, " AS r(") + strlen(" AS r(");
}

static const char *tail(void)
{
    return strstr(insert_cdr.statement, " ON CONFLICT");
}

static void begin_sql(void)
{
    buf_init(&sql, SQL_MAX);
    buf_add(&sql, insert_cdr.statement, (size_t)(head_end() - insert_cdr.statement));
}

/* " AS r(a, b, …)" and the rest. */
static void end_sql(void)
{
    buf_printf(&sql, " AS r(%.*s%s", (int)(tail() - names()), names(), tail());
    if (buf_error(&sql))
        fail("a statement", "too long");
}

/* "(a integer, b text, …)" */
static void add_definition(struct buf *out)
{
    const char *at = names();

    for (int i = 0; i < insert_cdr.columns; i++) {
        size_t len = strcspn(at, ",)");

        buf_printf(out, "%s%.*s %s", i ? ", " : "(", (int)len, at, type_name(insert_cdr.types[i]));
        at += len + 2;
    }
    buf_add_char(out, ')');
}

/* The next value of an array; *at begins at HEAD. */
static struct value next(const struct pg_array *array, size_t *at)
{
    struct value value = {.data = array->bytes.data + *at + 4};
    uint32_t len;

    memcpy(&len, array->bytes.data + *at, sizeof(len));
    value.len = (int32_t)be32toh(len);
    *at += 4 + (value.len > 0 ? (size_t)value.len : 0);
    return value;
}

static void check(PGconn *conn, PGresult *result, ExecStatusType expected)
{
    if (PQresultStatus(result) != expected)
        fail("a statement", PQerrorMessage(conn));
    PQclear(result);
}

static void command(PGconn *conn, const char *text)
{
    check(conn, PQexec(conn, text), PGRES_COMMAND_OK);
}

/* ---------------------------------------------------------------- arrays */

static void prepare_arrays(PGconn *conn, size_t count)
{
    (void)conn;
    (void)count;
}

static void insert_arrays(PGconn *conn, struct pg_array *arrays, size_t count)
{
    const char *values[COLUMNS];
    int lengths[COLUMNS], formats[COLUMNS];

    (void)count;
    for (int i = 0; i < insert_cdr.columns; i++) {
        values[i] = arrays[i].bytes.data;
        lengths[i] = (int)arrays[i].bytes.len;
        formats[i] = 1;
    }
    check(conn,
          PQexecParams(conn, insert_cdr.statement, insert_cdr.columns, NULL, values, lengths,
                       formats, 0),
          PGRES_COMMAND_OK);
}

/* ---------------------------------------------------------------- values */

static void prepare_values(PGconn *conn, size_t count)
{
    begin_sql();
    for (size_t row = 0; row < count; row++) {
        buf_add_str(&sql, row ? "), (" : "(VALUES (");
        for (int i = 0; i < insert_cdr.columns; i++)
            buf_printf(&sql, "%s$%zu::%s", i ? ", " : "",
                       row * (size_t)insert_cdr.columns + (size_t)i + 1,
                       type_name(insert_cdr.types[i]));
    }
    buf_add_str(&sql, "))");
    end_sql();
    check(conn, PQprepare(conn, "values", sql.data, 0, NULL), PGRES_COMMAND_OK);
}

static void insert_values(PGconn *conn, struct pg_array *arrays, size_t count)
{
    size_t columns = (size_t)insert_cdr.columns, total = count * columns;
    const char **values = calloc(total, sizeof(*values));
    int *lengths = calloc(total, sizeof(*lengths)), *formats = calloc(total, sizeof(*formats));

    if (!values || !lengths || !formats)
        fail("values", "out of memory");
    for (size_t i = 0; i < columns; i++) {
        size_t at = HEAD;

        for (size_t row = 0; row < count; row++) {
            struct value value = next(&arrays[i], &at);

            values[row * columns + i] = value.len < 0 ? NULL : value.data;
            lengths[row * columns + i] = value.len;
            formats[row * columns + i] = 1;
        }
    }
    check(conn, PQexecPrepared(conn, "values", (int)total, values, lengths, formats, 0),
          PGRES_COMMAND_OK);
    free(values);
    free(lengths);
    free(formats);
}

/* ---------------------------------------------------------------- copy */

static void prepare_copy(PGconn *conn, size_t count)
{
    struct buf table;

    (void)count;
    buf_init(&table, SQL_MAX);
    buf_add_str(&table, "CREATE TEMPORARY TABLE staging ");
    add_definition(&table);
    buf_add_str(&table, " ON COMMIT DELETE ROWS");
    command(conn, table.data);
    buf_free(&table);
    begin_sql();
    buf_add_str(&sql, "staging");
    end_sql();
}

static void insert_copy(PGconn *conn, struct pg_array *arrays, size_t count)
{
    static const char start[19] = "PGCOPY\n\xff\r\n"; /* and two numbers of 0 */
    const uint16_t columns = htobe16((uint16_t)insert_cdr.columns), end = 0xffff;
    size_t at[COLUMNS];
    struct buf rows;

    for (int i = 0; i < COLUMNS; i++)
        at[i] = HEAD;
    buf_init(&rows, JSON_MAX);
    buf_add(&rows, start, sizeof(start));
    for (size_t row = 0; row < count; row++) {
        buf_add(&rows, &columns, sizeof(columns));
        for (int i = 0; i < insert_cdr.columns; i++) {
            const char *from = arrays[i].bytes.data + at[i];
            size_t before = at[i];

            next(&arrays[i], &at[i]);
            buf_add(&rows, from, at[i] - before);
        }
    }
    buf_add(&rows, &end, sizeof(end));
    command(conn, "BEGIN");
    check(conn, PQexec(conn, "COPY staging FROM STDIN (FORMAT binary)"), PGRES_COPY_IN);
    if (PQputCopyData(conn, rows.data, (int)rows.len) != 1 || PQputCopyEnd(conn, NULL) != 1)
        fail("COPY", PQerrorMessage(conn));
    check(conn, PQgetResult(conn), PGRES_COMMAND_OK);
    while (PQgetResult(conn))
        ;
    command(conn, sql.data);
    command(conn, "COMMIT");
    buf_free(&rows);
}

/* ---------------------------------------------------------------- json */

static void prepare_json(PGconn *conn, size_t count)
{
    (void)conn;
    (void)count;
    begin_sql();
    buf_add_str(&sql, "jsonb_to_recordset($1::jsonb) AS r");
    add_definition(&sql);
    buf_add_str(&sql, tail());
}

static void add_time(struct buf *out, int64_t us)
{
    int64_t since_1970 = us + INT64_C(946684800000000);
    time_t seconds = (time_t)(since_1970 / 1000000);
    char text[32];
    struct tm tm;

    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &tm));
    buf_printf(out, "\"%s.%06" PRId64 "+00\"", text, since_1970 % 1000000);
}

static void add_json(struct buf *out, enum pg_type type, struct value value)
{
    const unsigned char *b = (const unsigned char *)value.data;
    uint32_t small = 0;
    uint64_t large = 0;

    if (value.len == sizeof(small))
        memcpy(&small, b, sizeof(small));
    if (value.len == sizeof(large))
        memcpy(&large, b, sizeof(large));
    if (value.len < 0)
        buf_add_str(out, "null");
    else if (type == PG_INT4)
        buf_printf(out, "%" PRId32, (int32_t)be32toh(small));
    else if (type == PG_INT8)
        buf_printf(out, "%" PRId64, (int64_t)be64toh(large));
    else if (type == PG_TIMESTAMPTZ)
        add_time(out, (int64_t)be64toh(large));
    else if (type == PG_UUID)
        buf_printf(out, "\"%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x\"",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                   b[13], b[14], b[15]);
    else /* of the rows made here nothing needs a backslash */
        buf_printf(out, "\"%.*s\"", (int)value.len, value.data);
}

static void insert_json(PGconn *conn, struct pg_array *arrays, size_t count)
{
    size_t at[COLUMNS];
    struct buf rows;

    for (int i = 0; i < COLUMNS; i++)
        at[i] = HEAD;
    buf_init(&rows, JSON_MAX);
    for (size_t row = 0; row < count; row++) {
        const char *name = names();

        buf_add_char(&rows, row ? ',' : '[');
        for (int i = 0; i < insert_cdr.columns; i++) {
            size_t len = strcspn(name, ",)");

            buf_printf(&rows, "%s\"%.*s\":", i ? "," : "{", (int)len, name);
            add_json(&rows, insert_cdr.types[i], next(&arrays[i], &at[i]));
            name += len + 2;
        }
        buf_add_char(&rows, '}');
    }
    buf_add_char(&rows, ']');
    check(conn,
          PQexecParams(conn, sql.data, 1, NULL, (const char *const[]){rows.data}, NULL, NULL, 0),
          PGRES_COMMAND_OK);
    buf_free(&rows);
}

/* ---------------------------------------------------------------- all of them */

static const struct way ways[] = {
    {"arrays", prepare_arrays, insert_arrays},
    {"values", prepare_values, insert_values},
    {"copy", prepare_copy, insert_copy},
    {"json", prepare_json, insert_json},
};

const struct way *way_find(const char *name)
{
    for (size_t i = 0; i < DP_COUNT(ways); i++)
        if (strcmp(ways[i].name, name) == 0)
            return &ways[i];
    fail(name, "no such way");
}

void way_prepare(const struct way *way, PGconn *conn, size_t count)
{
    if (insert_cdr.columns != COLUMNS)
        fail("columns", "not as many as they were");
    way->prepare(conn, count);
}

void way_insert(const struct way *way, PGconn *conn, const struct insert_row *rows, size_t count)
{
    struct pg_array arrays[COLUMNS];

    for (int i = 0; i < COLUMNS; i++)
        pg_array_init(&arrays[i], insert_cdr.types[i], JSON_MAX);
    for (size_t row = 0; row < count; row++)
        insert_cdr.add(arrays, &rows[row]);
    for (int i = 0; i < COLUMNS; i++)
        if (pg_array_end(&arrays[i]))
            fail("arrays", "out of memory");
    way->insert(conn, arrays, count);
    for (int i = 0; i < COLUMNS; i++)
        pg_array_free(&arrays[i]);
}
