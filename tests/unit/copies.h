/* Rows and copies of a small tenant, for tests that need no database. */
#pragma once

#include <errno.h>
#include <string.h>

#include "tenant/copy.h"
#include "tenant/load.h"
#include "tenant/rows.h"
#include "unit.h"

/* A result as PostgreSQL would have sent it, of rows that end with one that starts with NULL. */
static inline PGresult *result_make(size_t columns, const char *const (*rows)[ROWS_COLUMNS_MAX])
{
    PGresAttDesc names[ROWS_COLUMNS_MAX] = {0};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    char *value;

    assert_non_null(result);
    for (size_t i = 0; i < columns; i++)
        names[i].name = (char *)"column";
    assert_true(PQsetResultAttrs(result, (int)columns, names));
    for (int row = 0; rows && rows[row][0]; row++) {
        for (size_t i = 0; i < columns; i++) {
            value = (char *)rows[row][i];
            assert_true(PQsetvalue(result, row, (int)i, value, value ? (int)strlen(value) : -1));
        }
    }
    return result;
}

/*
 * The rows of one table: user 1001, numbers 1001, 5000 (menu 7) and *97, menus 7 and 9, a mailbox,
 * queue 4, conference 3. `mark` is in a row of every table.
 */
static inline PGresult *result_of(enum snapshot_table table, size_t columns, const char *mark)
{
    const char *const users[][ROWS_COLUMNS_MAX] = {
        {"1001", mark, "h1001"}, {"1002", mark, "h1002"}, {NULL}};
    const char *const extensions[][ROWS_COLUMNS_MAX] = {
        {"*97", "voicemail"}, {"1001", "user", "1001"}, {"5000", "ivr", NULL, NULL, "7"}, {NULL}};
    const char *const menus[][ROWS_COLUMNS_MAX] = {
        {"7", mark, "invalid", "5000", "3", "0"}, {"9", mark, "", "1500", "2", "1"}, {NULL}};
    const char *const entries[][ROWS_COLUMNS_MAX] = {
        {"7", "#", mark}, {"7", "1", "1001"}, {"9", "0", mark}, {NULL}};
    const char *const mailboxes[][ROWS_COLUMNS_MAX] = {
        {"1001", "pin", "100", "180", "1", "1", "0", "0", mark, "1001"}, {NULL}};
    const char *const queues[][ROWS_COLUMNS_MAX] = {
        {"4", mark, "ring-all", "20", "0", "300", "30", "0", NULL, NULL, mark}, {NULL}};
    const char *const members[][ROWS_COLUMNS_MAX] = {{"4", "1001", "1", "1", "paused"}, {NULL}};
    const char *const conferences[][ROWS_COLUMNS_MAX] = {{"3", mark, "10", "1"}, {NULL}};

    switch (table) {
    case SNAPSHOT_USERS:
        return result_make(columns, users);
    case SNAPSHOT_EXTENSIONS:
        return result_make(columns, extensions);
    case SNAPSHOT_MENUS:
        return result_make(columns, menus);
    case SNAPSHOT_ENTRIES:
        return result_make(columns, entries);
    case SNAPSHOT_MAILBOXES:
        return result_make(columns, mailboxes);
    case SNAPSHOT_QUEUES:
        return result_make(columns, queues);
    case SNAPSHOT_MEMBERS:
        return result_make(columns, members);
    case SNAPSHOT_CONFERENCES:
        return result_make(columns, conferences);
    default:
        return result_make(columns, NULL);
    }
}

/* The copy of this tenant, not sealed. To be freed. */
static inline struct buf copy_make(const char *schema, const char *domain, const char *mark)
{
    enum snapshot_table table;
    struct buf copy;
    size_t columns;
    PGresult *result;

    buf_init(&copy, 1 << 20);
    copy_begin(&copy, schema, domain, "Europe/Berlin");
    for (size_t i = 0; snapshot_step(i, &table, &columns); i++) {
        result = result_of(table, columns, mark);
        copy_add(&copy, result);
        PQclear(result);
    }
    assert_int_equal(buf_error(&copy), 0);
    return copy;
}

/* As this program makes it. */
static inline struct buf copy_right(const char *domain, const char *mark)
{
    char schema[CRYPTO_SHA256_HEX];

    assert_int_equal(snapshot_schema(schema), 0);
    return copy_make(schema, domain, mark);
}
