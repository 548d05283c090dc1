/* Routes to the outside, and the trunks that they try. */
#include "api/resources/resources.h"

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"min_length", API_INTEGER, 0, .about = "Length of the whole number as dialled, at least.",
     .min = 1, .max = 40, .initial = "3"},
    {"max_length", API_INTEGER, 0, .about = "And at most.", .min = 1, .max = 40, .initial = "32"},
    {"strip", API_INTEGER, 0, .about = "Characters taken off in front.", .min = 0, .max = 20,
     .initial = "0"},
    {"prepend", API_TEXT, 0, .about = "What is put there, to make an E.164 number.", .max = 17,
     .pattern = "^\\+?[0-9]{0,16}$", .meaning = "has up to 16 digits, with + in front or not",
     .initial = "\"\""},
    {NULL},
};

static const struct api_rule rules[] = {
    {"outbound_routes_check", "max_length", "max_length: is not below min_length."},
    {NULL},
};

const struct api_resource api_outbound_routes = {
    .name = "outbound-routes",
    .one = "outbound route",
    .tag = "Outbound routes",
    .table = "voip.outbound_routes",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
    .rules = rules,
};

static const struct api_column trunk_columns[] = {
    API_ROW_ID,
    {"route_id", API_REFERENCE, API_READ_ONLY | API_PARENT, .about = "Of which route.",
     .refers_to = &api_outbound_routes},
    {"trunk_id", API_REFERENCE, API_REQUIRED | API_FILTER, .about = "Which trunk.",
     .refers_to = &api_trunks},
    {"priority", API_INTEGER, API_FILTER | API_SORT,
     .about = "Lower ones first; the next is tried when one refuses.", .min = 1, .max = 1000,
     .initial = "1"},
    {NULL},
};

static const char *const outbound_route_trunks_known_by[] = {"trunk_id", NULL};

const struct api_resource api_outbound_route_trunks = {
    .known_by = outbound_route_trunks_known_by,
    .name = "trunks",
    .one = "outbound route trunk",
    .tag = "Outbound routes",
    .table = "voip.outbound_route_trunks",
    .parent = &api_outbound_routes,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .order = "priority",
    .columns = trunk_columns,
};
