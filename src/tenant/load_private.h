/* What load.c and load_tables.c share. */
#pragma once

#include <stddef.h>

#include "tenant/build.h"
#include "tenant/rows.h"

/* How the rows of one table are asked for, and put into a snapshot. */
struct load_step {
    enum snapshot_table table;
    void (*add)(struct snapshot *snapshot, const struct rows *rows);
    size_t columns;
    size_t required; /* so many, the first ones, are never null */
    const char *sql;
};

/* All tables, in the order of a copy. */
extern const struct load_step load_steps[];
extern const size_t load_steps_count;
