/*
 * What media servers tell of a call that had come to them by way of another one: its way through
 * menus, and the queue that held it. That belongs into the call's row, which may not be there yet;
 * so it is kept in the row of the caller's leg (insert_stages), and taken from there into the
 * call's (insert_taken) when the second of the two has come. Both records touch the leg's row
 * before that: of two writers that have one of them each, one waits there until the other has
 * committed.
 */
#include "cdr/insert_private.h"

static const char statement[] =
    "INSERT INTO voip.cdr_legs AS l (call_id, started_at, leg, domain_id, side, stage, ivr_path,"
    " queue, agent, wait_ms, talk_ms, node, source)"
    " SELECT r.call_id, r.started_at, 'caller', min(d.id), 'caller', max(r.stage),"
    " (array_agg(r.ivr_path ORDER BY r.ivr_path IS NULL, r.stage DESC))[1],"
    " (array_agg(r.queue ORDER BY r.queue IS NULL, r.agent IS NULL, r.stage DESC))[1],"
    " (array_agg(r.agent ORDER BY r.queue IS NULL, r.agent IS NULL, r.stage DESC))[1],"
    " (array_agg(r.wait_ms ORDER BY r.queue IS NULL, r.agent IS NULL, r.stage DESC))[1],"
    " (array_agg(r.talk_ms ORDER BY r.queue IS NULL, r.agent IS NULL, r.stage DESC))[1],"
    " min(r.node), min(r.source)"
    " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[], $5::text[], $6::text[],"
    " $7::text[], $8::int[], $9::int[], $10::text[], $11::text[])"
    " AS r(call_id, started_at, domain, stage, ivr_path, queue, agent, wait_ms, talk_ms, node,"
    " source)"
    " LEFT JOIN voip.domains d ON d.name = lower(r.domain)"
    " GROUP BY r.started_at, r.call_id ORDER BY r.started_at, r.call_id"
    " ON CONFLICT (started_at, call_id, leg) DO UPDATE SET"
    " stage = greatest(l.stage, excluded.stage),"
    " ivr_path = CASE WHEN length(l.ivr_path) > length(excluded.ivr_path) THEN l.ivr_path"
    " ELSE coalesce(excluded.ivr_path, l.ivr_path) END,"
    " (queue, agent, wait_ms, talk_ms) = (SELECT q.queue, q.agent, q.wait_ms, q.talk_ms FROM "
    "(VALUES"
    " (l.queue, l.agent, l.wait_ms, l.talk_ms, l.stage),"
    " (excluded.queue, excluded.agent, excluded.wait_ms, excluded.talk_ms, excluded.stage))"
    " AS q(queue, agent, wait_ms, talk_ms, stage)"
    " ORDER BY q.queue IS NULL, q.agent IS NULL, q.stage DESC LIMIT 1)";

static const enum pg_type types[] = {PG_UUID, PG_TIMESTAMPTZ, PG_TEXT, PG_INT4, PG_TEXT, PG_TEXT,
                                     PG_TEXT, PG_INT4,        PG_INT4, PG_TEXT, PG_TEXT};

static void add_stage(struct pg_array *to, const struct insert_row *row)
{
    const struct cdr *cdr = &row->record.cdr;

    if (row->record.stage == 0)
        return;
    pg_array_uuid(to++, cdr->call_id);
    pg_array_time(to++, cdr->started_us);
    pg_array_text(to++, cdr->domain);
    pg_array_int4(to++, (int32_t)row->record.stage);
    insert_text(to++, cdr->ivr_path);
    insert_text(to++, cdr->queue);
    insert_text(to++, cdr->agent);
    insert_number(to++, cdr->wait_ms);
    insert_number(to++, cdr->talk_ms);
    pg_array_text(to++, cdr->node);
    pg_array_text(to++, cdr->source);
}

static void add_key(struct pg_array *to, const struct insert_row *row)
{
    if (row->record.stage == 0 && !row->record.goes_on)
        return;
    pg_array_uuid(to++, row->record.cdr.call_id);
    pg_array_time(to++, row->record.cdr.started_us);
}

const struct insert_table insert_stages = {"stages",        statement, types,
                                           DP_COUNT(types), add_stage, NULL};
const struct insert_table insert_taken = {
    "taken", "CALL voip.cdr_take_stages($1::uuid[], $2::timestamptz[])", types, 2, add_key, NULL};
