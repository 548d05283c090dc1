#include "cdr/insert.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "cdr/text.h"

/*
 * One array per column: the statement is the same for any number of rows, is planned quickly, and
 * of the ways of batching was the fastest that stays one idempotent statement.
 */
static const char statement[] =
    "INSERT INTO voip.cdr (call_id, started_at, answered_at, ended_at, duration_ms, billable_ms,"
    " domain_id, domain, direction, caller, callee, callee_reached, service, sip_code,"
    " hangup_cause, hangup_side, node, source, sip_call_id, trunk, raw)"
    " SELECT r.call_id, r.started_at, r.answered_at, r.ended_at, r.duration_ms, r.billable_ms,"
    " d.id, r.domain, r.direction, r.caller, r.callee, r.reached, r.service, r.sip_code,"
    " r.cause, r.side, r.node, r.source, r.sip_call_id, nullif(r.trunk, ''),"
    " r.raw"
    " FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int[],"
    " $6::int[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],"
    " $13::int[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[],"
    " $20::text[])"
    " AS r(call_id, started_at, answered_at, ended_at, duration_ms, billable_ms, domain,"
    " direction, caller, callee, reached, service, sip_code, cause, side, node, source,"
    " sip_call_id, trunk, raw)"
    " LEFT JOIN voip.domains d ON d.name = lower(r.domain)"
    " ON CONFLICT DO NOTHING";

enum {
    COLUMNS = 20,
    TIME_SIZE = 40,
    /* Of records as they came, in one statement, which is in memory twice here and twice there. As
     * a rule that is the whole batch. */
    STATEMENT_BYTES = 16 * 1024 * 1024,
    /* Replacement characters treble a record, escaping doubles it. */
    ARRAY_MAX = 256 * 1024 * 1024,
};

/* An array's text form, "{"…","…"}", PostgreSQL manual 8.15.2. */
static void add_element(struct buf *array, const char *text, size_t len)
{
    char *to;

    /* Room for the case that every byte needs a backslash; the batch's arrays are short-lived. */
    if (buf_add_str(array, array->len ? ",\"" : "{\"") || buf_reserve(array, 2 * len + 1))
        return;
    to = array->data + array->len;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            *to++ = '\\';
        *to++ = text[i];
    }
    *to++ = '"';
    *to = '\0';
    array->len = (size_t)(to - array->data);
}

static void add_text(struct buf *array, const char *text)
{
    add_element(array, text, strlen(text));
}

static void add_null(struct buf *array)
{
    buf_add_str(array, array->len ? ",NULL" : "{NULL");
}

static void add_number(struct buf *array, int64_t number)
{
    buf_printf(array, "%s%" PRId64, array->len ? "," : "{", number);
}

/* To the microsecond, whatever the session's time zone. */
static void add_time(struct buf *array, int64_t us)
{
    time_t seconds = (time_t)(us / 1000000);
    char text[TIME_SIZE];
    struct tm tm;

    if (us <= 0 || !gmtime_r(&seconds, &tm)) {
        add_null(array);
        return;
    }
    snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d.%06d+00", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(us % 1000000));
    add_text(array, text);
}

static void add_raw(struct buf *array, const struct insert_row *row)
{
    struct buf clean;

    if (text_good(row->raw, row->raw_len) == row->raw_len) {
        add_element(array, row->raw, row->raw_len);
        return;
    }
    buf_init(&clean, ARRAY_MAX);
    text_clean(&clean, row->raw, row->raw_len);
    add_element(array, clean.data, clean.len);
    if (buf_error(&clean))
        array->error = buf_error(&clean);
    buf_free(&clean);
}

