/* What was done: read, never written. Of a tenant below it, and for the platform all. */
#include "api/resources/resources.h"

static const char *const kinds[] = {"key", "operator", "shell", NULL};

#define RO API_READ_ONLY
#define REST                                                                                       \
    {"at", API_TIMESTAMP, RO | API_FILTER, .about = "When."},                                      \
        {"actor_kind", API_ENUM, RO | API_FILTER, .about = "By what.", .words = kinds},            \
        {"actor_id", API_ID, RO | API_NULLABLE | API_FILTER, .about = "By whom: its id."},         \
        {"actor", API_TEXT, RO | API_FILTER, .about = "By whom, as he was called then."},          \
        {"address", API_TEXT, RO | API_NULLABLE, .about = "From where."},                          \
        {"method", API_TEXT, RO | API_FILTER, .about = "POST, PATCH or DELETE."},                  \
        {"resource", API_TEXT, RO | API_FILTER, .about = "What, as in paths."},                    \
        {"object_id", API_TEXT, RO | API_NULLABLE | API_FILTER, .about = "Which: its id."},        \
        {"before", API_JSON, RO | API_NULLABLE, .about = "The row before, without secrets."},      \
        {"after", API_JSON, RO | API_NULLABLE, .about = "The row afterwards, without secrets."},   \
        {"request_id", API_TEXT, RO | API_NULLABLE | API_FILTER, .about = "X-Request-Id."},        \
        {"reverts", API_ID, RO | API_NULLABLE | API_FILTER, .about = "The entry it takes back."},  \
    {                                                                                              \
        NULL                                                                                       \
    }

static const struct api_column of_tenant[] = {API_ROW_ID, REST};
static const struct api_column of_platform[] = {
    API_ROW_ID,
    {"domain_id", API_ID, RO | API_NULLABLE | API_FILTER,
     .about = "In which tenant; null: in none."},
    {"domain", API_TEXT, RO | API_NULLABLE | API_FILTER, .about = "As it was called then."},
    REST};

#define ENTRIES                                                                                    \
    .name = "audit-log", .one = "audit log entry", .tag = "Audit log", .table = "voip.audit_log",  \
    .reads = API_AUDIT_READ, .writes = API_AUDIT_READ, .label = "resource", .order = "-id",        \
    .without = API_CREATE | API_PATCH | API_DELETE | API_BATCH

const struct api_resource api_audit_of_tenant = {ENTRIES, .columns = of_tenant, .outlived = true};
const struct api_resource api_audit_of_all = {ENTRIES, .columns = of_platform, .is_platform = true};
