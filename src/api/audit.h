/*
 * What was done, by whom and from where: voip.audit_log. An entry is written in the transaction of
 * the change itself, so neither is there without the other.
 */
#pragma once

#include <libpq-fe.h>

#include "api/access.h"
#include "base/compiler.h"
#include "base/err.h"

struct api_audit {
    int64_t domain_id;    /* of the row that was changed; 0: the platform's */
    const char *method;   /* POST, PATCH, DELETE */
    const char *resource; /* as in paths: "ring-groups" */
    const char *object_id;
    /* The row as the API shows it, without secrets, as JSON. NULL: it was not there. */
    const char *before, *after;
    const char *request_id; /* NULL: none */
    int64_t reverts;        /* the entry that this takes back; 0: none */
};

/*
 * Notes that rows of a table were made: of each, whose id is in `ids` ("{7,8}"), what `shown` (SQL,
 * of the row t) gives. The entry says the rest. -ENOENT: there are not `count` that can be seen.
 */
int api_audit_made(PGconn *conn, const struct api_caller *caller, const struct api_audit *entry,
                   const char *table, const char *shown, const char *ids, size_t count,
                   struct err *err) DP_CHECK;

/*
 * Writes one entry, as any of the roles of the API. Errors as pg_query: the transaction is then of
 * no more use.
 */
int api_audit_write(PGconn *conn, const struct api_caller *caller, const struct api_audit *entry,
                    struct err *err) DP_CHECK;