static void add_row(struct buf arrays[COLUMNS], const struct insert_row *row)
{
    const struct cdr *cdr = &row->cdr;
    struct buf *to = arrays;

    add_text(to++, cdr->call_id);
    add_time(to++, cdr->started_us);
    add_time(to++, cdr->answered_us);
    add_time(to++, cdr->ended_us);
    add_number(to++, cdr_duration_ms(cdr));
    add_number(to++, cdr_billable_ms(cdr));
    add_text(to++, cdr->domain);
    add_text(to++, cdr->direction);
    add_text(to++, cdr->caller);
    add_text(to++, cdr->callee);
    add_text(to++, cdr->reached);
    add_text(to++, cdr->service);
    if (cdr->sip_code)
        add_number(to++, cdr->sip_code);
    else
        add_null(to++);
    add_text(to++, cdr->cause);
    add_text(to++, cdr->side);
    add_text(to++, cdr->node);
    add_text(to++, cdr->source);
    add_text(to++, cdr->sip_call_id);
    add_text(to++, cdr->trunk);
    add_raw(to++, row);
}

/* Classes of SQLSTATE that blame the data: 22 (data exception), 23 (constraint), 54 (too large). */
static int classify(const PGresult *result, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    int res = -EAGAIN;

    if (state && (!strncmp(state, "22", 2) || !strncmp(state, "23", 2) || !strncmp(state, "54", 2)))
        res = -EINVAL;
    text = text ? text : PQresultErrorMessage(result);
    return err_set(err, res, "%.*s", (int)strcspn(text, "\n"), text);
}

static int execute(const struct insert *insert, const struct buf arrays[COLUMNS], struct err *err)
{
    const char *values[COLUMNS];
    PGresult *result = NULL;
    int res;

    for (int i = 0; i < COLUMNS; i++)
        values[i] = arrays[i].data;
    res = pg_wait_query(insert->conn, statement, COLUMNS, values, insert->wait, &result, err);
    if (!res && PQresultStatus(result) != PGRES_COMMAND_OK)
        res = classify(result, err);
    PQclear(result);
    return res;
}

/* As insert_good_rows, by one statement; -EINVAL when the data of a row is refused, nobody knows of
 * which, and nothing was inserted. */
static int insert_rows(const struct insert *insert, const struct insert_row *rows, size_t count,
                       struct err *err)
{
    struct buf arrays[COLUMNS];
    int res = 0;

    if (count == 0)
        return 0;
    for (int i = 0; i < COLUMNS; i++)
        buf_init(&arrays[i], ARRAY_MAX);
    for (size_t i = 0; i < count; i++)
        add_row(arrays, &rows[i]);
    for (int i = 0; i < COLUMNS; i++) {
        buf_add_char(&arrays[i], '}');
        if (buf_error(&arrays[i]))
            res = buf_error(&arrays[i]);
    }
    /* Halving helps. */
    if (res == -ENOBUFS)
        err_set(err, res = -EINVAL, "too many bytes for one statement");
    else
        res = res ? err_sys(err, res, "memory for a batch") : execute(insert, arrays, err);
    for (int i = 0; i < COLUMNS; i++)
        buf_free(&arrays[i]);
    return res;
}

/* Halves what is refused, down to the row. */
static int insert_piece(const struct insert *insert, const struct insert_row *rows, size_t count,
                        struct err *err)
{
    struct err own;
    int res = insert_rows(insert, rows, count, &own);

    if (res == -EINVAL && count == 1) {
        insert->refuse(insert->arg, rows, own.text);
        return 0;
    }
    if (res == -EINVAL) {
        res = insert_piece(insert, rows, count / 2, err);
        return res ? res : insert_piece(insert, rows + count / 2, count - count / 2, err);
    }
    return res ? err_set(err, res, "%s", own.text) : 0;
}

/* How many of the rows go into one statement: one at least. */
static size_t fitting(const struct insert_row *rows, size_t count)
{
    size_t bytes = 0, fit = 0;

    while (fit < count && (fit == 0 || bytes + rows[fit].raw_len <= STATEMENT_BYTES))
        bytes += rows[fit++].raw_len;
    return fit;
}

int insert_good_rows(const struct insert *insert, const struct insert_row *rows, size_t count,
                     struct err *err)
{
    int res = 0;

    for (size_t done = 0, fit; !res && done < count; done += fit) {
        fit = fitting(rows + done, count - done);
        res = insert_piece(insert, rows + done, fit, err);
    }
    return res;
}
