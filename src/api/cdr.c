/* Call records: a page of them, one with its legs and recordings, and all as a file. */
#include <errno.h>
#include <string.h>

#include "api/cdr_export.h"
#include "api/cdr_search.h"

enum { SQL_MAX = 64 * 1024, CURSOR_MAX = 512 };

/* Columns of a page. */
enum { ROW, STARTED, CALL };

static int add_next(struct buf *out, const struct cdr_search *search, const PGresult *rows,
                    int last)
{
    const char *keys[] = {search->spec.order, PQgetvalue(rows, last, STARTED),
                          PQgetvalue(rows, last, CALL)};
    struct buf cursor;
    int res;

    buf_init(&cursor, CURSOR_MAX);
    res = api_cursor_make(&cursor, DP_COUNT(keys), keys);
    buf_printf(out, "\"%s\"", cursor.data);
    buf_free(&cursor);
    return res;
}

/* One row more than the page has says that there is another one. */
static void answer_page(struct api_request *request, const struct cdr_search *search,
                        const PGresult *rows)
{
    struct buf *out = &request->response->body;
    int count = PQntuples(rows), limit = (int)search->spec.limit;

    buf_add_str(out, "{\"items\":[");
    for (int i = 0; i < count && i < limit; i++) {
        buf_add_str(out, i ? ",\n" : "\n");
        buf_add_str(out, PQgetvalue(rows, i, ROW));
    }
    buf_add_str(out, "],\"next\":");
    if (count <= limit)
        buf_add_str(out, "null");
    else if (add_next(out, search, rows, limit - 1))
        out->error = -ENOMEM;
    buf_add_str(out, "}\n");
}

static void answer_search(struct api_request *request, const struct cdr_search *search)
{
    PGresult *rows = NULL;
    struct buf sql, what;

    buf_init(&what, SQL_MAX);
    buf_init(&sql, SQL_MAX);
    api_row_sql(&what, &api_cdrs, &search->spec);
    buf_add_str(&what, ", t.started_at::text, t.call_id::text");
    cdr_search_sql(search, what.data, search->spec.limit + 1, &sql);
    if (buf_error(&what) || buf_error(&sql) || buf_error(&search->spec.where))
        api_problem(request, 400, NULL, "Too much is asked at once.");
    else if (!api_query(request, sql.data, search->spec.params,
                        (const char *const *)search->spec.param, &rows))
        answer_page(request, search, rows);
    PQclear(rows);
    buf_free(&sql);
    buf_free(&what);
}

static void list(struct api_request *request)
{
    struct cdr_search search;

    if (!cdr_search_read(&search, request))
        answer_search(request, &search);
    cdr_search_free(&search);
}

/* The row's object, and two more members in it. */
static void answer_call(struct api_request *request, const PGresult *row)
{
    const char *call = PQgetvalue(row, 0, 0);

    buf_printf(&request->response->body, "%.*s,\"legs\":%s,\"recordings\":%s}\n",
               (int)strlen(call) - 1, call, PQgetvalue(row, 0, 1), PQgetvalue(row, 0, 2));
}

/* Of the row `t`, beside its columns. */
#define LEGS                                                                                       \
    "(SELECT coalesce(json_agg(l), '[]') FROM (SELECT leg, side, number, sip_call_id, begun_at,"   \
    " rang_at, answered_at, ended_at, sip_code, hangup_cause, codec, mos, loss_pct, jitter_ms,"    \
    " packets, node, source FROM voip.cdr_legs WHERE started_at = t.started_at"                    \
    " AND call_id = t.call_id ORDER BY begun_at NULLS LAST, leg) l)"
#define RECORDINGS                                                                                 \
    "(SELECT coalesce(json_agg(r), '[]') FROM (SELECT id, node, format, duration_ms, legal_hold,"  \
    " deleted_at FROM voip.recordings WHERE call_id = t.call_id ORDER BY created_at, id) r)"

static void get(struct api_request *request)
{
    PGresult *row = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    buf_add_str(&sql, "SELECT ");
    api_row_sql(&sql, &api_cdrs, NULL);
    buf_add_str(&sql, ", " LEGS ", " RECORDINGS " FROM voip.cdr t WHERE t.call_id = $1"
                      " ORDER BY t.started_at DESC LIMIT 1");
    res = api_query(request, sql.data, 1, request->param, &row);
    buf_free(&sql);
    if (res)
        return;
    if (PQntuples(row))
        answer_call(request, row);
    else
        api_not_found(request);
    PQclear(row);
}

#define ROW_SCHEMA "{\"$ref\":\"#/components/schemas/CallRecord\"}"
#define PAGE_SCHEMA                                                                                \
    "{\"type\":\"object\",\"required\":[\"items\",\"next\"],\"properties\":{"                      \
    "\"items\":{\"type\":\"array\",\"items\":" ROW_SCHEMA                                          \
    "},\"next\":{\"type\":[\"string\",\"null\"]}}}"
#define CALL_SCHEMA                                                                                \
    "{\"allOf\":[" ROW_SCHEMA ",{\"type\":\"object\",\"required\":[\"legs\",\"recordings\"],"      \
    "\"properties\":{\"legs\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"               \
    "\"recordings\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}]}"

static const struct api_route routes[] = {
    {.method = "GET",
     .path = "/domains/{domain}/cdrs",
     .scope = API_CDR_READ,
     .flags = API_LISTS,
     .name = "list_cdrs",
     .tag = "Calls",
     .summary = "Search call records, the latest first",
     .query = api_cdr_params,
     .reply_schema = PAGE_SCHEMA,
     .handler = list,
     .arg = &api_cdrs},
    {.method = "GET",
     .path = "/domains/{domain}/cdrs/export",
     .scope = API_CDR_READ,
     .flags = API_LISTS,
     .name = "export_cdrs",
     .tag = "Calls",
     .summary = "Call records as a file of any length",
     .query = api_cdr_export_params,
     .reply_type = "text/csv",
     .handler = api_cdr_export,
     .arg = &api_cdrs},
    {.method = "GET",
     .path = "/domains/{domain}/cdrs/{call_id}",
     .scope = API_CDR_READ,
     .name = "get_cdr",
     .tag = "Calls",
     .summary = "Read a call record with its legs and its recordings",
     .reply_schema = CALL_SCHEMA,
     .handler = get,
     .id_type = API_UUID},
};

const struct api_routes api_cdr_routes = {routes, DP_COUNT(routes)};
