/* Prompts of a tenant's own: their names. Their audio is not JSON: api/prompts.c. */
#include "api/resources/resources.h"

/* They are used by their names, not by their ids. */
#define JOINED_BY " u JOIN voip.prompts p ON p.id = $1::bigint AND u.domain_id = p.domain_id AND "
static const char uses[] =
    "SELECT 'ivr-menus', u.id, u.name::text FROM voip.ivr_menus" JOINED_BY
    "p.name IN (u.own_greeting, u.own_invalid)"
    " UNION SELECT 'announcements', u.id, u.name::text FROM voip.announcements" JOINED_BY
    "p.name = u.own_prompt"
    " UNION SELECT 'queues', u.id, u.name::text FROM voip.queues" JOINED_BY
    "p.name IN (u.own_music, u.own_announcement)"
    " UNION SELECT 'domains', d.id, d.name::text FROM voip.domains d"
    " JOIN voip.prompts p ON p.id = $1::bigint AND d.id = p.domain_id AND p.name = d.own_music";

static const struct api_column columns[] = {
    API_ROW_ID,
    {"name", API_TEXT, API_REQUIRED | API_FILTER | API_SORT,
     .about = "Menus, announcements and queues name it custom/<name>.", .max = 60,
     .pattern = "^[a-z0-9][a-z0-9_-]{0,59}$", .meaning = "has 1 to 60 of a-z 0-9 _ -"},
    {"rate", API_INTEGER, API_READ_ONLY | API_FILTER, .about = "Samples a second.", .max = 16000},
    {"sha256", API_TEXT, API_READ_ONLY | API_FILTER, .about = "The digest of its audio."},
    {"bytes", API_INTEGER, API_READ_ONLY, .about = "The size of its audio.", .max = 9600044,
     .sql = "length(t.audio)"},
    API_CREATED,
    {NULL},
};

static const struct api_rule rules[] = {
    {"prompts_name_check", "name", "name: has 1 to 60 of a-z 0-9 _ -."},
    {NULL},
};

const struct api_resource api_prompts = {
    .name = "prompts",
    .one = "prompt",
    .tag = "Prompts",
    .table = "voip.prompts",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
    .rules = rules,
    .without = API_CREATE | API_BATCH,
    .used_sql = uses,
};
