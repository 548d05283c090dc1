/* POST and PATCH of one row. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/audit.h"
#include "base/log.h"

enum { SQL_MAX = 32 * 1024 };

/* The tenant that a row belongs to, or is; 0: the platform. */
static int64_t domain_of(const struct api_request *request, const struct api_resource *resource,
                         const char *id, const char *row)
{
    json_t *json, *domain;
    int64_t found;

    if (!resource->is_platform)
        return request->domain_id;
    if (strcmp(resource->table, "voip.domains") == 0)
        return strtoll(id, NULL, 10);
    json = json_loads(row, 0, NULL);
    domain = json_object_get(json, "domain_id");
    found = json_integer_value(domain);
    json_decref(json);
    return found;
}

int api_audit_row(struct api_request *request, const struct api_resource *resource, const char *id,
                  const char *before, const char *after, const char *method)
{
    char name[API_RESOURCE_NAME_SIZE];
    const struct api_audit entry = {
        .domain_id = domain_of(request, resource, id, after ? after : before),
        .method = method,
        .resource = name,
        .object_id = id,
        .before = before,
        .after = after,
        .request_id = request->id,
        .reverts = request->reverts,
    };
    struct err err = {""};
    int res = api_resource_name(resource, name);

    if (!res)
        res = api_audit_write(request->conn, &request->caller, &entry, &err);

    if (res == -ENOTCONN) {
        api_unavailable(request, "the database does not answer");
    } else if (res) {
        log_error("api: the audit log: %s", err.text);
        api_problem(request, 500, NULL,
                    "What you ask for cannot be written down; it was not done.");
    }
    return res;
}

/* A statement that writes, whose refusal is about the resource's fields. */
int api_run_write(struct api_request *request, const struct api_resource *resource,
                  const char *prefix, const struct buf *sql, int count, const char *const values[],
                  PGresult **out)
{
    PGresult *rows = NULL;
    struct err err = {""};
    int res = buf_error(sql);

    if (res) {
        api_problem(request, 500, NULL, "There is no memory for this.");
        return res;
    }
    res = api_run(request->conn, sql->data, count, values, &rows, &err);
    if (res == -ENOTCONN)
        api_unavailable(request, "the database does not answer");
    else if (res)
        api_refusal(request, resource, prefix, rows);
    if (!res && out)
        *out = rows;
    else
        PQclear(rows);
    return res;
}

/* What is there by the time of the new row alone: the tenant, and the parent. */
static int fill_place(struct api_write *write)
{
    const struct api_resource *resource = write->resource;

    if (resource->parent && api_write_set(write, api_parent_column(resource)->name,
                                          api_parent_key(write->request, resource)))
        return -ENOMEM;
    if (resource->is_platform)
        return 0;
    buf_printf(&write->columns, "%sdomain_id", write->columns.len ? ", " : "");
    buf_printf(&write->values, "%svoip.current_domain_id()", write->values.len ? ", " : "");
    return 0;
}

static int insert_row(struct api_write *write, char **id)
{
    const struct api_resource *resource = write->resource;
    PGresult *rows = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    if (write->columns.len)
        buf_printf(&sql, "INSERT INTO %s (%s) VALUES (%s) RETURNING id", resource->table,
                   write->columns.data, write->values.data);
    else
        buf_printf(&sql, "INSERT INTO %s DEFAULT VALUES RETURNING id", resource->table);
    res = api_run_write(write->request, resource, write->prefix, &sql, write->params, write->param,
                        &rows);
    buf_free(&sql);
    if (!res) {
        *id = strdup(PQgetvalue(rows, 0, 0));
        res = *id ? 0 : -ENOMEM;
    }
    PQclear(rows);
    return res;
}

/* What is told once, of a row that this transaction has made. */
static int ask_once(struct api_request *request, const struct api_resource *resource,
                    const char *id, char **told)
{
    const char *values[] = {id};
    PGresult *rows = NULL;
    int res;

    if (!told || !resource->told_sql)
        return 0;
    res = api_query(request, resource->told_sql, 1, values, &rows);
    if (!res && PQntuples(rows) == 1)
        *told = strdup(PQgetvalue(rows, 0, 0));
    PQclear(rows);
    return res;
}

void api_write_init(struct api_write *write, struct api_request *request,
                    const struct api_resource *resource, json_t *given, const char *prefix)
{
    *write = (struct api_write){
        .request = request, .resource = resource, .prefix = prefix, .given = given};
    buf_init(&write->columns, SQL_MAX / 4);
    buf_init(&write->values, SQL_MAX / 4);
}

