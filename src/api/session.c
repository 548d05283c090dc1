#include "api/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/password.h"
#include "api/scope.h"
#include "store/pg.h"

enum { ID_SIZE = 24 };

int api_session_rights(struct api_request *request)
{
    return api_query(request, "SET LOCAL ROLE dialplane_access", 0, NULL, NULL);
}

int api_session_keep(struct api_request *request)
{
    if (pg_exec(request->conn, "COMMIT; BEGIN; SET LOCAL ROLE dialplane_access", NULL))
        return api_access_away(request->response);
    return 0;
}

const char *api_session_word(struct api_request *request, const char *name, size_t max,
                             bool optional)
{
    json_t *value = json_object_get(request->body, name);
    const char *text = json_string_value(value);
    char pointer[64];

    if (optional && (!value || json_is_null(value)))
        return NULL;
    if (text && *text && strlen(text) <= max)
        return text;
    snprintf(pointer, sizeof(pointer), "/%s", name);
    api_problem(request, 422, pointer, "This has to be a text of 1 to %zu bytes.", max);
    return NULL;
}

int api_session_attempt(struct api_request *request, const char *keys)
{
    char free_failures[ID_SIZE];
    const char *const values[] = {keys, free_failures};
    PGresult *rows = NULL;
    int res;

    snprintf(free_failures, sizeof(free_failures), "%d", API_LOGIN_FREE);
    res =
        api_query(request, "SELECT voip.login_attempt($1::text[], $2::integer)", 2, values, &rows);
    if (!res && strcmp(PQgetvalue(rows, 0, 0), "0") != 0)
        res = api_access_wait(request->response,
                              (unsigned int)strtoul(PQgetvalue(rows, 0, 0), NULL, 10),
                              "Too many attempts have failed: wait.");
    PQclear(rows);
    return res;
}

int api_session_success(struct api_request *request, const char *keys, bool own)
{
    char free_failures[ID_SIZE];
    const char *const values[] = {keys, own ? "t" : "f", free_failures};

    snprintf(free_failures, sizeof(free_failures), "%d", API_LOGIN_FREE);
    return api_query(request, "SELECT voip.login_success($1::text[], $2::boolean, $3::integer)", 3,
                     values, NULL);
}

enum { KEYS_SIZE = 64 };

/* Who has a session guesses for himself alone. */
static void own_keys(const struct api_request *request, char out[KEYS_SIZE])
{
    snprintf(out, KEYS_SIZE, "{session:%lld}", (long long)request->caller.id);
}

int api_session_own_attempt(struct api_request *request)
{
    char keys[KEYS_SIZE];
    int res;

    own_keys(request, keys);
    res = api_session_attempt(request, keys);
    return res ? res : api_session_keep(request);
}

int api_session_confirmed(struct api_request *request)
{
    char keys[KEYS_SIZE];

    own_keys(request, keys);
    return api_session_success(request, keys, true);
}

static int verify(struct api_request *request, const char *hash, const char *password)
{
    int res = api_session_own_attempt(request);

    if (res)
        return res;
    if (api_password_is(hash, password))
        return 0;
    api_problem(request, 422, "/password", "This is not your password.");
    return -EACCES;
}

int api_session_confirm(struct api_request *request, const char *password)
{
    char id[ID_SIZE];
    const char *const values[] = {id};
    PGresult *rows = NULL;
    int res;

    snprintf(id, sizeof(id), "%lld", (long long)request->caller.id);
    if (api_password_enter(true))
        return api_access_wait(request->response, 2, "Too many log in at the moment.");
    res = api_query(request, "SELECT password_hash FROM voip.operators WHERE id = $1::bigint", 1,
                    values, &rows);
    if (!res)
        res = verify(request, PQntuples(rows) ? PQgetvalue(rows, 0, 0) : NULL, password);
    PQclear(rows);
    api_password_leave(true);
    return res;
}

/* ------------------------------------------------------------------ who am I */

static json_t *scopes_of(const struct api_caller *caller)
{
    json_t *list = json_array();

    for (unsigned int i = 0; list && i < API_SCOPES; i++)
        if (caller->scopes & 1u << i)
            json_array_append_new(list, json_string(api_scope_name((enum api_scope)(1u << i))));
    return list;
}

json_t *api_session_reply(const struct api_caller *caller, const char *domain,
                          const struct api_session *session)
{
    const char *role = caller->role ? api_role_name(caller->role) : NULL;
    json_t *reply = json_pack("{s:s, s:I, s:s, s:s?, s:s?, s:o}", "kind",
                              caller->kind == API_KEY ? "key" : "operator", "id",
                              (json_int_t)caller->id, "name", caller->name, "role", role, "domain",
                              domain, "scopes", scopes_of(caller));

    if (reply && session) {
        json_object_set_new(reply, "csrf_token", json_string(session->csrf));
        json_object_set_new(reply, "expires_at", json_string(session->expires_at));
    }
    return reply;
}

int api_session_current(struct api_request *request, struct api_session *session)
{
    struct api_origin origin;
    struct api_caller caller;
    int res = api_query(request, "SET LOCAL ROLE NONE", 0, NULL, NULL);

    api_access_origin(request->api->access, request->http, &origin);
    if (!res)
        res = api_session_find(request->conn, request->http, &origin, session, &caller,
                               request->response);
    return res == -ENOENT
               ? api_access_unknown(request->response, "The session has ended: log in again.")
               : res;
}

static int read_domain(struct api_request *request, PGresult **out)
{
    char id[ID_SIZE];
    const char *const values[] = {id};

    snprintf(id, sizeof(id), "%lld", (long long)request->caller.domain_id);
    return api_query(request, "SELECT name FROM voip.domains WHERE id = $1::bigint", 1, values,
                     out);
}

void api_who_am_i(struct api_request *request)
{
    bool is_session = request->caller.kind == API_OPERATOR;
    struct api_session session;
    PGresult *domain = NULL;

    if (!read_domain(request, &domain) &&
        (!is_session || !api_session_current(request, &session))) {
        api_reply(request, 200,
                  api_session_reply(&request->caller,
                                    PQntuples(domain) ? PQgetvalue(domain, 0, 0) : NULL,
                                    is_session ? &session : NULL));
        http_response_header(request->response, "Cache-Control", "no-store");
    }
    PQclear(domain);
    explicit_bzero(&session, sizeof(session));
}

void api_log_out(struct api_request *request)
{
    char text[160], id[ID_SIZE];
    const char *const values[] = {id};
    struct api_session session;
    struct api_origin origin;

    if (request->caller.kind != API_OPERATOR) {
        api_problem(request, 409, NULL, "A key has no session to end.");
        return;
    }
    if (api_session_current(request, &session))
        return;
    snprintf(id, sizeof(id), "%lld", (long long)session.id);
    explicit_bzero(&session, sizeof(session));
    if (api_session_rights(request) ||
        api_query(request, "DELETE FROM voip.sessions WHERE id = $1::bigint", 1, values, NULL))
        return;
    api_access_origin(request->api->access, request->http, &origin);
    snprintf(text, sizeof(text), "%s=; Path=/; HttpOnly; SameSite=Strict%s; Max-Age=0",
             api_session_cookie(&origin), origin.is_tls ? "; Secure" : "");
    http_response_header(request->response, "Set-Cookie", text);
    request->response->status = 204;
    request->response->content_type = NULL;
}
