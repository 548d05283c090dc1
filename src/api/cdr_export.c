/*
 * A cursor of PostgreSQL in a transaction of its own, so many rows at a time into one buffer: the
 * memory that an export takes does not depend on its length. The client's pace is that of the
 * export; who stops reading is cut off by the listener, who goes away ends the transaction.
 *
 * An export holds a connection, so a tenant has only so many at a time.
 */
#include "api/cdr_export.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cdr_search.h"
#include "api/csv.h"
#include "base/log.h"

enum {
    ROWS = 500,
    SQL_MAX = 64 * 1024,
    CHUNK_MAX = 16 << 20,
    PER_TENANT = 2,
    AT_ONCE = 8,
    RETRY_AFTER_S = 10
};

static const char *const formats[] = {"csv", "json", NULL};

const struct api_param api_cdr_export_params[] = {
    {"format", API_ENUM, "csv (RFC 4180, with a line of names) or json, an array.", formats},
    {"number", API_TEXT, "As of the list.", NULL},
    {"number.like", API_TEXT, "As of the list.", NULL},
    {0},
};

/* Whose exports are under way: ids of tenants. */
static struct {
    pthread_mutex_t lock;
    int64_t tenant[AT_ONCE]; /* 0: nobody's */
} places = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct export
{
    struct api *api;
    PGconn *conn;
    size_t place;
    bool is_csv, is_over;
    uint64_t rows; /* that are sent, or in `chunk` */
    struct buf chunk;
    size_t sent; /* of it */
};

/* Returns a place, or -EBUSY. */
static int take_place(int64_t tenant)
{
    int own = 0, found = -EBUSY;

    pthread_mutex_lock(&places.lock);
    for (int i = 0; i < AT_ONCE; i++) {
        own += places.tenant[i] == tenant;
        if (!places.tenant[i])
            found = i;
    }
    if (own >= PER_TENANT)
        found = -EBUSY;
    if (found >= 0)
        places.tenant[found] = tenant;
    pthread_mutex_unlock(&places.lock);
    return found;
}

static void leave_place(size_t place)
{
    pthread_mutex_lock(&places.lock);
    places.tenant[place] = 0;
    pthread_mutex_unlock(&places.lock);
}

static void add_row(struct export *export, const PGresult *rows, int row)
{
    struct buf *out = &export->chunk;

    if (!export->is_csv) {
        buf_add_str(out, export->rows++ ? ",\n" : "\n");
        buf_add_str(out, PQgetvalue(rows, row, 0));
        return;
    }
    export->rows++;
    for (int i = 0; i < PQnfields(rows); i++)
        csv_add(out, i == 0, PQgetisnull(rows, row, i) ? NULL : PQgetvalue(rows, row, i));
    csv_end(out);
}

/* The next rows; what ends the file, when there are none. */
static int fill(struct export *export)
{
    static const char next[] = "FETCH 500 FROM records";
    PGresult *rows = NULL;
    struct err err;
    int res = api_run(export->conn, next, 0, NULL, &rows, &err);

    _Static_assert(ROWS == 500, "as in the statement");
    buf_reset(&export->chunk);
    export->sent = 0;
    for (int i = 0; !res && i < PQntuples(rows); i++)
        add_row(export, rows, i);
    if (!res && PQntuples(rows) < ROWS) {
        export->is_over = true;
        if (!export->is_csv)
            buf_add_str(&export->chunk, "\n]\n");
    }
    if (res)
        log_error("an export of call records: %s", rows ? PQresultErrorMessage(rows) : err.text);
    PQclear(rows);
    return res ? -EIO : buf_error(&export->chunk);
}

static ssize_t read_export(void *arg, const struct http_request *request, char *out, size_t size)
{
    struct export *export = arg;
    size_t left = export->chunk.len - export->sent;

    (void)request;
    if (!left && !export->is_over) {
        int res = fill(export);

        if (res)
            return res;
        left = export->chunk.len;
    }
    if (left > size)
        left = size;
    memcpy(out, export->chunk.data + export->sent, left);
    export->sent += left;
    return (ssize_t)left;
}

