/* The numbered files of a folder, compared with what a database has applied. For migrate.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/crypto.h"
#include "base/err.h"
#include "store/migrate.h"

enum { MIGRATIONS_SQL_MAX = 4 << 20 }; /* bytes of one file */

struct migration {
    unsigned int number;
    char *name; /* of the file */
    struct buf sql;
    char sha256[CRYPTO_SHA256_HEX];
    bool applied;
};

/* Sorted by number. Starts as {0}. */
struct migrations {
    struct migration *item;
    size_t count;
};

/*
 * Reads the folder into `all` and marks what the database has. -EINVAL for two files of one number,
 * an applied file that is changed or gone, or a new one below an applied one. Whatever the result,
 * `all` is to be freed.
 */
int migrations_compare(struct migrations *all, PGconn *conn, const char *folder,
                       struct migrate_state *state, struct err *err) DP_CHECK;
void migrations_free(struct migrations *all);

/* Appends a file of SQL; -EINVAL when it has a NUL, where libpq would stop reading. */
int migrations_read_sql(const char *folder, const char *name, struct buf *out,
                        struct err *err) DP_CHECK;
