/*
 * The lists that mod_callcenter prints: a line with the names of the columns, a line per row, cells
 * divided by '|', and "+OK" at the end.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

struct fs_table {
    size_t columns, rows;
    const char **cells; /* the names, then row by row */
};

/* Cuts the text into cells, which point into it. Lines of another width are left out. -ENOMEM. */
int fs_table_parse(struct fs_table *out, char *text) DP_CHECK;

/* Copes with a zeroed one. */
void fs_table_free(struct fs_table *table);

/* "" when there is no such row or column. */
const char *fs_table_get(const struct fs_table *table, size_t row, const char *column);

/* The first row with that value there; `rows` when there is none. */
size_t fs_table_find(const struct fs_table *table, const char *column, const char *value);