static void close_export(void *arg)
{
    struct export *export = arg;

    leave_place(export->place);
    if (export->conn)
        api_release(export->api, export->conn);
    buf_free(&export->chunk);
    free(export);
}

static void add_column(struct export *export, const struct api_column *column, bool is_first,
                       struct buf *out)
{
    /* Times as in JSON. */
    buf_printf(out, column->type == API_TIMESTAMP ? "%sto_json(t.%s)#>>'{}'" : "%st.%s",
               is_first ? "" : ", ", column->name);
    csv_add(&export->chunk, is_first, column->name);
}

/* The columns that are asked for, as a list for SELECT; their names are the first line. */
static void add_columns(struct export *export, const struct api_query_spec *spec, struct buf *out)
{
    if (spec->field_count)
        for (size_t i = 0; i < spec->field_count; i++)
            add_column(export, spec->fields[i], i == 0, out);
    else
        for (const struct api_column *column = api_cdrs.columns; column->name; column++)
            add_column(export, column, column == api_cdrs.columns, out);
    csv_end(&export->chunk);
}

static int declare(struct api_request *request, struct export *export,
                   const struct cdr_search *search)
{
    struct buf sql, what;
    int res;

    buf_init(&sql, SQL_MAX);
    buf_init(&what, SQL_MAX);
    if (export->is_csv)
        add_columns(export, &search->spec, &what);
    else
        api_row_sql(&what, &api_cdrs, &search->spec);
    buf_add_str(&sql, "DECLARE records NO SCROLL CURSOR FOR ");
    cdr_search_sql(search, what.data, 0, &sql);
    res = buf_error(&sql) || buf_error(&what) || buf_error(&search->spec.where) ? -E2BIG : 0;
    if (res)
        api_problem(request, 400, NULL, "Too much is asked at once.");
    if (!res)
        res = api_query(request, sql.data, search->spec.params,
                        (const char *const *)search->spec.param, NULL);
    buf_free(&what);
    buf_free(&sql);
    return res;
}

static int begin(struct api_request *request, struct export *export)
{
    struct cdr_search search;
    int res = cdr_search_read(&search, request);

    if (!res)
        res = declare(request, export, &search);
    cdr_search_free(&search);
    if (!res && !export->is_csv)
        buf_add_char(&export->chunk, '[');
    return res;
}

/* The answer takes it over. */
static void hand_over(struct api_request *request, struct export *export)
{
    struct http_response *response = request->response;

    export->conn = api_keep_connection(request);
    response->content_type = export->is_csv ? "text/csv; charset=utf-8" : "application/json";
    http_response_header(response, "Content-Disposition",
                         export->is_csv ? "attachment; filename=\"cdrs.csv\""
                                        : "attachment; filename=\"cdrs.json\"");
    response->stream = (struct http_stream){read_export, close_export, export, -1};
}

static void refuse_place(struct api_request *request)
{
    char seconds[12];

    snprintf(seconds, sizeof(seconds), "%d", RETRY_AFTER_S);
    api_problem(request, 429, NULL,
                "So many exports are under way already. A tenant has at most %d "
                "at a time; try again when one of them is done.",
                PER_TENANT);
    http_response_header(request->response, "Retry-After", seconds);
}

void api_cdr_export(struct api_request *request)
{
    const char *format = http_query(request->http, "format");
    bool is_json = format && strcmp(format, "json") == 0;
    struct export *export;
    int place;

    if (format && !is_json && strcmp(format, "csv") != 0) {
        api_problem(request, 400, "format", "format is csv or json.");
        return;
    }
    place = take_place(request->domain_id);
    if (place < 0) {
        refuse_place(request);
        return;
    }
    export = calloc(1, sizeof(*export));
    if (!export) {
        leave_place((size_t)place);
        api_problem(request, 500, NULL, "There is no memory.");
        return;
    }
    export->api = request->api;
    export->place = (size_t)place;
    export->is_csv = !is_json;
    buf_init(&export->chunk, CHUNK_MAX);
    if (begin(request, export))
        close_export(export);
    else
        hand_over(request, export);
}
