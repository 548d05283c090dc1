/*
 * The thread of cdr-writer that sees to it that every call the edge saw answered has its record: of
 * a call whose media server or edge was killed it makes one up from the edge's notes
 * (voip.cdr_reconcile). It has a connection of its own, so no insert waits for it; in several
 * writers it shares the work.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg.h"

struct reconcile;

/* Strings of the target belong to the caller and stay. */
struct reconcile_options {
    struct pg_target database;
    unsigned int every_s;   /* pause between two looks */
    unsigned int grace_s;   /* from the last news of a call until it has to have a record */
    unsigned int keep_days; /* of notes */
};

/* PostgreSQL need not be there yet. -ENOMEM, or what eventfd(2) and pthread_create(3) say. */
int reconcile_start(struct reconcile **out, const struct reconcile_options *options,
                    struct err *err) DP_CHECK;

/* Stops within seconds and frees. NULL is allowed. */
void reconcile_stop(struct reconcile *reconcile);
