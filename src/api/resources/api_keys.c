/* Keys: those of one tenant below it, and for the platform those of all. */
#include <errno.h>
#include <string.h>

#include "api/resources/resources.h"
#include "api/scope.h"
#include "api/token.h"

static const char *const scopes[] = {"config:read",     "config:write",
                                     "cdr:read",        "recording:read",
                                     "recording:write", "live:read",
                                     "live:write",      "voicemail:read",
                                     "voicemail:write", "access:read",
                                     "access:write",    "audit:read",
                                     "webrtc:write",    NULL};

#define REST                                                                                       \
    API_NAME,                                                                                      \
        {"public_id", API_TEXT, API_READ_ONLY | API_FILTER,                                        \
         .about = "What of the key may be shown: dpk_<public_id>_…"},                              \
        {"scopes", API_ARRAY, API_REQUIRED,                                                        \
         .about = "What it may do; nothing that whoever makes it may not.", .words = scopes},      \
        {"addresses", API_ARRAY,                                                                   \
         0,           .about = "Networks from which alone it is used; none: any.",                 \
         .max = 43,   .initial = "[]"},                                                            \
        {"expires_at", API_TIMESTAMP, API_NULLABLE | API_FILTER,                                   \
         .about = "When it is of no more use; null: never."},                                      \
        {"rate_limit",     API_INTEGER,                                                            \
         API_FILTER,       .about = "Requests per minute; a tenth of them at once.",               \
         .min = 1,         .max = 1000000,                                                         \
         .initial = "6000"},                                                                       \
        {"last_used_at", API_TIMESTAMP, API_READ_ONLY | API_NULLABLE | API_FILTER,                 \
         .about = "Noted once a minute at most."},                                                 \
        {"last_used_from", API_TEXT, API_READ_ONLY | API_NULLABLE, .about = "The address."},       \
        API_CREATED,                                                                               \
    {                                                                                              \
        NULL                                                                                       \
    }

static const struct api_column of_tenant[] = {API_ROW_ID, REST};

static const struct api_column of_platform[] = {
    API_ROW_ID,
    {"domain_id", API_REFERENCE, API_NULLABLE | API_IMMUTABLE | API_FILTER | API_CASCADES,
     .about = "The tenant whose it is; null: the platform's.", .refers_to = &api_domains},
    REST};

static const struct api_rule rules[] = {
    {"api_keys_scopes_check", "scopes", "scopes: is a list of one or more."},
    {NULL},
};

/* Nobody gives away what he has not. */
static int check_scopes(struct api_write *write)
{
    json_t *given = json_object_get(write->given, "scopes"), *word;
    uint32_t bits;
    size_t i;

    json_array_foreach(given, i, word)
    {
        const char *name = json_string_value(word);

        if (!name || api_scopes_read(name, &bits) || (bits & ~write->request->caller.scopes))
            return api_write_problem(write, 422, "/scopes",
                                     "scopes: you cannot give what you have not: %.64s.",
                                     name ? name : "?");
    }
    return 0;
}

static int make_key(struct api_write *write)
{
    struct api_key_text key;
    const char *const values[] = {key.key};
    int res = api_key_make(&key);

    if (!res)
        res = api_write_set(write, "public_id", key.public_id);
    if (!res)
        res = api_write_set(write, "secret_sha256", key.digest);
    /* Until the end of the transaction, for told_sql. */
    if (!res)
        res = api_query(write->request, "SELECT set_config('voip.new_key', $1, true)", 1, values,
                        NULL);
    explicit_bzero(&key, sizeof(key));
    return res;
}

static int prepare(struct api_write *write)
{
    int res = check_scopes(write);

    return res || write->before || write->is_bad ? res : make_key(write);
}

#define KEY                                                                                        \
    .name = "api-keys", .one = "API key", .tag = "API keys", .table = "voip.api_keys",             \
    .reads = API_ACCESS_READ, .writes = API_ACCESS_WRITE, .label = "name", .order = "id",          \
    .rules = rules, .prepare = prepare, .told_once = "key",                                        \
    .told_sql = "SELECT current_setting('voip.new_key') WHERE $1::bigint IS NOT NULL",             \
    .without = API_BATCH

const struct api_resource api_keys_of_tenant = {KEY, .columns = of_tenant, .outlived = true};
const struct api_resource api_keys_of_all = {KEY, .columns = of_platform, .is_platform = true};
