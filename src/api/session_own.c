/* What an operator does about himself: a new password, an authenticator. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "api/api_private.h"
#include "api/audit.h"
#include "api/password.h"
#include "api/session.h"
#include "api/totp.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"

enum {
    ID_SIZE = 24,
    RECOVERY_CODES = 10,
    RECOVERY_BYTES = 10, /* 80 random bits each: nothing to guess */
    RECOVERY_SIZE = 2 * RECOVERY_BYTES + 1,
    LIST_SIZE = RECOVERY_CODES * (API_DIGEST_SIZE + 4) + 3,
    URI_MAX = 1024,
};

/* A session, with the rights that its handler needs, and the operator's id as text. */
static int begin(struct api_request *request, char id[ID_SIZE])
{
    if (request->caller.kind != API_OPERATOR) {
        api_problem(request, 409, NULL, "A key has neither password nor codes: log in.");
        return -EINVAL;
    }
    snprintf(id, ID_SIZE, "%lld", (long long)request->caller.id);
    return api_session_rights(request);
}

static int write_down(struct api_request *request, const char *what)
{
    const struct api_audit entry = {.domain_id = request->caller.domain_id,
                                    .method = "POST",
                                    .resource = what,
                                    .request_id = request->id};

    if (api_audit_write(request->conn, &request->caller, &entry, NULL))
        return api_access_away(request->response);
    return 0;
}

static void no_content(struct api_request *request)
{
    request->response->status = 204;
    request->response->content_type = NULL;
}

static const char *confirmed_word(struct api_request *request, const char *name, size_t max)
{
    const char *password = api_session_word(request, "password", API_PASSWORD_MAX, false);
    const char *word = password && name ? api_session_word(request, name, max, false) : password;

    return word && !api_session_confirm(request, password) ? word : NULL;
}

void api_own_password(struct api_request *request)
{
    char id[ID_SIZE], hash[API_PASSWORD_HASH];
    const char *const values[] = {id, hash};
    const char *wanted;

    if (begin(request, id))
        return;
    wanted = confirmed_word(request, "new_password", API_PASSWORD_MAX);
    if (!wanted)
        return;
    if (strlen(wanted) < API_PASSWORD_MIN) {
        api_problem(request, 422, "/new_password", "At least %d characters.", API_PASSWORD_MIN);
        return;
    }
    if (api_password_hash(wanted, hash)) {
        (void)api_access_away(request->response);
        return;
    }
    /* Ends every session, this one as well: see voip.end_sessions. */
    if (!api_query(request, "UPDATE voip.operators SET password_hash = $2 WHERE id = $1::bigint", 2,
                   values, NULL) &&
        !api_session_confirmed(request) && !write_down(request, "session/password"))
        no_content(request);
}

/* ------------------------------------------------------------------ codes */

static int from_hex(const char *text, unsigned char out[TOTP_SECRET])
{
    unsigned int byte;

    if (strlen(text) != (size_t)2 * TOTP_SECRET)
        return -EINVAL;
    for (size_t i = 0; i < TOTP_SECRET; i++) {
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return -EINVAL;
        out[i] = (unsigned char)byte;
    }
    return 0;
}

/* 1 row: it was taken. */
static int take(struct api_request *request, const char *sql, const char *const values[])
{
    PGresult *rows = NULL;
    int res = api_query(request, sql, 2, values, &rows);

    if (!res && strcmp(PQcmdTuples(rows), "0") == 0)
        res = -EINVAL;
    PQclear(rows);
    return res;
}

static int take_recovery_code(struct api_request *request, const char *id, const char *code)
{
    char digest[API_DIGEST_SIZE];
    const char *const values[] = {id, digest};

    if (api_token_digest(code, digest))
        return -EINVAL;
    return take(request,
                "UPDATE voip.operators SET recovery_codes = array_remove(recovery_codes, $2::bytea)"
                " WHERE id = $1::bigint AND $2::bytea = ANY (recovery_codes)",
                values);
}

static int take_step(struct api_request *request, const char *id, int64_t step)
{
    char text[ID_SIZE];
    const char *const values[] = {id, text};

    snprintf(text, sizeof(text), "%lld", (long long)step);
    /* Of two requests with the same code at once, one. */
    return take(request,
                "UPDATE voip.operators SET totp_last_step = $2::bigint"
                " WHERE id = $1::bigint AND totp_last_step < $2::bigint",
                values);
}

