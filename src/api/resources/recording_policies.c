/* Which calls are recorded. */
#include "api/resources/resources.h"

static const char *const directions[] = {"internal", "inbound", "outbound", "any", NULL};
static const char *const modes[] = {"never", "always", "on_demand", NULL};
static const char *const scopes[] = {"domain", "extension", "queue", "trunk", NULL};

#define OF(column, resource, text)                                                                 \
    {column, API_REFERENCE, API_NULLABLE | API_FILTER | API_CASCADES, .about = text,               \
     .refers_to = &(resource)}

static const struct api_column columns[] = {
    API_ROW_ID,
    {"scope", API_ENUM, API_READ_ONLY | API_FILTER, .about = "Of what it is.", .words = scopes},
    OF("extension_id", api_extensions, "Of calls with this extension; or"),
    OF("queue_id", api_queues, "of this queue; or"),
    OF("trunk_id", api_trunks, "by this trunk; none of them: of every call of the tenant."),
    {"direction", API_ENUM, API_FILTER, .about = "Of calls in this direction.", .words = directions,
     .initial = "\"any\""},
    {"mode", API_ENUM, API_REQUIRED | API_FILTER,
     .about = "on_demand: from when somebody dials the star code in the call.", .words = modes},
    {"announce", API_BOOLEAN, 0, .about = "The caller is told.", .initial = "false"},
    {"allow_pause", API_BOOLEAN, 0,
     .about = "The star code interrupts a recording that is always made.", .initial = "false"},
    {NULL},
};

static const struct api_rule rules[] = {
    {"is_of_one_thing", NULL,
     "A policy is of one thing: an extension, a queue, a trunk, or none of them."},
    {NULL},
};

static const char *const recording_policies_known_by[] = {"extension_id", "queue_id", "trunk_id",
                                                          "direction", NULL};

const struct api_resource api_recording_policies = {
    .known_by = recording_policies_known_by,
    .name = "recording-policies",
    .one = "recording policy",
    .tag = "Recording policies",
    .table = "voip.recording_policies",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "scope",
    .order = "id",
    .columns = columns,
    .rules = rules,
};
