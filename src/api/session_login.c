/*
 * POST /api/v1/session. What is counted for whom, and why nobody can lock out somebody else with
 * it, is in docs/access.md. Names that do not exist take the same way, and the same time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/api_private.h"
#include "api/audit.h"
#include "api/password.h"
#include "api/scope.h"
#include "api/session.h"
#include "base/str.h"
#include "store/pg.h"

enum {
    NAME_MAX = 64 + 1 + STR_DOMAIN_MAX,
    CODE_MAX = 64,
    KEYS_MAX = 256,
    COOKIE_SIZE = 256,
    AGENT_SIZE = 301,
    DEVICE_S = 180 * 24 * 3600,
};

struct login {
    struct api_request *request;
    struct api_origin origin;
    const char *name, *password, *code;
    char device[API_TOKEN + 1]; /* "": the browser has none */
    PGresult *found;            /* no row: nobody has this name */
    bool known;                 /* the browser, or the address */
    char keys[KEYS_MAX];        /* what the attempt is counted for */
    struct api_session session;
};

enum column { ID, HASH, MAY, TOTP, DEVICE, PLACE, DOMAIN_ID, NAME, ROLE, USER_ID, DOMAIN };

static bool has_row(const struct login *login)
{
    return PQntuples(login->found) > 0;
}

static const char *value_of(const struct login *login, enum column column)
{
    return PQgetisnull(login->found, 0, (int)column) ? NULL
                                                     : PQgetvalue(login->found, 0, (int)column);
}

static bool is_true(const struct login *login, enum column column)
{
    return has_row(login) && *PQgetvalue(login->found, 0, (int)column) == 't';
}

static int find(struct login *login)
{
    static const char sql[] =
        "SELECT o.id, o.password_hash, o.enabled AND coalesce(d.enabled, true),"
        " o.totp_confirmed_at IS NOT NULL,"
        " (SELECT id FROM voip.login_devices l WHERE l.operator_id = o.id AND l.token_sha256 = "
        "$2::bytea),"
        " EXISTS (SELECT FROM voip.login_devices l WHERE l.operator_id = o.id AND l.address = "
        "$3::inet"
        "         AND l.last_login_at > now() - interval '30 days'),"
        " o.domain_id, o.name, o.role, o.user_id, d.name"
        " FROM voip.operators o LEFT JOIN voip.domains d ON d.id = o.domain_id"
        " WHERE o.name = split_part(lower($1), '@', 1)"
        /* "admin@" is not another way to say "admin", to be counted anew. */
        " AND coalesce(d.name, '') = substr(lower($1), length(split_part($1, '@', 1)) + 2)"
        " AND right($1, 1) <> '@'";
    char digest[API_DIGEST_SIZE];
    const char *const values[] = {login->name, digest,
                                  *login->origin.address ? login->origin.address : NULL};
    const char *cookie = http_header(login->request->http, "Cookie");

    if (!cookie || api_token_cookie(cookie, api_device_cookie(&login->origin), login->device))
        login->device[0] = '\0';
    if (api_token_digest(login->device, digest))
        return api_access_away(login->request->response);
    return api_query(login->request, sql, (int)DP_COUNT(values), values, &login->found);
}

/*
 * A browser that is known is counted for itself; an address that is known, for this operator at
 * this address; what is known neither way, for the address and for the name.
 */
static int choose_keys(struct login *login)
{
    char block[INET6_ADDRSTRLEN], name[API_DIGEST_SIZE], lower[NAME_MAX + 1];
    size_t i;

    api_origin_block(login->origin.address, block);
    login->known = has_row(login) && (value_of(login, DEVICE) || is_true(login, PLACE));
    if (login->known && value_of(login, DEVICE))
        return str_printf(login->keys, sizeof(login->keys), "{device:%s}", value_of(login, DEVICE));
    if (login->known)
        return str_printf(login->keys, sizeof(login->keys), "{place:%s:%s}", value_of(login, ID),
                          block);
    for (i = 0; login->name[i]; i++)
        lower[i] = login->name[i] >= 'A' && login->name[i] <= 'Z' ? (char)(login->name[i] + 32)
                                                                  : login->name[i];
    lower[i] = '\0';
    if (api_token_digest(lower, name))
        return -EIO;
    return str_printf(login->keys, sizeof(login->keys), "{address:%s,name:%s}", block, name + 2);
}

/* -EACCES when the password is wrong: nobody learns whether it is that, or the name. */
static int check_password(struct login *login)
{
    const char *hash = has_row(login) ? value_of(login, HASH) : NULL;
    int res;

    if (api_password_enter(login->known))
        return api_access_wait(login->request->response, 2, "Too many log in at the moment.");
    res = api_session_attempt(login->request, login->keys);
    if (!res)
        res = api_session_keep(login->request);
    if (!res && (!api_password_is(hash, login->password) || !is_true(login, MAY)))
        res = api_access_unknown(login->request->response, "Name, password or code is wrong.");
    api_password_leave(login->known);
    return res;
}