int api_insert_filled(struct api_write *write, struct api_row *out, char **told)
{
    const struct api_resource *resource = write->resource;
    struct api_request *request = write->request;
    char *id = NULL;
    int res = fill_place(write);

    if (!res)
        res = insert_row(write, &id);
    if (!res)
        res = api_row_read(request, resource, "id", id, NULL, API_UNLOCKED, out);
    /* A row that its maker cannot see is no row of his. */
    if (res == -ENOENT)
        api_problem(request, 403, NULL, "This is not yours to do.");
    if (!res)
        res = api_audit_row(request, resource, id, NULL, out->json, "POST");
    if (!res)
        res = ask_once(request, resource, id, told);
    free(id);
    if (res && request->response->status < 400)
        api_problem(request, 500, NULL, "There is no memory for this.");
    return res;
}

int api_insert(struct api_request *request, const struct api_resource *resource, json_t *given,
               const char *prefix, struct api_row *out, char **told)
{
    struct api_write write;
    int res;

    api_write_init(&write, request, resource, given, prefix);
    res = api_write_fill(&write);
    if (!res)
        res = api_insert_filled(&write, out, told);
    api_write_free(&write);
    return res;
}

static void put_created(struct api_request *request, const struct api_resource *resource,
                        const struct api_row *row, const char *told)
{
    json_t *json = json_loads(row->json, 0, NULL);
    struct buf location;

    if (told)
        json_object_set_new(json, resource->told_once, json_string(told));
    buf_init(&location, 1024);
    buf_printf(&location, "%s/", http_path(request->http));
    if (resource->key)
        buf_add_str(&location, json_string_value(json_object_get(json, resource->key)));
    else
        buf_add_str(&location, row->id);
    if (!request->dry_run) {
        http_response_header(request->response, "Location", location.data);
        (void)api_etag(request, row->version);
    } else {
        /* There is no row of that number, and there will be none. */
        json_object_del(json, "id");
    }
    buf_free(&location);
    api_reply(request, request->dry_run ? 200 : 201, json);
}

void api_create(struct api_request *request)
{
    const struct api_resource *resource = request->route->arg;
    struct api_row row = {0};
    char *told = NULL;

    if (!api_parent_check(request, resource) &&
        !api_insert(request, resource, request->body, "", &row, &told))
        put_created(request, resource, &row, told);
    free(told);
    api_row_free(&row);
}

/* The row of the path, locked; what the client has seen of it is still so. */
int api_find_row(struct api_request *request, const struct api_resource *resource,
                 struct api_row *out)
{
    int res;

    if (resource->is_single)
        res = api_single_find(request, resource, out);
    else
        res = api_row_read(request, resource, api_key(resource), api_row_key(request, resource),
                           NULL, API_LOCKED, out);
    if (res == -ENOENT)
        api_not_found(request);
    return res ? res : api_if_match(request, out->version);
}

static int update_row(struct api_write *write, const char *id)
{
    PGresult *rows = NULL;
    struct buf sql;
    int count = write->params, res;

    if (!write->columns.len)
        return 0;
    write->param[count++] = id;
    buf_init(&sql, SQL_MAX);
    buf_printf(&sql, "UPDATE %s SET (%s) = ROW (%s) WHERE id = $%d", write->resource->table,
               write->columns.data, write->values.data, count);
    res = api_run_write(write->request, write->resource, "", &sql, count, write->param, &rows);
    buf_free(&sql);
    PQclear(rows);
    return res;
}

int api_change(struct api_request *request, const struct api_resource *resource,
               const struct api_row *before, struct api_row *after)
{
    struct api_write write;
    int res;

    api_write_init(&write, request, resource, request->body, "");
    write.before = json_loads(before->json, 0, NULL);
    res = api_write_fill(&write);
    if (!res)
        res = update_row(&write, before->id);
    if (!res)
        res = api_row_read(request, resource, "id", before->id, NULL, API_UNLOCKED, after);
    if (res == -ENOENT)
        api_not_found(request);
    if (!res && write.columns.len)
        res = api_audit_row(request, resource, before->id, before->json, after->json, "PATCH");
    api_write_free(&write);
    return res;
}

void api_patch(struct api_request *request)
{
    const struct api_resource *resource = request->route->arg;
    struct api_row before = {0}, after = {0};

    if (!api_find_row(request, resource, &before) &&
        !api_change(request, resource, &before, &after)) {
        buf_printf(&request->response->body, "%s\n", after.json);
        if (!request->dry_run)
            (void)api_etag(request, after.version);
    }
    api_row_free(&before);
    api_row_free(&after);
}
