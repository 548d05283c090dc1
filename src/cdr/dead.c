#include "cdr/dead.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cdr/intake.h"
#include "cdr/pack.h"
#include "cdr/text.h"

enum {
    /* Of records in one statement, which is in memory several times as twice as many digits. */
    STATEMENT_BYTES = 4 * 1024 * 1024,
    NAME_MAX_BYTES = 256,
    IDS_MAX = 64 * 1024,
};

/* Grouped: one statement must not meet the same row twice. In the order in which they came. */
static const char add_statement[] =
    "INSERT INTO voip.cdr_dead AS d (source, node, body, reason, deliveries)"
    " SELECT r.source, r.node, decode(r.body, 'hex'), max(r.reason), max(r.deliveries)"
    " FROM json_to_recordset($1::json)"
    " AS r(n int, source text, node text, body text, reason text, deliveries int)"
    " GROUP BY r.source, r.node, r.body ORDER BY min(r.n)"
    " ON CONFLICT (digest, source, node) DO UPDATE SET reason = excluded.reason,"
    " deliveries = greatest(d.deliveries, excluded.deliveries), last_seen = now(),"
    " requeued_at = NULL";

static const char remove_statement[] = "DELETE FROM voip.cdr_dead WHERE id = ANY($1::bigint[])";

static int execute(PGconn *conn, const struct pg_wait *wait, const char *sql, const char *value,
                   struct err *err)
{
    PGresult *result = NULL;
    int res = pg_wait_query(conn, sql, 1, &value, wait, &result, err);

    if (!res && PQresultStatus(result) != PGRES_COMMAND_OK) {
        const char *text = PQresultErrorMessage(result);

        res = err_set(err, -EAGAIN, "%.*s", (int)strcspn(text, "\n"), text);
    }
    PQclear(result);
    return res;
}

static json_t *to_hex(const char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * len + 1);
    json_t *out;

    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        text[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
    }
    out = json_stringn_nocheck(text, 2 * len);
    free(text);
    return out;
}

/* The record as it came: who looks at it, or mends it, does not need to know of packing. */
static json_t *body_of(const struct redis_entry *entry)
{
    json_t *out = NULL;
    struct buf plain;
    struct err err;

    buf_init(&plain, INTAKE_BODY_MAX);
    if (!pack_is(entry->body, entry->len) ||
        pack_open(&plain, entry->body, entry->len, INTAKE_BODY_MAX, &err) == -EINVAL)
        out = to_hex(entry->body, entry->len);
    else if (!buf_error(&plain))
        out = to_hex(plain.data, plain.len);
    buf_free(&plain);
    return out;
}

/* NULL when there is no memory. */
static json_t *to_json(const struct dead *dead, size_t n)
{
    char source[NAME_MAX_BYTES], node[NAME_MAX_BYTES];

    text_copy(source, sizeof(source), dead->entry->src, strlen(dead->entry->src));
    text_copy(node, sizeof(node), dead->entry->node, strlen(dead->entry->node));
    return json_pack("{s:i, s:s, s:s, s:o, s:s, s:i}", "n", (int)n, "source", source, "node", node,
                     "body", body_of(dead->entry), "reason", dead->reason, "deliveries",
                     (int)dead->deliveries);
}

/* Of the record as it came. */
static size_t size_of(const struct redis_entry *entry)
{
    size_t size = entry->len;

    if (pack_is(entry->body, entry->len) &&
        pack_size(entry->body, entry->len, INTAKE_BODY_MAX, &size, NULL))
        return entry->len;
    return size;
}

/* How many of them go into one statement: one at least. */
static size_t fitting(const struct dead *dead, size_t count)
{
    size_t bytes = 0, fit = 0;

    while (fit < count && (fit == 0 || bytes + size_of(dead[fit].entry) <= STATEMENT_BYTES))
        bytes += size_of(dead[fit++].entry);
    return fit;
}

static int add_some(PGconn *conn, const struct pg_wait *wait, const struct dead *dead, size_t count,
                    struct err *err)
{
    json_t *list = json_array();
    char *text = NULL;
    int res = list ? 0 : -ENOMEM;

    for (size_t i = 0; !res && i < count; i++)
        if (json_array_append_new(list, to_json(&dead[i], i)))
            res = -ENOMEM;
    if (!res)
        text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    if (!text)
        return err_set(err, -ENOMEM, "no memory for %zu dead letters", count);
    res = execute(conn, wait, add_statement, text, err);
    free(text);
    return res;
}

int dead_add(PGconn *conn, const struct pg_wait *wait, const struct dead *dead, size_t count,
             struct err *err)
{
    int res = 0;

    for (size_t done = 0, fit; !res && done < count; done += fit) {
        fit = fitting(dead + done, count - done);
        res = add_some(conn, wait, dead + done, fit, err);
    }
    return res;
}

int dead_remove(PGconn *conn, const struct pg_wait *wait, const struct redis_entry *const entries[],
                size_t count, struct err *err)
{
    struct buf ids;
    uint64_t id;
    int res;

    buf_init(&ids, IDS_MAX);
    for (size_t i = 0; i < count; i++)
        if (str_to_u64(entries[i]->dead, 1, INT64_MAX, &id) == 0)
            buf_printf(&ids, "%c%" PRIu64, ids.len ? ',' : '{', id);
    if (ids.len == 0)
        return 0;
    buf_add_char(&ids, '}');
    res = buf_error(&ids);
    res = res ? err_sys(err, res, "ids of dead letters")
              : execute(conn, wait, remove_statement, ids.data, err);
    buf_free(&ids);
    return res;
}
