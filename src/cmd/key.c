/* dialplane key: keys of the API. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/token.h"
#include "base/str.h"
#include "cmd/access.h"
#include "cmd/verbs.h"

enum { SCOPES_SIZE = 512 };

#define SHOWN                                                                                      \
    "jsonb_build_object('id', k.id, 'domain_id', k.domain_id, 'name', k.name, 'public_id',"        \
    " k.public_id, 'scopes', k.scopes, 'addresses', k.addresses, 'expires_at', k.expires_at,"      \
    " 'rate_limit', k.rate_limit)"

/* The names of all scopes, with commas between them; or what was given. */
static const char *name_scopes(const char *given, char out[SCOPES_SIZE])
{
    size_t len = 0;

    if (!given || strcmp(given, "all") != 0)
        return given;
    for (unsigned int i = 0; i < API_SCOPES && len < SCOPES_SIZE; i++)
        len += (size_t)snprintf(out + len, SCOPES_SIZE - len, "%s%s", i ? "," : "",
                                api_scope_name(1u << i));
    return out;
}

static int add(struct access_verb *verb, struct err *err)
{
    /* Of a tenant that is not there, no row. */
    static const char sql[] =
        "INSERT INTO voip.api_keys AS k (domain_id, name, public_id, secret_sha256, scopes, "
        "addresses,"
        " expires_at, rate_limit)"
        " SELECT d.id, $2, $3, $4::bytea,"
        " string_to_array($5, ','),"
        " coalesce(string_to_array($6, ','), '{}')::cidr[],"
        " CASE WHEN $7::text ~ '^[0-9]{1,5}d$' THEN now() + rtrim($7, 'd')::integer * interval '1 "
        "day'"
        "      ELSE $7::timestamptz END,"
        " coalesce($8::integer, 6000)"
        " FROM (VALUES ($1::text)) t (tenant) LEFT JOIN voip.domains d ON d.name = t.tenant"
        " WHERE t.tenant IS NULL OR d.id IS NOT NULL"
        " RETURNING k.id, k.domain_id, " SHOWN;
    struct api_key_text key;
    char all[SCOPES_SIZE];
    const char *const values[] = {
        verb->tenant, verb->operands[0], key.public_id, key.digest, name_scopes(verb->scopes, all),
        verb->from,   verb->expires,     verb->rate};
    const struct access_change change = {
        "POST", "api-keys", "there is no such tenant", sql, (int)DP_COUNT(values), values};
    int64_t id = 0;
    int res;

    if (!verb->scopes)
        return err_set(err, -EINVAL, "--scopes says what the key is for");
    res = api_key_make(&key);
    res = res ? err_sys(err, res, "random numbers") : access_change(verb, &change, &id, err);
    if (!res && verb->json)
        buf_printf(&verb->told, "{\"id\": %lld, \"key\": \"%s\"}\n", (long long)id, key.key);
    else if (!res)
        buf_printf(&verb->told, "key %lld  %s\n\nIt is not shown again.\n", (long long)id, key.key);
    explicit_bzero(&key, sizeof(key));
    return res;
}

static int list(struct access_verb *verb, struct err *err)
{
    static const char sql[] =
        "SELECT k.id, coalesce(d.name, '(platform)') AS tenant, k.name, 'dpk_' || k.public_id AS "
        "key,"
        " array_to_string(k.scopes, ',') AS scopes,"
        " coalesce(nullif(array_to_string(k.addresses, ','), ''), 'any') AS addresses,"
        " coalesce('until ' || k.expires_at, 'for ever') AS expires,"
        " coalesce(k.last_used_at::text, 'never') AS last_used_at, host(k.last_used_from) AS "
        "last_used_from"
        " FROM voip.api_keys k LEFT JOIN voip.domains d ON d.id = k.domain_id"
        " WHERE $1::text IS NULL OR d.name = $1 ORDER BY k.id";

    return access_print(verb, sql, 1, &verb->tenant, err);
}

static int revoke(struct access_verb *verb, struct err *err)
{
    const char *const values[] = {verb->operands[0]};
    const struct access_change change = {
        "DELETE",
        "api-keys",
        "there is no such key",
        "DELETE FROM voip.api_keys k WHERE k.id = $1::bigint RETURNING k.id, k.domain_id, " SHOWN,
        (int)DP_COUNT(values),
        values};
    uint64_t id;

    if (str_to_u64(verb->operands[0], 1, INT64_MAX, &id))
        return err_set(err, -EINVAL, "ID is a number: `dialplane key list` shows them");
    return access_change(verb, &change, NULL, err);
}

int cmd_key(int argc, char **argv)
{
    static const struct access_action actions[] = {
        {"add", "NAME", "Make a key, and print it this once", add},
        {"list", NULL, "List keys, with when and from where they were used last", list},
        {"revoke", "ID", "Remove a key: it is refused from then on", revoke},
        {0},
    };
    struct access_verb verb = {.name = "key"};
    const struct cmd_option options[] = {
        {"tenant", "DOMAIN", "add, list: of this tenant (add: of the platform)", &verb.tenant,
         NULL},
        {"scopes", "A,B", "add: what it is for, such as cdr:read, or all", &verb.scopes, NULL},
        {"expires", "WHEN", "add: 90d, or a time such as 2026-12-31T00:00Z", &verb.expires, NULL},
        {"from", "NET,NET", "add: where it is used, such as 192.0.2.0/24", &verb.from, NULL},
        {"rate", "N", "add: requests per minute (6000)", &verb.rate, NULL},
        {"json", NULL, "add, list: print JSON", NULL, &verb.json},
        {0},
    };

    return access_run(argc, argv, actions, options, &verb);
}
