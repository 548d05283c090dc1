/*
 * POST …/audit-log/{id}/revert: the inverse of a change, made as any other change is, with the
 * rights of who asks for it. What was created is deleted, what was changed is set back, what was
 * deleted is made anew (with another id). Only what nobody has changed since.
 */
#include "api/audit_revert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "base/str.h"

struct entry {
    char id[24], method[16], object[80];
    const struct api_resource *resource;
    json_t *before, *after; /* NULL: it was not there */
};

static int refuse(struct api_request *request, const char *why)
{
    api_problem(request, 409, NULL, "This cannot be taken back: %s.", why);
    return -EINVAL;
}

/* Of the two resources of one name, the one below a domain when the path has one. */
static const struct api_resource *find_resource(const char *name, bool is_platform)
{
    char own[API_RESOURCE_NAME_SIZE];

    for (size_t i = 0; api_resources[i]; i++)
        if (api_resources[i]->is_platform == is_platform &&
            !api_resource_name(api_resources[i], own) && strcmp(own, name) == 0)
            return api_resources[i];
    return NULL;
}

static json_t *read_json(const PGresult *rows, int column)
{
    if (PQgetisnull(rows, 0, column))
        return NULL;
    return json_loads(PQgetvalue(rows, 0, column), JSON_DECODE_ANY, NULL);
}

static int fill_entry(struct api_request *request, const PGresult *rows, struct entry *out)
{
    if (str_copy(out->id, sizeof(out->id), request->param[0]) ||
        str_copy(out->method, sizeof(out->method), PQgetvalue(rows, 0, 0)) ||
        str_copy(out->object, sizeof(out->object), PQgetvalue(rows, 0, 2)))
        return refuse(request, "it is no change of a row");
    out->resource = find_resource(PQgetvalue(rows, 0, 1), request->domain[0] == '\0');
    out->before = read_json(rows, 3);
    out->after = read_json(rows, 4);
    if (!out->resource || (!out->before && !out->after))
        return refuse(request, "it is no change of a row");
    if (*PQgetvalue(rows, 0, 5) == 't')
        return refuse(request, "it was taken back already");
    return 0;
}

static int read_entry(struct api_request *request, struct entry *out)
{
    static const char sql[] =
        "SELECT a.method, a.resource, a.object_id, a.before, a.after,"
        " EXISTS (SELECT FROM voip.audit_log r WHERE r.reverts = a.id AND r.resource = a.resource)"
        " FROM voip.audit_log a WHERE a.id = $1::bigint";
    PGresult *rows = NULL;
    int res = api_query(request, sql, 1, request->param, &rows);

    if (!res && PQntuples(rows) == 0) {
        api_not_found(request);
        res = -ENOENT;
    }
    if (!res)
        res = fill_entry(request, rows, out);
    PQclear(rows);
    return res;
}

static bool is_settable(const struct api_column *column, bool is_new)
{
    unsigned int never = API_READ_ONLY | API_WRITE_ONLY | API_PARENT | API_UNLISTED;

    return !(column->flags & never) && (is_new || !(column->flags & API_IMMUTABLE)) && !column->sql;
}

/* All that can be set of the row that is no more. NULL, and the response is a problem. */
static json_t *given_anew(struct api_request *request, const struct entry *entry)
{
    json_t *given = json_object();

    for (const struct api_column *column = entry->resource->columns; column->name; column++) {
        json_t *value = json_object_get(entry->before, column->name);

        if ((column->flags & API_WRITE_ONLY) && (column->flags & API_REQUIRED)) {
            (void)refuse(request, "its secret is kept nowhere");
            json_decref(given);
            return NULL;
        }
        if (value && is_settable(column, true))
            json_object_set(given, column->name, value);
    }
    return given;
}

