/* Announcements: a prompt, and where the call goes then. */
#include "api/resources/resources.h"

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"prompt", API_TEXT, API_REQUIRED, .about = "What is played.", .min = 1, API_PROMPT},
    {"then_to", API_REFERENCE, API_NULLABLE | API_FILTER,
     .about = "The extension where the call goes then; null: it ends.",
     .refers_to = &api_extensions, .embed = "then"},
    {NULL},
};

const struct api_resource api_announcements = {
    .name = "announcements",
    .one = "announcement",
    .tag = "Announcements",
    .table = "voip.announcements",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
};
