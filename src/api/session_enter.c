/* The second half of logging in: a session is made, and the browser known from then on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/audit.h"
#include "api/scope.h"
#include "api/session_login.h"
#include "base/str.h"
#include "store/pg.h"

enum {
    COOKIE_SIZE = 256,
    AGENT_SIZE = 301,
    DEVICE_S = 180 * 24 * 3600,
};

/* What the browser calls itself, as far as it can be shown. */
static void copy_agent(const struct http_request *request, char out[AGENT_SIZE])
{
    const char *given = http_header(request, "User-Agent");
    size_t len = 0;

    for (; given && *given && len < AGENT_SIZE - 1; given++)
        if (*given >= ' ' && *given <= '~')
            out[len++] = *given;
    out[len] = '\0';
}

static int make_session(struct api_login *login)
{
    static const char sql[] =
        "WITH old AS (DELETE FROM voip.sessions WHERE id IN (SELECT id FROM voip.sessions"
        "   WHERE operator_id = $2::bigint ORDER BY id DESC OFFSET 19)),"
        " seen AS (UPDATE voip.operators SET last_login_at = now() WHERE id = $2::bigint)"
        " INSERT INTO voip.sessions (domain_id, operator_id, token_sha256, expires_at, idle_limit,"
        "   address, user_agent)"
        " VALUES ($1::bigint, $2::bigint, $3::bytea, now() + interval '12 hours',"
        "   interval '30 minutes', $4::inet, $5)"
        " RETURNING to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    char digest[API_DIGEST_SIZE], agent[AGENT_SIZE];
    const char *const values[] = {api_login_value(login, API_LOGIN_DOMAIN_ID),
                                  api_login_value(login, API_LOGIN_ID), digest,
                                  *login->origin.address ? login->origin.address : NULL, agent};
    PGresult *rows = NULL;
    int res;

    copy_agent(login->request->http, agent);
    if (api_token_make(login->session.token) ||
        api_token_csrf(login->session.token, login->session.csrf) ||
        api_token_digest(login->session.token, digest))
        return api_access_away(login->request->response);
    res = api_query(login->request, sql, (int)DP_COUNT(values), values, &rows);
    if (!res)
        snprintf(login->session.expires_at, sizeof(login->session.expires_at), "%s",
                 PQgetvalue(rows, 0, 0));
    PQclear(rows);
    return res;
}

/* The browser is known from here on, and the address. */
static int remember_device(struct api_login *login)
{
    static const char again[] = "UPDATE voip.login_devices SET address = $2::inet, last_login_at = "
                                "now() WHERE id = $1::bigint";
    static const char first[] =
        "WITH old AS (DELETE FROM voip.login_devices WHERE id IN (SELECT id FROM voip.login_devices"
        "   WHERE operator_id = $1::bigint ORDER BY last_login_at DESC OFFSET 49))"
        " INSERT INTO voip.login_devices (operator_id, address, token_sha256, domain_id)"
        " VALUES ($1::bigint, $2::inet, $3::bytea, $4::bigint)";
    char digest[API_DIGEST_SIZE];
    const char *device = api_login_value(login, API_LOGIN_DEVICE);
    const char *const values[] = {device ? device : api_login_value(login, API_LOGIN_ID),
                                  *login->origin.address ? login->origin.address : NULL, digest,
                                  api_login_value(login, API_LOGIN_DOMAIN_ID)};

    if (device)
        return api_query(login->request, again, 2, values, NULL);
    if (api_token_make(login->device) || api_token_digest(login->device, digest))
        return api_access_away(login->request->response);
    return api_query(login->request, first, (int)DP_COUNT(values), values, NULL);
}

static void fill_caller(const struct api_login *login, struct api_caller *out)
{
    const char *domain = api_login_value(login, API_LOGIN_DOMAIN),
               *domain_id = api_login_value(login, API_LOGIN_DOMAIN_ID),
               *user_id = api_login_value(login, API_LOGIN_USER_ID);

    *out = (struct api_caller){.kind = API_OPERATOR,
                               .id = strtoll(api_login_value(login, API_LOGIN_ID), NULL, 10),
                               .domain_id = domain_id ? strtoll(domain_id, NULL, 10) : 0,
                               .user_id = user_id ? strtoll(user_id, NULL, 10) : 0,
                               .role = api_role_find(api_login_value(login, API_LOGIN_ROLE))};
    snprintf(out->name, sizeof(out->name), "%s%s%s", api_login_value(login, API_LOGIN_NAME),
             domain ? "@" : "", domain ? domain : "");
    snprintf(out->address, sizeof(out->address), "%s", login->origin.address);
    out->scopes = api_role_scopes(out->role);
}

static int write_down(struct api_login *login)
{
    const struct api_caller *caller = &login->request->caller;
    const struct api_audit entry = {.domain_id = caller->domain_id,
                                    .method = "POST",
                                    .resource = "session",
                                    .request_id = login->request->id};

    if (api_audit_write(login->request->conn, caller, &entry, NULL) ||
        pg_exec(login->request->conn, "COMMIT", NULL))
        return api_access_away(login->request->response);
    return 0;
}

static void set_cookie(struct api_login *login, const char *name, const char *token, int seconds)
{
    char text[COOKIE_SIZE], age[32] = "";

    if (seconds)
        snprintf(age, sizeof(age), "; Max-Age=%d", seconds);
    snprintf(text, sizeof(text), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name, token,
             login->origin.is_tls ? "; Secure" : "", age);
    http_response_header(login->request->response, "Set-Cookie", text);
}

int api_login_enter(struct api_login *login)
{
    int res = api_session_success(login->request, login->keys, login->known);

    if (!res)
        res = make_session(login);
    if (!res)
        res = remember_device(login);
    if (!res) {
        fill_caller(login, &login->request->caller);
        res = write_down(login);
    }
    if (res)
        return res;
    api_reply(login->request, 200,
              api_session_reply(&login->request->caller, api_login_value(login, API_LOGIN_DOMAIN),
                                &login->session));
    set_cookie(login, api_session_cookie(&login->origin), login->session.token, 0);
    set_cookie(login, api_device_cookie(&login->origin), login->device, DEVICE_S);
    http_response_header(login->request->response, "Cache-Control", "no-store");
    return 0;
}
