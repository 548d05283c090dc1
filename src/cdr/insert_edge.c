#include "cdr/insert_edge.h"

#include <errno.h>

/*
 * A note of a start has no call. Every note says which run of Kamailio it is of, so that a later
 * run is known even if nobody heard of its start. In the order of the key, so that of two writers
 * with the same calls one waits for the other, and never each for each.
 */
static const char statement[] =
    "WITH r AS MATERIALIZED ("
    " SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[],"
    " $5::text[], $6::timestamptz[], $7::int[], $8::text[], $9::text[], $10::text[], $11::text[],"
    " $12::text[], $13::text[], $14::int[], $15::text[], $16::text[], $17::text[], $18::text[],"
    " $19::text[])"
    " AS r(call_id, started_at, answered_at, ended_at, node, booted_at, media, domain, direction,"
    " caller, callee, reached, service, sip_code, cause, side, sip_call_id, trunk, genesys)"
    "), boots AS ("
    " INSERT INTO voip.edge_boots (node, booted_at) SELECT DISTINCT node, booted_at FROM r"
    " ORDER BY node, booted_at ON CONFLICT DO NOTHING"
    ")"
    " INSERT INTO voip.edge_calls AS e (call_id, started_at, answered_at, ended_at, node, "
    "booted_at,"
    " media, domain_id, domain, direction, caller, callee, callee_reached, service, sip_code,"
    " hangup_cause, hangup_side, sip_call_id, trunk, genesys_call_uuid)"
    " SELECT r.call_id, r.started_at, r.answered_at, r.ended_at, r.node, r.booted_at, r.media <> 0,"
    " d.id, r.domain, r.direction, r.caller, r.callee, r.reached, r.service, nullif(r.sip_code, 0),"
    " r.cause, r.side, r.sip_call_id, nullif(r.trunk, ''), nullif(r.genesys, '')"
    " FROM r LEFT JOIN voip.domains d ON d.name = lower(r.domain)"
    " WHERE r.call_id IS NOT NULL"
    " ORDER BY r.started_at, r.call_id"
    " ON CONFLICT (started_at, call_id) DO UPDATE"
    " SET ended_at = excluded.ended_at, media = excluded.media, noted_at = now(),"
    " callee_reached = excluded.callee_reached, direction = excluded.direction,"
    " service = excluded.service, trunk = excluded.trunk, sip_code = excluded.sip_code,"
    " hangup_cause = excluded.hangup_cause, hangup_side = excluded.hangup_side"
    " WHERE e.ended_at IS NULL AND excluded.ended_at IS NOT NULL";

static const enum pg_type types[] = {
    PG_UUID, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TEXT, PG_TIMESTAMPTZ, PG_INT4,
    PG_TEXT, PG_TEXT,        PG_TEXT,        PG_TEXT,        PG_TEXT, PG_TEXT,        PG_INT4,
    PG_TEXT, PG_TEXT,        PG_TEXT,        PG_TEXT,        PG_TEXT,
};

/* Of one column: far more than the longest values of a batch. */
enum { ARRAY_MAX = 16 * 1024 * 1024 };

static void add_note(struct pg_array *to, const struct edge_note *note)
{
    const struct cdr *cdr = &note->cdr;

    if (note->kind == EDGE_NOTE_BOOT)
        pg_array_null(to++);
    else
        pg_array_uuid(to++, cdr->call_id);
    pg_array_time(to++, cdr->started_us);
    pg_array_time(to++, cdr->answered_us);
    pg_array_time(to++, cdr->ended_us);
    pg_array_text(to++, cdr->node);
    pg_array_time(to++, note->booted_us);
    pg_array_int4(to++, note->media);
    pg_array_text(to++, cdr->domain);
    pg_array_text(to++, cdr->direction);
    pg_array_text(to++, cdr->caller);
    pg_array_text(to++, cdr->callee);
    pg_array_text(to++, cdr->reached);
    pg_array_text(to++, cdr->service);
    pg_array_int4(to++, (int32_t)cdr->sip_code);
    pg_array_text(to++, cdr->cause);
    pg_array_text(to++, cdr->side);
    pg_array_text(to++, cdr->sip_call_id);
    pg_array_text(to++, cdr->trunk);
    pg_array_text(to, cdr->genesys_call_uuid);
}

static int execute(const struct insert_edge *insert, const struct pg_array *arrays, struct err *err)
{
    PGresult *result = NULL;
    int res = pg_wait_arrays(insert->conn, statement, DP_COUNT(types), arrays, insert->wait,
                             &result, err);

    if (!res)
        res = pg_wait_judge(result, PGRES_COMMAND_OK, err);
    PQclear(result);
    return res;
}

/* -EINVAL when the data of a note is refused, nobody knows of which, and nothing was inserted. */
static int insert_some(const struct insert_edge *insert, const struct edge_note *notes,
                       size_t count, struct err *err)
{
    struct pg_array arrays[DP_COUNT(types)];
    int res = 0;

    for (size_t i = 0; i < DP_COUNT(types); i++)
        pg_array_init(&arrays[i], types[i], ARRAY_MAX);
    for (size_t i = 0; i < count; i++)
        add_note(arrays, &notes[i]);
    for (size_t i = 0; i < DP_COUNT(types); i++)
        res = pg_array_end(&arrays[i]) ? -ENOMEM : res;
    res = res ? err_sys(err, res, "memory for notes of the edge") : execute(insert, arrays, err);
    for (size_t i = 0; i < DP_COUNT(types); i++)
        pg_array_free(&arrays[i]);
    return res;
}

int insert_edge_notes(const struct insert_edge *insert, const struct edge_note *notes, size_t count,
                      struct err *err)
{
    struct err own = {""};
    int res = count ? insert_some(insert, notes, count, &own) : 0;

    if (res != -EINVAL)
        return res ? err_set(err, res, "%s", own.text) : 0;
    res = 0;
    for (size_t i = 0; !res && i < count; i++) {
        res = insert_some(insert, &notes[i], 1, &own);
        if (res == -EINVAL) {
            insert->refuse(insert->arg, &notes[i], own.text);
            res = 0;
        }
    }
    return res ? err_set(err, res, "%s", own.text) : 0;
}
