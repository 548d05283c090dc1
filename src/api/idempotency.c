/*
 * A POST that is sent again because its answer was lost is not done again: with Idempotency-Key its
 * answer is kept for a day, in the transaction of what was done. Of two at the same time the second
 * waits for the first. What was refused is not kept: nothing was done.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "base/crypto.h"

enum { KEY_MAX = 255 };

/* The text of "\x…", "key:7" and so on; all that a row is known by. */
struct key {
    char caller[40], domain[24], digest[CRYPTO_SHA256_HEX + 2];
    const char *key;
};

static int read_key(struct api_request *request, struct key *out)
{
    size_t len;
    const char *body = http_body(request->http, &len);
    char hex[CRYPTO_SHA256_HEX];

    out->key = http_header(request->http, "Idempotency-Key");
    if (!out->key[0] || strlen(out->key) > KEY_MAX) {
        api_problem(request, 400, "Idempotency-Key", "An Idempotency-Key has 1 to %d characters.",
                    KEY_MAX);
        return -EINVAL;
    }
    if (crypto_sha256_hex(body, len, hex) ||
        str_printf(out->digest, sizeof(out->digest), "\\x%s", hex) ||
        str_printf(out->caller, sizeof(out->caller), "%s:%lld",
                   request->caller.kind == API_KEY ? "key" : "operator",
                   (long long)request->caller.id) ||
        str_printf(out->domain, sizeof(out->domain), "%lld", (long long)request->domain_id)) {
        api_problem(request, 500, NULL, "This cannot be written down; it was not done.");
        return -EIO;
    }
    return 0;
}

static int forget_old(struct api_request *request, const struct key *key)
{
    const char *values[] = {key->caller, key->key};

    return api_query(request,
                     "DELETE FROM voip.idempotency_keys WHERE caller = $1 AND key = $2 "
                     "AND created_at < now() - interval '24 hours'",
                     2, values, NULL);
}

/* 1: it is new; 0: it was there; negative: the response is a problem. */
static int claim(struct api_request *request, const struct key *key)
{
    const char *values[] = {
        key->domain, key->caller, key->key, http_method(request->http), http_path(request->http),
        key->digest};
    PGresult *rows = NULL;
    int res = api_query(request,
                        "INSERT INTO voip.idempotency_keys (domain_id, caller, key, method, path, "
                        "sha256) VALUES (nullif($1, '0')::bigint, $2, $3, $4, $5, $6) "
                        "ON CONFLICT DO NOTHING RETURNING id",
                        DP_COUNT(values), values, &rows);

    if (!res)
        res = PQntuples(rows) == 1;
    PQclear(rows);
    return res;
}

static void put_headers(struct api_request *request, const char *text)
{
    json_t *headers = json_loads(text, 0, NULL), *value;
    const char *name;

    json_object_foreach(headers, name, value)
    {
        http_response_header(request->response, name, json_string_value(value));
    }
    json_decref(headers);
}

static void replay(struct api_request *request, const struct key *key)
{
    const char *values[] = {
        key->domain, key->caller, key->key, http_method(request->http), http_path(request->http),
        key->digest};
    PGresult *rows = NULL;

    if (api_query(request,
                  "SELECT method = $4 AND path = $5 AND sha256 = $6, status, headers, body "
                  "FROM voip.idempotency_keys WHERE domain_id IS NOT DISTINCT FROM "
                  "nullif($1, '0')::bigint AND caller = $2 AND key = $3",
                  DP_COUNT(values), values, &rows))
        return;
    if (PQntuples(rows) != 1 || PQgetisnull(rows, 0, 1)) {
        api_problem(request, 409, NULL, "This is being done right now. Ask again in a moment.");
    } else if (PQgetvalue(rows, 0, 0)[0] != 't') {
        api_problem(request, 422, "Idempotency-Key",
                    "This key was used for another request. Use a new one for each.");
    } else {
        request->response->status = (unsigned int)atoi(PQgetvalue(rows, 0, 1));
        put_headers(request, PQgetvalue(rows, 0, 2));
        http_response_header(request->response, "Idempotency-Replayed", "true");
        buf_add_str(&request->response->body, PQgetvalue(rows, 0, 3));
    }
    PQclear(rows);
}

bool api_idempotency_begin(struct api_request *request)
{
    struct key key;
    int res = read_key(request, &key);

    if (!res)
        res = forget_old(request, &key);
    if (!res)
        res = claim(request, &key);
    if (res == 0)
        replay(request, &key);
    return res != 1;
}

static char *kept_headers(const struct buf *headers)
{
    const char *end = headers->data + headers->len;
    json_t *kept = json_object();
    char *text;

    for (const char *name = headers->data; name < end;) {
        const char *value = name + strlen(name) + 1;

        json_object_set_new(kept, name, json_string(value));
        name = value + strlen(value) + 1;
    }
    text = kept ? json_dumps(kept, JSON_COMPACT) : NULL;
    json_decref(kept);
    return text;
}

/* The answer without what is told once: whoever asks again learns that it was done, and no secret
 * is kept. NULL without memory. */
static char *kept_body(const struct api_request *request)
{
    bool makes_rows = request->route->handler == api_create || request->route->handler == api_batch;
    const struct api_resource *resource = makes_rows ? request->route->arg : NULL;
    json_t *body, *row;
    size_t i;
    char *text;

    if (!resource || !resource->told_once)
        return strdup(request->response->body.data);
    body = json_loads(request->response->body.data, 0, NULL);
    json_object_del(body, resource->told_once);
    json_array_foreach(json_object_get(body, "created"), i, row)
    {
        json_object_del(row, resource->told_once);
    }
    text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

int api_idempotency_keep(struct api_request *request)
{
    struct key key;
    char status[16];
    char *headers = kept_headers(&request->response->headers), *body = kept_body(request);
    const char *values[] = {key.domain, key.caller, key.key, status, headers, body};
    struct err err = {""};
    PGresult *rows = NULL;
    int res = headers && body ? read_key(request, &key) : -ENOMEM;

    values[2] = key.key;
    if (!res)
        res = str_printf(status, sizeof(status), "%u", request->response->status);
    if (!res)
        res = api_run(request->conn,
                      "UPDATE voip.idempotency_keys SET status = $4::integer, headers = $5::jsonb, "
                      "body = $6 WHERE domain_id IS NOT DISTINCT FROM nullif($1, '0')::bigint "
                      "AND caller = $2 AND key = $3",
                      DP_COUNT(values), values, &rows, &err);
    PQclear(rows);
    free(headers);
    free(body);
    if (res) {
        buf_reset(&request->response->headers);
        api_unavailable(request, "the answer cannot be kept, so nothing was done");
    }
    return res;
}
