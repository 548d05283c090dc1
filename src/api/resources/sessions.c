/* Who is logged in: read, and ended. Of a tenant below it, and for the platform all. */
#include "api/resources/resources.h"

#define RO API_READ_ONLY
#define OPERATOR(resource)                                                                         \
    {"operator_id", API_REFERENCE, RO | API_FILTER | API_CASCADES, .about = "Whose it is.",        \
     .refers_to = &(resource)}
#define REST                                                                                       \
    {"created_at", API_TIMESTAMP, RO | API_FILTER, .about = "When he logged in."},                 \
        {"last_used_at", API_TIMESTAMP, RO | API_FILTER, .about = "Noted once a minute at most."}, \
        {"ends_at", API_TIMESTAMP, RO, .about = "When it ends if it is not used until then.",      \
         .sql = "least(t.expires_at, t.last_used_at + t.idle_limit)"},                             \
        {"address", API_TEXT, RO | API_NULLABLE, .about = "From where he logged in."},             \
        {"user_agent", API_TEXT, RO, .about = "What his browser calls itself."},                   \
    {                                                                                              \
        NULL                                                                                       \
    }

static const struct api_column of_tenant[] = {API_ROW_ID, OPERATOR(api_operators_of_tenant), REST};

static const struct api_column of_platform[] = {
    API_ROW_ID,
    {"domain_id", API_ID, RO | API_NULLABLE | API_FILTER,
     .about = "The tenant whose operator it is; null: the platform's."},
    OPERATOR(api_operators_of_all),
    REST};

#define SESSIONS                                                                                   \
    .name = "sessions", .one = "session", .tag = "Sessions", .table = "voip.sessions",             \
    .reads = API_ACCESS_READ, .writes = API_ACCESS_WRITE, .label = "id", .order = "-id",           \
    .without = API_CREATE | API_PATCH | API_BATCH

const struct api_resource api_sessions_of_tenant = {SESSIONS, .columns = of_tenant,
                                                    .outlived = true};
const struct api_resource api_sessions_of_all = {SESSIONS, .columns = of_platform,
                                                 .is_platform = true};
