/*
 * Sessions, more than one at a time: all that an operator has, as he sees and ends them himself,
 * and as they are ended by who looks after operators. Single ones are a resource
 * (api/resources/sessions.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/audit.h"
#include "api/session.h"
#include "base/str.h"

enum { ID_SIZE = 24 };

/* His id, and the rights to his sessions. */
static int begin(struct api_request *request, char id[ID_SIZE])
{
    if (request->caller.kind != API_OPERATOR) {
        api_problem(request, 409, NULL, "A key has no sessions: log in.");
        return -EINVAL;
    }
    if (str_printf(id, ID_SIZE, "%lld", (long long)request->caller.id))
        return -EINVAL;
    return api_session_rights(request);
}

static int write_down(struct api_request *request, int64_t domain_id, const char *resource,
                      const char *id, int count)
{
    char before[64];
    const struct api_audit entry = {.domain_id = domain_id,
                                    .method = "DELETE",
                                    .resource = resource,
                                    .object_id = id,
                                    .before = before,
                                    .request_id = request->id};

    if (str_printf(before, sizeof(before), "{\"sessions\": %d}", count) ||
        api_audit_write(request->conn, &request->caller, &entry, NULL))
        return api_access_away(request->response);
    return 0;
}

void api_own_sessions(struct api_request *request)
{
    static const char sql[] =
        "SELECT json_build_object('items', coalesce(json_agg(x ORDER BY id DESC), '[]')) FROM"
        " (SELECT id, created_at, last_used_at, least(expires_at, last_used_at + idle_limit) AS"
        " ends_at, address, user_agent, id = $2::bigint AS current FROM voip.sessions"
        " WHERE operator_id = $1::bigint AND least(expires_at, last_used_at + idle_limit) > now())"
        " x";
    char id[ID_SIZE], current[ID_SIZE];
    const char *const values[] = {id, current};
    struct api_session session = {0};
    PGresult *rows = NULL;
    int res;

    if (request->caller.kind == API_OPERATOR && api_session_current(request, &session))
        return;
    (void)!str_printf(current, sizeof(current), "%lld", (long long)session.id);
    explicit_bzero(&session, sizeof(session));
    res = begin(request, id);
    if (!res)
        res = api_query(request, sql, (int)DP_COUNT(values), values, &rows);
    if (!res)
        buf_printf(&request->response->body, "%s\n", PQgetvalue(rows, 0, 0));
    PQclear(rows);
}

/* Ends those that this says; how many, or the response is a problem. */
static int end(struct api_request *request, const char *sql, int count, const char *const values[])
{
    PGresult *rows = NULL;
    int res = api_query(request, sql, count, values, &rows);

    if (!res)
        res = atoi(PQcmdTuples(rows));
    PQclear(rows);
    return res;
}

void api_end_own_session(struct api_request *request)
{
    char id[ID_SIZE];
    const char *const values[] = {id, request->param[0]};
    int ended = begin(request, id);

    if (ended)
        return;
    ended =
        end(request, "DELETE FROM voip.sessions WHERE operator_id = $1::bigint AND id = $2::bigint",
            2, values);
    if (ended == 0)
        api_not_found(request);
    if (ended <= 0 ||
        write_down(request, request->caller.domain_id, "session", request->param[0], ended))
        return;
    request->response->status = 204;
    request->response->content_type = NULL;
}

static void end_all(struct api_request *request, int64_t domain_id, const char *resource,
                    const char *id)
{
    const char *const values[] = {id};
    int ended = end(request, "DELETE FROM voip.sessions WHERE operator_id = $1::bigint", 1, values);

    if (ended >= 0 && !write_down(request, domain_id, resource, id, ended))
        api_reply(request, 200, json_pack("{s:i}", "ended", ended));
}

void api_end_own_sessions(struct api_request *request)
{
    char id[ID_SIZE];

    if (!begin(request, id))
        end_all(request, request->caller.domain_id, "session", id);
}

void api_end_sessions(struct api_request *request)
{
    PGresult *rows = NULL;
    int64_t domain_id = 0;
    int res = api_query(request, "SELECT domain_id FROM voip.operators WHERE id = $1::bigint", 1,
                        request->param, &rows);

    if (!res && PQntuples(rows) == 0) {
        api_not_found(request);
        res = -ENOENT;
    }
    if (!res)
        domain_id = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    PQclear(rows);
    if (!res)
        end_all(request, domain_id, "operators/sessions", request->param[0]);
}
