/*
 * The schema: made and brought up to date by numbered files, each applied once.
 *
 * A file is NNNN_name.sql; it runs in one transaction with the row that records it (number, name,
 * SHA-256) in voip.schema_migrations. Files are append-only: one that was applied and has changed
 * since, or is gone, or a new one with a number below an applied one, is an error.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg.h"

/* Called with one line (without a newline) for each thing done, or to be done in a dry run. */
struct migrate_report {
    void (*line)(void *arg, const char *text);
    void *arg;
};

/* One line to the report, which may be NULL. For the files of this engine. */
void migrate_tell(const struct migrate_report *report, const char *format, ...) DP_PRINTF(2, 3);

struct migrate_state {
    unsigned int applied; /* recorded in the database */
    unsigned int pending; /* in the folder and not applied */
    unsigned int latest;  /* highest number in the folder */
};

/*
 * Connects to the target's database as its role, which is created first when it is not there (from
 * the database "postgres"). In a dry run -ENODATA says that it does not exist.
 */
int migrate_open(PGconn **out, const struct pg_target *target, bool dry_run,
                 const struct migrate_report *report, struct err *err) DP_CHECK;

/* Waits until no other migration runs, and keeps others waiting until this connection ends. */
int migrate_lock(PGconn *conn, struct err *err) DP_CHECK;

/*
 * Schema `kamailio` from the SQL that comes with Kamailio's package, in `folder`, unless it has its
 * table `version` already.
 */
int migrate_kamailio(PGconn *conn, const char *folder, bool dry_run,
                     const struct migrate_report *report, struct err *err) DP_CHECK;

/* Applies what the folder has and the database has not. `state` is what it was before. */
int migrate_apply(PGconn *conn, const char *folder, bool dry_run,
                  const struct migrate_report *report, struct migrate_state *state,
                  struct err *err) DP_CHECK;

/* Compares without changing anything. Errors as migrate_apply for changed or missing files. */
int migrate_compare(PGconn *conn, const char *folder, struct migrate_state *state,
                    struct err *err) DP_CHECK;

/*
 * Gives a login role its password, as a SCRAM verifier made here: the password is in no statement
 * and no log.
 */
int migrate_password(PGconn *conn, const char *role, const char *password,
                     struct err *err) DP_CHECK;
