/* What a tenant, or the platform, has one of, and always: a row that may not be there yet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { SQL_MAX = 1024 };

/* The version of what is nowhere: no row has this xmin. */
#define NOT_THERE "0"

int api_single_sql(struct buf *sql, const struct api_resource *resource, enum api_lock lock)
{
    static const char own[] = "t.domain_id IS NOT DISTINCT FROM voip.current_domain_id()";

    buf_printf(sql, ", coalesce(t.xmin::text, '" NOT_THERE "'), coalesce(t.id::text, '') FROM ");
    if (lock == API_LOCKED)
        buf_printf(sql, "%s t WHERE %s FOR UPDATE OF t", resource->table, own);
    else
        buf_printf(sql, "(SELECT) one LEFT JOIN %s t ON %s", resource->table, own);
    return buf_error(sql);
}

/* Who makes it at the same moment has made it before: this waits for him. */
static int make(struct api_request *request, const struct api_resource *resource, bool *made)
{
    PGresult *rows = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    buf_printf(&sql,
               "INSERT INTO %s (domain_id) VALUES (voip.current_domain_id()) "
               "ON CONFLICT DO NOTHING RETURNING id",
               resource->table);
    res = api_run_write(request, resource, "", &sql, 0, NULL, &rows);
    buf_free(&sql);
    *made = !res && PQntuples(rows) == 1;
    PQclear(rows);
    return res;
}

int api_single_find(struct api_request *request, const struct api_resource *resource,
                    struct api_row *out)
{
    bool made = false;
    int res = make(request, resource, &made);

    if (!res)
        res = api_row_read(request, resource, NULL, NULL, NULL, API_LOCKED, out);
    if (res == -ENOENT)
        api_not_found(request);
    /* Whoever has read it has read that it was not there. */
    if (!res && made)
        (void)!str_copy(out->version, strlen(out->version) + 1, NOT_THERE);
    return res;
}

int api_single_reset(struct api_request *request, const struct api_resource *resource,
                     struct api_row *row)
{
    const unsigned int never = API_READ_ONLY | API_WRITE_ONLY;
    struct api_row after = {0};
    json_t *given = json_object();
    int res;

    for (const struct api_column *column = resource->columns; column->name; column++)
        if (!(column->flags & never))
            json_object_set_new(given, column->name,
                                column->initial ? json_loads(column->initial, JSON_DECODE_ANY, NULL)
                                                : json_null());
    json_decref(request->body);
    request->body = given;
    res = api_change(request, resource, row, &after);
    json_decref(given);
    request->body = NULL;
    if (res) {
        api_row_free(&after);
        return res;
    }
    api_row_free(row);
    *row = after;
    return 0;
}
