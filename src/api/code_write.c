/* One row of the file made, changed or deleted, by the core's own ways: checks, hooks, audit log.
 */
#include "api/code_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources/resources.h"
#include "base/crypto.h"

enum { SQL_MAX = 8192 };

/* Tenants are the platform's; what is in them is their own. */
static int act_for(const struct code_work *work, bool as_platform)
{
    struct api_request *request = work->request;
    char id[24] = "";
    const char *const values[] = {as_platform ? "dialplane_platform" : "dialplane_tenant", id};

    buf_reset(&request->response->body);
    if (work->session->as_platform == as_platform)
        return 0;
    work->session->as_platform = as_platform;
    if (!as_platform)
        (void)!str_printf(id, sizeof(id), "%lld", (long long)request->domain_id);
    return api_query(request,
                     "SELECT set_config('role', $1, true), set_config('voip.domain_id', $2, true)",
                     2, values, NULL);
}

int code_act_for(const struct code_work *work, const struct code_row *row, bool as_platform)
{
    return act_for(work, as_platform) ? code_refuse_row(work, row) : 0;
}

static void set_parent(const struct code_work *work, const struct code_row *row)
{
    const struct code_row *parent = row->parent;

    if (parent && !parent->id && parent->twin)
        parent = parent->twin;
    work->request->param[0] = parent ? parent->id : NULL;
}

/* The row that a name in the file leads to: one of the file, else one that stays. */
struct code_row *code_target(const struct code_work *work, const struct api_column *column,
                             const char *name)
{
    struct code_row *row = code_by_name(&work->file->rows, column->refers_to, name);

    if (!row && !work->apply->prune)
        row = code_by_name(work->current, column->refers_to, name);
    return row;
}

static const char *id_of(const struct code_row *row)
{
    return row->id || !row->twin ? row->id : row->twin->id;
}

/* As the API gets it: references are ids. */
static int give(const struct code_work *work, const struct code_row *row,
                const struct api_column *column, json_t *value, json_t *given)
{
    const struct code_row *target;
    char name[CODE_NAME_SIZE];

    if (column->type != API_REFERENCE || !json_is_string(value))
        return json_object_set(given, column->name, value);
    target = code_target(work, column, json_string_value(value));
    if (target && id_of(target))
        return json_object_set_new(given, column->name,
                                   json_integer(strtoll(id_of(target), NULL, 10)));
    code_field(column, name);
    return code_refuse(work, row, name, "there is nothing of this name");
}

static int write_given(const struct code_work *work, const struct code_row *row, bool is_new,
                       json_t *given)
{
    json_t *made = NULL, *digest;
    int res = 0;

    for (const struct api_column *c = row->resource->columns; !res && c->name; c++) {
        bool is_there = code_has(c) && (is_new || code_differs(row, c));
        json_t *value = is_there ? code_value(row, c, &made) : NULL;

        /* Of a new row the database knows the defaults; what is needed and missing is refused. */
        if (value && !(is_new && value == made))
            res = give(work, row, c, value, given);
        digest = c->digest ? json_object_get(row->fields, c->digest) : NULL;
        if (!res && digest && (is_new || code_digest_differs(row, c)))
            res = json_object_set(given, c->digest, digest);
    }
    json_decref(made);
    return res;
}

/* Of a tenant that is made: the rest is a change, when its prompts are there. */
static int give_new(const struct code_work *work, const struct code_row *row, json_t *given)
{
    if (row->resource->is_platform)
        return json_object_set(given, "name", json_object_get(row->fields, "name"));
    return write_given(work, row, true, given);
}

int code_fill(const struct code_work *work, struct code_row *row, struct api_write *write)
{
    const struct code_row *parent = row->parent;
    json_t *given = json_object();
    int res;

    api_write_init(write, work->request, row->resource, given, "");
    buf_reset(&work->request->response->body);
    res = write_given(work, row, true, given);
    if (!res &&
        (api_write_fill(write) ||
         (parent && api_write_set(write, api_parent_column(row->resource)->name, id_of(parent)))))
        res = code_refuse_row(work, row);
    write->given = NULL;
    json_decref(given);
    return res;
}

static int insert(const struct code_work *work, struct code_row *row)
{
    json_t *given = json_object();
    struct api_row made = {0};
    char *told = NULL;
    int res = give_new(work, row, given);

    set_parent(work, row);
    if (!res && api_insert(work->request, row->resource, given, "", &made,
                           row->resource->told_sql ? &told : NULL))
        res = code_refuse_row(work, row);
    if (!res)
        res = code_set_id(&work->file->rows, row, made.id);
    if (!res && told) {
        code_title(row, &work->apply->told);
        buf_printf(&work->apply->told, ": %s: %s\n", row->resource->told_once, told);
    }
    if (told)
        explicit_bzero(told, strlen(told));
    free(told);
    api_row_free(&made);
    json_decref(given);
    return res;
}

