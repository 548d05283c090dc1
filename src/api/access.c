/*
 * Who asks. One statement per request and nothing remembered between two of them: a key that is
 * revoked is of no use from the next request on, whoever revoked it and by whatever way.
 */
#include "api/access.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/access_private.h"
#include "api/bucket.h"
#include "api/scope.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "store/pg.h"

enum {
    SESSION_RATE = 6000, /* requests per minute of an operator, as of a key that says nothing */
    UPKEEP_MS = 10 * 60 * 1000,
};

struct api_access {
    struct api_buckets *buckets;
    struct api_proxies proxies;
    _Atomic int64_t next_upkeep_ms;
};

/* As http_peer writes them, whatever way the deployment file does. */
static int copy_proxies(struct api_proxies *out, const char *const proxies[], size_t count)
{
    struct in6_addr raw;

    out->address = calloc(count + 1, sizeof(*out->address));
    if (!out->address)
        return -ENOMEM;
    for (; out->count < count; out->count++) {
        const char *from = proxies[out->count];
        int family = strchr(from, ':') ? AF_INET6 : AF_INET;

        if (inet_pton(family, from, &raw) != 1 ||
            !inet_ntop(family, &raw, out->address[out->count], INET6_ADDRSTRLEN))
            return -EINVAL;
    }
    return 0;
}

int api_access_new(struct api_access **out, const char *const proxies[], size_t count)
{
    struct api_access *made = calloc(1, sizeof(*made));
    int res = made ? api_buckets_new(&made->buckets) : -ENOMEM;

    if (!res)
        res = copy_proxies(&made->proxies, proxies, count);
    if (res)
        api_access_free(made);
    else
        *out = made;
    return res;
}

void api_access_origin(const struct api_access *access, const struct http_request *request,
                       struct api_origin *out)
{
    api_origin_of(&access->proxies, http_peer(request), http_header(request, "X-Forwarded-For"),
                  http_header(request, "X-Forwarded-Proto"), out);
}

void api_access_free(struct api_access *access)
{
    if (!access)
        return;
    api_buckets_free(access->buckets);
    free(access->proxies.address);
    free(access);
}

int api_access_away(struct http_response *response)
{
    http_problem(response, 503, NULL, "The database cannot be asked now: try again.");
    http_response_header(response, "Retry-After", "2");
    return -EIO;
}

int api_access_unknown(struct http_response *response, const char *detail)
{
    http_problem(response, 401, NULL, "%s", detail);
    http_response_header(response, "WWW-Authenticate", "Bearer realm=\"dialplane\"");
    return -EACCES;
}

int api_access_wait(struct http_response *response, unsigned int seconds, const char *detail)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", seconds);
    http_problem(response, 429, NULL, "%s", detail);
    http_response_header(response, "Retry-After", text);
    return -EAGAIN;
}

static int forbidden(struct http_response *response, const char *detail)
{
    http_problem(response, 403, NULL, "%s", detail);
    return -EACCES;
}

/* ------------------------------------------------------------------ keys */

/* What voip.api_key_use says of a key whose secret was right. */
static int judge_key(const char *verdict, struct http_response *response)
{
    if (strcmp(verdict, "ok") == 0)
        return 0;
    if (strcmp(verdict, "expired") == 0)
        return api_access_unknown(response, "This key has expired: make a new one.");
    if (strcmp(verdict, "disabled") == 0)
        return api_access_unknown(response, "The tenant of this key is disabled.");
    return forbidden(response, "This key is not for use from this address.");
}

static int fill_key(const PGresult *row, struct api_caller *out)
{
    out->kind = API_KEY;
    out->id = strtoll(PQgetvalue(row, 0, 1), NULL, 10);
    out->domain_id = strtoll(PQgetvalue(row, 0, 3), NULL, 10);
    snprintf(out->name, sizeof(out->name), "%s", PQgetvalue(row, 0, 2));
    return api_scopes_read(PQgetvalue(row, 0, 5), &out->scopes);
}

static int take_token(struct api_access *access, const struct api_caller *caller,
                      unsigned int per_minute, struct http_response *response)
{
    /* Keys and operators count from 1 each. */
    int64_t id = caller->kind == API_KEY ? caller->id : -caller->id;
    unsigned int wait = api_bucket_take(access->buckets, id, per_minute, clock_mono_us());

    return wait ? api_access_wait(response, wait,
                                  "These are more requests per minute than are allowed.")
                : 0;
}

static int check_key(struct api_access *access, PGconn *conn, const char *authorization,
                     struct api_caller *out, struct http_response *response)
{
    static const char unknown[] = "There is no such key.";
    const char *address = *out->address ? out->address : NULL;
    struct api_key_text key;
    PGresult *row = NULL;
    int res;