int api_session_code(struct api_request *request, const char *operator_id, const char *code)
{
    unsigned char secret[TOTP_SECRET];
    int64_t step = 0;
    PGresult *rows = NULL;
    int res;

    if (strlen(code) != TOTP_CODE - 1)
        return take_recovery_code(request, operator_id, code);
    res = api_query(request,
                    "SELECT encode(totp_secret, 'hex'), totp_last_step FROM voip.operators"
                    " WHERE id = $1::bigint AND totp_secret IS NOT NULL",
                    1, &operator_id, &rows);
    if (!res && (PQntuples(rows) == 0 || from_hex(PQgetvalue(rows, 0, 0), secret)))
        res = -EINVAL;
    if (!res)
        res = totp_check(secret, code, clock_wall_us() / 1000000,
                         strtoll(PQgetvalue(rows, 0, 1), NULL, 10), &step);
    if (!res)
        res = take_step(request, operator_id, step);
    explicit_bzero(secret, sizeof(secret));
    PQclear(rows);
    return res;
}

void api_totp_enrol(struct api_request *request)
{
    char id[ID_SIZE], hex[2 * TOTP_SECRET + 1], text[TOTP_SECRET_TEXT];
    unsigned char secret[TOTP_SECRET];
    const char *const values[] = {id, hex};
    struct buf uri;
    int res;

    if (begin(request, id) || !confirmed_word(request, NULL, 0))
        return;
    if (crypto_random_hex(hex, TOTP_SECRET) || from_hex(hex, secret)) {
        (void)api_access_away(request->response);
        return;
    }
    res = take(request,
               "UPDATE voip.operators SET totp_secret = decode($2, 'hex')"
               " WHERE id = $1::bigint AND totp_confirmed_at IS NULL",
               values);
    if (res == -EINVAL)
        api_problem(request, 409, NULL, "There is an authenticator already: disable it first.");
    if (res || api_session_confirmed(request))
        return;
    buf_init(&uri, URI_MAX);
    totp_secret_text(secret, text);
    totp_uri(&uri, secret, request->caller.name);
    api_reply(request, 200, json_pack("{s:s, s:s}", "secret", text, "uri", uri.data));
    http_response_header(request->response, "Cache-Control", "no-store");
    buf_free(&uri);
}

/* Codes for those who have lost their phone, and the list of their digests for PostgreSQL. */
static int make_recovery_codes(json_t *codes, char list[LIST_SIZE])
{
    char code[RECOVERY_SIZE], digest[API_DIGEST_SIZE];
    size_t len = 0;

    for (int i = 0; i < RECOVERY_CODES; i++) {
        if (crypto_random_hex(code, RECOVERY_BYTES) || api_token_digest(code, digest) ||
            json_array_append_new(codes, json_string(code)))
            return -EIO;
        /* A backslash in an element of an array: twice. */
        len += (size_t)snprintf(list + len, LIST_SIZE - len, "%c\"\\%s\"", i ? ',' : '{', digest);
    }
    snprintf(list + len, LIST_SIZE - len, "}");
    return 0;
}

void api_totp_confirm(struct api_request *request)
{
    static const char wrong[] = "This is not the code of now: is the clock of your phone right?";
    char id[ID_SIZE], list[LIST_SIZE];
    const char *const values[] = {id, list};
    const char *code;
    json_t *codes;
    int res;

    if (begin(request, id) || !(code = api_session_word(request, "code", TOTP_CODE - 1, false)))
        return;
    if (api_session_own_attempt(request))
        return;
    codes = json_array();
    res = api_session_code(request, id, code);
    if (!res && (!codes || make_recovery_codes(codes, list)))
        res = api_access_away(request->response);
    if (!res)
        res =
            take(request,
                 "UPDATE voip.operators SET totp_confirmed_at = now(), recovery_codes = $2::bytea[]"
                 " WHERE id = $1::bigint AND totp_confirmed_at IS NULL",
                 values);
    if (res == -EINVAL)
        api_problem(request, 422, "/code", "%s", wrong);
    if (!res && !api_session_confirmed(request) && !write_down(request, "session/totp")) {
        api_reply(request, 200, json_pack("{s:O}", "recovery_codes", codes));
        http_response_header(request->response, "Cache-Control", "no-store");
    }
    json_decref(codes);
}

void api_totp_disable(struct api_request *request)
{
    char id[ID_SIZE];
    const char *const values[] = {id};
    const char *code;
    int res;

    if (begin(request, id))
        return;
    code = confirmed_word(request, "code", 64);
    if (!code)
        return;
    res = api_session_code(request, id, code);
    if (res == -EINVAL)
        api_problem(request, 422, "/code", "This is none of your codes.");
    if (!res &&
        !api_query(request,
                   "UPDATE voip.operators SET totp_secret = NULL, totp_confirmed_at = NULL,"
                   " recovery_codes = '{}' WHERE id = $1::bigint",
                   1, values, NULL) &&
        !api_session_confirmed(request) && !write_down(request, "session/totp"))
        no_content(request);
}
