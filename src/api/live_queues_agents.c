/* Who of a tenant is a member of queues, and whether he takes calls. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/live.h"

/* Of the tenant, or only this one. */
#define ALL_AGENTS                                                                                 \
    "SELECT to_json(x) FROM (SELECT u.id, u.username, u.display_name,"                             \
    " coalesce(a.status, 'available') AS status, a.reason, a.since,"                               \
    " (SELECT json_agg(m.queue_id ORDER BY m.queue_id) FROM voip.queue_members m"                  \
    " WHERE m.user_id = u.id) AS queues"                                                           \
    " FROM voip.users u LEFT JOIN voip.queue_agents a ON a.user_id = u.id"                         \
    " WHERE EXISTS (SELECT FROM voip.queue_members m WHERE m.user_id = u.id)"                      \
    " AND u.id > $1 AND ($2::bigint IS NULL OR u.id = $2) ORDER BY u.id LIMIT $3) x"

static json_t *read_rows(const PGresult *rows)
{
    json_t *items = json_array();

    for (int i = 0; i < PQntuples(rows) && items; i++)
        if (json_array_append_new(items, json_loads(PQgetvalue(rows, i, 0), 0, NULL))) {
            json_decref(items);
            items = NULL;
        }
    return items;
}

/* Whose rows alone the caller may see, as text; NULL: everybody's. */
static const char *own_id(const struct api_request *request, char id[24])
{
    if (request->caller.role != API_AGENT ||
        str_printf(id, 24, "%" PRId64, request->caller.user_id))
        return NULL;
    return id;
}

static void reply_agents(struct api_request *request, json_t *items, unsigned int limit)
{
    size_t count = json_array_size(items);
    json_t *next = json_null();
    struct buf text;
    char id[24];

    buf_init(&text, 256);
    if (count > limit) {
        json_array_remove(items, --count);
        snprintf(id, sizeof(id), "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(json_array_get(items, count - 1), "id")));
        if (!api_cursor_make(&text, 2, (const char *const[]){"agent", id}))
            next = json_string(text.data);
    }
    api_reply(request, 200, json_pack("{s:o, s:o}", "items", items, "next", next));
    buf_free(&text);
}

void live_list_agents(struct api_request *request)
{
    char own[24], after[24] = "0", count[24];
    const char *values[] = {after, own_id(request, own), count};
    json_t *cursor = NULL, *items;
    PGresult *rows = NULL;
    unsigned int limit;
    uint64_t id;
    int res;

    if (api_limit(request, &limit))
        return;
    res = api_cursor_read(request, 2, "agent", &cursor);
    if (res && res != -ENOENT)
        return;
    if (!res && !str_to_u64(json_string_value(json_array_get(cursor, 1)), 0, INT64_MAX, &id))
        snprintf(after, sizeof(after), "%" PRIu64, id);
    json_decref(cursor);
    snprintf(count, sizeof(count), "%u", limit + 1);
    if (api_query(request, ALL_AGENTS, 3, values, &rows))
        return;
    items = read_rows(rows);
    PQclear(rows);
    if (items)
        reply_agents(request, items, limit);
    else
        live_no_memory(request);
}

/* {status, reason} of the body. */
static int read_status(struct api_request *request, const char **status, const char **reason)
{
    const json_t *given = json_object_get(request->body, "reason");

    *status = json_string_value(json_object_get(request->body, "status"));
    *reason = json_string_value(given);
    if (!*status || (strcmp(*status, "available") != 0 && strcmp(*status, "paused") != 0 &&
                     strcmp(*status, "logged_out") != 0)) {
        api_problem(request, 422, "/status", "status is available, paused or logged_out.");
        return -EINVAL;
    }
    if (given && !json_is_null(given) &&
        (!*reason || strlen(*reason) > 64 || strcmp(*status, "paused") != 0)) {
        api_problem(request, 422, "/reason", "reason is a text of at most 64 bytes, of a pause.");
        return -EINVAL;
    }
    return 0;
}

/* What is said of the member of queues so far; NULL: the response is a problem. */
static json_t *read_agent(struct api_request *request)
{
    const char *const values[] = {request->param[0]};
    PGresult *rows = NULL;
    json_t *agent = NULL;

    if (api_query(request,
                  "SELECT json_build_object('status', coalesce(a.status, 'available'),"
                  " 'reason', a.reason) FROM voip.users u"
                  " LEFT JOIN voip.queue_agents a ON a.user_id = u.id WHERE u.id = $1"
                  " AND EXISTS (SELECT FROM voip.queue_members m WHERE m.user_id = u.id)",
                  1, values, &rows))
        return NULL;
    if (PQntuples(rows) != 1)
        api_not_found(request);
    else if (!(agent = json_loads(PQgetvalue(rows, 0, 0), 0, NULL)))
        live_no_memory(request);
    PQclear(rows);
    return agent;
}

void live_set_agent(struct api_request *request)
{
    char own[24];
    const char *only = own_id(request, own), *status = NULL, *reason = NULL;
    const char *values[3] = {request->param[0]};
    PGresult *rows = NULL;
    json_t *before;

    if (only && strcmp(only, request->param[0]) != 0) {
        api_not_found(request);
        return;
    }
    if (read_status(request, &status, &reason))
        return;
    values[1] = status;
    values[2] = reason;
    before = read_agent(request);
    if (!before || live_audit(request, "agents", before, json_incref(request->body)))
        return;
    if (api_query(request,
                  "INSERT INTO voip.queue_agents (domain_id, user_id, status, reason)"
                  " SELECT u.domain_id, u.id, $2, $3 FROM voip.users u WHERE u.id = $1"
                  " AND EXISTS (SELECT FROM voip.queue_members m WHERE m.user_id = u.id)"
                  " ON CONFLICT (user_id) DO UPDATE SET status = excluded.status,"
                  " reason = excluded.reason, since = now()"
                  " RETURNING json_build_object('id', user_id, 'status', status,"
                  " 'reason', reason, 'since', since)",
                  3, values, &rows))
        return;
    if (PQntuples(rows) == 1)
        api_reply(request, 200, json_loads(PQgetvalue(rows, 0, 0), 0, NULL));
    else
        api_not_found(request);
    PQclear(rows);
}