    if (api_key_read(authorization, &key))
        return api_access_unknown(response,
                                  "Say `Authorization: Bearer dpk_…` with a key as it was shown.");
    res = pg_query(conn, "SELECT * FROM voip.api_key_use($1, $2::bytea, $3::inet)", 3,
                   (const char *const[]){key.public_id, key.digest, address}, &row, NULL);
    explicit_bzero(&key, sizeof(key));
    if (res)
        return api_access_away(response);
    res = PQntuples(row) ? judge_key(PQgetvalue(row, 0, 0), response)
                         : api_access_unknown(response, unknown);
    if (!res && fill_key(row, out))
        res = forbidden(response, "This key has a scope that this version does not know.");
    if (!res)
        res = take_token(access, out, (unsigned int)strtoul(PQgetvalue(row, 0, 6), NULL, 10),
                         response);
    PQclear(row);
    return res;
}

/* ------------------------------------------------------------------ sessions */

const char *api_session_cookie(const struct api_origin *origin)
{
    return origin->is_tls ? "__Host-dialplane" : "dialplane";
}

const char *api_device_cookie(const struct api_origin *origin)
{
    return origin->is_tls ? "__Host-dialplane-device" : "dialplane-device";
}

static void fill_operator(const PGresult *row, struct api_session *session, struct api_caller *out)
{
    bool has_domain = !PQgetisnull(row, 0, 6);

    session->id = strtoll(PQgetvalue(row, 0, 1), NULL, 10);
    snprintf(session->expires_at, sizeof(session->expires_at), "%s", PQgetvalue(row, 0, 9));
    out->kind = API_OPERATOR;
    out->id = strtoll(PQgetvalue(row, 0, 2), NULL, 10);
    snprintf(out->name, sizeof(out->name), "%s%s%s", PQgetvalue(row, 0, 3), has_domain ? "@" : "",
             PQgetvalue(row, 0, 6));
    out->role = api_role_find(PQgetvalue(row, 0, 4));
    out->domain_id = strtoll(PQgetvalue(row, 0, 5), NULL, 10);
    out->user_id = strtoll(PQgetvalue(row, 0, 7), NULL, 10);
    out->scopes = api_role_scopes(out->role);
}

int api_session_find(PGconn *conn, const struct http_request *request,
                     const struct api_origin *origin, struct api_session *session,
                     struct api_caller *caller, struct http_response *response)
{
    static const char sql[] =
        "SELECT verdict, session_id, operator_id, operator_name, operator_role, operator_domain_id,"
        " operator_domain, operator_user_id, operator_username,"
        " to_char(session_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        " FROM voip.session_use($1::bytea)";
    const char *cookie = http_header(request, "Cookie");
    char digest[API_DIGEST_SIZE];
    const char *const values[] = {digest};
    PGresult *row = NULL;
    int res;

    if (!cookie || api_token_cookie(cookie, api_session_cookie(origin), session->token))
        return -ENOENT;
    if (api_token_digest(session->token, digest) || api_token_csrf(session->token, session->csrf) ||
        pg_query(conn, sql, 1, values, &row, NULL))
        return api_access_away(response);
    if (PQntuples(row) == 0 || strcmp(PQgetvalue(row, 0, 0), "ok") != 0)
        res = api_access_unknown(response, "The session has ended: log in again.");
    else
        res = 0;
    if (!res)
        fill_operator(row, session, caller);
    PQclear(row);
    return res;
}

static bool is_read(const struct http_request *request)
{
    const char *method = http_method(request);

    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static int check_session(struct api_access *access, PGconn *conn,
                         const struct http_request *request, const struct api_origin *origin,
                         struct api_caller *out, struct http_response *response)
{
    const char *csrf = http_header(request, "X-CSRF-Token");
    struct api_session session;
    int res = api_session_find(conn, request, origin, &session, out, response);

    if (res == -ENOENT)
        res = api_access_unknown(response, "Say who you are: log in, or send a key.");
    if (!res && !is_read(request) && (!csrf || !crypto_equal(csrf, session.csrf)))
        res = forbidden(response,
                        "X-CSRF-Token has to be what GET /api/v1/session calls csrf_token.");
    explicit_bzero(&session, sizeof(session));
    return res ? res : take_token(access, out, SESSION_RATE, response);
}

/* ------------------------------------------------------------------ both */

/* Now and then what is over is swept away; whoever comes by then does it. */
static void upkeep(struct api_access *access, PGconn *conn)
{
    int64_t now = clock_mono_ms(), due = atomic_load(&access->next_upkeep_ms);

    if (now < due ||
        !atomic_compare_exchange_strong(&access->next_upkeep_ms, &due, now + UPKEEP_MS))
        return;
    if (pg_exec(conn, "BEGIN; SET LOCAL ROLE dialplane_access; SELECT voip.access_upkeep(); COMMIT",
                NULL) &&
        pg_exec(conn, "ROLLBACK", NULL))
        return; /* the connection is gone: the next statement says so */
}

int api_access_check(struct api_access *access, PGconn *conn, const struct http_request *request,
                     struct api_caller *out, struct http_response *response)
{
    const char *authorization = http_header(request, "Authorization");
    struct api_origin origin;
    int res;

    *out = (struct api_caller){0};
    api_access_origin(access, request, &origin);
    snprintf(out->address, sizeof(out->address), "%s", origin.address);
    res = authorization ? check_key(access, conn, authorization, out, response)
                        : check_session(access, conn, request, &origin, out, response);
    if (!res)
        upkeep(access, conn);
    return res;
}
