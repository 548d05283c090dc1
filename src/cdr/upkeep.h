/*
 * What is kept for some time: the partitions of the record's tables, made ahead and dropped when
 * they are over age, and entries of the audit log.
 */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/pg_wait.h"

struct upkeep {
    unsigned int keep_months;   /* whole months of calls and their legs */
    unsigned int keep_raw_days; /* whole days of records as they came */
    unsigned int keep_audit_days;
    int64_t due_ms; /* clock_mono_ms; 0: now */
};

bool upkeep_is_due(const struct upkeep *upkeep);

/*
 * Makes the partitions of the coming time, drops some of those over age and deletes some entries of
 * the audit log over age, and says when it is due again: in an hour, or sooner when something is
 * left to do. Of several writers one does it. What the database refuses is logged: records are
 * inserted all the same, into the default partitions. -ENOTCONN when the connection is lost.
 */
int upkeep_run(struct upkeep *upkeep, PGconn *conn, const struct pg_wait *wait,
               struct err *err) DP_CHECK;