int code_create(const struct code_work *work, struct code_row *row)
{
    if (row->resource == &api_prompts)
        return code_prompt_create(work, row);
    if (row->resource->without & API_CREATE)
        return code_refuse(work, row, NULL, "this cannot be made from a file");
    if (act_for(work, row->resource->is_platform))
        return code_refuse_row(work, row);
    return insert(work, row);
}

int code_change(const struct code_work *work, struct code_row *row, const struct api_row *before)
{
    json_t *given = json_object();
    struct api_row after = {0};
    int res = write_given(work, row, false, given);

    if (!res && act_for(work, row->resource->is_platform))
        res = code_refuse_row(work, row);
    set_parent(work, row);
    work->request->body = given;
    if (!res && api_change(work->request, row->resource, before, &after))
        res = code_refuse_row(work, row);
    work->request->body = NULL;
    api_row_free(&after);
    json_decref(given);
    return res;
}

int code_lock(const struct code_work *work, const struct code_row *row, struct api_row *out)
{
    if (act_for(work, row->resource->is_platform))
        return code_refuse_row(work, row);
    set_parent(work, row);
    if (row->resource->is_single
            ? api_single_find(work->request, row->resource, out)
            : api_row_read(work->request, row->resource, "id", id_of(row), NULL, API_LOCKED, out))
        return code_refuse_row(work, row);
    return 0;
}

int code_let_go(const struct code_work *work, const struct code_row *row)
{
    const char *const values[] = {row->twin->id};
    bool is_number = row->resource == &api_extensions;
    char name[CODE_NAME_SIZE];
    struct buf sql;
    int res = 0;

    buf_init(&sql, SQL_MAX);
    for (const struct api_column *c = row->resource->columns; c->name; c++) {
        code_field(c, name);
        if (c->type != API_REFERENCE || !(c->flags & API_NULLABLE) || !code_differs(row, c) ||
            (is_number && c->refers_to != &api_extensions) ||
            !json_object_get(row->twin->fields, name))
            continue;
        buf_printf(&sql, "%s%s = NULL", sql.len ? ", " : "", c->name);
    }
    if (sql.len) {
        struct buf whole;

        buf_init(&whole, SQL_MAX);
        buf_printf(&whole, "UPDATE %s SET %s WHERE id = $1", row->resource->table, sql.data);
        buf_reset(&work->request->response->body);
        if (api_run_write(work->request, row->resource, "", &whole, 1, values, NULL))
            res = code_refuse_row(work, row);
        buf_free(&whole);
    }
    buf_free(&sql);
    return res;
}

int code_delete(const struct code_work *work, const struct code_row *row)
{
    struct api_row found = {0};
    int res = code_lock(work, row, &found);

    if (!res && (row->resource->is_single ? api_single_reset(work->request, row->resource, &found)
                                          : api_remove(work->request, row->resource, &found, "")))
        res = code_refuse_row(work, row);
    api_row_free(&found);
    return res;
}

/* Checked as the API does, and made a digest of. */
static int digest(const struct code_work *work, struct code_row *row,
                  const struct api_column *column, json_t *secret)
{
    struct api_write write = {
        .request = work->request, .resource = row->resource, .prefix = "", .given = row->fields};
    const char *user = json_string_value(json_object_get(row->fields, column->digest_user));
    const char *realm = column->digest_realm
                            ? json_string_value(json_object_get(row->fields, column->digest_realm))
                            : work->file->domain;
    char ha1[CRYPTO_MD5_HEX];
    char *text = NULL;
    int res;

    if (json_object_get(row->fields, column->digest))
        return code_refuse(work, row, column->name, "this is given twice: in clear and as digest");
    buf_reset(&work->request->response->body);
    if (api_value(&write, column, secret, &text))
        return code_refuse_row(work, row);
    if (!user || !realm)
        res = code_refuse(work, row, column->name, "this needs the fields that it is made with");
    else
        res = crypto_ha1(user, realm, text, ha1);
    if (!res)
        res = json_object_set_new(row->fields, column->digest, json_string(ha1));
    json_object_del(row->fields, column->name);
    explicit_bzero(text, strlen(text));
    free(text);
    return res;
}

int code_digests(const struct code_work *work, struct code_row *row)
{
    int res = 0;

    for (const struct api_column *c = row->resource->columns; !res && c->name; c++) {
        json_t *secret = c->digest ? json_object_get(row->fields, c->name) : NULL;

        if (secret)
            res = digest(work, row, c, secret);
    }
    return res;
}
