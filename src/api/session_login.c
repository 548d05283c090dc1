/*
 * POST /api/v1/session. What is counted for whom, and why nobody can lock out somebody else with
 * it, is in docs/access.md. Names that do not exist take the same way, and the same time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/api_private.h"
#include "api/password.h"
#include "api/session_login.h"
#include "base/str.h"
#include "store/pg.h"

enum {
    NAME_MAX = 64 + 1 + STR_DOMAIN_MAX,
    CODE_MAX = 64,
};

static bool has_row(const struct api_login *login)
{
    return PQntuples(login->found) > 0;
}

const char *api_login_value(const struct api_login *login, enum api_login_column column)
{
    return PQgetisnull(login->found, 0, (int)column) ? NULL
                                                     : PQgetvalue(login->found, 0, (int)column);
}

static bool is_true(const struct api_login *login, enum api_login_column column)
{
    return has_row(login) && *PQgetvalue(login->found, 0, (int)column) == 't';
}

static int find(struct api_login *login)
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
static int choose_keys(struct api_login *login)
{
    char block[INET6_ADDRSTRLEN], name[API_DIGEST_SIZE], lower[NAME_MAX + 1];
    size_t i;

    api_origin_block(login->origin.address, block);
    login->known = has_row(login) &&
                   (api_login_value(login, API_LOGIN_DEVICE) || is_true(login, API_LOGIN_PLACE));
    if (login->known && api_login_value(login, API_LOGIN_DEVICE))
        return str_printf(login->keys, sizeof(login->keys), "{device:%s}",
                          api_login_value(login, API_LOGIN_DEVICE));
    if (login->known)
        return str_printf(login->keys, sizeof(login->keys), "{place:%s:%s}",
                          api_login_value(login, API_LOGIN_ID), block);
    for (i = 0; login->name[i]; i++)
        lower[i] = login->name[i] >= 'A' && login->name[i] <= 'Z' ? (char)(login->name[i] + 32)
                                                                  : login->name[i];
    lower[i] = '\0';
    if (api_token_digest(lower, name))
        return -EIO;
    return str_printf(login->keys, sizeof(login->keys), "{address:%s,name:%s}", block, name + 2);
}

/* -EACCES when the password is wrong: nobody learns whether it is that, or the name. */
static int check_password(struct api_login *login)
{
    const char *hash = has_row(login) ? api_login_value(login, API_LOGIN_HASH) : NULL;
    int res;

    if (api_password_enter(login->known))
        return api_access_wait(login->request->response, 2, "Too many log in at the moment.");
    res = api_session_attempt(login->request, login->keys);
    if (!res)
        res = api_session_keep(login->request);
    if (!res && (!api_password_is(hash, login->password) || !is_true(login, API_LOGIN_MAY)))
        res = api_access_unknown(login->request->response, "Name, password or code is wrong.");
    api_password_leave(login->known);
    return res;
}

static int check_code(struct api_login *login)
{
    int res;

    if (!is_true(login, API_LOGIN_TOTP))
        return 0;
    if (login->code) {
        res = api_session_code(login->request, api_login_value(login, API_LOGIN_ID), login->code);
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

static int log_in(struct api_login *login)
{
    int res = find(login);

    if (!res && choose_keys(login))
        res = api_access_away(login->request->response);
    if (!res)
        res = check_password(login);
    if (!res)
        res = check_code(login);
    return res ? res : api_login_enter(login);
}

/* Nobody knows yet who asks, so the core has given no connection. */
static void with_connection(struct api_login *login)
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
    struct api_login login = {.request = request};

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
