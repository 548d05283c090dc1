/* dialplane webhook deliveries, replay. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/webhook.h"
#include "store/pg.h"

#define TIME(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define MATCHING                                                                                   \
    "($1::text IS NULL OR x.domain_id = (SELECT id FROM voip.domains WHERE name = $1))"            \
    " AND ($2::bigint IS NULL OR x.webhook_id = $2)"

int webhook_deliveries(struct webhook_verb *verb, struct err *err)
{
    static const char sql[] =
        "SELECT x.id, x.webhook_id AS webhook, d.name AS tenant, x.event, x.call_id AS call,"
        " " TIME("x.created_at") " AS created_at,"
                                 " CASE WHEN x.delivered_at IS NOT NULL THEN 'delivered' WHEN "
                                 "x.dead_at IS NOT NULL"
                                 " THEN 'dead' ELSE 'pending' END AS state, x.attempts, "
                                 "x.last_status, x.last_error"
                                 " FROM voip.webhook_deliveries x JOIN voip.domains d ON d.id = "
                                 "x.domain_id"
                                 " WHERE " MATCHING
                                 " AND ($3::boolean IS NOT TRUE OR x.dead_at IS NOT NULL)"
                                 " AND ($4::boolean IS NOT TRUE OR (x.dead_at IS NULL AND "
                                 "x.delivered_at IS NULL))"
                                 " ORDER BY x.created_at DESC, x.id LIMIT $5::int";
    const char *const values[] = {verb->tenant, verb->webhook, verb->dead ? "t" : "f",
                                  verb->pending ? "t" : "f", verb->limit ? verb->limit : "100"};
    PGresult *rows = NULL;
    int res;

    if (verb->json)
        return webhook_print_json(verb, sql, (int)DP_COUNT(values), values, err);
    res = pg_query(verb->conn, sql, (int)DP_COUNT(values), values, &rows, err);
    for (int i = 0; !res && i < PQntuples(rows); i++)
        printf("%s  %s  webhook %s of %s  %s  %s  %s tries  %s%s%s\n", PQgetvalue(rows, i, 0),
               PQgetvalue(rows, i, 5), PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2),
               PQgetvalue(rows, i, 3), PQgetvalue(rows, i, 6), PQgetvalue(rows, i, 7),
               PQgetvalue(rows, i, 8), PQgetisnull(rows, i, 8) ? "" : " ", PQgetvalue(rows, i, 9));
    PQclear(rows);
    return res;
}

/* From its beginning: tries are counted anew, and it is given up so many hours from now. */
#define AGAIN                                                                                      \
    "WITH again AS (UPDATE voip.webhook_deliveries x SET delivered_at = NULL, dead_at = NULL,"     \
    " attempts = 0, since = now(), next_at = now() WHERE "
#define NOTIFY " RETURNING 1) SELECT count(*) AS n, pg_notify('dialplane_webhooks', '') FROM again"

static int replay_one(struct webhook_verb *verb, const char *id, struct err *err)
{
    PGresult *rows = NULL;
    int res = str_is_uuid(id) ? pg_query(verb->conn, AGAIN "x.id = $1" NOTIFY, 1, &id, &rows, err)
                              : err_set(err, -EINVAL, "%s is no UUID", id);

    if (!res && strcmp(PQgetvalue(rows, 0, 0), "0") == 0)
        res = err_set(err, -ENOENT, "there is no delivery %s", id);
    PQclear(rows);
    return res;
}

int webhook_replay(struct webhook_verb *verb, struct err *err)
{
    const char *const values[] = {verb->tenant, verb->webhook};
    PGresult *rows = NULL;
    int res = 0;

    for (int i = 0; i < verb->count && !res; i++)
        res = replay_one(verb, verb->operands[i], err);
    if (!res && verb->dead)
        res = pg_query(verb->conn, AGAIN MATCHING " AND x.dead_at IS NOT NULL" NOTIFY,
                       (int)DP_COUNT(values), values, &rows, err);
    if (!res && verb->dead)
        printf("%s sent once more\n", PQgetvalue(rows, 0, 0));
    PQclear(rows);
    return res;
}
