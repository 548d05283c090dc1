/* GET: a list by pages, or one row. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "base/crypto.h"

enum { SQL_MAX = 64 * 1024, CURSOR_MAX = 2048 };

int api_parent_check(struct api_request *request, const struct api_resource *resource)
{
    const char *values[] = {api_parent_key(request, resource)};
    PGresult *rows = NULL;
    struct buf sql;
    int res;

    if (!resource->parent)
        return 0;
    buf_init(&sql, 256);
    buf_printf(&sql, "SELECT FROM %s WHERE id = $1", resource->parent->table);
    res = api_query(request, sql.data, 1, values, &rows);
    buf_free(&sql);
    if (res)
        return res;
    res = PQntuples(rows) ? 0 : -ENOENT;
    PQclear(rows);
    if (res)
        api_not_found(request);
    return res;
}

static int list_sql(struct buf *sql, struct api_request *request,
                    const struct api_resource *resource, struct api_query_spec *spec)
{
    const char *direction = spec->descending ? "DESC" : "ASC";
    const char *sort = spec->sort ? spec->sort->name : "id";

    buf_add_str(sql, "SELECT ");
    api_row_sql(sql, resource, spec);
    buf_printf(sql, ", t.%s::text, t.id::text FROM %s t WHERE true%s", sort, resource->table,
               spec->where.data);
    if (resource->parent) {
        int number = api_spec_param(spec, api_parent_key(request, resource));

        if (number < 0)
            return number;
        buf_printf(sql, " AND t.%s = $%d", api_parent_column(resource)->name, number);
    }
    buf_printf(sql, " ORDER BY t.%s %s", sort, direction);
    if (spec->sort)
        buf_printf(sql, ", t.id %s", direction);
    buf_printf(sql, " LIMIT %u", spec->limit + 1);
    return buf_error(&spec->where) ? buf_error(&spec->where) : buf_error(sql);
}

/* The rows, of which one more than asked for says that there is a next page. */
static int put_list(struct api_request *request, const struct api_query_spec *spec,
                    const PGresult *rows)
{
    struct buf *body = &request->response->body;
    int count = PQntuples(rows);
    bool more = count > (int)spec->limit;
    int res = 0;

    count -= more;
    buf_add_str(body, "{\"items\":[");
    for (int i = 0; i < count; i++)
        buf_printf(body, "%s%s", i ? ",\n" : "", PQgetvalue(rows, i, 0));
    buf_add_str(body, "],\"next\":");
    if (more) {
        const char *keys[] = {spec->order, PQgetvalue(rows, count - 1, 1),
                              PQgetvalue(rows, count - 1, 2)};
        struct buf cursor;

        buf_init(&cursor, CURSOR_MAX);
        res = api_cursor_make(&cursor, DP_COUNT(keys), keys);
        buf_printf(body, "\"%s\"", cursor.data);
        buf_free(&cursor);
    } else {
        buf_add_str(body, "null");
    }
    buf_add_str(body, "}\n");
    return res ? res : buf_error(body);
}

/* A list's version is what is in it. */
static void tag_list(struct api_request *request)
{
    char digest[CRYPTO_SHA256_HEX];

    if (!crypto_sha256_hex(request->response->body.data, request->response->body.len, digest)) {
        digest[32] = '\0';
        (void)api_etag(request, digest);
    }
}

void api_list(struct api_request *request)
{
    const struct api_resource *resource = request->route->arg;
    struct api_query_spec spec;
    PGresult *rows = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    res = api_spec_read(&spec, request, resource, true);
    if (!res)
        res = api_parent_check(request, resource);
    if (!res && list_sql(&sql, request, resource, &spec)) {
        api_problem(request, 400, NULL, "Too much is asked at once.");
        res = -E2BIG;
    }
    if (!res)
        res = api_query(request, sql.data, spec.params, (const char *const *)spec.param, &rows);
    if (!res) {
        if (put_list(request, &spec, rows))
            api_problem(request, 500, NULL,
                        "These rows are too much for one answer: ask for fewer.");
        else
            tag_list(request);
    }
    PQclear(rows);
    api_spec_free(&spec);
    buf_free(&sql);
}

void api_row_free(struct api_row *row)
{
    free(row->json);
    free(row->version);
    free(row->id);
    *row = (struct api_row){0};
}

static int row_sql(struct buf *sql, const struct api_resource *resource, const char *column,
                   const struct api_query_spec *spec, enum api_lock lock)
{
    buf_add_str(sql, "SELECT ");
    api_row_sql(sql, resource, spec);
    if (resource->is_single)
        return api_single_sql(sql, resource, lock);
    buf_printf(sql, ", t.xmin::text, t.id::text FROM %s t WHERE t.%s = $1", resource->table,
               column);
    if (resource->parent)
        buf_printf(sql, " AND t.%s = $2", api_parent_column(resource)->name);
    if (lock == API_LOCKED)
        buf_add_str(sql, " FOR UPDATE OF t");
    return buf_error(sql);
}

int api_row_read(struct api_request *request, const struct api_resource *resource,
                 const char *column, const char *value, const struct api_query_spec *spec,
                 enum api_lock lock, struct api_row *out)
{
    const char *values[] = {value, api_parent_key(request, resource)};
    PGresult *rows = NULL;
    int count = resource->is_single ? 0 : resource->parent ? 2 : 1;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    res = row_sql(&sql, resource, column, spec, lock);
    if (res)
        api_problem(request, 400, NULL, "Too much is asked at once.");
    else
        res = api_query(request, sql.data, count, values, &rows);
    buf_free(&sql);
    if (res)
        return res;
    if (PQntuples(rows) != 1) {
        res = -ENOENT;
    } else {
        out->json = strdup(PQgetvalue(rows, 0, 0));
        out->version = strdup(PQgetvalue(rows, 0, 1));
        out->id = strdup(PQgetvalue(rows, 0, 2));
        if (!out->json || !out->version || !out->id) {
            api_problem(request, 500, NULL, "There is no memory.");
            res = -ENOMEM;
        }
    }
    PQclear(rows);
    return res;
}

void api_get(struct api_request *request)
{
    const struct api_resource *resource = request->route->arg;
    struct api_query_spec spec;
    struct api_row row = {0};
    int res = api_spec_read(&spec, request, resource, false);

    if (!res) {
        res = api_row_read(request, resource, api_key(resource), api_row_key(request, resource),
                           &spec, API_UNLOCKED, &row);
        if (res == -ENOENT)
            api_not_found(request);
    }
    if (!res) {
        buf_printf(&request->response->body, "%s\n", row.json);
        /* What is embedded changes without the row. */
        if (!spec.child_count && !spec.reference_count)
            (void)api_etag(request, row.version);
        else
            tag_list(request);
    }
    api_row_free(&row);
    api_spec_free(&spec);
}
