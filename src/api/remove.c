/* DELETE of one row, and who is in the way of it. */
#include <errno.h>
#include <string.h>

#include "api/api_private.h"

/* Whoever is in the way of a deletion, asked anew: the transaction that found out is over. */
static void put_uses(struct api_request *request, const struct api_resource *resource,
                     const char *id, const char *prefix)
{
    json_t *uses;

    if (request->response->status != 409 || api_begin_anew(request))
        return;
    uses = api_used_by(request, resource, id);
    if (request->response->status >= 500)
        json_decref(uses);
    else
        api_problem_more(request, 409, prefix[0] ? prefix : NULL,
                         uses ? json_pack("{s:o}", "used_by", uses) : NULL,
                         "This %s is in use. Change what uses it first.", resource->one);
}

int api_remove(struct api_request *request, const struct api_resource *resource,
               const struct api_row *row, const char *prefix)
{
    const char *values[] = {row->id};
    PGresult *rows = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, 256);
    buf_printf(&sql, "DELETE FROM %s WHERE id = $1", resource->table);
    res = api_run_write(request, resource, prefix, &sql, 1, values, &rows);
    buf_free(&sql);
    PQclear(rows);
    if (!res)
        return api_audit_row(request, resource, row->id, row->json, NULL, "DELETE");
    put_uses(request, resource, row->id, prefix);
    return res;
}

static int remove_one(struct api_request *request, const struct api_resource *resource,
                      struct api_row *row)
{
    if (resource->is_single)
        return api_single_reset(request, resource, row);
    return api_remove(request, resource, row, "");
}

void api_delete(struct api_request *request)
{
    const struct api_resource *resource = request->route->arg;
    struct api_row row = {0};

    if (!api_find_row(request, resource, &row) && !remove_one(request, resource, &row)) {
        request->response->status = request->dry_run ? 200 : 204;
        request->response->content_type = NULL;
        if (request->dry_run) {
            request->response->content_type = "application/json";
            buf_printf(&request->response->body, "%s\n", row.json);
        }
    }
    api_row_free(&row);
}