static int check_code(struct login *login)
{
    int res;

    if (!is_true(login, TOTP))
        return 0;
    if (login->code) {
        res = api_session_code(login->request, value_of(login, ID), login->code);
        return res == -EINVAL ? api_access_unknown(login->request->response,
                                                   "Name, password or code is wrong.")
                              : res;
    }
    /* Nothing was guessed: the next request has both. */
    res = api_session_success(login->request, login->keys, false);
    if (!res)
        res = api_session_keep(login->request);
    if (!res)
        api_problem_more(login->request, 401, "/code", json_pack("{s:b}", "totp_required", 1),
                         "Say the code that your authenticator shows, too.");
    return -EACCES;
}

/* ------------------------------------------------------------------ who is in */

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

static int make_session(struct login *login)
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
    const char *const values[] = {value_of(login, DOMAIN_ID), value_of(login, ID), digest,
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
static int remember_device(struct login *login)
{
    static const char again[] = "UPDATE voip.login_devices SET address = $2::inet, last_login_at = "
                                "now() WHERE id = $1::bigint";
    static const char first[] =
        "WITH old AS (DELETE FROM voip.login_devices WHERE id IN (SELECT id FROM voip.login_devices"
        "   WHERE operator_id = $1::bigint ORDER BY last_login_at DESC OFFSET 49))"
        " INSERT INTO voip.login_devices (operator_id, address, token_sha256, domain_id)"
        " VALUES ($1::bigint, $2::inet, $3::bytea, $4::bigint)";
    char digest[API_DIGEST_SIZE];
    const char *device = value_of(login, DEVICE);
    const char *const values[] = {device ? device : value_of(login, ID),
                                  *login->origin.address ? login->origin.address : NULL, digest,
                                  value_of(login, DOMAIN_ID)};

    if (device)
        return api_query(login->request, again, 2, values, NULL);
    if (api_token_make(login->device) || api_token_digest(login->device, digest))
        return api_access_away(login->request->response);
    return api_query(login->request, first, (int)DP_COUNT(values), values, NULL);
}

static void fill_caller(const struct login *login, struct api_caller *out)
{
    const char *domain = value_of(login, DOMAIN), *domain_id = value_of(login, DOMAIN_ID),
               *user_id = value_of(login, USER_ID);

    *out = (struct api_caller){.kind = API_OPERATOR,
                               .id = strtoll(value_of(login, ID), NULL, 10),
                               .domain_id = domain_id ? strtoll(domain_id, NULL, 10) : 0,
                               .user_id = user_id ? strtoll(user_id, NULL, 10) : 0,
                               .role = api_role_find(value_of(login, ROLE))};
    snprintf(out->name, sizeof(out->name), "%s%s%s", value_of(login, NAME), domain ? "@" : "",
             domain ? domain : "");
    snprintf(out->address, sizeof(out->address), "%s", login->origin.address);
    out->scopes = api_role_scopes(out->role);
}

static int write_down(struct login *login)
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

static void set_cookie(struct login *login, const char *name, const char *token, int seconds)
{
    char text[COOKIE_SIZE], age[32] = "";

    if (seconds)
        snprintf(age, sizeof(age), "; Max-Age=%d", seconds);
    snprintf(text, sizeof(text), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name, token,
             login->origin.is_tls ? "; Secure" : "", age);
    http_response_header(login->request->response, "Set-Cookie", text);
}

static int let_in(struct login *login)
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
              api_session_reply(&login->request->caller, value_of(login, DOMAIN), &login->session));
    set_cookie(login, api_session_cookie(&login->origin), login->session.token, 0);
    set_cookie(login, api_device_cookie(&login->origin), login->device, DEVICE_S);
    http_response_header(login->request->response, "Cache-Control", "no-store");
    return 0;
}

static int log_in(struct login *login)
{
    int res = find(login);

    if (!res && choose_keys(login))
        res = api_access_away(login->request->response);
    if (!res)
        res = check_password(login);
    if (!res)
        res = check_code(login);
    return res ? res : let_in(login);
}

/* Nobody knows yet who asks, so the core has given no connection. */
static void with_connection(struct login *login)
{
    struct api_request *request = login->request;

    if (api_take(request->api, &request->conn, NULL)) {
        (void)api_access_away(request->response);
        return;
    }
    if (pg_exec(request->conn, "BEGIN; SET LOCAL ROLE dialplane_access", NULL))
        (void)api_access_away(request->response);
    else if (log_in(login) && pg_exec(request->conn, "ROLLBACK", NULL))
        (void)api_access_away(request->response);
    api_release(request->api, request->conn);
    request->conn = NULL;
}

void api_log_in(struct api_request *request)
{
    struct login login = {.request = request};

    if (api_body(request))
        return;
    api_access_origin(request->api->access, request->http, &login.origin);
    login.name = api_session_word(request, "name", NAME_MAX, false);
    if (login.name)
        login.password = api_session_word(request, "password", API_PASSWORD_MAX, false);
    if (login.password) {
        login.code = api_session_word(request, "code", CODE_MAX, true);
        if (login.code || request->response->status < 400)
            with_connection(&login);
    }
    PQclear(login.found);
    explicit_bzero(&login.session, sizeof(login.session));
}
