/* A tenant as it is in the database, as rows of the file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_private.h"
#include "api/resources/resources.h"
#include "base/crypto.h"

enum { SQL_MAX = 64 * 1024, ANSWER_MAX = 1024 * 1024 };

void code_problem(const struct api_request *request, struct err *err)
{
    json_t *problem = json_loads(request->response->body.data, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));

    (void)err_set(err, -EIO, "%s", detail ? detail : "there is no memory for this");
    json_decref(problem);
}

int code_begin(struct code_session *session, PGconn *conn, const char *domain, struct err *err)
{
    static const struct api_route route = {.method = "POST", .name = "apply"};
    struct api_request *request = &session->request;
    int res;

    *session = (struct code_session){.request = {.conn = conn, .route = &route}};
    request->response = &session->response;
    request->caller = (struct api_caller){.kind = API_SHELL, .scopes = UINT32_MAX};
    buf_init(&session->response.body, ANSWER_MAX);
    buf_init(&session->response.headers, ANSWER_MAX);
    if (str_copy(request->domain, sizeof(request->domain), domain) ||
        crypto_random_hex(request->id, 16))
        return err_set(err, -EINVAL, "%s is no domain", domain);
    /* One picture of the tenant, whoever changes it meanwhile. */
    res = pg_exec(conn,
                  "SET default_transaction_isolation = 'repeatable read'; SET TIME ZONE 'UTC'; "
                  "SET lock_timeout = '5s'",
                  err);
    if (res)
        return res;
    res = api_begin(request);
    if (res == -ENOENT)
        return err_set(err, -ENOENT, "there is no tenant %s", domain);
    if (res)
        code_problem(request, err);
    return res;
}

void code_end(struct code_session *session)
{
    PGconn *conn = session->request.conn;

    if (PQtransactionStatus(conn) != PQTRANS_IDLE)
        (void)!pg_exec(conn, "ROLLBACK", NULL);
    buf_free(&session->response.body);
    buf_free(&session->response.headers);
    json_decref(session->request.faults);
}

/* id, parent's id, the row as the API shows it, digests of its secrets as JSON. */
static int put_sql(struct buf *sql, const struct api_resource *resource)
{
    const struct api_column *parent = api_parent_column(resource);
    bool any = false;

    buf_printf(sql, "SELECT t.id::text, %s%s::text, ", parent ? "t." : "",
               parent ? parent->name : "NULL");
    api_row_sql(sql, resource, NULL);
    buf_add_str(sql, ", json_build_object(");
    for (const struct api_column *c = resource->columns; c->name; c++) {
        if (!c->digest)
            continue;
        buf_printf(sql, "%s'%s', t.%s", any ? ", " : "", c->digest, c->digest);
        any = true;
    }
    buf_add_str(sql, ")::text");
    if (resource->is_single)
        return api_single_sql(sql, resource, API_UNLOCKED);
    buf_printf(sql, " FROM %s t", resource->table);
    if (resource == &api_domains)
        buf_add_str(sql, " WHERE t.id = voip.current_domain_id()");
    buf_add_str(sql, " ORDER BY t.id");
    return buf_error(sql);
}

static bool is_default(const struct api_column *column, json_t *value)
{
    json_t *initial;
    bool same;

    if (!column->initial)
        return json_is_null(value);
    initial = json_loads(column->initial, JSON_DECODE_ANY, NULL);
    same = json_equal(initial, value);
    json_decref(initial);
    return same;
}

/* References are ids until all rows are there. */
static int take_row(struct code_rows *rows, const struct api_resource *resource, PGresult *read,
                    int at, struct code_row *parent)
{
    json_t *shown = json_loads(PQgetvalue(read, at, 2), 0, NULL), *value;
    json_t *digests = json_loads(PQgetvalue(read, at, 3), 0, NULL);
    struct code_row *row;
    char name[CODE_NAME_SIZE];
    int res = code_add(rows, resource, parent, &row);

    for (const struct api_column *c = resource->columns; !res && c->name; c++) {
        value = json_object_get(shown, c->name);
        code_field(c, name);
        if (code_has(c) && value && !is_default(c, value))
            res = json_object_set(row->fields, name, value);
        value = c->digest ? json_object_get(digests, c->digest) : NULL;
        if (!res && json_is_string(value))
            res = json_object_set(row->fields, c->digest, value);
    }
    if (!res)
        res = code_set_id(rows, row, PQgetvalue(read, at, 0));
    json_decref(shown);
    json_decref(digests);
    return res;
}

static int load_one(struct api_request *request, const struct api_resource *resource,
                    struct code_rows *out)
{
    PGresult *read = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    res = put_sql(&sql, resource);
    if (!res)
        res = api_query(request, sql.data, 0, NULL, &read);
    buf_free(&sql);
    for (int i = 0; !res && i < PQntuples(read); i++) {
        struct code_row *parent =
            resource->parent ? code_by_id(out, resource->parent, PQgetvalue(read, i, 1)) : NULL;

        res = take_row(out, resource, read, i, parent);
    }
    PQclear(read);
    return res;
}

/* The name that people know the row of an id by. */
static int name_reference(const struct code_rows *rows, struct code_row *row,
                          const struct api_column *column, struct err *err)
{
    const struct api_resource *to = column->refers_to;
    char name[CODE_NAME_SIZE], id[24];
    const struct code_row *target;
    json_t *value;

    code_field(column, name);
    value = json_object_get(row->fields, name);
    if (!json_is_integer(value))
        return 0;
    (void)!str_printf(id, sizeof(id), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    target = code_by_id(rows, to, id);
    value = target && to->label ? json_object_get(target->fields, to->label) : NULL;
    if (!value)
        return err_set(err, -EIO, "%s: there is no %s %s", name, to->one, id);
    return json_object_set(row->fields, name, value) ? -ENOMEM : 0;
}

static int name_references(const struct code_rows *rows, struct code_row *row, struct err *err)
{
    int res = 0;

    for (const struct api_column *c = row->resource->columns; !res && c->name; c++)
        if (c->type == API_REFERENCE && code_has(c))
            res = name_reference(rows, row, c, err);
    return res;
}

int code_load(struct api_request *request, struct code_rows *out, struct err *err)
{
    int res = load_one(request, &api_domains, out);

    for (size_t i = 0; !res && api_resources[i]; i++)
        if (code_is_part(api_resources[i]))
            res = load_one(request, api_resources[i], out);
    if (res) {
        code_problem(request, err);
        return -EIO;
    }
    for (size_t i = 0; !res && i < out->count; i++)
        res = name_references(out, out->rows[i], err);
    return res ? res : code_sort(out);
}

int code_export(PGconn *conn, const char *domain, const char *prompts, struct buf *out,
                struct err *err)
{
    struct code_session session;
    struct code_rows rows = {0};
    int res = code_begin(&session, conn, domain, err);

    if (!res)
        res = code_load(&session.request, &rows, err);
    if (!res && prompts)
        res = code_prompts_write(&session.request, prompts, err);
    if (!res) {
        res = code_emit(&rows, out);
        if (res)
            (void)err_sys(err, res, "the file of %s", domain);
    }
    code_end(&session);
    code_rows_free(&rows);
    return res;
}
