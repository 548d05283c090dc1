/* Rows of voip.cdr. */
#include "cdr/insert_private.h"

/* The columns, in the order of the arrays. */
#define KEY     "call_id, started_at"
#define TIMES   "rang_at, answered_at, ended_at, duration_ms, billable_ms, pdd_ms"
#define WHO     "domain, direction, caller, callee, callee_reached, service, extension_id"
#define WAY     "queue, agent, wait_ms, talk_ms, ivr_path"
#define END     "sip_code, hangup_cause, hangup_side, node, source"
#define MORE    "sip_call_id, sip_call_id_callee, trunk, codec, genesys_call_uuid"
#define COLUMNS KEY ", " TIMES ", " WHO ", " WAY ", " END ", " MORE

static const char statement[] =
    "INSERT INTO voip.cdr (" COLUMNS ", domain_id)"
    " SELECT r.*, " INSERT_TENANT " FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[],"
    " $4::timestamptz[], $5::timestamptz[], $6::int[], $7::int[], $8::int[], $9::text[],"
    " $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[],"
    " $16::text[], $17::text[], $18::int[], $19::int[], $20::text[], $21::int[], $22::text[],"
    " $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[],"
    " $30::text[]) AS r(" COLUMNS ")"
    " ON CONFLICT DO NOTHING";

/* A row that was made up goes when the record comes after all. */
static const char unmake[] = "SELECT voip.cdr_unmake($1::uuid[], $2::timestamptz[])";

static const enum pg_type types[] = {
    /* KEY, TIMES */
    PG_UUID, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_INT4, PG_INT4,
    PG_INT4,
    /* WHO */
    PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT, PG_INT8,
    /* WAY */
    PG_TEXT, PG_TEXT, PG_INT4, PG_INT4, PG_TEXT,
    /* END */
    PG_INT4, PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT,
    /* MORE */
    PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT};

static struct pg_array *add_times(struct pg_array *to, const struct cdr *cdr)
{
    pg_array_time(to++, cdr->started_us);
    pg_array_time(to++, cdr->rang_us);
    pg_array_time(to++, cdr->answered_us);
    pg_array_time(to++, cdr->ended_us);
    pg_array_int4(to++, cdr_duration_ms(cdr));
    pg_array_int4(to++, cdr_billable_ms(cdr));
    insert_number(to++, cdr->pdd_ms);
    return to;
}

static struct pg_array *add_who(struct pg_array *to, const struct cdr *cdr)
{
    pg_array_text(to++, cdr->domain);
    pg_array_text(to++, cdr->direction);
    pg_array_text(to++, cdr->caller);
    pg_array_text(to++, cdr->callee);
    pg_array_text(to++, cdr->reached);
    pg_array_text(to++, cdr->service);
    if (cdr->extension_id)
        pg_array_int8(to++, cdr->extension_id);
    else
        pg_array_null(to++);
    return to;
}

static struct pg_array *add_way(struct pg_array *to, const struct cdr *cdr)
{
    insert_text(to++, cdr->queue);
    insert_text(to++, cdr->agent);
    insert_number(to++, cdr->wait_ms);
    insert_number(to++, cdr->talk_ms);
    insert_text(to++, cdr->ivr_path);
    return to;
}

static void add(struct pg_array *to, const struct insert_row *row)
{
    const struct cdr *cdr = &row->record.cdr;

    if (!row->record.is_call)
        return;
    pg_array_uuid(to++, cdr->call_id);
    to = add_times(to, cdr);
    to = add_who(to, cdr);
    to = add_way(to, cdr);
    insert_code(to++, cdr->sip_code);
    pg_array_text(to++, cdr->cause);
    pg_array_text(to++, cdr->side);
    pg_array_text(to++, cdr->node);
    pg_array_text(to++, cdr->source);
    pg_array_text(to++, cdr->sip_call_id);
    insert_text(to++, cdr->sip_call_id_callee);
    insert_text(to++, cdr->trunk);
    insert_text(to++, cdr->codec);
    insert_text(to++, cdr->genesys_call_uuid);
}

const struct insert_table insert_cdr = {"cdr", statement, types, DP_COUNT(types), add, unmake};
