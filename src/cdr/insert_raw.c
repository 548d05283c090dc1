/* Rows of voip.cdr_raw: the record as it came. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "cdr/insert_private.h"
#include "cdr/intake.h"
#include "cdr/pack.h"

static const char statement[] =
    "INSERT INTO voip.cdr_raw (call_id, started_at, digest, domain_id, source, node, encoding,"
    " size, body)"
    " SELECT r.call_id, r.started_at, r.digest, " INSERT_TENANT ", r.source, r.node, r.encoding,"
    " r.size, r.body"
    " FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[], $5::text[], $6::text[],"
    " $7::text[], $8::int[], $9::bytea[])"
    " AS r(call_id, started_at, digest, domain, source, node, encoding, size, body)"
    " ON CONFLICT DO NOTHING";

static const enum pg_type types[] = {PG_UUID, PG_TIMESTAMPTZ, PG_INT8, PG_TEXT, PG_TEXT,
                                     PG_TEXT, PG_TEXT,        PG_INT4, PG_BYTEA};

enum { DIGEST_DIGITS = 16 };

/* 64 bits are plenty to tell the few records of one call apart. */
static int digest_of(const char *data, size_t len, int64_t *out)
{
    char hex[CRYPTO_SHA256_HEX];
    int res = crypto_sha256_hex(data, len, hex);

    if (res)
        return res;
    hex[DIGEST_DIGITS] = '\0';
    *out = (int64_t)strtoull(hex, NULL, 16);
    return 0;
}

static void add_body(struct pg_array *to, const struct cdr *cdr, const char *data, size_t len)
{
    bool packed = pack_is(data, len);
    size_t size = len;
    int64_t digest = 0;
    int res = digest_of(data, len, &digest);

    /* It was opened to be read: its size is known to be good. */
    if (!res && packed)
        res = pack_size(data, len, INTAKE_BODY_MAX, &size, NULL);
    if (res && !to->bytes.error)
        to->bytes.error = res;
    pg_array_uuid(to++, cdr->call_id);
    pg_array_time(to++, cdr->started_us);
    pg_array_int8(to++, digest);
    pg_array_text(to++, cdr->domain);
    pg_array_text(to++, cdr->source);
    pg_array_text(to++, cdr->node);
    pg_array_text(to++, packed ? "zstd" : "none");
    pg_array_int4(to++, (int32_t)size);
    pg_array_bytes(to++, data, len);
}

static void add(struct pg_array *to, const struct insert_row *row)
{
    struct buf packed;

    if (row->raw_len < PACK_MIN || pack_is(row->raw, row->raw_len)) {
        add_body(to, &row->record.cdr, row->raw, row->raw_len);
        return;
    }
    buf_init(&packed, pack_bound(row->raw_len));
    pack_add(&packed, row->raw, row->raw_len);
    add_body(to, &row->record.cdr, packed.data, packed.len);
    if (buf_error(&packed))
        to->bytes.error = buf_error(&packed);
    buf_free(&packed);
}

const struct insert_table insert_raw = {"raw", statement, types, DP_COUNT(types), add, NULL};
