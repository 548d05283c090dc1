#include "cdr/insert_recording.h"

#include <errno.h>

#include "base/buf.h"

enum { JSON_MAX = 16 * 1024 * 1024 };

static const char statement[] =
    "INSERT INTO voip.recordings (id, call_id, started_at, domain_id, domain, node, path, format,"
    " bytes, duration_ms, sha256, key_id)"
    " SELECT r.id, r.call_id, to_timestamp(0) + r.started_us * interval '1 microsecond', d.id,"
    " r.domain, r.node, r.path, r.format, r.bytes, r.duration_ms, r.sha256, nullif(r.key_id, 0)"
    " FROM json_to_recordset($1::json) AS r(id uuid, call_id uuid, started_us bigint, domain text,"
    " node text, path text, format text, bytes bigint, duration_ms bigint, sha256 text,"
    " key_id bigint)"
    " LEFT JOIN voip.domains d ON d.name = lower(r.domain)"
    " ON CONFLICT DO NOTHING";

/* recording_write's object, with the path in it. */
static void add_row(struct buf *json, const struct recording *recording)
{
    recording_write(recording, true, json);
    if (buf_error(json))
        return;
    json->len--;
    buf_printf(json, ",\"path\":\"%s\"}", recording->path);
}

static int insert_some(PGconn *conn, const struct pg_wait *wait, const struct recording_row *rows,
                       size_t count, struct err *err)
{
    PGresult *result = NULL;
    const char *value;
    struct buf json;
    int res;

    buf_init(&json, JSON_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_add_char(&json, i ? ',' : '[');
        add_row(&json, &rows[i].recording);
    }
    buf_add_char(&json, ']');
    res = buf_error(&json);
    value = json.data;
    res = res ? err_sys(err, res, "recordings")
              : pg_wait_query(conn, statement, 1, &value, wait, &result, err);
    if (!res)
        res = pg_wait_judge(result, PGRES_COMMAND_OK, err);
    PQclear(result);
    buf_free(&json);
    return res;
}

int insert_recordings(PGconn *conn, const struct pg_wait *wait, const struct recording_row *rows,
                      size_t count,
                      void (*refuse)(void *arg, const struct recording_row *row,
                                     const char *reason),
                      void *arg, struct err *err)
{
    struct err own;
    int res = count ? insert_some(conn, wait, rows, count, &own) : 0;

    /* One of them: they are few, and this is rare. */
    for (size_t i = 0; res == -EINVAL && i < count; i++) {
        int one = insert_some(conn, wait, &rows[i], 1, &own);

        if (one == -EINVAL)
            refuse(arg, &rows[i], own.text);
        else if (one)
            res = one;
    }
    return res && res != -EINVAL ? err_set(err, res, "%s", own.text) : 0;
}