/* What the entry has changed, as it was before. NULL, and the response is a problem. */
static json_t *given_back(struct api_request *request, const struct entry *entry, json_t *now)
{
    json_t *given = json_object();

    for (const struct api_column *column = entry->resource->columns; column->name; column++) {
        json_t *before = json_object_get(entry->before, column->name);
        json_t *after = json_object_get(entry->after, column->name);

        if (!before || !after || json_equal(before, after) || !is_settable(column, false))
            continue;
        if (!json_equal(json_object_get(now, column->name), after)) {
            api_problem(request, 409, column->name, "%s was changed since.", column->name);
            json_decref(given);
            return NULL;
        }
        json_object_set(given, column->name, before);
    }
    if (json_object_size(given) == 0) {
        (void)refuse(request, "nothing of it is kept that could be set");
        json_decref(given);
        return NULL;
    }
    return given;
}

/* The row as it is now. */
static json_t *read_now(struct api_request *request, const struct entry *entry)
{
    struct api_row row = {0};
    json_t *now = NULL;
    int res = api_row_read(request, entry->resource, "id", entry->object, NULL, API_LOCKED, &row);

    if (res == -ENOENT)
        (void)refuse(request, "the row is no more");
    if (!res)
        now = json_loads(row.json, 0, NULL);
    api_row_free(&row);
    return now;
}

/* The path's variables of the row, as its own routes have them. */
static void set_params(struct api_request *request, const struct entry *entry, json_t *row,
                       char parent[24])
{
    const struct api_resource *resource = entry->resource;
    const char *key = resource->key ? json_string_value(json_object_get(row, resource->key)) : NULL;

    if (resource->parent) {
        const char *column = api_parent_column(resource)->name;

        (void)!str_printf(parent, 24, "%lld",
                          (long long)json_integer_value(json_object_get(row, column)));
        request->param[0] = parent;
    }
    request->param[resource->parent ? 1 : 0] = key ? key : entry->object;
}

static void run(struct api_request *request, const struct entry *entry, json_t *row)
{
    bool was_made = !entry->before, was_deleted = !entry->after;
    enum api_verb inverse = was_made ? API_DELETE : was_deleted ? API_CREATE : API_PATCH;
    json_t *given = NULL;

    if (entry->resource->without & inverse) {
        (void)refuse(request, "it is done by other means alone");
        return;
    }
    if (was_made) {
        if (!json_equal(row, entry->after))
            (void)refuse(request, "the row was changed since");
        else
            api_delete(request);
        return;
    }
    given = was_deleted ? given_anew(request, entry) : given_back(request, entry, row);
    if (!given)
        return;
    json_decref(request->body);
    request->body = given;
    if (was_deleted)
        api_create(request);
    else
        api_patch(request);
}

static void revert(struct api_request *request, const struct entry *entry)
{
    struct api_route route = *request->route;
    const struct api_route *own = request->route;
    char parent[24];
    json_t *row;

    set_params(request, entry, entry->after ? entry->after : entry->before, parent);
    row = entry->after ? read_now(request, entry) : json_incref(entry->before);
    if (!row)
        return;
    route.arg = entry->resource;
    request->route = &route;
    request->reverts = strtoll(entry->id, NULL, 10);
    run(request, entry, row);
    request->route = own;
    json_decref(row);
}

void api_audit_revert(struct api_request *request)
{
    struct entry entry = {0};

    if (!read_entry(request, &entry)) {
        if (api_caller_may(&request->caller, entry.resource->writes))
            revert(request, &entry);
        else
            api_problem(request, 403, NULL, "This needs the scope %s, too.",
                        api_scope_name(entry.resource->writes));
    }
    json_decref(entry.before);
    json_decref(entry.after);
}

#define REVERT(path_, name_, flags_)                                                               \
    {.method = "POST",                                                                             \
     .path = path_,                                                                                \
     .scope = API_AUDIT_READ,                                                                      \
     .flags = API_DRY_RUN | (flags_),                                                              \
     .name = name_,                                                                                \
     .tag = "Audit log",                                                                           \
     .summary = "Take a change back, if nobody has changed the same since",                        \
     .reply_schema = "{\"type\":\"object\"}",                                                      \
     .handler = api_audit_revert}

static const struct api_route routes[] = {
    REVERT("/domains/{domain}/audit-log/{id}/revert", "revert_audit_log_entry", 0),
    REVERT("/audit-log/{id}/revert", "revert_platform_audit_log_entry", API_PLATFORM),
};

const struct api_routes api_audit_routes = {routes, DP_COUNT(routes)};
