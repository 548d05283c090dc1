/* Conferences. Their PINs are told to everybody who is invited. */
#include "api/resources/resources.h"

#define PIN .max = 16, .pattern = "^[0-9]{4,16}$", .meaning = "has 4 to 16 digits"

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"pin", API_TEXT, API_NULLABLE, .about = "What members are asked for.", PIN},
    {"moderator_pin", API_TEXT, API_NULLABLE, .about = "What makes one a moderator.", PIN},
    {"max_members", API_INTEGER, 0, .about = "How many at a time.", .min = 2, .max = 500,
     .initial = "20"},
    {"announce", API_BOOLEAN, 0, .about = "A tone when somebody comes or goes.", .initial = "true"},
    {"wait_for_moderator", API_BOOLEAN, 0, .about = "It begins when a moderator is there.",
     .initial = "false"},
    API_CREATED,
    {NULL},
};

static const struct api_rule rules[] = {
    {"moderator_has_another_pin", "moderator_pin",
     "moderator_pin: needs a pin beside it, and another one."},
    {"somebody_is_moderator", "wait_for_moderator",
     "wait_for_moderator: without a moderator_pin nobody would be one."},
    {NULL},
};

const struct api_resource api_conferences = {
    .name = "conferences",
    .one = "conference",
    .tag = "Conferences",
    .table = "voip.conferences",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
    .rules = rules,
};
