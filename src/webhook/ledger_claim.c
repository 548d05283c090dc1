/* The statements of the ledger. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/ledger.h"
#include "webhook/receivers.h"

enum { FORGET_MAX = 5000, NUMBER_SIZE = 16 };

static void number(char out[NUMBER_SIZE], unsigned value)
{
    snprintf(out, NUMBER_SIZE, "%u", value);
}

/* The oldest of each webhook, so that no backlog is in the way of another's. */
static const char take[] =
    "WITH known AS (SELECT * FROM unnest($1::bigint[], $2::int[]) k (webhook_id, places)),"
    " due AS MATERIALIZED (SELECT d.id, w.url, w.secret"
    " FROM voip.webhooks w LEFT JOIN known k ON k.webhook_id = w.id CROSS JOIN LATERAL ("
    "SELECT id, next_at FROM voip.webhook_deliveries"
    " WHERE webhook_id = w.id AND delivered_at IS NULL AND dead_at IS NULL AND next_at <= now()"
    " ORDER BY next_at LIMIT coalesce(k.places, $3::int) FOR UPDATE SKIP LOCKED) d"
    " WHERE w.active ORDER BY d.next_at LIMIT $4::int)"
    " UPDATE voip.webhook_deliveries d"
    " SET attempts = attempts + 1, next_at = now() + $5::int * interval '1 second'"
    " FROM due WHERE d.id = due.id"
    " RETURNING d.id, d.webhook_id, d.attempts, d.event, d.payload, due.url, due.secret";

int ledger_take(struct ledger *ledger, unsigned limit, const char *ids, const char *places,
                PGresult **out, struct err *err)
{
    char each[NUMBER_SIZE], most[NUMBER_SIZE], lease[NUMBER_SIZE];
    const char *const values[] = {ids, places, each, most, lease};

    number(each, RECEIVERS_EACH);
    number(most, limit);
    number(lease, ledger->lease_s);
    return ledger_query(ledger, take, (int)DP_COUNT(values), values, out, err);
}

void ledger_row(const PGresult *rows, int row, struct delivery *out)
{
    *out = (struct delivery){
        .id = PQgetvalue(rows, row, 0),
        .webhook = atoll(PQgetvalue(rows, row, 1)),
        .attempt = atoi(PQgetvalue(rows, row, 2)),
        .event = PQgetvalue(rows, row, 3),
        .body = PQgetvalue(rows, row, 4),
        .url = PQgetvalue(rows, row, 5),
        .secret = PQgetvalue(rows, row, 6),
    };
}

/* A failure counts only for whoever has it still; that it was delivered is true in any case. */
#define IS_OPEN "h.delivered_at IS NULL AND h.dead_at IS NULL AND (n.ok OR h.attempts = n.attempt)"

/* Nobody is waited for: a row that somebody deletes, say, or that another node comes across while
 * it looks for work, is left as it is, and has no answer in "dead". */
static const char mark[] =
    "WITH n AS (SELECT * FROM json_to_recordset($1::json)"
    " AS n(id uuid, attempt int, ok boolean, status int, error text)),"
    " r AS (SELECT n.* FROM voip.webhook_deliveries h JOIN n ON n.id = h.id"
    " WHERE " IS_OPEN " FOR UPDATE OF h SKIP LOCKED),"
    " marked AS (UPDATE voip.webhook_deliveries d"
    " SET last_status = nullif(r.status, 0), last_error = nullif(r.error, ''),"
    " delivered_at = CASE WHEN r.ok THEN now() END,"
    " dead_at = CASE WHEN NOT r.ok AND d.since + $2::int * interval '1 hour' <= now()"
    " THEN now() END,"
    " next_at = now() + voip.webhook_backoff(d.attempts, $3::int) * interval '1 second'"
    " FROM r WHERE d.id = r.id RETURNING d.id, d.dead_at IS NOT NULL AS dead)"
    " SELECT h.id, marked.dead FROM voip.webhook_deliveries h JOIN n ON n.id = h.id"
    " LEFT JOIN marked ON marked.id = h.id WHERE " IS_OPEN;

/* For free(); NULL without memory. */
static char *describe(const struct transfer *list)
{
    json_t *rows = json_array();
    char *text;

    for (const struct transfer *at = list; at; at = at->next) {
        /* A failure leaves a row out: it is tried again when its lease ends. */
        json_array_append_new(rows, json_pack("{s:s, s:i, s:b, s:i, s:s}", "id", at->id, "attempt",
                                              at->attempt, "ok", at->ok, "status", at->status,
                                              "error", at->error));
    }
    text = rows ? json_dumps(rows, JSON_COMPACT) : NULL;
    json_decref(rows);
    return text;
}

static void note_marked(struct transfer *list, const PGresult *rows, uint64_t *dead)
{
    struct transfer *at;

    for (at = list; at; at = at->next)
        at->held = false;
    for (int i = 0; i < PQntuples(rows); i++) {
        at = list;
        while (at && strcmp(at->id, PQgetvalue(rows, i, 0)) != 0)
            at = at->next;
        if (at && PQgetisnull(rows, i, 1)) {
            at->held = true;
            at->held_times++;
        }
        *dead += PQgetvalue(rows, i, 1)[0] == 't';
    }
}

int ledger_mark(struct ledger *ledger, struct transfer *list, uint64_t *dead, struct err *err)
{
    char hours[NUMBER_SIZE], first[NUMBER_SIZE];
    char *rows = describe(list);
    const char *const values[] = {rows, hours, first};
    PGresult *marked = NULL;
    int res;

    if (!rows)
        return err_set(err, -ENOMEM, "no memory for what was delivered");
    number(hours, ledger->dead_hours);
    number(first, ledger->retry_s);
    res = ledger_query(ledger, mark, (int)DP_COUNT(values), values, &marked, err);
    free(rows);
    if (!res)
        note_marked(list, marked, dead);
    PQclear(marked);
    return res;
}

static const char forget[] =
    "DELETE FROM voip.webhook_deliveries WHERE id = ANY (ARRAY("
    "SELECT id FROM voip.webhook_deliveries WHERE since < now() - $1::int * interval '1 day'"
    " ORDER BY since LIMIT $2::int FOR UPDATE SKIP LOCKED))";

int ledger_forget(struct ledger *ledger, bool *more, struct err *err)
{
    char days[NUMBER_SIZE], most[NUMBER_SIZE];
    const char *const values[] = {days, most};
    PGresult *gone = NULL;
    int res;

    number(days, ledger->keep_days);
    number(most, FORGET_MAX);
    res = ledger_query(ledger, forget, (int)DP_COUNT(values), values, &gone, err);
    *more = !res && atoi(PQcmdTuples(gone)) == FORGET_MAX;
    PQclear(gone);
    return res;
}
