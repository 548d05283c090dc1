/* The routes of sessions, as the OpenAPI document describes them. */
#include "api/session.h"

#define TEXT(max) "{\"type\":\"string\",\"minLength\":1,\"maxLength\":" #max "}"

static const char who[] =
    "{\"type\":\"object\",\"required\":[\"kind\",\"id\",\"name\",\"role\",\"domain\",\"scopes\"],"
    "\"properties\":{\"kind\":{\"enum\":[\"key\",\"operator\"]},\"id\":{\"type\":\"integer\"},"
    "\"name\":{\"type\":\"string\"},"
    "\"role\":{\"enum\":[\"platform-admin\",\"tenant-admin\",\"supervisor\",\"agent\",null]},"
    "\"domain\":{\"type\":[\"string\",\"null\"]},"
    "\"scopes\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"csrf_token\":{\"type\":\"string\"},"
    "\"expires_at\":{\"type\":\"string\",\"format\":\"date-time\"}}}";

static const char log_in[] =
    "{\"type\":\"object\",\"required\":[\"name\",\"password\"],\"properties\":{"
    "\"name\":" TEXT(255) ",\"password\":" TEXT(
        1024) ","
              "\"code\":{\"type\":[\"string\",\"null\"],\"maxLength\":64}}}";

static const char new_password[] =
    "{\"type\":\"object\",\"required\":[\"password\",\"new_password\"],\"properties\":{"
    "\"password\":" TEXT(1024) ",\"new_password\":{\"type\":\"string\",\"minLength\":12,"
                               "\"maxLength\":1024}}}";

static const char only_password[] =
    "{\"type\":\"object\",\"required\":[\"password\"],\"properties\":{\"password\":" TEXT(
        1024) "}}";

static const char only_code[] = "{\"type\":\"object\",\"required\":[\"code\"],\"properties\":{"
                                "\"code\":{\"type\":\"string\",\"pattern\":\"^[0-9]{6}$\"}}}";

static const char password_and_code[] =
    "{\"type\":\"object\",\"required\":[\"password\",\"code\"],\"properties\":{"
    "\"password\":" TEXT(1024) ",\"code\":" TEXT(64) "}}";

static const char enrolled[] =
    "{\"type\":\"object\",\"required\":[\"secret\",\"uri\"],\"properties\":{"
    "\"secret\":{\"type\":\"string\"},\"uri\":{\"type\":\"string\"}}}";

static const char confirmed[] =
    "{\"type\":\"object\",\"required\":[\"recovery_codes\"],\"properties\":{"
    "\"recovery_codes\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}";

#define SESSION                                                                                    \
    "{\"type\":\"object\",\"required\":[\"id\",\"current\"],\"properties\":{"                      \
    "\"id\":{\"type\":\"integer\"},"                                                               \
    "\"created_at\":{\"type\":\"string\",\"format\":\"date-time\"},"                               \
    "\"last_used_at\":{\"type\":\"string\",\"format\":\"date-time\"},"                             \
    "\"ends_at\":{\"type\":\"string\",\"format\":\"date-time\"},"                                  \
    "\"address\":{\"type\":[\"string\",\"null\"]},\"user_agent\":{\"type\":\"string\"},"           \
    "\"current\":{\"type\":\"boolean\"}}}"

static const char sessions[] = "{\"type\":\"object\",\"required\":[\"items\"],\"properties\":{"
                               "\"items\":{\"type\":\"array\",\"items\":" SESSION "}}}";

static const char ended[] = "{\"type\":\"object\",\"required\":[\"ended\"],\"properties\":{"
                            "\"ended\":{\"type\":\"integer\",\"minimum\":0}}}";

#define END_ALL(path_, name_, flags_)                                                              \
    {.method = "DELETE",                                                                           \
     .path = path_,                                                                                \
     .scope = API_ACCESS_WRITE,                                                                    \
     .flags = API_DRY_RUN | (flags_),                                                              \
     .name = name_,                                                                                \
     .tag = "Sessions",                                                                            \
     .summary = "Log an operator out everywhere",                                                  \
     .reply_schema = ended,                                                                        \
     .handler = api_end_sessions}

#define TAG "Session"

static const struct api_route routes[] = {
    {.method = "POST",
     .path = "/session",
     .flags = API_PUBLIC | API_NO_TRANSACTION,
     .name = "log_in",
     .tag = TAG,
     .summary = "Log in with a password, and with a code where the operator has an authenticator",
     .body_schema = log_in,
     .reply_schema = who,
     .handler = api_log_in},
    {.method = "GET",
     .path = "/session",
     .name = "who_am_i",
     .tag = TAG,
     .summary = "Say who asks, and what he may do",
     .reply_schema = who,
     .handler = api_who_am_i},
    {.method = "DELETE",
     .path = "/session",
     .name = "log_out",
     .tag = TAG,
     .summary = "Log out",
     .status = 204,
     .handler = api_log_out},
    {.method = "POST",
     .path = "/session/password",
     .name = "change_own_password",
     .tag = TAG,
     .summary = "Change one's own password, which ends all sessions of the operator",
     .body_schema = new_password,
     .status = 204,
     .handler = api_own_password},
    {.method = "POST",
     .path = "/session/totp",
     .name = "enrol_totp",
     .tag = TAG,
     .summary =
         "Get a secret for an authenticator; no code is asked for until one has confirmed it",
     .body_schema = only_password,
     .reply_schema = enrolled,
     .handler = api_totp_enrol},
    {.method = "POST",
     .path = "/session/totp/confirm",
     .name = "confirm_totp",
     .tag = TAG,
     .summary = "Confirm the authenticator with its first code, and get recovery codes",
     .body_schema = only_code,
     .reply_schema = confirmed,
     .handler = api_totp_confirm},
    {.method = "POST",
     .path = "/session/totp/disable",
     .name = "disable_totp",
     .tag = TAG,
     .summary = "Log in without codes again",
     .body_schema = password_and_code,
     .status = 204,
     .handler = api_totp_disable},
    {.method = "GET",
     .path = "/session/all",
     .name = "list_own_sessions",
     .tag = TAG,
     .summary = "List one's own sessions: since when, from where, which of them asks",
     .reply_schema = sessions,
     .handler = api_own_sessions},
    {.method = "DELETE",
     .path = "/session/all",
     .flags = API_DRY_RUN,
     .name = "end_own_sessions",
     .tag = TAG,
     .summary = "Log out everywhere, here as well",
     .reply_schema = ended,
     .handler = api_end_own_sessions},
    {.method = "DELETE",
     .path = "/session/all/{id}",
     .flags = API_DRY_RUN,
     .name = "end_own_session",
     .tag = TAG,
     .summary = "End one of one's own sessions",
     .status = 204,
     .handler = api_end_own_session},
    END_ALL("/domains/{domain}/operators/{operator_id}/sessions", "end_operator_sessions", 0),
    END_ALL("/operators/{operator_id}/sessions", "end_platform_operator_sessions", API_PLATFORM),
};

const struct api_routes api_session_routes = {routes, DP_COUNT(routes)};
