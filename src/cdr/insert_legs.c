/* Rows of voip.cdr_legs: as many as the record tells of. */
#include "cdr/insert_private.h"

static const char statement[] =
    "INSERT INTO voip.cdr_legs (call_id, started_at, leg, domain_id, side, number, sip_call_id,"
    " begun_at, rang_at, answered_at, ended_at, sip_code, hangup_cause, codec, mos, loss_pct,"
    " jitter_ms, packets, node, source)"
    " SELECT r.call_id, r.started_at, r.leg, d.id, r.side, r.number, r.sip_call_id, r.begun_at,"
    " r.rang_at, r.answered_at, r.ended_at, r.sip_code, r.cause, r.codec, r.mos / 100.0,"
    " r.loss / 100.0, r.jitter / 100.0, r.packets, r.node, r.source"
    " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],"
    " $7::text[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],"
    " $12::int[], $13::text[], $14::text[], $15::int[], $16::int[], $17::int[], $18::int[],"
    " $19::text[], $20::text[])"
    " AS r(call_id, started_at, leg, domain, side, number, sip_call_id, begun_at, rang_at,"
    " answered_at, ended_at, sip_code, cause, codec, mos, loss, jitter, packets, node, source)"
    " LEFT JOIN voip.domains d ON d.name = lower(r.domain)"
    " ON CONFLICT DO NOTHING";

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

const struct insert_table insert_legs = {statement, types, DP_COUNT(types), add, NULL};
