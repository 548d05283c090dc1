/* Who uses a row: what keeps it from being deleted, from the references that the descriptions know.
 */
#include <errno.h>
#include <string.h>

#include "api/api_private.h"

enum { SQL_MAX = 32 * 1024 };

/* One kind of use. A row of a list is told as what the list is of: "the queue support". */
static void add_use(struct buf *sql, const struct api_resource *by, const struct api_column *column)
{
    const struct api_resource *shown = by->parent ? by->parent : by;
    const char *alias = by->parent ? "p" : "t";

    buf_printf(sql, "%sSELECT '%s' AS resource, %s.id, (%s.%s)::text AS name FROM %s t ",
               sql->len ? " UNION " : "", shown->name, alias, alias, shown->label, by->table);
    if (by->parent)
        buf_printf(sql, "JOIN %s p ON p.id = t.%s ", shown->table, api_parent_column(by)->name);
    buf_printf(sql, "WHERE t.%s = $1::bigint", column->name);
}

static bool keeps(const struct api_column *column, const struct api_resource *used)
{
    return column->refers_to == used && !(column->flags & (API_PARENT | API_CASCADES));
}

static void add_uses(struct buf *sql, const struct api_resource *used)
{
    for (size_t i = 0; api_resources[i]; i++)
        for (const struct api_column *c = api_resources[i]->columns; c->name; c++)
            if (keeps(c, used))
                add_use(sql, api_resources[i], c);
    if (used->used_sql)
        buf_printf(sql, "%s%s", sql->len ? " UNION " : "", used->used_sql);
}

/* Of a tenant: everything that it has. */
static void add_contents(struct buf *sql)
{
    for (size_t i = 0; api_resources[i]; i++)
        if (!api_resources[i]->is_platform && !api_resources[i]->parent &&
            !api_resources[i]->outlived)
            buf_printf(sql,
                       "%s(SELECT '%s' AS resource, t.id, (t.%s)::text AS name FROM %s t "
                       "WHERE t.domain_id = $1::bigint ORDER BY t.id LIMIT 5)",
                       sql->len ? " UNION ALL " : "", api_resources[i]->name,
                       api_resources[i]->label, api_resources[i]->table);
}

static int look_inside(struct api_request *request, const char *id)
{
    const char *values[] = {id};

    return api_query(request,
                     "SELECT set_config('role', 'dialplane_tenant', true), "
                     "set_config('voip.domain_id', $1, true)",
                     1, values, NULL);
}

json_t *api_used_by(struct api_request *request, const struct api_resource *resource,
                    const char *id)
{
    const char *values[] = {id};
    PGresult *rows = NULL;
    json_t *uses = NULL;
    struct buf inner, sql;

    buf_init(&inner, SQL_MAX);
    buf_init(&sql, SQL_MAX + 256);
    if (resource->is_platform)
        add_contents(&inner);
    else
        add_uses(&inner, resource);
    buf_printf(&sql,
               "SELECT json_agg(u) FROM (SELECT * FROM (%s) a (resource, id, name) ORDER BY "
               "resource, name, id LIMIT 50) u",
               inner.data);
    if (inner.len && !buf_error(&inner) && !buf_error(&sql) &&
        (!resource->is_platform || !look_inside(request, id)) &&
        !api_query(request, sql.data, 1, values, &rows))
        uses = json_loads(PQgetvalue(rows, 0, 0), 0, NULL);
    PQclear(rows);
    buf_free(&sql);
    buf_free(&inner);
    return uses;
}
