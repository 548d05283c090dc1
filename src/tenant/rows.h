/*
 * What a statement gave, row after row, wherever it comes from: one code path builds a snapshot
 * (load.c) from the database and from a copy on disk.
 */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "base/compiler.h"

enum { ROWS_COLUMNS_MAX = 16 };

struct rows {
    size_t count; /* of all rows */
    /* The current row's, valid until the next rows_next; NULL is SQL's null. */
    const char *values[ROWS_COLUMNS_MAX];
    /* The rest is for rows_next. */
    size_t columns;
    size_t required; /* so many columns, the first ones, are never null */
    size_t next;     /* the row after the current one */
    const PGresult *result;
};

/* The rows of `result`, which stays the caller's. -EBADMSG when it has other columns. */
int rows_of_result(struct rows *rows, const PGresult *result, size_t columns,
                   size_t required) DP_CHECK;

/* Goes to the next row, the first one at first: 1; 0 behind the last; -EBADMSG. */
int rows_next(struct rows *rows) DP_CHECK;

/* A value of the current row. An integer is one of the database's, or null, which counts as 0. */
const char *rows_text(const struct rows *rows, size_t column);
long long rows_int(const struct rows *rows, size_t column);
