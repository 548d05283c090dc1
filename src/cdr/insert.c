#include "cdr/insert.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "cdr/insert_private.h"

enum {
    /* Of records as they came, in one transaction, which is in memory twice here and twice there.
     * As a rule that is the whole batch. */
    BATCH_BYTES = 16 * 1024 * 1024,
    ARRAY_MAX = 256 * 1024 * 1024,
};

/* For insert_prepare. */
static const struct insert_table *const tables[] = {&insert_raw, &insert_legs, &insert_stages,
                                                    &insert_cdr, &insert_taken};

int insert_prepare(PGconn *conn, const struct pg_wait *wait, struct err *err)
{
    int res = 0;

    for (size_t i = 0; !res && i < DP_COUNT(tables); i++)
        res = pg_wait_prepare(conn, tables[i]->name, tables[i]->statement, wait, err);
    return res;
}

void insert_text(struct pg_array *array, const char *text)
{
    if (*text)
        pg_array_text(array, text);
    else
        pg_array_null(array);
}

void insert_code(struct pg_array *array, unsigned int code)
{
    if (code)
        pg_array_int4(array, (int32_t)code);
    else
        pg_array_null(array);
}

void insert_number(struct pg_array *array, int32_t number)
{
    if (number != CDR_UNKNOWN)
        pg_array_int4(array, number);
    else
        pg_array_null(array);
}

static int compare_keys(const struct cdr *a, const struct cdr *b)
{
    if (a->started_us != b->started_us)
        return a->started_us < b->started_us ? -1 : 1;
    return strcasecmp(a->call_id, b->call_id);
}

/* By key, and of one key what came first. */
static int compare_rows(const void *a, const void *b)
{
    const struct insert_row *left = *(const struct insert_row *const *)a;
    const struct insert_row *right = *(const struct insert_row *const *)b;
    int order = compare_keys(&left->record.cdr, &right->record.cdr);

    return order ? order : left < right ? -1 : 1;
}

/* What became of a statement; takes its result over, which is NULL unless `res` is 0. */
static int judge(int res, PGresult *result, ExecStatusType wanted, struct err *err)
{
    if (!res)
        res = pg_wait_judge(result, wanted, err);
    PQclear(result);
    return res;
}

static int command(const struct insert *insert, const char *sql, struct err *err)
{
    PGresult *result = NULL;
    int res = pg_wait_query(insert->conn, sql, 0, NULL, insert->wait, &result, err);

    return judge(res, result, PGRES_COMMAND_OK, err);
}

static int end_arrays(struct pg_array *arrays, int count, struct err *err)
{
    for (int i = 0; i < count; i++) {
        int res = pg_array_end(&arrays[i]);

        /* Halving helps. */
        if (res == -ENOBUFS)
            return err_set(err, -EINVAL, "too many bytes for one statement");
        if (res)
            return err_sys(err, res, "memory for a batch");
    }
    return 0;
}

/* The table's statement. *number: of rows that were not there yet, or what it selects. */
static int insert_arrays(const struct insert *insert, const struct insert_table *table,
                         const struct pg_array *arrays, long *number, struct err *err)
{
    PGresult *result = NULL;
    bool selects;
    int res = pg_wait_prepared(insert->conn, table->name, table->columns, arrays, insert->wait,
                               &result, err);

    selects = !res && PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    if (!res)
        *number = strtol(selects ? PQgetvalue(result, 0, 0) : PQcmdTuples(result), NULL, 10);
    return judge(res, result, selects ? PGRES_TUPLES_OK : PGRES_COMMAND_OK, err);
}

/* Removes what the rows may replace. */
static int unmake(const struct insert *insert, const struct insert_table *table,
                  const struct pg_array *arrays, long *removed, struct err *err)
{
    PGresult *result = NULL;
    int res = pg_wait_arrays(insert->conn, table->unmake, 2, arrays, insert->wait, &result, err);

    if (!res && PQntuples(result) == 1)
        *removed = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    return judge(res, result, PGRES_TUPLES_OK, err);
}

