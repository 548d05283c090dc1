/*
 * How many call records a second PostgreSQL takes, by the ways in which a batch can be put into one
 * statement. Same rows, same table, same handling of what is there already; each batch is
 * committed.
 *
 *     cdr_insert WAY SECONDS BATCH CONNINFO
 *
 * WAY: arrays (unnest of one binary array per column), values (a parameter per value), copy (binary
 * COPY into a temporary table, then INSERT … SELECT), json (jsonb_to_recordset); whole: what the
 * writer does, by its own function: calls, two legs of each, and the record of 8 KB.
 *
 * BATCH 1 with values is the plain INSERT per record. The output is JSON: rows, seconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "cdr/pack.h"
#include "cdr_insert.h"

enum { BATCH_MAX = 2000, TENANTS = 50, USERS = 1000, RECORD_BYTES = 8192, TIMEOUT_MS = 60000 };

static struct insert_row rows[BATCH_MAX];

_Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "cdr_insert: %s: %s\n", what, why);
    exit(1);
}

/* A uuid that no other row has. */
static void put_uuid(char out[STR_UUID_LENGTH + 1])
{
    char hex[33];

    if (crypto_random_hex(hex, 16))
        fail("random numbers", strerror(errno));
    snprintf(out, STR_UUID_LENGTH + 1, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12,
             hex + 16, hex + 20);
}

static void fill_leg(struct cdr_record *record, const char *side)
{
    struct cdr_leg *leg = cdr_add_leg(record, side, side);

    leg->begun_us = record->cdr.started_us;
    leg->ended_us = record->cdr.ended_us;
    strcpy(leg->sip_call_id, record->cdr.call_id);
    strcpy(leg->codec, "PCMA");
    leg->mos = 441;
    leg->loss = 12;
    leg->jitter = 310;
    leg->packets = 1500;
}

/* A call of 30 s to a menu that has just ended. */
static void fill(struct insert_row *row)
{
    struct cdr *cdr = &row->record.cdr;

    *cdr = (struct cdr){.pdd_ms = 12, .wait_ms = CDR_UNKNOWN, .talk_ms = CDR_UNKNOWN};
    row->record.is_call = true;
    row->record.legs_count = 0;
    put_uuid(cdr->call_id);
    cdr->ended_us = clock_wall_us();
    cdr->started_us = cdr->ended_us - 30000000;
    cdr->rang_us = cdr->answered_us = cdr->started_us + 12000;
    cdr->sip_code = 200;
    snprintf(cdr->domain, sizeof(cdr->domain), "bench-%ld.test", random() % TENANTS);
    snprintf(cdr->caller, sizeof(cdr->caller), "%ld", 1000 + random() % USERS);
    strcpy(cdr->callee, "8001");
    snprintf(cdr->reached, sizeof(cdr->reached), "%ld", 1000 + random() % USERS);
    strcpy(cdr->direction, "internal");
    strcpy(cdr->service, "ivr");
    strcpy(cdr->side, "caller");
    strcpy(cdr->cause, "NORMAL_CLEARING");
    strcpy(cdr->node, "bench");
    strcpy(cdr->source, "freeswitch");
    strcpy(cdr->codec, "PCMA");
    strcpy(cdr->ivr_path, "8001:2>8010:t");
    memcpy(cdr->sip_call_id, cdr->call_id, sizeof(cdr->call_id));
    cdr->extension_id = random() % USERS + 1;
    fill_leg(&row->record, "caller");
    fill_leg(&row->record, "callee");
}

/* Text that packs to a quarter, as records of FreeSWITCH do, and another one for each row. */
static void fill_raw(struct insert_row *row, struct buf *packed)
{
    char text[RECORD_BYTES];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 16 < 13 ? "variable_name:x"[i % 16] : (char)('a' + random() % 26);
    buf_reset(packed);
    pack_add(packed, text, sizeof(text));
    row->raw = packed->data;
    row->raw_len = packed->len;
}

static void refuse(void *arg, const struct insert_row *row, const char *reason)
{
    (void)arg;
    (void)row;
    fail("a row", reason);
}

static const struct pg_wait wait = {.timeout_ms = TIMEOUT_MS, .stop_fd = -1};

static void insert_whole(PGconn *conn, size_t count)
{
    const struct insert insert = {.conn = conn, .wait = &wait, .refuse = refuse};
    struct err err;

    if (insert_good_rows(&insert, rows, count, &err))
        fail("a batch", err.text);
}

int main(int argc, char **argv)
{
    static struct buf packed[BATCH_MAX];
    size_t batch = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
    const struct way *way;
    uint64_t done = 0;
    int64_t spent = 0, seconds;
    struct err err;
    PGconn *conn;
    bool whole;

    if (batch < 1 || batch > BATCH_MAX) {
        fputs("usage: cdr_insert WAY SECONDS BATCH CONNINFO\n", stderr);
        return 2;
    }
    seconds = strtol(argv[2], NULL, 10);
    whole = strcmp(argv[1], "whole") == 0;
    way = whole ? NULL : way_find(argv[1]);
    conn = PQconnectdb(argv[4]);
    if (PQstatus(conn) != CONNECTION_OK)
        fail("connecting", PQerrorMessage(conn));
    for (size_t i = 0; i < batch; i++)
        buf_init(&packed[i], 2 * RECORD_BYTES);
    if (way)
        way_prepare(way, conn, batch);
    else if (insert_prepare(conn, &wait, &err))
        fail("preparing", err.text);
    /* The time of making rows is not counted. */
    while (spent < seconds * 1000000) {
        int64_t began;

        for (size_t i = 0; i < batch; i++) {
            fill(&rows[i]);
            if (whole)
                fill_raw(&rows[i], &packed[i]);
        }
        began = clock_mono_us();
        if (whole)
            insert_whole(conn, batch);
        else
            way_insert(way, conn, rows, batch);
        spent += clock_mono_us() - began;
        done += batch;
    }
    printf("{\"rows\": %" PRIu64 ", \"seconds\": %.3f}\n", done, (double)spent / 1e6);
    PQfinish(conn);
    return 0;
}
