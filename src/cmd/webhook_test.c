/* dialplane webhook test. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cmd/webhook.h"
#include "store/pg.h"

enum { MORE_MS = 5000, LOOK_MS = 100 };

/* `id` is for PQclear, and has one value. */
static int send_test(struct webhook_verb *verb, PGresult **id, struct err *err)
{
    static const char sql[] =
        "WITH made AS (INSERT INTO voip.webhook_deliveries"
        " (id, domain_id, webhook_id, event, payload)"
        " SELECT n.id, w.domain_id, w.id, 'webhook.test', voip.webhook_payload(n.id,"
        " 'webhook.test', d.name, 'test', jsonb_build_object('webhook', w.id))"
        " FROM voip.webhooks w JOIN voip.domains d ON d.id = w.domain_id,"
        " gen_random_uuid() AS n (id) WHERE w.id = $1::bigint AND w.active RETURNING id)"
        " SELECT id, pg_notify('dialplane_webhooks', '') FROM made";
    const char *const values[] = {verb->operands[0]};
    int res = pg_query(verb->conn, sql, 1, values, id, err);

    if (!res && PQntuples(*id) == 0)
        res = err_set(err, -ENOENT, "there is no webhook %s, or it is paused", verb->operands[0]);
    return res;
}

/* Until the first try is over. `row` is for PQclear: delivered, status, error. */
static int wait_for(struct webhook_verb *verb, const char *id, PGresult **row, struct err *err)
{
    static const char sql[] =
        "SELECT delivered_at IS NOT NULL, coalesce(last_status, 0), coalesce(last_error, '')"
        " FROM voip.webhook_deliveries"
        " WHERE id = $1 AND (delivered_at IS NOT NULL OR last_error IS NOT NULL)";
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t deadline = clock_mono_ms() + verb->node.topology->webhooks.timeout_s * 1000 + MORE_MS;
    int res;

    while (!(res = pg_query(verb->conn, sql, 1, &id, row, err)) && PQntuples(*row) == 0) {
        PQclear(*row);
        *row = NULL;
        if (clock_mono_ms() > deadline)
            return err_set(err, -ETIMEDOUT, "nobody has delivered it: does `dialplane serve` run?");
        nanosleep(&pause, NULL);
    }
    return res;
}

int webhook_test(struct webhook_verb *verb, struct err *err)
{
    PGresult *id = NULL, *row = NULL;
    int res = send_test(verb, &id, err);

    if (!res)
        res = wait_for(verb, PQgetvalue(id, 0, 0), &row, err);
    if (!res && verb->json)
        /* Errors are sentences of our own: nothing to escape. */
        printf("{\"id\": \"%s\", \"delivered\": %s, \"status\": %s, \"error\": \"%s\"}\n",
               PQgetvalue(id, 0, 0), PQgetvalue(row, 0, 0)[0] == 't' ? "true" : "false",
               PQgetvalue(row, 0, 1), PQgetvalue(row, 0, 2));
    else if (!res)
        printf("delivery %s: status %s\n", PQgetvalue(id, 0, 0), PQgetvalue(row, 0, 1));
    if (!res && PQgetvalue(row, 0, 0)[0] != 't')
        res = err_set(err, -EIO, "not delivered: %s (it is tried again)", PQgetvalue(row, 0, 2));
    PQclear(id);
    PQclear(row);
    return res;
}
