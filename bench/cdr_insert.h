/* The ways of cdr_insert: see cdr_insert.c. */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>

#include "cdr/insert_private.h"

struct way;

/* Says what failed and leaves the program. */
_Noreturn void fail(const char *what, const char *why);

/* Leaves the program when there is no such way. */
const struct way *way_find(const char *name);

/* What is done once for a connection, for batches of `count` rows. */
void way_prepare(const struct way *way, PGconn *conn, size_t count);

void way_insert(const struct way *way, PGconn *conn, const struct insert_row *rows, size_t count);
