/*
 * What a statement gave, row after row, wherever it comes from: one code path builds a snapshot
 * (load.c) from the database and from a copy on disk.
 */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "base/compiler.h"
#include "tenant/copy.h"

enum { ROWS_COLUMNS_MAX = 16 };

struct rows {
    size_t count; /* of all rows */
    /* The current row's, valid until the next rows_next; NULL is SQL's null. */
    const char *values[ROWS_COLUMNS_MAX];
    /* The rest is for rows_next. */
    size_t columns;
    size_t required;        /* so many columns, the first ones, are never null */
    size_t next;            /* the row after the current one */
    const PGresult *result; /* where they come from: this, or else a copy */
    struct copy *copy;
};

/* The rows of `result`, which stays the caller's. -EBADMSG when it has other columns. */
int rows_of_result(struct rows *rows, const PGresult *result, size_t columns,
                   size_t required) DP_CHECK;

/* The next table of `copy`, which stays the caller's and is at its end afterwards. -EBADMSG. */
int rows_of_copy(struct rows *rows, struct copy *copy, size_t columns, size_t required) DP_CHECK;

/* Goes to the next row, the first one at first: 1; 0 behind the last; -EBADMSG. */
int rows_next(struct rows *rows) DP_CHECK;

/* A value of the current row. */
const char *rows_text(const struct rows *rows, size_t column);

/* An integer of the database; null counts as 0. */
long long rows_int(const struct rows *rows, size_t column);
