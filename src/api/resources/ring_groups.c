/* Ring groups, which are also who hears a page, and their members. */
#include "api/resources/resources.h"

static const char *const strategies[] = {"all", "in_order", "random", "longest_idle", NULL};

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"strategy", API_ENUM, API_FILTER, .about = "Whose phones ring, and when.", .words = strategies,
     .initial = "\"all\""},
    {"skip_busy", API_BOOLEAN, API_FILTER, .about = "Members who are in a call are not rung.",
     .initial = "false"},
    {"confirm", API_BOOLEAN, API_FILTER,
     .about = "A member outside has the call when he has pressed 1.", .initial = "true"},
    {NULL},
};

const struct api_resource api_ring_groups = {
    .name = "ring-groups",
    .one = "ring group",
    .tag = "Ring groups",
    .table = "voip.ring_groups",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
};

static const struct api_column member_columns[] = {
    API_ROW_ID,
    {"ring_group_id", API_REFERENCE, API_READ_ONLY | API_PARENT, .about = "Of which group.",
     .refers_to = &api_ring_groups},
    {"position", API_INTEGER, API_FILTER | API_SORT, .about = "His turn, lowest first.", .min = 1,
     .max = 1000, .initial = "1"},
    {"user_id", API_REFERENCE, API_NULLABLE | API_FILTER, .about = "A user of the tenant; or",
     .refers_to = &api_users},
    {"outside", API_TEXT, API_NULLABLE | API_FILTER, .about = "a number outside.", API_OUTSIDE},
    {"delay_s", API_INTEGER, 0, .about = "Seconds after which he starts to ring.", .min = 0,
     .max = 120, .initial = "0"},
    {"ring_s", API_INTEGER, 0, .about = "Seconds he rings.", .min = 1, .max = 300, .initial = "20"},
    {NULL},
};

static const struct api_rule member_rules[] = {
    {"ring_group_members_check", NULL,
     "A member is a user (user_id) or a number outside (outside): one of them, and not both."},
    {NULL},
};

static const char *const ring_group_members_known_by[] = {"user_id", "outside", NULL};

const struct api_resource api_ring_group_members = {
    .known_by = ring_group_members_known_by,
    .name = "members",
    .one = "ring group member",
    .tag = "Ring groups",
    .table = "voip.ring_group_members",
    .parent = &api_ring_groups,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .order = "position",
    .columns = member_columns,
    .rules = member_rules,
};
