/* What live views have in common. */
#include "api/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/server.h"

enum { CURSOR_MAX = 1024 };

const struct api_param live_paging[] = {
    {"limit", API_INTEGER, "How many, 1 to 500", NULL},
    {"cursor", API_TEXT, "Where the page before ended: its next", NULL},
    {0},
};

void live_no_memory(struct api_request *request)
{
    api_problem(request, 500, NULL, "There is no memory.");
}

struct edge_pool *live_edges(struct api_request *request)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    struct edge_pool *pool = NULL;
    struct err err;

    if (edge_pool_open(&pool, nodes->edges, nodes->edge_count, &err))
        live_no_memory(request);
    return pool;
}

const struct media_place *live_media(const struct live_nodes *nodes, const char *name)
{
    for (size_t i = 0; i < nodes->media_count && name; i++)
        if (strcmp(nodes->media[i].name, name) == 0)
            return &nodes->media[i];
    return NULL;
}

int live_own_name(struct api_request *request, char out[STR_EXTENSION_MAX + 1])
{
    char id[24];
    const char *const values[] = {id};
    PGresult *rows = NULL;
    int res;

    out[0] = '\0';
    if (request->caller.role != API_AGENT)
        return 0;
    snprintf(id, sizeof(id), "%lld", (long long)request->caller.user_id);
    res = api_query(request, "SELECT username FROM voip.users WHERE id = $1", 1, values, &rows);
    if (res)
        return res;
    if (PQntuples(rows) == 1)
        res = str_copy(out, STR_EXTENSION_MAX + 1, PQgetvalue(rows, 0, 0));
    else
        res = -ENOENT;
    PQclear(rows);
    if (res)
        api_not_found(request);
    return res;
}

int live_audit(struct api_request *request, const char *resource, json_t *before, json_t *after)
{
    char *was = before ? json_dumps(before, JSON_COMPACT) : NULL;
    char *is = after ? json_dumps(after, JSON_COMPACT) : NULL;
    const struct api_audit entry = {
        .domain_id = request->domain_id,
        .method = request->route->method,
        .resource = resource,
        .object_id = request->param[0],
        .before = was,
        .after = is,
        .request_id = request->id,
    };
    struct err err;
    int res = api_audit_write(request->conn, &request->caller, &entry, &err);

    if (res)
        api_problem(request, 503, NULL, "The audit log cannot be written.");
    free(was);
    free(is);
    json_decref(before);
    json_decref(after);
    return res;
}

static bool names(const json_t *part, const char *username)
{
    static const char *const who[] = {"from", "to", "reached"};

    for (size_t i = 0; i < DP_COUNT(who); i++) {
        const char *text = json_string_value(json_object_get(part, who[i]));

        if (text && strcmp(text, username) == 0)
            return true;
    }
    return false;
}

bool live_is_of(const json_t *call, const char *username)
{
    const json_t *leg;
    size_t i;

    if (!*username || names(call, username))
        return true;
    json_array_foreach(json_object_get(call, "legs"), i, leg)
    {
        if (names(leg, username))
            return true;
    }
    return false;
}

void live_reply_list(struct api_request *request, json_t *items, const char *order,
                     const char *next, const struct edge_pool *pool)
{
    const char *const keys[] = {order, next};
    json_t *cursor = json_null(), *reply;
    struct buf text;

    buf_init(&text, CURSOR_MAX);
    if (next)
        cursor = api_cursor_make(&text, DP_COUNT(keys), keys) ? NULL : json_string(text.data);
    buf_free(&text);
    reply = json_pack("{s:o, s:o, s:o}", "items", items, "next", cursor, "silent",
                      edge_pool_silent(pool));
    if (reply)
        api_reply(request, 200, reply);
    else
        live_no_memory(request);
}
