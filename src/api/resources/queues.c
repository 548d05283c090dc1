/* Queues, and who answers their calls. */
#include "api/resources/resources.h"

static const char *const strategies[] = {"ring_all", "longest_idle", "round_robin", "top_down",
                                         "random",   "fewest_calls", "least_talk",  NULL};

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"strategy", API_ENUM, API_FILTER, .about = "Whom of the free members a caller gets.",
     .words = strategies, .initial = "\"longest_idle\""},
    {"music", API_TEXT, API_NULLABLE, .about = "What those who wait hear; null: the platform's.",
     API_PROMPT},
    {"ring_s", API_INTEGER, 0, .about = "Seconds a member rings before the next one is tried.",
     .min = 5, .max = 300, .initial = "20"},
    {"wrap_up_s", API_INTEGER, 0, .about = "Seconds a member has to himself after a call.",
     .min = 1, .max = 3600, .initial = "10"},
    {"max_wait_s", API_INTEGER, 0, .about = "Seconds a caller waits; 0: for ever.", .min = 0,
     .max = 86400, .initial = "0"},
    {"timeout_to", API_REFERENCE, API_NULLABLE | API_FILTER,
     .about = "The extension where a caller goes who has waited that long; null: the call ends.",
     .refers_to = &api_extensions, .embed = "timeout"},
    {"no_agent_to", API_REFERENCE, API_NULLABLE | API_FILTER,
     .about = "The extension where a caller goes when no member is logged in; null: he waits.",
     .refers_to = &api_extensions, .embed = "no_agent"},
    {"announcement", API_TEXT, API_NULLABLE, .about = "What is said to those who wait.",
     API_PROMPT},
    {"announce_position", API_BOOLEAN, 0, .about = "They are told where they stand.",
     .initial = "false"},
    {"announce_every_s", API_INTEGER, 0, .about = "Every so many seconds.", .min = 5, .max = 3600,
     .initial = "30"},
    API_CREATED,
    {NULL},
};

const struct api_resource api_queues = {
    .name = "queues",
    .one = "queue",
    .tag = "Queues",
    .table = "voip.queues",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
};

static const struct api_column member_columns[] = {
    API_ROW_ID,
    {"queue_id", API_REFERENCE, API_READ_ONLY | API_PARENT, .about = "Of which queue.",
     .refers_to = &api_queues},
    {"user_id", API_REFERENCE, API_REQUIRED | API_FILTER, .about = "Who.", .refers_to = &api_users},
    {"level", API_INTEGER, API_FILTER | API_SORT,
     .about = "Who of a higher level is asked when nobody of the lower ones is free.", .min = 1,
     .max = 100, .initial = "1"},
    {"position", API_INTEGER, API_FILTER | API_SORT, .about = "His turn within his level.",
     .min = 1, .max = 1000, .initial = "1"},
    {NULL},
};

static const char *const queue_members_known_by[] = {"user_id", NULL};

const struct api_resource api_queue_members = {
    .known_by = queue_members_known_by,
    .name = "members",
    .one = "queue member",
    .tag = "Queues",
    .table = "voip.queue_members",
    .parent = &api_queues,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .order = "level",
    .columns = member_columns,
};
