/* Operators: those of one tenant below it, and for the platform those of all. */
#include <errno.h>
#include <string.h>

#include "api/password.h"
#include "api/resources/resources.h"
#include "api/scope.h"

static const char *const all_roles[] = {"platform-admin", "tenant-admin", "supervisor", "agent",
                                        NULL};
static const char *const tenant_roles[] = {"tenant-admin", "supervisor", "agent", NULL};

#define WHO(column_flags, words_)                                                                  \
    {"name",                                                                                       \
     API_TEXT,                                                                                     \
     API_REQUIRED | API_IMMUTABLE | API_FILTER | API_SORT,                                         \
     .about = "Logs in as name@domain; of the platform as name.",                                  \
     .min = 1,                                                                                     \
     .max = 64,                                                                                    \
     .pattern = "^[0-9a-z][0-9a-z._-]{0,63}$",                                                     \
     .meaning = "has letters in lower case, digits and . _ -"},                                    \
    {                                                                                              \
        "role", API_ENUM, API_REQUIRED | API_FILTER | (column_flags),                              \
            .about = "What he may do; nothing that whoever says so may not.", .words = words_      \
    }

#define REST                                                                                       \
    {"password",                                                                                   \
     API_SECRET,                                                                                   \
     API_WRITE_ONLY | API_REQUIRED,                                                                \
     .about = "Kept as a hash. A new one ends his sessions.",                                      \
     .min = API_PASSWORD_MIN,                                                                      \
     .max = 256},                                                                                  \
        {"enabled", API_BOOLEAN, API_FILTER, .about = "Off: he cannot log in, and is logged out.", \
         .initial = "true"},                                                                       \
        {"totp", API_BOOLEAN, API_READ_ONLY,                                                       \
         .about = "Whether a code of his authenticator is asked for.",                             \
         .sql = "t.totp_confirmed_at IS NOT NULL"},                                                \
        {"password_changed_at", API_TIMESTAMP, API_READ_ONLY, .about = "When it was set."},        \
        {"last_login_at", API_TIMESTAMP, API_READ_ONLY | API_NULLABLE | API_FILTER,                \
         .about = "When he logged in last."},                                                      \
        API_CREATED,                                                                               \
    {                                                                                              \
        NULL                                                                                       \
    }

static const struct api_column of_tenant[] = {
    API_ROW_ID,
    WHO(0, tenant_roles),
    {"user_id", API_REFERENCE, API_NULLABLE | API_FILTER | API_CASCADES,
     .about = "Of an agent: the user whose calls and messages he sees.", .refers_to = &api_users},
    REST};

static const struct api_column of_platform[] = {
    API_ROW_ID,
    {"domain_id", API_REFERENCE, API_NULLABLE | API_IMMUTABLE | API_FILTER | API_CASCADES,
     .about = "The tenant whose he is; null: the platform's.", .refers_to = &api_domains},
    WHO(0, all_roles),
    {"user_id", API_ID, API_READ_ONLY | API_NULLABLE | API_FILTER, .about = "Of an agent."},
    REST};

static const struct api_rule rules[] = {
    {"operators_domain_id_name_key", "name", "name: there is an operator of this name."},
    {"platform_admin", "role",
     "role: a platform-admin belongs to no tenant, and everybody else to one."},
    {"agent_is_user", "user_id", "user_id: an agent has one, and nobody else."},
    {NULL},
};

static int check_role(struct api_write *write, const char *role)
{
    uint32_t scopes = role ? api_role_scopes(api_role_find(role)) : 0;

    if (!(scopes & ~write->request->caller.scopes))
        return 0;
    return api_write_problem(write, 422, "/role", "role: a %s may do what you may not.", role);
}

static int prepare(struct api_write *write)
{
    const char *password = json_string_value(json_object_get(write->given, "password"));
    char hash[API_PASSWORD_HASH];
    /* Who sets somebody's password can be him. */
    int res = check_role(write, json_string_value(json_object_get(write->before, "role")));

    if (!res)
        res = check_role(write, json_string_value(json_object_get(write->given, "role")));
    if (res || !password || write->is_bad)
        return res;
    res = api_password_hash(password, hash);
    if (res == -EINVAL)
        return api_write_problem(write, 422, "/password", "password: has %d to %d bytes.",
                                 API_PASSWORD_MIN, API_PASSWORD_MAX);
    return res ? res : api_write_set(write, "password_hash", hash);
}

#define OPERATOR                                                                                   \
    .name = "operators", .one = "operator", .tag = "Operators", .table = "voip.operators",         \
    .reads = API_ACCESS_READ, .writes = API_ACCESS_WRITE, .label = "name", .order = "id",          \
    .rules = rules, .prepare = prepare, .without = API_BATCH, .unkept = true

const struct api_resource api_operators_of_tenant = {OPERATOR, .columns = of_tenant,
                                                     .outlived = true};
const struct api_resource api_operators_of_all = {OPERATOR, .columns = of_platform,
                                                  .is_platform = true};
