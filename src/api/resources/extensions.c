/* Extensions: every number of a tenant, what it is and what it leads to. */
#include "api/resources/resources.h"

static const char *const types[] = {
    "user",     "ring_group",   "paging", "queue",  "ivr",     "voicemail", "conference",
    "schedule", "announcement", "park",   "pickup", "feature", "trunk_out", NULL};

/* As the domain voip.feature. */
static const char *const features[] = {"dnd_on",
                                       "dnd_off",
                                       "forward_always_on",
                                       "forward_busy_on",
                                       "forward_no_answer_on",
                                       "forward_unreachable_on",
                                       "forward_off",
                                       "queue_login",
                                       "queue_logout",
                                       "queue_pause",
                                       "queue_unpause",
                                       "schedule_open",
                                       "schedule_closed",
                                       "schedule_holiday",
                                       "schedule_auto",
                                       "record",
                                       NULL};

#define TARGET(column, resource, text)                                                             \
    {column, API_REFERENCE, API_NULLABLE | API_FILTER, .about = text, .refers_to = &(resource)}
#define FORWARD(when, text)                                                                        \
    {when "_to",                                                                                   \
     API_REFERENCE,                                                                                \
     API_NULLABLE | API_FILTER,                                                                    \
     .about = "Where calls go instead " text ": an extension.",                                    \
     .refers_to = &api_extensions,                                                                 \
     .embed = when},                                                                               \
    {                                                                                              \
        when "_outside", API_TEXT, API_NULLABLE | API_FILTER,                                      \
            .about = "Where calls go instead " text ": a number outside.", API_OUTSIDE             \
    }

static const struct api_column columns[] = {
    API_ROW_ID,
    {"number", API_TEXT, API_REQUIRED | API_FILTER | API_SORT, .about = "What is dialled.",
     API_SIP_USER},
    {"is_prefix", API_BOOLEAN, API_FILTER,
     .about = "The number is the beginning of what is dialled; the rest is an argument.",
     .initial = "false"},
    {"type", API_ENUM, API_REQUIRED | API_FILTER, .about = "What answers.", .words = types},
    TARGET("user_id", api_users, "Of type user: who."),
    TARGET("ring_group_id", api_ring_groups, "Of type ring_group or paging: which."),
    TARGET("queue_id", api_queues, "Of type queue: which."),
    TARGET("ivr_menu_id", api_ivr_menus, "Of type ivr: which menu."),
    TARGET("voicemail_box_id", api_voicemail_boxes,
           "Of type voicemail: which mailbox; null: that of whoever calls."),
    TARGET("conference_id", api_conferences, "Of type conference: which."),
    TARGET("schedule_id", api_schedules, "Of type schedule: which."),
    TARGET("announcement_id", api_announcements, "Of type announcement: which."),
    TARGET("outbound_route_id", api_outbound_routes, "Of type trunk_out: which route."),
    {"feature", API_ENUM, API_NULLABLE | API_FILTER, .about = "Of type feature: what it does.",
     .words = features},
    {"ring_timeout_s", API_INTEGER, API_FILTER, .about = "Seconds it rings.", .min = 1, .max = 300,
     .initial = "30"},
    FORWARD("always", "at once"),
    FORWARD("busy", "when it is busy"),
    FORWARD("no_answer", "when nobody answers"),
    FORWARD("unreachable", "when no phone is registered"),
    API_CREATED,
    {NULL},
};

static const struct api_rule rules[] = {
    {"refers_to_its_type", "type",
     "type: an extension leads to exactly one thing, and that of its type: user_id of type user, "
     "queue_id of type queue and so on; park and pickup to none."},
    {"only_phones_forward", NULL,
     "Only users and ring groups are forwarded; a parking place when nobody answers."},
    {"one_forward_each", NULL,
     "A call goes to an extension or to a number outside: of each pair at most one is set."},
    {"prefixes_take_an_argument", "is_prefix",
     "is_prefix: only park, pickup, feature and trunk_out can be prefixes, of 12 characters at "
     "most."},
    {"routes_are_prefixes", "is_prefix", "is_prefix: an extension of type trunk_out is a prefix."},
    {"extensions_always_to_check", "always_to", "always_to: a number cannot lead to itself."},
    {"extensions_busy_to_check", "busy_to", "busy_to: a number cannot lead to itself."},
    {"extensions_no_answer_to_check", "no_answer_to",
     "no_answer_to: a number cannot lead to itself."},
    {"extensions_unreachable_to_check", "unreachable_to",
     "unreachable_to: a number cannot lead to itself."},
    {NULL},
};

const struct api_resource api_extensions = {
    .name = "extensions",
    .one = "extension",
    .tag = "Extensions",
    .table = "voip.extensions",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "number",
    .order = "number",
    .columns = columns,
    .rules = rules,
};
