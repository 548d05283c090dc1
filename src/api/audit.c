#include "api/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/pg.h"

enum { NUMBER_SIZE = 24, SQL_MAX = 64 * 1024 };

static const char *const kinds[] = {
    [API_NOBODY] = "", [API_KEY] = "key", [API_OPERATOR] = "operator", [API_SHELL] = "shell"};

/* NULL for 0, which is no id. */
static const char *number(char out[NUMBER_SIZE], int64_t value)
{
    if (!value)
        return NULL;
    snprintf(out, NUMBER_SIZE, "%lld", (long long)value);
    return out;
}

int api_audit_write(PGconn *conn, const struct api_caller *caller, const struct api_audit *entry,
                    struct err *err)
{
    static const char sql[] = "INSERT INTO voip.audit_log (domain_id, domain, actor_kind, "
                              "actor_id, actor, address, method,"
                              " resource, object_id, before, after, request_id, reverts)"
                              " VALUES ($1::bigint, (SELECT name FROM voip.domains WHERE id = "
                              "$1::bigint), $2, $3::bigint,"
                              " $4, $5::inet, $6, $7, $8, $9::jsonb, $10::jsonb, $11, $12::bigint)";
    char domain[NUMBER_SIZE], actor[NUMBER_SIZE], reverts[NUMBER_SIZE];
    const char *const values[] = {
        number(domain, entry->domain_id),
        kinds[caller->kind],
        number(actor, caller->id),
        caller->name,
        *caller->address ? caller->address : NULL,
        entry->method,
        entry->resource,
        entry->object_id,
        entry->before,
        entry->after,
        entry->request_id,
        number(reverts, entry->reverts),
    };

    return pg_query(conn, sql, (int)DP_COUNT(values), values, NULL, err);
}

int api_audit_made(PGconn *conn, const struct api_caller *caller, const struct api_audit *entry,
                   const char *table, const char *shown, const char *ids, size_t count,
                   struct err *err)
{
    char domain[NUMBER_SIZE], actor[NUMBER_SIZE];
    const char *const values[] = {
        number(domain, entry->domain_id),
        kinds[caller->kind],
        number(actor, caller->id),
        caller->name,
        *caller->address ? caller->address : NULL,
        entry->method,
        entry->resource,
        entry->request_id,
        ids,
    };
    PGresult *result = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    buf_printf(&sql,
               "INSERT INTO voip.audit_log (domain_id, domain, actor_kind, actor_id, actor, "
               "address, method, resource, request_id, object_id, after)"
               " SELECT $1::bigint, (SELECT name FROM voip.domains WHERE id = $1::bigint), $2, "
               "$3::bigint, $4, $5::inet, $6, $7, $8, t.id::text, %s::jsonb"
               " FROM %s t WHERE t.id = ANY ($9::bigint[]) ORDER BY t.id",
               shown, table);
    res = buf_error(&sql);
    if (!res)
        res = pg_query(conn, sql.data, (int)DP_COUNT(values), values, &result, err);
    if (!res && strtoull(PQcmdTuples(result), NULL, 10) != count)
        res = -ENOENT;
    PQclear(result);
    buf_free(&sql);
    return res;
}
