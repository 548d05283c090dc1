/*
 * What is said of a tenant's recordings: their format, and the key that they are encrypted with.
 * Asked of the database for each recording, and kept in files for when that is away; keys are in
 * both as the platform's key has wrapped them.
 */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "recording/seal.h"
#include "store/pg.h"

struct policies;

struct policy {
    char format[8]; /* wav, opus */
    struct seal_key key;
};

struct policies_options {
    struct pg_target database;
    const char *folder; /* of the files; made where missing */
    const char *secret; /* the platform's */
    int stop_fd;        /* as of struct pg_wait */
};

/* For one thread. The strings of `options` stay the caller's, and there. */
int policies_open(struct policies **out, const struct policies_options *options,
                  struct err *err) DP_CHECK;
void policies_close(struct policies *policies);

/* -EAGAIN: the database is away and the tenant is not known from before. */
int policies_of(struct policies *policies, const char *domain, struct policy *out,
                struct err *err) DP_CHECK;

/*
 * One statement on the same connection, with `count` text parameters. On success `out` is the
 * caller's, for PQclear. -EAGAIN: the database is away, and is tried again after a while.
 */
int policies_query(struct policies *policies, const char *sql, int count,
                   const char *const values[], PGresult **out, struct err *err) DP_CHECK;
