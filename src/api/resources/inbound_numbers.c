/* Numbers that come in by trunks. One leads to one tenant, on the whole platform. */
#include "api/resources/resources.h"

static const struct api_column columns[] = {
    API_ROW_ID,
    {"number", API_TEXT, API_REQUIRED | API_FILTER | API_SORT, .about = "E.164, with +.", .max = 16,
     .pattern = "^\\+[1-9][0-9]{2,14}$", .meaning = "is an E.164 number with + in front"},
    {"extension_id", API_REFERENCE, API_REQUIRED | API_FILTER, .about = "Where it leads.",
     .refers_to = &api_extensions},
    {NULL},
};

const struct api_resource api_inbound_numbers = {
    .name = "inbound-numbers",
    .one = "inbound number",
    .tag = "Inbound numbers",
    .table = "voip.inbound_numbers",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "number",
    .order = "number",
    .columns = columns,
};