/* Rows that are there already are looked at only then: as a rule there are none. */
static int insert_or_replace(const struct insert *insert, const struct insert_table *table,
                             const struct pg_array *arrays, long *number, struct err *err)
{
    long removed = 0;
    int res = insert_arrays(insert, table, arrays, number, err);

    if (res || !table->unmake || *number == arrays[0].count)
        return res;
    res = unmake(insert, table, arrays, &removed, err);
    if (!res && removed > 0)
        res = insert_arrays(insert, table, arrays, number, err);
    return res;
}

/* *number as in insert_arrays; 0 without a row for this table. */
static int insert_into(const struct insert *insert, const struct insert_table *table,
                       const struct insert_row *const *rows, size_t count, long *number,
                       struct err *err)
{
    struct pg_array arrays[PG_WAIT_ARRAYS];
    int res;

    *number = 0;
    for (int i = 0; i < table->columns; i++)
        pg_array_init(&arrays[i], table->types[i], ARRAY_MAX);
    for (size_t i = 0; i < count; i++)
        table->add(arrays, rows[i]);
    res = end_arrays(arrays, table->columns, err);
    if (!res && arrays[0].count > 0)
        res = insert_or_replace(insert, table, arrays, number, err);
    for (int i = 0; i < table->columns; i++)
        pg_array_free(&arrays[i]);
    return res;
}

/*
 * The call's row last: inserting it locks what all calls of its tenant count in
 * (voip.count_outbound), and the lock lasts until the commit.
 */
static int insert_tables(const struct insert *insert, const struct insert_row *const *rows,
                         size_t count, struct err *err)
{
    long number, told, stages;
    int res = insert_into(insert, &insert_raw, rows, count, &number, err);

    if (!res)
        res = insert_into(insert, &insert_legs, rows, count, &told, err);
    if (!res)
        res = insert_into(insert, &insert_stages, rows, count, &stages, err);
    if (!res)
        res = insert_into(insert, &insert_cdr, rows, count, &number, err);
    /* As a rule there is nothing to take, and looking for it costs as much as a hundred rows. */
    if (!res && (told > 0 || stages > 0))
        res = insert_into(insert, &insert_taken, rows, count, &number, err);
    return res;
}

/* As insert_good_rows, in one transaction; -EINVAL when the data of a row is refused, nobody knows
 * of which, and nothing was inserted. */
static int insert_rows(const struct insert *insert, const struct insert_row *const *rows,
                       size_t count, struct err *err)
{
    int res = command(insert, "BEGIN", err);

    if (!res)
        res = insert_tables(insert, rows, count, err);
    if (!res)
        return command(insert, "COMMIT", err);
    /* The first error is the one that counts, unless the connection is of no more use. */
    if (res != -ENOTCONN && command(insert, "ROLLBACK", NULL))
        return -ENOTCONN;
    return res;
}

/* Halves what is refused, down to the row. */
static int insert_piece(const struct insert *insert, const struct insert_row *const *rows,
                        size_t count, struct err *err)
{
    struct err own;
    int res = insert_rows(insert, rows, count, &own);

    if (res == -EINVAL && count == 1) {
        insert->refuse(insert->arg, rows[0], own.text);
        return 0;
    }
    if (res == -EINVAL) {
        res = insert_piece(insert, rows, count / 2, err);
        return res ? res : insert_piece(insert, rows + count / 2, count - count / 2, err);
    }
    return res ? err_set(err, res, "%s", own.text) : 0;
}

/* How many of the rows go into one transaction: one at least. */
static size_t fitting(const struct insert_row *const *rows, size_t count)
{
    size_t bytes = 0, fit = 0;

    while (fit < count && (fit == 0 || bytes + rows[fit]->raw_len <= BATCH_BYTES))
        bytes += rows[fit++]->raw_len;
    return fit;
}

int insert_good_rows(const struct insert *insert, const struct insert_row *rows, size_t count,
                     struct err *err)
{
    const struct insert_row **sorted = calloc(count + 1, sizeof(*sorted));
    int res = 0;

    if (!sorted)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        sorted[i] = &rows[i];
    /* Two writers that have the same calls lock them in the same order. */
    qsort(sorted, count, sizeof(*sorted), compare_rows);
    for (size_t done = 0, fit; !res && done < count; done += fit) {
        fit = fitting(sorted + done, count - done);
        res = insert_piece(insert, sorted + done, fit, err);
    }
    free(sorted);
    return res;
}
