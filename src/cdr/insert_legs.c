/*
 * Rows of voip.cdr_legs: as many as the record tells of. Of one leg several records may tell: the
 * edge, which knows when it rang, and whoever had its media. Each fills what is missing; who
 * measured the audio is the row's source, and of two that did it is rtpengine, which is nearest to
 * the phone.
 */
#include "cdr/insert_private.h"

/* Tells of how many calls a later media server has told already (insert_stages.c). */
static const char statement[] =
    "WITH done AS (INSERT INTO voip.cdr_legs AS l (call_id, started_at, leg, domain_id, side, "
    "number,"
    " sip_call_id, begun_at, rang_at, answered_at, ended_at, sip_code, hangup_cause, codec, mos,"
    " loss_pct, jitter_ms, packets, node, source)"
    " SELECT r.call_id, r.started_at, r.leg, min(d.id), min(r.side), max(r.number),"
    " max(r.sip_call_id), min(r.begun_at), min(r.rang_at), min(r.answered_at), max(r.ended_at),"
    " max(r.sip_code), max(r.cause), max(r.codec),"
    " coalesce(max(r.mos) FILTER (WHERE r.source = 'edge'), max(r.mos)) / 100.0,"
    " coalesce(max(r.loss) FILTER (WHERE r.source = 'edge'), max(r.loss)) / 100.0,"
    " coalesce(max(r.jitter) FILTER (WHERE r.source = 'edge'), max(r.jitter)) / 100.0,"
    " max(r.packets),"
    " coalesce(max(r.node) FILTER (WHERE r.source = 'edge' AND r.mos IS NOT NULL),"
    " max(r.node) FILTER (WHERE r.mos IS NOT NULL), max(r.node)),"
    " coalesce(max(r.source) FILTER (WHERE r.source = 'edge' AND r.mos IS NOT NULL),"
    " max(r.source) FILTER (WHERE r.mos IS NOT NULL), max(r.source))"
    " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],"
    " $7::text[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],"
    " $12::int[], $13::text[], $14::text[], $15::int[], $16::int[], $17::int[], $18::int[],"
    " $19::text[], $20::text[])"
    " AS r(call_id, started_at, leg, domain, side, number, sip_call_id, begun_at, rang_at,"
    " answered_at, ended_at, sip_code, cause, codec, mos, loss, jitter, packets, node, source)"
    " LEFT JOIN voip.domains d ON d.name = lower(r.domain)"
    " GROUP BY r.started_at, r.call_id, r.leg ORDER BY r.started_at, r.call_id, r.leg"
    " ON CONFLICT (started_at, call_id, leg) DO UPDATE SET (domain_id, number, sip_call_id,"
    " begun_at, rang_at, answered_at, ended_at, sip_code, hangup_cause, codec, packets)"
    " = (coalesce(l.domain_id, excluded.domain_id), coalesce(l.number, excluded.number),"
    " coalesce(l.sip_call_id, excluded.sip_call_id), coalesce(l.begun_at, excluded.begun_at),"
    " coalesce(l.rang_at, excluded.rang_at), coalesce(l.answered_at, excluded.answered_at),"
    " coalesce(l.ended_at, excluded.ended_at), coalesce(l.sip_code, excluded.sip_code),"
    " coalesce(l.hangup_cause, excluded.hangup_cause), coalesce(l.codec, excluded.codec),"
    " coalesce(l.packets, excluded.packets)),"
    /* Measurements stay together with who measured. */
    " (mos, loss_pct, jitter_ms, node, source) = (SELECT q.* FROM (VALUES"
    " (l.mos, l.loss_pct, l.jitter_ms, l.node, l.source), (excluded.mos, excluded.loss_pct,"
    " excluded.jitter_ms, excluded.node, excluded.source)) AS q(mos, loss, jitter, node, source)"
    " ORDER BY q.mos IS NULL, q.source <> 'edge' LIMIT 1) RETURNING l.leg, l.stage)"
    " SELECT count(*) FROM done WHERE leg = 'caller' AND stage IS NOT NULL";

static const enum pg_type types[] = {
    PG_UUID,        PG_TIMESTAMPTZ, PG_TEXT,        PG_TEXT,        PG_TEXT, PG_TEXT, PG_TEXT,
    PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_INT4, PG_TEXT, PG_TEXT,
    PG_INT4,        PG_INT4,        PG_INT4,        PG_INT4,        PG_TEXT, PG_TEXT};

static void add_leg(struct pg_array *to, const struct cdr *cdr, const struct cdr_leg *leg)
{
    pg_array_uuid(to++, cdr->call_id);
    pg_array_time(to++, cdr->started_us);
    pg_array_text(to++, leg->leg);
    pg_array_text(to++, cdr->domain);
    pg_array_text(to++, leg->side);
    insert_text(to++, leg->number);
    insert_text(to++, leg->sip_call_id);
    pg_array_time(to++, leg->begun_us);
    pg_array_time(to++, leg->rang_us);
    pg_array_time(to++, leg->answered_us);
    pg_array_time(to++, leg->ended_us);
    insert_code(to++, leg->sip_code);
    insert_text(to++, leg->cause);
    insert_text(to++, leg->codec);
    insert_number(to++, leg->mos);
    insert_number(to++, leg->loss);
    insert_number(to++, leg->jitter);
    insert_number(to++, leg->packets);
    pg_array_text(to++, cdr->node);
    pg_array_text(to++, cdr->source);
}

static void add(struct pg_array *to, const struct insert_row *row)
{
    for (size_t i = 0; i < row->record.legs_count; i++)
        add_leg(to, &row->record.cdr, &row->record.legs[i]);
}

const struct insert_table insert_legs = {"legs", statement, types, DP_COUNT(types), add, NULL};
