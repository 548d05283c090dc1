/* What `dialplane cdr check` finds out: the calls that the edge saw beside the records. */
#pragma once

#include <libpq-fe.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum { CDR_CHECK_LISTED = 1000 }; /* calls of each list, at most */

/* What is compared. */
struct cdr_check_scope {
    int64_t since_us;   /* calls that began then or later; microseconds since 1970 */
    const char *domain; /* of this tenant; NULL: of all */
    uint64_t grace_s;   /* how long a record may take */
};

/* Of each list all are counted, and the first ones listed: one row each, with the columns
 * started_at, call_id, domain, caller, callee, node, why. */
enum cdr_check_list {
    CDR_CHECK_MISSING,      /* calls of the edge that are over and have no record */
    CDR_CHECK_RECONCILED,   /* records that were made up */
    CDR_CHECK_WITHOUT_CALL, /* records of answered calls that the edge did not see */
    CDR_CHECK_LISTS,
};

struct cdr_check {
    int64_t since_us; /* from when on the edge's calls are known, if that is later than asked for */
    uint64_t calls;   /* that the edge saw answered */
    uint64_t running; /* of these: go on */
    uint64_t waiting; /* of these: have just ended, and have no record yet */
    uint64_t records; /* of answered calls */
    uint64_t count[CDR_CHECK_LISTS];
    PGresult *list[CDR_CHECK_LISTS];
};

/*
 * "90s", "30m", "1h", "7d", "2w": so long before `now_us`; or "2026-12-01", "2026-12-01T00:00",
 * "2026-12-01T00:00:00", by this machine's clock, or by UTC with a Z behind. -EINVAL for anything
 * else.
 */
int cdr_check_since(const char *text, int64_t now_us, int64_t *out) DP_CHECK;

/* Compares, in a transaction that stays open. -EIO, -ENOTCONN as pg_query. Freed with
 * cdr_check_free, also after an error. */
int cdr_check_run(struct cdr_check *out, PGconn *conn, const struct cdr_check_scope *scope,
                  struct err *err) DP_CHECK;
void cdr_check_free(struct cdr_check *check);
