/*
 * Many new rows of one resource in two statements: one makes them, one notes them in the audit log.
 * A row has its default where others say something and it does not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/audit.h"
#include "base/log.h"

enum { SQL_MAX = 4 * 1024 * 1024, COLUMNS = DP_COUNT(((struct api_write *)NULL)->param) };

struct many {
    struct api_request *request;
    const struct api_resource *resource;
    struct api_write *const *writes;
    size_t count;
    struct {
        const char *name; /* in a write's list */
        size_t len;
    } column[COLUMNS];
    size_t columns;
    const char **params;
    int param_count;
};

/* The next name of a list "a, b"; NULL behind the last. */
static const char *next_name(const char **rest, size_t *len)
{
    const char *name = *rest;

    if (!name || !*name)
        return NULL;
    *len = strcspn(name, ",");
    *rest = name[*len] ? name + *len + 2 : NULL;
    return name;
}

static bool is_named(const struct many *many, size_t column, const char *name, size_t len)
{
    return many->column[column].len == len && memcmp(many->column[column].name, name, len) == 0;
}

static int note_columns(struct many *many, const struct api_write *write)
{
    const char *rest = write->columns.data, *name;
    size_t len, i;

    while ((name = next_name(&rest, &len))) {
        for (i = 0; i < many->columns && !is_named(many, i, name, len); i++)
            ;
        if (i == COLUMNS)
            return -E2BIG;
        many->column[i].name = name;
        many->column[i].len = len;
        many->columns += i == many->columns;
    }
    return 0;
}

/* The parameter of this column; -1: the row does not say. */
static int param_of(const struct many *many, const struct api_write *write, size_t column)
{
    const char *rest = write->columns.data, *name;
    size_t len;

    for (int i = 0; (name = next_name(&rest, &len)); i++)
        if (is_named(many, column, name, len))
            return i;
    return -1;
}

static void put_row(struct many *many, const struct api_write *write, struct buf *sql)
{
    buf_add_str(sql, many->param_count ? "), (voip.current_domain_id()"
                                       : ") VALUES (voip.current_domain_id()");
    for (size_t i = 0; i < many->columns; i++) {
        int at = param_of(many, write, i);

        if (at < 0) {
            buf_add_str(sql, ", DEFAULT");
            continue;
        }
        many->params[many->param_count++] = write->param[at];
        buf_printf(sql, ", $%d", many->param_count);
    }
}

static int put_rows(struct many *many, struct buf *sql)
{
    int res = 0;

    for (size_t i = 0; !res && i < many->count; i++)
        res = note_columns(many, many->writes[i]);
    if (res)
        return res;
    many->params = calloc(many->count * many->columns + 1, sizeof(*many->params));
    if (!many->params)
        return -ENOMEM;
    buf_printf(sql, "INSERT INTO %s (domain_id", many->resource->table);
    for (size_t i = 0; i < many->columns; i++)
        buf_printf(sql, ", %.*s", (int)many->column[i].len, many->column[i].name);
    for (size_t i = 0; i < many->count; i++)
        put_row(many, many->writes[i], sql);
    return buf_add_str(sql, ") RETURNING id");
}

/* Rows are answered in the order in which they were given. */
static int take_ids(const struct many *many, const PGresult *rows, char *ids[])
{
    if (PQntuples(rows) != (int)many->count)
        return -EIO;
    for (size_t i = 0; i < many->count; i++) {
        ids[i] = strdup(PQgetvalue(rows, (int)i, 0));
        if (!ids[i])
            return -ENOMEM;
    }
    return 0;
}

static int insert(struct many *many, char *ids[])
{
    PGresult *rows = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    res = put_rows(many, &sql);
    if (!res)
        res = api_run_write(many->request, many->resource, "", &sql, many->param_count,
                            many->params, &rows);
    if (!res)
        res = take_ids(many, rows, ids);
    PQclear(rows);
    buf_free(&sql);
    free(many->params);
    return res;
}

static int note(const struct many *many, char *const ids[])
{
    char name[API_RESOURCE_NAME_SIZE];
    struct api_audit entry = {.domain_id = many->request->domain_id,
                              .method = "POST",
                              .resource = name,
                              .request_id = many->request->id};
    struct buf list, shown;
    struct err err = {""};
    int res = api_resource_name(many->resource, name);

    buf_init(&list, SQL_MAX);
    buf_init(&shown, SQL_MAX);
    for (size_t i = 0; i < many->count; i++)
        buf_printf(&list, "%s%s", i ? "," : "{", ids[i]);
    buf_add_char(&list, '}');
    api_row_sql(&shown, many->resource, NULL);
    if (!res)
        res = buf_error(&list) ? buf_error(&list) : buf_error(&shown);
    if (!res)
        res = api_audit_made(many->request->conn, &many->request->caller, &entry,
                             many->resource->table, shown.data, list.data, many->count, &err);
    if (res && res != -ENOENT)
        log_error("api: the audit log: %s", err.text);
    buf_free(&list);
    buf_free(&shown);
    return res;
}

int api_insert_many(struct api_request *request, const struct api_resource *resource,
                    struct api_write *const writes[], size_t count, char *ids[])
{
    struct many many = {.request = request, .resource = resource, .writes = writes, .count = count};
    int res = insert(&many, ids);

    if (!res)
        res = note(&many, ids);
    if (res == -ENOENT)
        api_problem(request, 403, NULL, "This is not yours to do.");
    else if (res && !request->response->body.len)
        api_problem(request, 500, NULL,
                    "What you ask for cannot be written down; it was not done.");
    return res;
}
