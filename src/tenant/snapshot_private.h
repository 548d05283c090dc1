/* What snapshot.c, build.c and build_publish.c share. */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "tenant/build.h"

/* Every row type starts with its key, so that one comparison serves all tables of a kind. */
struct table {
    char *rows;
    int64_t *parents; /* of rows that belong to one of another table: its id */
    size_t count, reserved;
};

struct snapshot {
    atomic_size_t references;
    struct arena arena; /* all that follows */
    const char *domain;
    const char *timezone;
    struct table tables[SNAPSHOT_TABLES];
    int error;
};

/* Size of a row of each table. */
extern const size_t snapshot_row_size[SNAPSHOT_TABLES];

/* The row with this index. */
static inline void *snapshot_row_at(const struct table *table, enum snapshot_table kind,
                                    size_t index)
{
    return table->rows + index * snapshot_row_size[kind];
}

/* Order of the keys; NULL for rows that belong to one of another table. */
extern int (*const snapshot_compare[SNAPSHOT_TABLES])(const void *, const void *);

/* The row with this key, which `key` points to; NULL when there is none. */
const void *snapshot_find(const struct snapshot *snapshot, enum snapshot_table kind,
                          const void *key);
