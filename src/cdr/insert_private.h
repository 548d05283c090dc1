/* The tables that insert.c fills: insert_cdr.c, insert_legs.c, insert_raw.c. */
#pragma once

#include "cdr/insert.h"
#include "store/pg_array.h"

struct insert_table {
    /* With one array as each parameter: the statement is the same for any number of rows, and is
     * prepared under its name. Where it selects, it is one number. */
    const char *name, *statement;
    const enum pg_type *types; /* of the arrays */
    int columns;
    /* Puts what the record has for this table into the arrays: one row, several, or none. */
    void (*add)(struct pg_array *to, const struct insert_row *row);
    /* For rows that were there already: removes those of them that may be replaced, by the first
     * two arrays, and says how many. NULL: none may. */
    const char *unmake;
};

/* The tenant of the row `r`. Not a join, which might put the rows into another order: of one key
 * the first one counts, and two writers have to lock keys in the same order. */
#define INSERT_TENANT "(SELECT d.id FROM voip.domains d WHERE d.name = lower(r.domain))"

extern const struct insert_table insert_cdr, insert_legs, insert_raw, insert_stages, insert_taken;

/* Null for "". */
void insert_text(struct pg_array *array, const char *text);
/* Null for 0. */
void insert_code(struct pg_array *array, unsigned int code);
/* Null for CDR_UNKNOWN. */
void insert_number(struct pg_array *array, int32_t number);
